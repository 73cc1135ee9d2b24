namespace EntraBulk.Interop.V1
{
    using System;
    using System.Reflection;
    using System.Runtime.InteropServices;
    using System.Text;

    /// <summary>
    /// The exports of the native library, one field of the same name each. They are delegates rather than
    /// DllImports because only an explicit load by full path finds the library on every PowerShell and platform.
    /// </summary>
    internal static class Native
    {
        /// <summary>Refuses lone surrogates instead of replacing them.</summary>
        internal static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, true);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate IntPtr StaticText();
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate uint AbiVersion();
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate void FreePointer(IntPtr pointer);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int ClientNew(byte[] config, UIntPtr configLength, out ClientHandle client, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int ClientSetSecret(ClientHandle client, byte[] name, UIntPtr nameLength, byte[] secret, UIntPtr secretLength, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int CallOperation(ClientHandle client, byte[] operation, UIntPtr operationLength, byte[] arguments, UIntPtr argumentsLength, out BufferHandle result, out ErrorHandle error);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int BuilderNew(byte[] conversion, UIntPtr conversionLength, out BuilderHandle builder, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int BuilderPush(BuilderHandle builder, byte[] record, UIntPtr recordLength, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int BuilderRead(BuilderHandle builder, out BufferHandle document, out ErrorHandle error);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int RunStart(ClientHandle client, byte[] arguments, UIntPtr argumentsLength, out RunHandle run, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int RunPush(RunHandle run, byte[] record, UIntPtr recordLength, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int RunAct(RunHandle run, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int RunNextEvent(RunHandle run, uint timeoutMilliseconds, out BufferHandle document, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int RunWait(RunHandle run, uint timeoutMilliseconds, out int finished, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int RunProgress(RunHandle run, ref Progress progress, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int RunProvideToken(RunHandle run, byte[] token, UIntPtr tokenLength, ulong expiresInSeconds, out ErrorHandle error);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate IntPtr BufferData(BufferHandle buffer);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate UIntPtr BufferLength(BufferHandle buffer);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate IntPtr ErrorText(ErrorHandle error);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate void LogSink(IntPtr userdata, int level, IntPtr message, UIntPtr length);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int LogSet(LogSink sink, IntPtr userdata, IntPtr userdataFree, int level, out ErrorHandle error);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int Shutdown(uint timeoutMilliseconds, out ErrorHandle error);

#pragma warning disable 0649 // Bind assigns them all.
        internal static StaticText entrabulk_version;
        internal static AbiVersion entrabulk_abi_version;
        internal static ClientNew entrabulk_client_new;
        internal static ClientSetSecret entrabulk_client_set_secret;
        internal static FreePointer entrabulk_client_free;
        internal static CallOperation entrabulk_call;
        internal static BuilderNew entrabulk_builder_new;
        internal static BuilderPush entrabulk_builder_push;
        internal static BuilderRead entrabulk_builder_finish;
        internal static BuilderRead entrabulk_builder_next;
        internal static FreePointer entrabulk_builder_free;
        internal static RunStart entrabulk_run_start;
        internal static RunPush entrabulk_run_push;
        internal static RunAct entrabulk_run_finish;
        internal static RunNextEvent entrabulk_run_next_event;
        internal static RunWait entrabulk_run_wait;
        internal static RunProgress entrabulk_run_progress;
        internal static RunProvideToken entrabulk_run_provide_token;
        internal static RunAct entrabulk_run_cancel;
        internal static FreePointer entrabulk_run_free;
        internal static BufferData entrabulk_buffer_data;
        internal static BufferLength entrabulk_buffer_len;
        internal static FreePointer entrabulk_buffer_free;
        internal static ErrorText entrabulk_error_json;
        internal static FreePointer entrabulk_error_free;
        internal static LogSet entrabulk_log_set;
        internal static Shutdown entrabulk_shutdown;
#pragma warning restore 0649

        /// <summary>Fills every field from the export of its name.</summary>
        internal static void Bind(IntPtr module)
        {
            foreach (FieldInfo field in typeof(Native).GetFields(BindingFlags.Static | BindingFlags.NonPublic))
            {
                if (typeof(Delegate).IsAssignableFrom(field.FieldType))
                {
                    field.SetValue(null, Marshal.GetDelegateForFunctionPointer(NativeLoader.Export(module, field.Name), field.FieldType));
                }
            }
        }

        /// <summary>Throws what the library reported; a status of 0 passes.</summary>
        internal static void Check(int status, ErrorHandle error)
        {
            using (error)
            {
                if (status != 0) { throw error.ToException(status); }
            }
        }

        internal static byte[] Bytes(string text) { return Utf8.GetBytes(text); }

        internal static UIntPtr Length(byte[] bytes) { return new UIntPtr((uint)bytes.Length); }

        /// <summary>A NUL-terminated UTF-8 text of the library; null stays null.</summary>
        internal static string Text(IntPtr text)
        {
            if (text == IntPtr.Zero) { return null; }
            int length = 0;
            while (Marshal.ReadByte(text, length) != 0) { length++; }
            byte[] bytes = new byte[length];
            Marshal.Copy(text, bytes, 0, length);
            return Utf8.GetString(bytes);
        }
    }
}
