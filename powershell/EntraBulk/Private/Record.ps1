# Pushes records into a builder or a run, as JSON objects with their columns in the order of the object.
function Push-EntraBulkRecord {
    param(
        [Parameter(Mandatory)] [object]$Sink,
        [Parameter(Mandatory)] [AllowEmptyCollection()] [System.Collections.IList]$Record
    )

    foreach ($item in $Record) {
        try {
            if ($item -is [string]) {
                throw [EntraBulk.Interop.V1.EntraBulkException]::FromDocument(@{
                        status  = [EntraBulk.Interop.V1.EntraBulkStatus]::InvalidArgument
                        message = 'A text is not a record.'
                        advice  = 'Name a file with -Path, or pipe objects such as those of Import-Csv.'
                    })
            }
            if ($item -is [System.Collections.IDictionary]) {
                $json = [EntraBulk.Interop.V1.JsonWriter]::Write($item)
            } else {
                $json = [EntraBulk.Interop.V1.JsonWriter]::WriteProperties($item.PSObject.Properties)
            }
            $Sink.Push($json)
        } catch {
            $failure = $_.Exception
            if ($failure.InnerException) { $failure = $failure.InnerException }
            if ($failure -isnot [EntraBulk.Interop.V1.EntraBulkException]) {
                $failure = @{
                    status  = [EntraBulk.Interop.V1.EntraBulkStatus]::InvalidArgument
                    message = "A record cannot be read: $($failure.GetBaseException().Message)"
                    advice  = 'Pipe records whose properties are plain values.'
                }
            }
            throw (ConvertTo-EntraBulkErrorRecord -Failure $failure -TargetObject $item)
        }
    }
}
