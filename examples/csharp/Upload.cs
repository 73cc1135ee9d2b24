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
    for (string? name = null; name != "finished";)
    {
        string? json = run.NextEvent(250);
        if (json == null) { continue; }
        IDictionary happened = (IDictionary)JsonReader.Read(json);
        name = (string)happened["event"]!;
        switch (name)
        {
            case "rejected":
            case "warning":
                Console.Error.WriteLine($"line {happened["line"]}: {happened["message"]}");
                break;
            case "note":
            case "waiting":
                Console.Error.WriteLine(happened["message"]);
                break;
            case "accepted":
                Console.Error.WriteLine($"batch {happened["batch"]}: {happened["users"]} users staged");
                break;
            case "finished" when happened["error"] is IDictionary error:
                Console.Error.WriteLine(error["message"]);
                break;
        }
    }
    Progress end = run.GetProgress();
    Console.WriteLine($"{end.Status}: {end.UsersAccepted} of {end.Rows} records accepted, {end.UsersRejected} rejected, "
        + $"{end.Calls} calls");
    return end.ExitCode;
}
catch (EntraBulkException failure)
{
    Console.Error.WriteLine($"{failure.Kind}: {failure.Message}");
    return 1;
}
