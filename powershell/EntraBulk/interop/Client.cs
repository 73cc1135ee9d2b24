namespace EntraBulk.Interop.V1
{
    using System;
    using System.Security;

    /// <summary>One provisioning job and how to reach it. May be shared by threads and runs.</summary>
    public sealed class Client : IDisposable
    {
        private readonly ClientHandle handle;

        /// <summary>A client from a client configuration (docs/documents.md), JSON.</summary>
        public Client(string configuration)
        {
            Library.ThrowUnlessLoaded();
            byte[] json = Native.Bytes(configuration);
            ErrorHandle error;
            Native.Check(Native.entrabulk_client_new(json, Native.Length(json), out handle, out error), error);
        }

        /// <summary>Gives the client a secret: clientSecret or accessToken. Every copy made here is wiped.</summary>
        public void SetSecret(string name, SecureString secret)
        {
            Secret.Use(secret, delegate(byte[] bytes) { SetSecret(name, bytes); });
        }

        /// <summary>Gives the client a secret as UTF-8 bytes; wiping them stays with the caller.</summary>
        public void SetSecret(string name, byte[] secret)
        {
            byte[] label = Native.Bytes(name);
            ErrorHandle error;
            Native.Check(Native.entrabulk_client_set_secret(handle, label, Native.Length(label), secret, Native.Length(secret), out error), error);
        }

        /// <summary>Runs an operation that answers at once. JSON in, JSON out.</summary>
        public string Call(string operation, string arguments)
        {
            return Library.Call(handle, operation, arguments);
        }

        /// <summary>Starts an upload in the background from a run document (docs/documents.md), JSON.</summary>
        public Run StartRun(string arguments)
        {
            return new Run(handle, arguments);
        }

        /// <summary>Frees the client; its runs go on.</summary>
        public void Dispose() { handle.Dispose(); }
    }
}
