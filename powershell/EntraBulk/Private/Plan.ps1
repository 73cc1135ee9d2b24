# Carries out an operation on a target; gives its result.
function Invoke-EntraBulkOperation {
    param(
        [Parameter(Mandatory)] [string]$Name,
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Argument,
        [Parameter(Mandatory)] [psobject]$Target
    )

    [EntraBulk.Interop.V1.JsonReader]::Read($Target.Client.Call($Name, [EntraBulk.Interop.V1.JsonWriter]::Write($Argument)))
}

# The settings of a plan (docs/documents.md) from the bound parameters; those with a name of their own win.
function Get-EntraBulkPlanSetting {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Bound,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    $settings = [ordered]@{}
    if ($Bound.ContainsKey('Settings')) {
        $settings = Read-EntraBulkDocument -Given $Bound['Settings'] -Cmdlet $Cmdlet
    }
    if ($Bound.ContainsKey('Missing')) { $settings['missing'] = $Bound['Missing'].ToLowerInvariant() }
    if ($Bound.ContainsKey('UnknownInactive')) { $settings['unknownInactive'] = $Bound['UnknownInactive'].ToLowerInvariant() }
    if ($Bound.ContainsKey('Full')) { $settings['full'] = [bool]$Bound['Full'] }
    if ($Bound.ContainsKey('MinRows')) {
        if (-not $settings['guards']) { $settings['guards'] = [ordered]@{} }
        $settings['guards']['minRows'] = $Bound['MinRows']
    }
    foreach ($limit in 'Percent', 'Count') {
        if (-not $Bound.ContainsKey("AbortAt$limit")) { continue }
        if (-not $settings['brakes']) { $settings['brakes'] = [ordered]@{} }
        if (-not $settings['brakes']['removals']) { $settings['brakes']['removals'] = [ordered]@{} }
        $settings['brakes']['removals'][$limit.ToLowerInvariant()] = $Bound["AbortAt$limit"]
    }
    $settings
}

# Writes the preview of a plan to the file at the bound PreviewPath.
function Write-EntraBulkPreview {
    param(
        [Parameter(Mandatory)] [string]$Id,
        [Parameter(Mandatory)] [psobject]$Target,
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Bound,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    $preview = [ordered]@{ plan = $Id; path = Get-EntraBulkFullPath -Path $Bound['PreviewPath'] -Cmdlet $Cmdlet }
    if ($Bound.ContainsKey('PreviewFormat')) { $preview['format'] = $Bound['PreviewFormat'].ToLowerInvariant() }
    if ($Bound.ContainsKey('AllRows') -and $Bound['AllRows']) { $preview['rows'] = 'all' }
    if ($Bound.ContainsKey('Bom')) { $preview['bom'] = [bool]$Bound['Bom'] }
    $written = Invoke-EntraBulkOperation -Name 'plan.preview' -Argument $preview -Target $Target
    $Cmdlet.WriteVerbose("$($written['rows']) rows in $($written['path'])")
}

# Writes what is odd about a new plan as a whole.
function Write-EntraBulkPlanWarning {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Plan,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    $Cmdlet.WriteVerbose("Plan $($Plan['plan']): $(Get-EntraBulkPlanCount -Plan $Plan)")
    foreach ($warning in $Plan['about']['warnings']) { $Cmdlet.WriteWarning($warning) }
}

# The changes of a plan, as one phrase.
function Get-EntraBulkPlanCount {
    param([Parameter(Mandatory)] [System.Collections.IDictionary]$Plan)

    'add {0}, update {1}, disable {2}, restore {3}' -f
    $Plan['counts']['add'], $Plan['counts']['update'], $Plan['counts']['disable'], $Plan['counts']['restore']
}

# The plan object from a plan document.
function ConvertTo-EntraBulkPlan {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Plan,
        # It goes along, so that a piped plan cannot meet another target.
        [Parameter(Mandatory)] [psobject]$Target
    )

    $counts = $Plan['counts']
    $cost = $Plan['about']['cost']
    [pscustomobject]@{
        PSTypeName = 'EntraBulk.Plan'
        Id         = $Plan['plan']
        CreatedAt  = ConvertTo-EntraBulkTime -Text $Plan['createdAt']
        Rows       = $Plan['rows']
        Add        = $counts['add']
        Update     = $counts['update']
        Disable    = $counts['disable']
        Restore    = $counts['restore']
        Unchanged  = $counts['unchanged']
        Missing    = $counts['missing']
        OutOfScope = $counts['outOfScope']
        Rejected   = $counts['rejected']
        Skipped    = $counts['skipped']
        Changes    = $Plan['changes']
        Tripped    = $Plan['tripped']
        Blocked    = $Plan['blocked']
        Protected  = @($Plan['protected'])
        Brakes     = @(foreach ($brake in $Plan['brakes']) { [pscustomobject]$brake })
        Warnings   = @($Plan['about']['warnings'])
        Calls      = $cost['calls']
        QuotaLeft  = $cost['quotaLeft']
        FinishAt   = ConvertTo-EntraBulkTime -Text $cost['finishAt']
        ExitCode   = [int]$Plan['exitCode']
        Target     = $Target
    }
}
