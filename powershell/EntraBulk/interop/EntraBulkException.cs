namespace EntraBulk.Interop.V1
{
    using System;
    using System.Collections;
    using System.Globalization;

    /// <summary>A failure the native library reported: what happened, why, and what to do next.</summary>
    public sealed class EntraBulkException : Exception
    {
        internal EntraBulkException(int status, string message) : base(message)
        {
            Status = (EntraBulkStatus)status;
        }

        /// <summary>The exception that an error document (docs/documents.md) describes.</summary>
        public static EntraBulkException FromDocument(IDictionary error)
        {
            EntraBulkException exception = new EntraBulkException(Convert.ToInt32(error["status"], CultureInfo.InvariantCulture), (string)error["message"]);
            exception.Advice = (string)error["advice"];
            exception.HttpStatus = (int?)Number(error["httpStatus"]);
            exception.RequestId = (string)error["requestId"];
            exception.Line = Number(error["line"]);
            long? retryAfter = Number(error["retryAfterMs"]);
            if (retryAfter.HasValue) { exception.RetryAfter = TimeSpan.FromMilliseconds(retryAfter.Value); }
            return exception;
        }

        /// <summary>What kind of failure it is.</summary>
        public EntraBulkStatus Status { get; private set; }

        /// <summary>The status by name, as the command line and the JSON documents spell it.</summary>
        public string Kind { get { return Status.ToString(); } }

        /// <summary>The one thing to do next, where it is not part of the message.</summary>
        public string Advice { get; internal set; }

        /// <summary>The HTTP status of the service's answer, where there was one.</summary>
        public int? HttpStatus { get; internal set; }

        /// <summary>The request-id under which Microsoft can find the call, or null.</summary>
        public string RequestId { get; internal set; }

        /// <summary>How long to wait before trying again, where the service said so.</summary>
        public TimeSpan? RetryAfter { get; internal set; }

        /// <summary>The line (or number) of the record concerned, from 1, where there is one.</summary>
        public long? Line { get; internal set; }

        private static long? Number(object value)
        {
            return value == null ? (long?)null : Convert.ToInt64(value, CultureInfo.InvariantCulture);
        }
    }
}
