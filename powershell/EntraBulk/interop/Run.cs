namespace EntraBulk.Interop.V1
{
    using System;
    using System.Runtime.InteropServices;
    using System.Security;

    /// <summary>
    /// An upload at work in the background. One thread takes its events; the other members may be used from any.
    /// </summary>
    public sealed class Run : IDisposable
    {
        private readonly RunHandle handle;

        internal Run(ClientHandle client, string arguments)
        {
            byte[] json = Native.Bytes(arguments);
            ErrorHandle error;
            Native.Check(Native.entrabulk_run_start(client, json, Native.Length(json), out handle, out error), error);
        }

        /// <summary>Adds a record, one JSON object; only where the conversion names no source file.</summary>
        public void Push(string record)
        {
            byte[] json = Native.Bytes(record);
            ErrorHandle error;
            Native.Check(Native.entrabulk_run_push(handle, json, Native.Length(json), out error), error);
        }

        /// <summary>Says that there are no more records; wanted only where records are pushed.</summary>
        public void Finish()
        {
            ErrorHandle error;
            Native.Check(Native.entrabulk_run_finish(handle, out error), error);
        }

        /// <summary>
        /// The next event, JSON; null when none came in time. The last is <c>finished</c>; asking on after it fails
        /// with <see cref="EntraBulkStatus.EndOfEvents"/>.
        /// </summary>
        public string NextEvent(uint timeoutMilliseconds)
        {
            BufferHandle document;
            ErrorHandle error;
            Native.Check(Native.entrabulk_run_next_event(handle, timeoutMilliseconds, out document, out error), error);
            return document.TakeText();
        }

        /// <summary>Waits for the end and discards the events. Gives whether the run has ended.</summary>
        public bool Wait(uint timeoutMilliseconds)
        {
            int finished;
            ErrorHandle error;
            Native.Check(Native.entrabulk_run_wait(handle, timeoutMilliseconds, out finished, out error), error);
            return finished != 0;
        }

        /// <summary>Where the run stands.</summary>
        public Progress GetProgress()
        {
            Progress progress = new Progress();
            progress.StructSize = (uint)Marshal.SizeOf(typeof(Progress));
            ErrorHandle error;
            Native.Check(Native.entrabulk_run_progress(handle, ref progress, out error), error);
            return progress;
        }

        /// <summary>Hands over a fresh access token, for a host that signs in by itself.</summary>
        public void ProvideToken(SecureString token, TimeSpan validFor)
        {
            ulong seconds = checked((ulong)validFor.TotalSeconds);
            Secret.Use(token, delegate(byte[] bytes)
            {
                ErrorHandle error;
                Native.Check(Native.entrabulk_run_provide_token(handle, bytes, Native.Length(bytes), seconds, out error), error);
            });
        }

        /// <summary>Asks the run to stop; its <c>finished</c> event tells what became of every user.</summary>
        public void Cancel()
        {
            ErrorHandle error;
            Native.Check(Native.entrabulk_run_cancel(handle, out error), error);
        }

        /// <summary>Frees the run; one that still works is cancelled.</summary>
        public void Dispose() { handle.Dispose(); }
    }

    /// <summary>Where a run stands: entrabulk_progress of the header, field for field.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Progress
    {
        /// <summary>The size of this struct as the caller knows it.</summary>
        public uint StructSize;
        /// <summary>0 reading, 1 sending, 2 finished.</summary>
        public uint State;
        /// <summary>Calls made, repeats included.</summary>
        public ulong Calls;
        /// <summary>Calls planned; 0 while reading.</summary>
        public ulong CallsTotal;
        /// <summary>Users the service has staged.</summary>
        public ulong UsersAccepted;
        /// <summary>Users to send; 0 while reading.</summary>
        public ulong UsersTotal;
        /// <summary>Records that cannot be sent.</summary>
        public ulong UsersRejected;
        /// <summary>Calls not yet answered.</summary>
        public ulong InFlight;
        /// <summary>Calls left of the day's quota.</summary>
        public ulong QuotaLeft;
    }
}
