# What the library says of one record: an error for a rejected one, a warning for an odd one.
function Write-EntraBulkFinding {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Finding,
        [Parameter(Mandatory)] [ValidateSet('rejected', 'warning')] [string]$Severity,
        # The piped records in order, or an empty list when a file was read.
        [Parameter(Mandatory)] [AllowNull()] [AllowEmptyCollection()] [System.Collections.IList]$Record,
        # How many warnings of each rule there were; kept up here.
        [Parameter(Mandatory)] [hashtable]$Warned,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    $message = $Finding['message']
    $line = $Finding['line']
    if ($Finding['rule'] -eq 'not-a-record' -and $line -and $line -le $Record.Count) {
        # The library was handed a stand-in.
        $problem = $null
        $null = ConvertTo-EntraBulkRecordText -Record $Record[$line - 1] -Problem ([ref]$problem)
        if ($problem) { $message = $problem }
    }
    if ($line) {
        if ($Record.Count) { $message = "Record ${line}: $message" } else { $message = "Line ${line}: $message" }
    }
    if ($Severity -eq 'warning') {
        $rule = "$($Finding['rule'])"
        $Warned[$rule] = 1 + $Warned[$rule]
        if (-not $rule -or $Warned[$rule] -le $script:WarningsShown) { $Cmdlet.WriteWarning($message) } else { $Cmdlet.WriteVerbose($message) }
        return
    }
    $target = [pscustomobject]@{
        PSTypeName = 'EntraBulk.Finding'
        Line       = $line
        Rule       = $Finding['rule']
        ExternalId = $Finding['externalId']
        Column     = $Finding['column']
        Value      = $Finding['value']
        Message    = $message
    }
    if ($line -and $line -le $Record.Count) { $target = $Record[$line - 1] }
    $Cmdlet.WriteError((ConvertTo-EntraBulkErrorRecord -TargetObject $target -Failure @{
                status  = [EntraBulk.Interop.V1.EntraBulkStatus]::RecordsRejected
                message = $message
                line    = $line
            }))
}

# A file may give the same warning thousands of times; this many of each rule are shown.
$script:WarningsShown = 5

# Counts the warnings that were not shown, once.
function Write-EntraBulkWarningCount {
    param(
        [Parameter(Mandatory)] [hashtable]$Warned,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    foreach ($rule in $Warned.Keys | Sort-Object) {
        $more = $Warned[$rule] - $script:WarningsShown
        if ($rule -and $more -gt 0) { $Cmdlet.WriteWarning("$more more warnings of the rule '$rule'; -Verbose shows them all.") }
    }
    $Warned.Clear()
}
