namespace EntraBulk.Interop.V1
{
    using System;
    using System.Collections;
    using System.Runtime.InteropServices;

    /// <summary>An object of the native library: freed exactly once, and never while a call uses it.</summary>
    public abstract class NativeHandle : SafeHandle
    {
        internal NativeHandle() : base(IntPtr.Zero, true) { }

        /// <summary>Whether there is no object.</summary>
        public override bool IsInvalid { get { return handle == IntPtr.Zero; } }

        /// <summary>Frees the object; the native free functions neither block nor fail.</summary>
        protected override bool ReleaseHandle()
        {
            Free(handle);
            return true;
        }

        internal abstract void Free(IntPtr pointer);
    }

    // The parameterless constructors are public because the marshaller creates these objects.

    /// <summary>An entrabulk_client.</summary>
    public sealed class ClientHandle : NativeHandle
    {
        /// <summary>No client yet.</summary>
        public ClientHandle() { }
        internal override void Free(IntPtr pointer) { Native.entrabulk_client_free(pointer); }
    }

    /// <summary>An entrabulk_builder.</summary>
    public sealed class BuilderHandle : NativeHandle
    {
        /// <summary>No builder yet.</summary>
        public BuilderHandle() { }
        internal override void Free(IntPtr pointer) { Native.entrabulk_builder_free(pointer); }
    }

    /// <summary>An entrabulk_run. Freeing it cancels a run that still works.</summary>
    public sealed class RunHandle : NativeHandle
    {
        /// <summary>No run yet.</summary>
        public RunHandle() { }
        internal override void Free(IntPtr pointer) { Native.entrabulk_run_free(pointer); }
    }

    /// <summary>An entrabulk_buffer.</summary>
    public sealed class BufferHandle : NativeHandle
    {
        /// <summary>No buffer yet.</summary>
        public BufferHandle() { }
        internal override void Free(IntPtr pointer) { Native.entrabulk_buffer_free(pointer); }

        /// <summary>Copies the bytes and frees the buffer; null where the library gave none.</summary>
        internal byte[] Take()
        {
            using (this)
            {
                if (IsInvalid) { return null; }
                byte[] bytes = new byte[checked((int)Native.entrabulk_buffer_len(this).ToUInt64())];
                if (bytes.Length > 0) { Marshal.Copy(Native.entrabulk_buffer_data(this), bytes, 0, bytes.Length); }
                return bytes;
            }
        }

        internal string TakeText()
        {
            byte[] bytes = Take();
            return bytes == null ? null : Native.Utf8.GetString(bytes);
        }
    }

    /// <summary>An entrabulk_error.</summary>
    public sealed class ErrorHandle : NativeHandle
    {
        /// <summary>No error yet.</summary>
        public ErrorHandle() { }
        internal override void Free(IntPtr pointer) { Native.entrabulk_error_free(pointer); }

        internal EntraBulkException ToException(int status)
        {
            IDictionary document = JsonReader.Read(Native.Text(Native.entrabulk_error_json(this))) as IDictionary;
            if (document == null)
            {
                document = new Hashtable();
                document["status"] = status;
                document["message"] = "entrabulk failed with status " + status + ".";
            }
            return EntraBulkException.FromDocument(document);
        }
    }
}
