namespace EntraBulk.Interop.V1
{
    using System;
    using System.Runtime.InteropServices;
    using System.Security;

    /// <summary>The UTF-8 bytes of a SecureString, for the time of one native call.</summary>
    internal static class Secret
    {
        /// <summary>
        /// Unwraps <paramref name="secret"/>, hands the bytes to <paramref name="use"/> and wipes every copy. The arrays
        /// are pinned, or the garbage collector could leave a moved copy behind.
        /// </summary>
        internal static void Use(SecureString secret, Action<byte[]> use)
        {
            if (secret == null) { throw new ArgumentNullException("secret"); }
            char[] characters = new char[secret.Length];
            byte[] bytes = null;
            GCHandle pinnedCharacters = GCHandle.Alloc(characters, GCHandleType.Pinned);
            GCHandle pinnedBytes = default(GCHandle);
            IntPtr unicode = IntPtr.Zero;
            try
            {
                unicode = Marshal.SecureStringToGlobalAllocUnicode(secret);
                Marshal.Copy(unicode, characters, 0, characters.Length);
                bytes = new byte[Native.Utf8.GetByteCount(characters)];
                pinnedBytes = GCHandle.Alloc(bytes, GCHandleType.Pinned);
                Native.Utf8.GetBytes(characters, 0, characters.Length, bytes, 0);
                use(bytes);
            }
            finally
            {
                if (unicode != IntPtr.Zero) { Marshal.ZeroFreeGlobalAllocUnicode(unicode); }
                Array.Clear(characters, 0, characters.Length);
                pinnedCharacters.Free();
                if (bytes != null) { Array.Clear(bytes, 0, bytes.Length); }
                if (pinnedBytes.IsAllocated) { pinnedBytes.Free(); }
            }
        }
    }
}
