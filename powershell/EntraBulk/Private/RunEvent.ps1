# Shows one event of a run (docs/documents.md): as error, warning, progress or verbose line.
function Write-EntraBulkRunEvent {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$RunEvent,
        [Parameter(Mandatory)] [AllowNull()] [AllowEmptyCollection()] [System.Collections.IList]$Record,
        [Parameter(Mandatory)] [hashtable]$Warned,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    switch ($RunEvent['event']) {
        'started' {
            $source = $RunEvent['source']
            $reading = ''
            # A stored plan has no source to read.
            if ($source) { $reading = ": reading $($source['format']), $($source['encoding']) ($($source['encodingFrom']))" }
            $Cmdlet.WriteVerbose("Run $($RunEvent['run'])$reading")
        }
        { $_ -in 'rejected', 'warning' } {
            Write-EntraBulkFinding -Finding $RunEvent -Severity $_ -Record $Record -Warned $Warned -Cmdlet $Cmdlet
        }
        'planned' {
            Write-EntraBulkWarningCount -Warned $Warned -Cmdlet $Cmdlet
            $Cmdlet.WriteVerbose("Plan $($RunEvent['plan']['plan']): $(Get-EntraBulkPlanCount -Plan $RunEvent['plan'])")
        }
        'note' { Write-Information -MessageData $RunEvent['message'] -InformationAction Continue }
        'settled' {
            $Cmdlet.WriteVerbose("Batch $($RunEvent['batch']) of run $($RunEvent['run']): $($RunEvent['users']) users staged (request-id $($RunEvent['requestId']))")
        }
        'checked' {
            Write-EntraBulkWarningCount -Warned $Warned -Cmdlet $Cmdlet
            $Cmdlet.WriteVerbose((Get-EntraBulkCount -Report $RunEvent))
        }
        'accepted' {
            $Cmdlet.WriteVerbose("Batch $($RunEvent['batch']): $($RunEvent['users']) users staged (request-id $($RunEvent['requestId']))")
        }
        'refused' {
            $Cmdlet.WriteError((ConvertTo-EntraBulkErrorRecord -Failure $RunEvent['error'] -TargetObject $RunEvent['externalIds']))
        }
        'waiting' { $Cmdlet.WriteVerbose($RunEvent['message']) }
    }
}

# The progress bar after an event that moves it, at most four times a second: Windows PowerShell redraws slowly.
function Show-EntraBulkProgress {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$RunEvent,
        [Parameter(Mandatory)] [System.Diagnostics.Stopwatch]$SinceShown,
        [Parameter(Mandatory)] [hashtable]$Bar
    )

    switch ($RunEvent['event']) {
        'waiting' { $Bar['Status'] = $RunEvent['message'] }
        'progress' {
            $Bar['Status'] = '{0} of {1} users, {2} calls, {3} left today' -f
            $RunEvent['usersAccepted'], $RunEvent['usersTotal'], $RunEvent['calls'], $RunEvent['quotaLeft']
            if ($RunEvent['usersTotal']) { $Bar['PercentComplete'] = [int](100 * $RunEvent['usersAccepted'] / $RunEvent['usersTotal']) }
        }
        default { return }
    }
    if ($SinceShown.IsRunning -and $SinceShown.ElapsedMilliseconds -lt 250) { return }
    $SinceShown.Restart()
    Write-Progress @Bar
}

# The summary object from the finished event.
function ConvertTo-EntraBulkSummary {
    param([Parameter(Mandatory)] [System.Collections.IDictionary]$Finished)

    [pscustomobject]@{
        PSTypeName = 'EntraBulk.UploadSummary'
        Run        = $Finished['run']
        Plan       = $Finished['plan']
        Status     = [int]$Finished['status']
        Kind       = $Finished['kind']
        ExitCode   = [int]$Finished['exitCode']
        Rows       = $Finished['rows']
        Accepted   = $Finished['accepted']
        Rejected   = $Finished['rejected']
        OutOfScope = $Finished['outOfScope']
        Unchanged  = $Finished['unchanged']
        Skipped    = $Finished['skipped']
        Absent     = $Finished['absent']
        Refused    = $Finished['refused']
        InDoubt    = $Finished['inDoubt']
        NotSent    = $Finished['notSent']
        Warnings   = $Finished['warnings']
        Calls      = $Finished['calls']
        Batches    = $Finished['batches']
        Retries    = $Finished['retries']
        Throttled  = $Finished['throttled']
        Elapsed    = [timespan]::FromMilliseconds($Finished['elapsedMs'])
        ResumeAt   = ConvertTo-EntraBulkTime -Text $Finished['resumeAt']
    }
}
