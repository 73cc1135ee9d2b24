function ConvertTo-EntraBulkPayload {
    <#
    .SYNOPSIS
        Converts HR records to the request bodies of Microsoft Entra's bulkUpload, without a network.
    .DESCRIPTION
        Reads a file, or takes objects from the pipeline, maps every record to a SCIM user, checks them all, and then
        emits one JSON text for every batch of at most 50 users: exactly what Send-EntraBulkUpload would send.

        A rejected record is a non-terminating error that names its line, its rule and what to do; the others go on.
        An unusable mapping or file is a terminating error.
    .PARAMETER Path
        The file with the records: CSV, a JSON array, JSON lines, or finished BulkRequest documents. It is read in
        constant memory.
    .PARAMETER InputObject
        A record: an object such as those of Import-Csv, or a dictionary. Its properties are the columns. The objects are
        kept until the end, so that an error can carry the record it concerns; for large files -Path needs less memory.
    .PARAMETER AttributeMapping
        The path of a JSON mapping, or a hashtable in the shape of CSV2SCIM's AttributeMapping. In a hashtable a constant
        is written @{ const = 'work' } and a computed value as an expression in Entra's mapping language, '=...'; script
        blocks are refused. Without a mapping externalId, userName, displayName and active come from columns of these names.
    .PARAMETER ScimSchemaNamespace
        A URN under which every column is added as text, for instance urn:ietf:params:scim:schemas:extension:csv:1.0:User.
    .PARAMETER Format
        The format of the file: auto (the default), csv, json, jsonl or bulk.
    .PARAMETER Encoding
        The encoding of the file, such as utf-8, utf-16le, shift_jis or windows-1252. The default, auto, detects it.
    .PARAMETER Delimiter
        The delimiter of a CSV file: a comma, a semicolon, a tab or a vertical bar. By default it is detected.
    .PARAMETER Duplicates
        What becomes of records that share an externalId: reject all of them (the default), or send the last.
    .PARAMETER UserName
        How userName is sent: whole (the default), or local, the part before the @.
    .PARAMETER RejectsPath
        A CSV file to write the rejected records to, with line, rule, column, value and message.
    .INPUTS
        Any object or dictionary: one record.
    .OUTPUTS
        System.String. One BulkRequest document for each batch.
    .EXAMPLE
        ConvertTo-EntraBulkPayload -Path ./workers.csv -AttributeMapping ./mapping.json | Select-Object -First 1

        Shows the first request body that the file would give.
    .EXAMPLE
        Import-Csv ./workers.csv | Where-Object Company -eq 'Woodgrove' | ConvertTo-EntraBulkPayload -AttributeMapping @{
            externalId = 'WorkerID'
            userName   = 'UserID'
            name       = @{ givenName = 'FirstName'; familyName = 'LastName' }
            active     = '=Switch([WorkerStatus], "False", "Active", "True")'
        } -ErrorVariable rejected

        Converts some of the records, with the mapping given in place; the rejected ones are in $rejected, each with its
        input object as TargetObject.
    .LINK
        Send-EntraBulkUpload
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(DefaultParameterSetName = 'Path')]
    [OutputType([string])]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Path')]
        [ValidateNotNullOrEmpty()]
        [string]$Path,

        [Parameter(Mandatory, ValueFromPipeline, ParameterSetName = 'InputObject')]
        [AllowNull()]
        [psobject[]]$InputObject,

        [ValidateNotNullOrEmpty()]
        [object]$AttributeMapping,

        [ValidateNotNullOrEmpty()]
        [string]$ScimSchemaNamespace,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateSet('auto', 'csv', 'json', 'jsonl', 'bulk')]
        [string]$Format,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateNotNullOrEmpty()]
        [string]$Encoding,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateSet('auto', ',', ';', "`t", '|')]
        [string]$Delimiter,

        [ValidateSet('reject', 'last')]
        [string]$Duplicates,

        [ValidateSet('whole', 'local')]
        [string]$UserName,

        [ValidateNotNullOrEmpty()]
        [string]$RejectsPath
    )

    begin {
        $records = [System.Collections.Generic.List[object]]::new()
        try {
            $conversion = Get-EntraBulkConversion -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            $builder = [EntraBulk.Interop.V1.Builder]::new([EntraBulk.Interop.V1.JsonWriter]::Write($conversion))
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }

    process {
        if (-not $PSBoundParameters.ContainsKey('InputObject')) { return }
        try {
            $first = $records.Count
            # A null counts: it stands where a record should.
            if ($null -eq $InputObject) { $records.Add($null) } else { $records.AddRange($InputObject) }
            Push-EntraBulkRecord -Sink $builder -Record $records.GetRange($first, $records.Count - $first)
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $builder.Dispose()
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }

    end {
        try {
            $report = Wait-EntraBulkReport -Builder $builder
            Write-EntraBulkReport -Report $report -Record $records -Cmdlet $PSCmdlet
            while ($null -ne ($batch = $builder.NextText())) { $batch }
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        } finally {
            $builder.Dispose()
        }
    }
}
