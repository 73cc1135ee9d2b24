namespace EntraBulk.Interop.V1
{
    using System;
    using System.ComponentModel;
    using System.Reflection;
    using System.Runtime.InteropServices;

    /// <summary>Loads a native library by its full path and finds its exports. Nothing is ever unloaded.</summary>
    internal static class NativeLoader
    {
        // .NET 5 and later bring a portable loader, which netstandard2.0 cannot name. .NET Framework exists on
        // Windows alone and has kernel32.
        private static readonly Type Portable = Type.GetType("System.Runtime.InteropServices.NativeLibrary, System.Runtime.InteropServices", false);

        private const uint SearchBesideTheLibrary = 0x8; // LOAD_WITH_ALTERED_SEARCH_PATH

        [DllImport("kernel32", CharSet = CharSet.Unicode, SetLastError = true, ExactSpelling = true)]
        private static extern IntPtr LoadLibraryExW(string path, IntPtr reserved, uint flags);

        [DllImport("kernel32", CharSet = CharSet.Ansi, SetLastError = true, ExactSpelling = true)]
        private static extern IntPtr GetProcAddress(IntPtr module, string name);

        internal static IntPtr Load(string path)
        {
            try
            {
                if (Portable != null) { return Invoke("Load", path); }
                IntPtr module = LoadLibraryExW(path, IntPtr.Zero, SearchBesideTheLibrary);
                if (module == IntPtr.Zero) { throw new Win32Exception(Marshal.GetLastWin32Error()); }
                return module;
            }
            catch (Exception cause)
            {
                throw new DllNotFoundException(
                    "The entrabulk library '" + path + "' cannot be loaded: " + cause.Message
                    + " Check that it was built for this operating system and a " + (IntPtr.Size * 8) + "-bit process. A downloaded file may be blocked:"
                    + " Unblock-File on Windows, xattr -d com.apple.quarantine on macOS.", cause);
            }
        }

        internal static IntPtr Export(IntPtr module, string name)
        {
            try
            {
                if (Portable != null) { return Invoke("GetExport", module, name); }
                IntPtr export = GetProcAddress(module, name);
                if (export == IntPtr.Zero) { throw new Win32Exception(Marshal.GetLastWin32Error()); }
                return export;
            }
            catch (Exception cause)
            {
                throw new EntryPointNotFoundException("The library lacks '" + name + "': it is not entrabulk, or an older one. Update it together with this binding.", cause);
            }
        }

        private static IntPtr Invoke(string method, params object[] arguments)
        {
            Type[] types = Array.ConvertAll(arguments, delegate(object argument) { return argument.GetType(); });
            try
            {
                return (IntPtr)Portable.GetMethod(method, types).Invoke(null, arguments);
            }
            catch (TargetInvocationException wrapped)
            {
                throw wrapped.InnerException;
            }
        }
    }
}
