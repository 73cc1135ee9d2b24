namespace EntraBulk.Interop.V1
{
    using System;
    using System.Collections;
    using System.Globalization;

    /// <summary>A failure the native library reported: what happened, why, and what to do next.</summary>
    public sealed class EntraBulkException : Exception
    {
        private EntraBulkException(string message) : base(message)
        {
        }

        /// <summary>The exception that an error document (docs/documents.md) describes.</summary>
        public static EntraBulkException FromDocument(IDictionary error)
        {
            string advice = (string)error["advice"];
            string message = (string)error["message"];
            EntraBulkException exception = new EntraBulkException(string.IsNullOrEmpty(advice) ? message : message + " " + advice);
            exception.Status = (EntraBulkStatus)Convert.ToInt32(error["status"], CultureInfo.InvariantCulture);
            exception.Advice = advice;
            exception.HttpStatus = (int?)Number(error["httpStatus"]);
            exception.ServiceCode = (string)error["serviceCode"];
            exception.RequestId = (string)error["requestId"];
            exception.Line = Number(error["line"]);
            long? retryAfter = Number(error["retryAfterMs"]);
            if (retryAfter.HasValue) { exception.RetryAfter = TimeSpan.FromMilliseconds(retryAfter.Value); }
            object[] problems = error["problems"] as object[] ?? new object[0];
            exception.Problems = Array.ConvertAll(problems, ProblemText);
            return exception;
        }

        /// <summary>What kind of failure it is.</summary>
        public EntraBulkStatus Status { get; private set; }

        /// <summary>The status by name, as the command line and the JSON documents spell it.</summary>
        public string Kind { get { return Status.ToString(); } }

        /// <summary>The one thing to do next; the message ends with it.</summary>
        public string Advice { get; private set; }

        /// <summary>Every problem of a document that has several, as "path: message".</summary>
        public string[] Problems { get; private set; }

        /// <summary>The HTTP status of the service's answer, where there was one.</summary>
        public int? HttpStatus { get; private set; }

        /// <summary>The error code of the service's answer, or null.</summary>
        public string ServiceCode { get; private set; }

        /// <summary>The request-id under which Microsoft can find the call, or null.</summary>
        public string RequestId { get; private set; }

        /// <summary>How long to wait before trying again, where the service said so.</summary>
        public TimeSpan? RetryAfter { get; private set; }

        /// <summary>The line (or number) of the record concerned, from 1, where there is one.</summary>
        public long? Line { get; private set; }

        private static long? Number(object value)
        {
            return value == null ? (long?)null : Convert.ToInt64(value, CultureInfo.InvariantCulture);
        }

        private static string ProblemText(object problem)
        {
            IDictionary document = (IDictionary)problem;
            string path = (string)document["path"];
            return string.IsNullOrEmpty(path) ? (string)document["message"] : path + ": " + document["message"];
        }
    }
}
