namespace EntraBulk.Interop.V1
{
    using System;
    using System.IO;
    using System.Runtime.InteropServices;

    /// <summary>The native library of this process. Every member may be used from any thread.</summary>
    public static class Library
    {
        /// <summary>
        /// The version of these files. A session cannot replace loaded types, so the PowerShell module compares
        /// this with the one it was made for.
        /// </summary>
        public const string InteropVersion = "1.1";

        private const uint AbiMajor = 1;
        private const uint AbiMinor = 1;

        private static readonly object Gate = new object();
        private static string path;
        private static Action<int, string> logger;

        // The library keeps a pointer to it for the life of the process, so it must never be collected.
        private static readonly Native.LogSink Sink = OnLog;

        /// <summary>The full path the library was loaded from; null before <see cref="EnsureLoaded"/>.</summary>
        public static string Path { get { return path; } }

        /// <summary>The version of the native library.</summary>
        public static string Version
        {
            get
            {
                ThrowUnlessLoaded();
                return Native.Text(Native.entrabulk_version());
            }
        }

        /// <summary>
        /// Loads the library from <paramref name="libraryPath"/> and checks that its ABI fits. Does nothing when it
        /// is loaded already; a second library in one process is refused.
        /// </summary>
        public static void EnsureLoaded(string libraryPath)
        {
            string full = System.IO.Path.GetFullPath(libraryPath);
            lock (Gate)
            {
                if (path != null)
                {
                    if (string.Equals(path, full, StringComparison.Ordinal)) { return; }
                    throw new InvalidOperationException("entrabulk is already loaded from '" + path + "'. Start a new process to use '" + full + "'.");
                }
                if (!File.Exists(full)) { throw new DllNotFoundException("There is no entrabulk library at '" + full + "'."); }
                IntPtr module = NativeLoader.Load(full);
                var abiVersion = (Native.AbiVersion)Marshal.GetDelegateForFunctionPointer(NativeLoader.Export(module, "entrabulk_abi_version"), typeof(Native.AbiVersion));
                uint abi = abiVersion();
                if (abi >> 16 != AbiMajor || (abi & 0xFFFF) < AbiMinor)
                {
                    throw new DllNotFoundException(
                        "The entrabulk library '" + full + "' has ABI " + (abi >> 16) + "." + (abi & 0xFFFF) + "; this binding needs "
                        + AbiMajor + "." + AbiMinor + " or a later " + AbiMajor + ".x. Update the two together.");
                }
                Native.Bind(module);
                path = full;
            }
        }

        /// <summary>Runs an operation that needs no client. JSON in, JSON out.</summary>
        public static string Call(string operation, string arguments)
        {
            ThrowUnlessLoaded();
            using (ClientHandle none = new ClientHandle())
            {
                return Call(none, operation, arguments);
            }
        }

        /// <summary>
        /// Hands log lines of <paramref name="level"/> and more important ones (1 error .. 5 trace) to
        /// <paramref name="log"/>, on threads of the library; null ends it. There is one log per process.
        /// </summary>
        public static void SetLog(Action<int, string> log, int level)
        {
            ThrowUnlessLoaded();
            ErrorHandle error;
            logger = log;
            Native.Check(Native.entrabulk_log_set(log == null ? null : Sink, IntPtr.Zero, IntPtr.Zero, level, out error), error);
        }

        /// <summary>Cancels every run and stops the library's threads, waiting at most that long.</summary>
        public static void Shutdown(TimeSpan timeout)
        {
            ThrowUnlessLoaded();
            ErrorHandle error;
            Native.Check(Native.entrabulk_shutdown(checked((uint)timeout.TotalMilliseconds), out error), error);
        }

        internal static string Call(ClientHandle client, string operation, string arguments)
        {
            byte[] name = Native.Bytes(operation);
            byte[] json = Native.Bytes(arguments);
            BufferHandle result;
            ErrorHandle error;
            Native.Check(Native.entrabulk_call(client, name, Native.Length(name), json, Native.Length(json), out result, out error), error);
            return result.TakeText();
        }

        internal static void ThrowUnlessLoaded()
        {
            if (path == null) { throw new InvalidOperationException("Call Library.EnsureLoaded with the path of the entrabulk library first."); }
        }

        private static void OnLog(IntPtr userdata, int level, IntPtr message, UIntPtr length)
        {
            // An exception that left this method would end the process.
            try
            {
                Action<int, string> log = logger;
                if (log == null) { return; }
                byte[] bytes = new byte[checked((int)length.ToUInt64())];
                if (bytes.Length > 0) { Marshal.Copy(message, bytes, 0, bytes.Length); }
                log(level, Native.Utf8.GetString(bytes));
            }
            catch (Exception)
            {
            }
        }
    }
}
