# Carries out the uploads of a list, one after the other, and prints each summary as a line of JSON.
param([Parameter(Mandatory)] [string]$Jobs)

$ErrorActionPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
Import-Module (Join-Path $PSScriptRoot '../../powershell/EntraBulk') -ErrorAction Stop
foreach ($job in Get-Content -LiteralPath $Jobs -Raw | ConvertFrom-Json -AsHashtable) {
    $credential = [pscredential]::new($job.client, (ConvertTo-SecureString $job.secret -AsPlainText -Force))
    $target = New-EntraBulkTarget -Configuration $job.config -Credential $credential -ErrorAction Stop
    $upload = @{ Path = $job.source; AttributeMapping = $job.mapping; Settings = $job.settings; Target = $target }
    if ($job.approval) { $upload += @{ Approve = $job.approval; Reason = 'looked at'; Approver = 'ann' } }
    $summary = $null
    try {
        $summary = Send-EntraBulkUpload @upload 6>$null
    } catch {
        $summary = $_.TargetObject
    }
    [ordered]@{
        exitCode = $summary.ExitCode; kind = $summary.Kind; plan = $summary.Plan; accepted = $summary.Accepted
        rejected = $summary.Rejected; notSent = $summary.NotSent; unchanged = $summary.Unchanged
    } | ConvertTo-Json -Compress
}
