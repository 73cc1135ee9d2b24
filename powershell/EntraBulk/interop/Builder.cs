namespace EntraBulk.Interop.V1
{
    using System;
    using System.Threading.Tasks;

    /// <summary>Turns records into request bodies, without a network. For one thread at a time.</summary>
    public sealed class Builder : IDisposable
    {
        private readonly BuilderHandle handle;

        /// <summary>A builder from a conversion document (docs/documents.md), JSON.</summary>
        public Builder(string conversion)
        {
            Library.ThrowUnlessLoaded();
            byte[] json = Native.Bytes(conversion);
            ErrorHandle error;
            Native.Check(Native.entrabulk_builder_new(json, Native.Length(json), out handle, out error), error);
        }

        /// <summary>Adds a record, one JSON object; only where the conversion names no source file.</summary>
        public void Push(string record)
        {
            byte[] json = Native.Bytes(record);
            ErrorHandle error;
            Native.Check(Native.entrabulk_builder_push(handle, json, Native.Length(json), out error), error);
        }

        /// <summary>Reads and checks everything. Gives the counts and findings, JSON.</summary>
        public string Finish()
        {
            BufferHandle summary;
            ErrorHandle error;
            Native.Check(Native.entrabulk_builder_finish(handle, out summary, out error), error);
            return summary.TakeText();
        }

        /// <summary>
        /// <see cref="Finish"/> on a thread of its own, for a caller that wants to be interruptible while a large
        /// file is read. Disposing the builder meanwhile is safe.
        /// </summary>
        public Task<string> FinishAsync() { return Task.Factory.StartNew<string>(Finish); }

        /// <summary>The next request body, UTF-8; null after the last.</summary>
        public byte[] Next() { return Read().Take(); }

        /// <summary>The next request body as text; null after the last.</summary>
        public string NextText() { return Read().TakeText(); }

        /// <summary>Frees the builder.</summary>
        public void Dispose() { handle.Dispose(); }

        private BufferHandle Read()
        {
            BufferHandle batch;
            ErrorHandle error;
            Native.Check(Native.entrabulk_builder_next(handle, out batch, out error), error);
            return batch;
        }
    }
}
