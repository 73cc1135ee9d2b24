# Plan and look. A reduced file is a plan like any other.
$plan = New-EntraBulkPlan ./workers.csv -AttributeMapping ./mapping.json -Target $target -PreviewPath ./preview.csv
$plan
$plan.Brakes | Where-Object verdict -eq 'tripped'

# Only where a brake stopped it, and preview.csv is right:
if ($plan.Tripped) { $plan | Approve-EntraBulkPlan -Approve @{ removals = $removals } -Reason 'The Lyon site was sold' }

# Apply. What stops it half way is an error, and the summary comes with it.
try {
    $summary = $plan | Invoke-EntraBulkPlan
} catch {
    $summary = $_.TargetObject
    Write-Warning "$_"
}

# Go on where it stopped; then see what became of each call.
if ($summary.NotSent -or $summary.InDoubt) { $summary = Resume-EntraBulkRun -Target $target -Wait }
(Get-EntraBulkRun -Id $summary.Run -Target $target).Batches

# The way back is a plan, too.
$undo = New-EntraBulkPlan -Undo $summary.Run -Target $target -PreviewPath ./undo.csv
