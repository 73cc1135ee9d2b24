// Request bodies from an HR file, one a line:
// dotnet run --project Hello.csproj -- target/release/libentrabulk.so workers.csv mapping.json
using System;
using System.Collections;
using System.IO;
using EntraBulk.Interop.V1;

Library.EnsureLoaded(args[0]);
string conversion = JsonWriter.Write(new Hashtable
{
    ["version"] = 1,
    ["source"] = new Hashtable { ["path"] = Path.GetFullPath(args[1]) },
    ["mappingPath"] = Path.GetFullPath(args[2]),
});
try
{
    using Builder builder = new(conversion);
    IDictionary report = (IDictionary)JsonReader.Read(builder.Finish());
    foreach (IDictionary finding in (object[])report["findings"]!)
    {
        Console.Error.WriteLine($"line {finding["line"]}: {finding["message"]}");
    }
    while (builder.NextText() is string body) { Console.WriteLine(body); }
    return 0;
}
catch (EntraBulkException failure)
{
    Console.Error.WriteLine($"{failure.Kind}: {failure.Message}");
    return 1;
}
