# Runs to the end and emits the summary; a run that failed as a whole is an error besides.
function Invoke-EntraBulkRun {
    param(
        [Parameter(Mandatory)] [EntraBulk.Interop.V1.Client]$Client,
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Document,
        [Parameter(Mandatory)] [string]$Activity,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet,
        [AllowNull()] [AllowEmptyCollection()] [System.Collections.IList]$Record
    )

    $told = Watch-EntraBulkRun @PSBoundParameters
    $summary = ConvertTo-EntraBulkSummary -Finished $told['finished']
    $summary
    if ($told['finished']['error']) {
        throw (ConvertTo-EntraBulkErrorRecord -Failure $told['finished']['error'] -TargetObject $summary)
    }
}

# Starts a run and shows its events until it is finished; gives the events planned, if it came, and finished. Records are
# pushed if there is a list of them.
function Watch-EntraBulkRun {
    param(
        [Parameter(Mandatory)] [EntraBulk.Interop.V1.Client]$Client,
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Document,
        [Parameter(Mandatory)] [string]$Activity,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet,
        [AllowNull()] [AllowEmptyCollection()] [System.Collections.IList]$Record
    )

    $run = $null
    $told = @{}
    $warned = @{}
    $bar = @{ Id = 1; Activity = $Activity; Status = 'Reading and checking' }
    try {
        $run = $Client.StartRun([EntraBulk.Interop.V1.JsonWriter]::Write($Document))
        if ($PSBoundParameters.ContainsKey('Record')) {
            Push-EntraBulkRecord -Sink $run -Record $Record
            $run.Finish()
        } else {
            $Record = @()
        }
        $sinceShown = [System.Diagnostics.Stopwatch]::new()
        while (-not $told['finished']) {
            # A short wait, because Ctrl+C is heard only between calls.
            $text = $run.NextEvent(250)
            if ($null -eq $text) { continue }
            $runEvent = [EntraBulk.Interop.V1.JsonReader]::Read($text)
            if ($runEvent['event'] -in 'planned', 'finished') { $told[$runEvent['event']] = $runEvent }
            Write-EntraBulkRunEvent -RunEvent $runEvent -Record $Record -Warned $warned -Cmdlet $Cmdlet
            Show-EntraBulkProgress -RunEvent $runEvent -SinceShown $sinceShown -Bar $bar
        }
        $told
    } finally {
        # First what needs no pipeline: after Ctrl+C there is none. Freeing a run cancels it.
        if ($run) { $run.Dispose() }
        Write-Progress @bar -Completed
    }
}

# A run as operations give it (docs/documents.md). A list has no batches.
function ConvertTo-EntraBulkRun {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Run,
        # It goes along, so that a piped run cannot meet another target.
        [Parameter(Mandatory)] [psobject]$Target
    )

    $summary = $null
    if ($Run['summary']) { $summary = ConvertTo-EntraBulkSummary -Finished $Run['summary'] }
    $batches = @(foreach ($batch in $Run['batches']) {
            [pscustomobject]@{
                Batch           = $batch['batch']
                State           = $batch['state']
                Attempts        = $batch['attempts']
                ClientRequestId = $batch['clientRequestId']
                RequestId       = $batch['requestId']
                SentAt          = ConvertTo-EntraBulkTime -Text $batch['sentAt']
                SettledAt       = ConvertTo-EntraBulkTime -Text $batch['settledAt']
            }
        })
    [pscustomobject]@{
        PSTypeName = 'EntraBulk.Run'
        Id         = $Run['run']
        Plan       = $Run['plan']
        State      = $Run['state']
        StartedAt  = ConvertTo-EntraBulkTime -Text $Run['startedAt']
        EndedAt    = ConvertTo-EntraBulkTime -Text $Run['endedAt']
        Summary    = $summary
        Batches    = $batches
        Target     = $Target
    }
}

# A time of a document; null stays null.
function ConvertTo-EntraBulkTime {
    param([AllowNull()] [AllowEmptyString()] [string]$Text)

    if ($Text) { [datetimeoffset]::Parse($Text, [cultureinfo]::InvariantCulture) }
}
