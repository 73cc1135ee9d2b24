// Sends an HR file and follows the run to its end; Ctrl+C cancels it:
// dotnet run --project Upload.csproj -- target/release/libentrabulk.so workers.csv mapping.json target.json
//
// target.json is a client configuration (docs/documents.md). The client secret comes from the environment variable
// ENTRABULK_CLIENT_SECRET.
using System;
using System.Collections;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using EntraBulk.Interop.V1;

Library.EnsureLoaded(args[0]);
string arguments = JsonWriter.Write(new Hashtable
{
    ["version"] = 1,
    ["conversion"] = new Hashtable
    {
        ["source"] = new Hashtable { ["path"] = Path.GetFullPath(args[1]) },
        ["mappingPath"] = Path.GetFullPath(args[2]),
    },
});
try
{
    using Client client = new(File.ReadAllText(args[3]));
    byte[] secret = Encoding.UTF8.GetBytes(Environment.GetEnvironmentVariable("ENTRABULK_CLIENT_SECRET") ?? "");
    try { client.SetSecret("clientSecret", secret); }
    finally { CryptographicOperations.ZeroMemory(secret); }

    using Run run = client.StartRun(arguments);
    Console.CancelKeyPress += (_, pressed) => { pressed.Cancel = true; run.Cancel(); };
    while (true)
    {
        string? json = run.NextEvent(250);
        if (json == null) { continue; }
        IDictionary happened = (IDictionary)JsonReader.Read(json);
        switch ((string)happened["event"]!)
        {
            case "rejected":
            case "warning":
                Console.Error.WriteLine($"line {happened["line"]}: {happened["message"]}");
                break;
            case "waiting":
                Console.Error.WriteLine(happened["message"]);
                break;
            case "accepted":
                Console.Error.WriteLine($"batch {happened["batch"]}: {happened["users"]} users staged");
                break;
            case "finished":
                Console.WriteLine($"{happened["kind"]}: {happened["accepted"]} of {happened["rows"]} records accepted, "
                    + $"{happened["rejected"]} rejected, {happened["calls"]} calls");
                return Convert.ToInt32(happened["exitCode"]);
        }
    }
}
catch (EntraBulkException failure)
{
    Console.Error.WriteLine($"{failure.Kind}: {failure.Message}");
    return 1;
}
