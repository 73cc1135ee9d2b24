# Pushes records into a builder or a run, as JSON objects with their columns in the order of the object. For what cannot be
# a record an empty object stands in, which the library rejects: left out, its user would count as missing.
function Push-EntraBulkRecord {
    param(
        [Parameter(Mandatory)] [object]$Sink,
        [Parameter(Mandatory)] [AllowNull()] [AllowEmptyCollection()] [System.Collections.IList]$Record
    )

    $problem = $null
    foreach ($item in $Record) {
        $json = ConvertTo-EntraBulkRecordText -Record $item -Problem ([ref]$problem)
        if ($problem) { $json = '{}' }
        $Sink.Push($json)
    }
}

# The record as a JSON object, or what is wrong with it as a sentence.
function ConvertTo-EntraBulkRecordText {
    param(
        [AllowNull()] [object]$Record,
        [Parameter(Mandatory)] [ref]$Problem
    )

    $Problem.Value = $null
    $members = $Record
    if ($Record -isnot [System.Collections.IDictionary]) {
        $what = $null
        if ($null -eq $Record) {
            $what = 'null'
        } elseif ($Record -is [string] -or $Record -is [System.ValueType] -or $Record -is [System.Collections.IEnumerable]) {
            $what = "a $($Record.GetType().FullName)"
        }
        if ($what) {
            $Problem.Value = "This is no record: it is $what. Name a file with -Path, or pipe objects such as those of Import-Csv."
            return
        }
        $members = $Record.PSObject.Properties
    }
    $unwritable = $null
    $json = [EntraBulk.Interop.V1.JsonWriter]::WriteRecord($members, [ref]$unwritable)
    if ($unwritable) {
        $Problem.Value = "$unwritable Give it a plain value, or leave it out."
    } elseif ($json -eq '{}') {
        $Problem.Value = 'This is no record: it has no properties. Pipe objects such as those of Import-Csv.'
    }
    $json
}
