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

        /// <summary>
        /// Where the run stands, and once it is over how it ended. Takes no event, and needs none to be taken.
        /// </summary>
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

    /// <summary>What a run is doing.</summary>
    public enum RunStage : uint
    {
        /// <summary>Taking records and checking them; nothing was sent.</summary>
        Reading = 0,
        /// <summary>Sending.</summary>
        Sending = 1,
        /// <summary>It is over.</summary>
        Finished = 2
    }

    /// <summary>
    /// Where a run stands, and once it is over how it ended: entrabulk_progress of the header, field for field. Counts of
    /// records and users are 0 until the whole source was checked.
    /// </summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Progress
    {
        /// <summary>The size of this struct as the caller knows it.</summary>
        public uint StructSize;
        /// <summary>What the run is doing.</summary>
        public RunStage Stage;
        /// <summary>Calls made, repeats included.</summary>
        public ulong Calls;
        /// <summary>Calls needed without a repeat.</summary>
        public ulong CallsTotal;
        /// <summary>Users the service has staged.</summary>
        public ulong UsersAccepted;
        /// <summary>Users to send.</summary>
        public ulong UsersTotal;
        /// <summary>Records that cannot be sent.</summary>
        public ulong UsersRejected;
        /// <summary>Calls not yet answered.</summary>
        public ulong InFlight;
        /// <summary>Calls left of the day's quota.</summary>
        public ulong QuotaLeft;
        /// <summary>How the run ended; -1 until it is over.</summary>
        public EntraBulkStatus Status;
        /// <summary>The exit code that the command line would end with; -1 until the run is over.</summary>
        public int ExitCode;
        /// <summary>Users in batches that the service refused.</summary>
        public ulong UsersRefused;
        /// <summary>Users in batches that were sent and not answered: the service may have them.</summary>
        public ulong UsersInDoubt;
        /// <summary>Users of whom the service has nothing from this run; those under way are among them.</summary>
        public ulong UsersNotSent;
        /// <summary>Records whose users are as the service has them already.</summary>
        public ulong UsersUnchanged;
        /// <summary>Unknown inactive users, not sent because that was asked for.</summary>
        public ulong UsersSkipped;
        /// <summary>Users to send although the source has no record of them in scope.</summary>
        public ulong UsersAbsent;
        /// <summary>Records outside the mapping's scope.</summary>
        public ulong UsersOutOfScope;
        /// <summary>Records of the source.</summary>
        public ulong Rows;
        /// <summary>Warnings about records that went on.</summary>
        public ulong Warnings;
        /// <summary>Distinct batches among the calls that are over.</summary>
        public ulong Batches;
        /// <summary>Repeats among the calls that are over.</summary>
        public ulong Retries;
        /// <summary>Answers of 429.</summary>
        public ulong Throttled;
        /// <summary>How long the run goes on, or took, in milliseconds.</summary>
        public ulong ElapsedMilliseconds;
        /// <summary>Events that the host will never see, because it did not keep up.</summary>
        public ulong EventsDropped;
        /// <summary>
        /// When sending can go on, in milliseconds since 1970-01-01T00:00:00Z, where a limit ended the run; else -1.
        /// </summary>
        public long ResumeAtMilliseconds;
    }
}
