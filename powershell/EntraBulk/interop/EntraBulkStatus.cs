namespace EntraBulk.Interop.V1
{
    /// <summary>The statuses of the native library. docs/errors.md says what each means.</summary>
    public enum EntraBulkStatus
    {
        Ok = 0,
        InvalidArgument = 1,
        InvalidUtf8 = 2,
        NullPointer = 3,
        InvalidState = 4,
        EndOfEvents = 5,
        UnknownOperation = 6,
        ConfigInvalid = 100,
        MappingInvalid = 101,
        SourceUnreadable = 200,
        SourceEncoding = 201,
        SourceFormat = 202,
        SourceEmpty = 203,
        SourceChanged = 204,
        RecordsRejected = 205,
        SignInFailed = 300,
        TokenRejected = 301,
        PermissionMissing = 302,
        TokenRequired = 303,
        RequestRefused = 400,
        TargetNotFound = 401,
        Throttled = 402,
        QuotaSpent = 403,
        BucketFull = 404,
        ServiceFailed = 405,
        Unreachable = 406,
        TlsFailed = 407,
        HostNotAllowed = 408,
        Cancelled = 500,
        OutputFailed = 501,
        ShuttingDown = 502,
        Internal = 900,
        Panic = 901
    }
}
