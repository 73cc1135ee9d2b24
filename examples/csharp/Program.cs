// Request bodies from an HR file, or an upload of it.
//
//   dotnet run -- payload workers.csv mapping.json
//   dotnet run -- upload  workers.csv mapping.json target.json
//
// target.json is a client configuration (docs/documents.md). The client secret comes from the environment variable
// ENTRABULK_CLIENT_SECRET, the path of the native library from ENTRABULK_LIBRARY.
using System;
using System.Collections;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using EntraBulk.Interop.V1;

string command = args.Length > 0 ? args[0] : "";
if (!(command == "payload" && args.Length == 3) && !(command == "upload" && args.Length == 4))
{
    Console.Error.WriteLine("Use: payload <file> <mapping>, or upload <file> <mapping> <target>");
    return 64;
}

try
{
    Library.EnsureLoaded(Environment.GetEnvironmentVariable("ENTRABULK_LIBRARY") ?? "");
    string conversion = JsonWriter.Write(new Hashtable
    {
        ["version"] = 1,
        ["source"] = new Hashtable { ["path"] = Path.GetFullPath(args[1]) },
        ["mappingPath"] = Path.GetFullPath(args[2]),
    });
    return command == "payload" ? Payload(conversion) : Upload(conversion, File.ReadAllText(args[3]));
}
catch (EntraBulkException failure)
{
    Console.Error.WriteLine($"{failure.Kind}: {failure.Message}");
    foreach (string problem in failure.Problems) { Console.Error.WriteLine($"  {problem}"); }
    return 1;
}

// Writes one request body a line; says on stderr what is wrong with the records that are left out.
static int Payload(string conversion)
{
    using Builder builder = new(conversion);
    IDictionary report = (IDictionary)JsonReader.Read(builder.Finish());
    foreach (IDictionary finding in (object[])report["findings"]!) { Explain(finding); }

    using Stream output = Console.OpenStandardOutput();
    while (builder.Next() is byte[] body)
    {
        output.Write(body);
        output.WriteByte((byte)'\n');
    }
    return 0;
}

// Sends the file and follows the events of the run to its end.
static int Upload(string conversion, string target)
{
    using Client client = new(target);
    byte[] secret = Encoding.UTF8.GetBytes(Environment.GetEnvironmentVariable("ENTRABULK_CLIENT_SECRET") ?? "");
    try { client.SetSecret("clientSecret", secret); }
    finally { CryptographicOperations.ZeroMemory(secret); }

    using Run run = client.StartRun($$"""{"version": 1, "conversion": {{conversion}}}""");
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
                Explain(happened);
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

static void Explain(IDictionary finding)
{
    Console.Error.WriteLine($"line {finding["line"]}: {finding["rule"]}: {finding["message"]}");
}
