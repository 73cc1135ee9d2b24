# Finishes a builder without keeping Ctrl+C waiting while a large file is read.
function Wait-EntraBulkReport {
    param([Parameter(Mandatory)] [EntraBulk.Interop.V1.Builder]$Builder)

    $finishing = $Builder.FinishAsync()
    while (-not ([System.IAsyncResult]$finishing).AsyncWaitHandle.WaitOne(200)) { }
    [EntraBulk.Interop.V1.JsonReader]::Read($finishing.GetAwaiter().GetResult())
}

# Writes the findings of a builder's report to the error and warning streams.
function Write-EntraBulkReport {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Report,
        [Parameter(Mandatory)] [AllowNull()] [AllowEmptyCollection()] [System.Collections.IList]$Record,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    $warned = @{}
    foreach ($finding in $Report['findings']) {
        Write-EntraBulkFinding -Finding $finding -Severity $finding['severity'] -Record $Record -Warned $warned -Cmdlet $Cmdlet
    }
    Write-EntraBulkWarningCount -Warned $warned -Cmdlet $Cmdlet
    if ($Report['findingsOmitted']) {
        $Cmdlet.WriteWarning("$($Report['findingsOmitted']) more findings are not listed. -RejectsPath writes every rejected record to a file.")
    }
    $Cmdlet.WriteVerbose((Get-EntraBulkCount -Report $Report))
}

# The counts of a report, as one phrase.
function Get-EntraBulkCount {
    param([Parameter(Mandatory)] [System.Collections.IDictionary]$Report)

    '{0} users in {1} calls, from {2} records: {3} rejected, {4} out of scope' -f
    $Report['users'], $Report['calls'], $Report['rows'], $Report['rejected'], $Report['outOfScope']
}
