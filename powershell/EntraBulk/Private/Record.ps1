# Appends what was bound to -InputObject. A null counts: it stands where a record should.
function Add-EntraBulkRecord {
    param(
        [Parameter(Mandatory)] [AllowEmptyCollection()] [System.Collections.Generic.List[object]]$List,
        [AllowNull()] [psobject[]]$Record
    )

    if ($null -eq $Record) { $List.Add($null) } else { $List.AddRange($Record) }
}

# Pushes records into a builder or a run, as JSON objects with their columns in the order of the object. For what cannot be
# a record an empty object stands in, which the library rejects: left out, its user would count as missing.
function Push-EntraBulkRecord {
    param(
        [Parameter(Mandatory)] [object]$Sink,
        [Parameter(Mandatory)] [AllowEmptyCollection()] [System.Collections.IList]$Record
    )

    foreach ($item in $Record) {
        try {
            $json = ConvertTo-EntraBulkRecordText -Record $item
        } catch {
            $json = '{}'
        }
        $Sink.Push($json)
    }
}

# The record as a JSON object. Fails with what is wrong with it.
function ConvertTo-EntraBulkRecordText {
    param([AllowNull()] [object]$Record)

    if ($Record -is [System.Collections.IDictionary]) { return [EntraBulk.Interop.V1.JsonWriter]::Write($Record) }
    if ($null -eq $Record) { throw 'it is null.' }
    if ($Record -is [string] -or $Record -is [System.ValueType] -or $Record -is [System.Collections.IEnumerable]) {
        throw "it is a $($Record.GetType().FullName)."
    }
    [EntraBulk.Interop.V1.JsonWriter]::WriteProperties($Record.PSObject.Properties)
}

# What is wrong with a record that could not be handed over, as a sentence; null if nothing is.
function Get-EntraBulkRecordProblem {
    param([AllowNull()] [object]$Record)

    try {
        $json = ConvertTo-EntraBulkRecordText -Record $Record
    } catch {
        $cause = $_.Exception.GetBaseException()
        # Thrown above, or by a property of the record.
        if ($cause.GetType() -eq [System.Management.Automation.RuntimeException]) {
            return "This is no record: $($cause.Message) Name a file with -Path, or pipe objects such as those of Import-Csv."
        }
        return "The record cannot be read: $($cause.Message) Give the property a plain value, or leave it out."
    }
    if ($json -eq '{}') { 'This is no record: it has no properties. Pipe objects such as those of Import-Csv.' }
}
