# The ErrorCategory of every status. A test compares it with the table of the library.
$script:ErrorCategories = @{
    InvalidArgument   = 'InvalidArgument'
    InvalidUtf8       = 'InvalidArgument'
    NullPointer       = 'InvalidArgument'
    InvalidState      = 'InvalidOperation'
    EndOfEvents       = 'ObjectNotFound'
    UnknownOperation  = 'InvalidArgument'
    ConfigInvalid     = 'InvalidArgument'
    MappingInvalid    = 'InvalidArgument'
    SourceUnreadable  = 'OpenError'
    SourceEncoding    = 'InvalidData'
    SourceFormat      = 'InvalidData'
    SourceEmpty       = 'InvalidData'
    SourceChanged     = 'InvalidData'
    RecordsRejected   = 'InvalidData'
    SignInFailed      = 'AuthenticationError'
    TokenRejected     = 'AuthenticationError'
    PermissionMissing = 'PermissionDenied'
    TokenRequired     = 'AuthenticationError'
    RequestRefused    = 'InvalidData'
    TargetNotFound    = 'ObjectNotFound'
    Throttled         = 'LimitsExceeded'
    QuotaSpent        = 'QuotaExceeded'
    BucketFull        = 'ResourceBusy'
    ServiceFailed     = 'ResourceUnavailable'
    Unreachable       = 'ConnectionError'
    TlsFailed         = 'SecurityError'
    HostNotAllowed    = 'SecurityError'
    Cancelled         = 'OperationStopped'
    OutputFailed      = 'WriteError'
    ShuttingDown      = 'OperationStopped'
    StoreFailed       = 'WriteError'
    StoreNewer        = 'OpenError'
    StoreDamaged      = 'InvalidData'
    LockHeld          = 'ResourceBusy'
    PlanStale         = 'InvalidOperation'
    BrakeTripped      = 'LimitsExceeded'
    ApprovalRefused   = 'InvalidArgument'
    RunUnfinished     = 'ResourceBusy'
    NotFound          = 'ObjectNotFound'
    Internal          = 'InvalidResult'
    Panic             = 'InvalidResult'
}

# An ErrorRecord with the id EntraBulk.<Kind> from an error document, an EntraBulkException, or what a catch caught.
function ConvertTo-EntraBulkErrorRecord {
    param(
        [Parameter(Mandatory)] [object]$Failure,
        [object]$TargetObject
    )

    if ($Failure -is [System.Collections.IDictionary]) {
        $Failure = [EntraBulk.Interop.V1.EntraBulkException]::FromDocument($Failure)
    } elseif ($Failure -is [System.Management.Automation.ErrorRecord]) {
        $TargetObject = $Failure.TargetObject
        $Failure = $Failure.Exception
    }
    # PowerShell wraps what a method throws.
    while ($Failure -isnot [EntraBulk.Interop.V1.EntraBulkException]) { $Failure = $Failure.InnerException }
    # A later library may know a status that this table does not.
    $category = 'NotSpecified'
    if ($script:ErrorCategories.ContainsKey($Failure.Kind)) { $category = $script:ErrorCategories[$Failure.Kind] }
    $record = [System.Management.Automation.ErrorRecord]::new($Failure, "EntraBulk.$($Failure.Kind)", $category, $TargetObject)
    $text = $Failure.Message
    # One problem is part of the message; of several the message names the first alone.
    if ($Failure.Problems.Count -gt 1) { $text = (@($text) + $Failure.Problems) -join "`n  - " }
    $record.ErrorDetails = [System.Management.Automation.ErrorDetails]::new($text)
    $record.ErrorDetails.RecommendedAction = $Failure.Advice
    $record
}
