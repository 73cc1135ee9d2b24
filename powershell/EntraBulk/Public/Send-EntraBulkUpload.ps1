function Send-EntraBulkUpload {
    <#
    .SYNOPSIS
        Sends HR records to Microsoft Entra ID by API-driven provisioning.
    .DESCRIPTION
        Reads a file, or takes objects from the pipeline, maps every record to a SCIM user, checks them all, and then
        sends them in batches of 50 to the job's bulkUpload endpoint, at the service's own pace: at most 40 calls in any 5
        seconds and the licence's calls in any 24 hours. Calls the service cannot answer are repeated.

        A rejected record is a non-terminating error that names its line, its rule and what to do; the others are sent.
        Whatever happens after sending began, one summary is emitted. A run that failed as a whole is a terminating error
        besides, with the same summary as its TargetObject.

        Ctrl+C cancels the run. With -WhatIf everything is read and checked, and nothing touches the network.
    .PARAMETER Path
        The file with the records: CSV, a JSON array, JSON lines, or finished BulkRequest documents. It is read in
        constant memory.
    .PARAMETER InputObject
        A record: an object such as those of Import-Csv, or a dictionary. Its properties are the columns. The objects are
        kept until the end, so that an error can carry the record it concerns; for large files -Path needs less memory.
    .PARAMETER ServicePrincipalId
        The object id of the provisioning application's service principal. Not its application id.
    .PARAMETER JobId
        The id of the provisioning job, as the Microsoft Entra admin center shows it: API2AAD... or API2AD...
    .PARAMETER TenantId
        The id of the tenant: where to sign in.
    .PARAMETER Credential
        The application id as user name and its client secret as password, for instance from Get-Credential or
        Get-Secret.
    .PARAMETER AccessToken
        An access token for Microsoft Graph that the caller got by itself, instead of a credential.
    .PARAMETER Cloud
        The cloud of the tenant: global (the default), usGov, usGovDod or china.
    .PARAMETER Licence
        The licence of the tenant: p1 (the default), p2 or governance. It decides how many calls a day are allowed.
    .PARAMETER Simulator
        The address of a simulated tenant on this machine (entrabulk simulate). Nothing then leaves the machine.
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
        EntraBulk.UploadSummary. One object that says what became of every record.
    .EXAMPLE
        $target = @{
            TenantId           = '00000000-0000-0000-0000-000000000000'
            ServicePrincipalId = '22222222-2222-2222-2222-222222222222'
            JobId              = 'API2AAD.00000000000000000000000000000000.33333333-3333-3333-3333-333333333333'
            Credential         = Get-Credential -Message 'Application id and client secret'
        }
        Send-EntraBulkUpload -Path ./workers.csv -AttributeMapping ./mapping.json @target -WhatIf

        Checks the whole file and says what would be sent, without a network. Without -WhatIf the same line sends it.
    .EXAMPLE
        Import-Csv ./workers.csv | Where-Object Company -eq 'Woodgrove' |
            Send-EntraBulkUpload -AttributeMapping ./mapping.json @target -ErrorVariable rejected

        Sends some of the records; the rejected ones are in $rejected, each with its input object as TargetObject.
    .LINK
        ConvertTo-EntraBulkPayload
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', DefaultParameterSetName = 'Path')]
    [OutputType('EntraBulk.UploadSummary')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Path')]
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'PathWithToken')]
        [ValidateNotNullOrEmpty()]
        [string]$Path,

        [Parameter(Mandatory, ValueFromPipeline, ParameterSetName = 'InputObject')]
        [Parameter(Mandatory, ValueFromPipeline, ParameterSetName = 'InputObjectWithToken')]
        [psobject[]]$InputObject,

        [Parameter(Mandatory)]
        [ValidateNotNullOrEmpty()]
        [string]$ServicePrincipalId,

        [Parameter(Mandatory)]
        [ValidateNotNullOrEmpty()]
        [string]$JobId,

        [Parameter(Mandatory, ParameterSetName = 'Path')]
        [Parameter(Mandatory, ParameterSetName = 'InputObject')]
        [Parameter(ParameterSetName = 'PathWithToken')]
        [Parameter(ParameterSetName = 'InputObjectWithToken')]
        [ValidateNotNullOrEmpty()]
        [string]$TenantId,

        [Parameter(Mandatory, ParameterSetName = 'Path')]
        [Parameter(Mandatory, ParameterSetName = 'InputObject')]
        [System.Management.Automation.Credential()]
        [pscredential]$Credential,

        [Parameter(Mandatory, ParameterSetName = 'PathWithToken')]
        [Parameter(Mandatory, ParameterSetName = 'InputObjectWithToken')]
        [securestring]$AccessToken,

        [ValidateSet('global', 'usGov', 'usGovDod', 'china')]
        [string]$Cloud,

        [ValidateSet('p1', 'p2', 'governance')]
        [string]$Licence,

        [ValidateNotNullOrEmpty()]
        [uri]$Simulator,

        [ValidateNotNullOrEmpty()]
        [object]$AttributeMapping,

        [ValidateNotNullOrEmpty()]
        [string]$ScimSchemaNamespace,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'PathWithToken')]
        [ValidateSet('auto', 'csv', 'json', 'jsonl', 'bulk')]
        [string]$Format,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'PathWithToken')]
        [ValidateNotNullOrEmpty()]
        [string]$Encoding,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'PathWithToken')]
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
            $client = Connect-EntraBulkTarget -Bound $PSBoundParameters -Cmdlet $PSCmdlet
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }

    process {
        foreach ($record in $InputObject) { $records.Add($record) }
    }

    end {
        $piped = -not $PSBoundParameters.ContainsKey('Path')
        $builder = $null
        try {
            $action = 'Upload'
            $report = $null
            if ($WhatIfPreference -or $ConfirmPreference -in 'Low', 'Medium') {
                # Someone will read the question, so it carries the real counts.
                $builder = [EntraBulk.Interop.V1.Builder]::new([EntraBulk.Interop.V1.JsonWriter]::Write($conversion))
                Push-EntraBulkRecord -Sink $builder -Record $records
                $report = Wait-EntraBulkReport -Builder $builder
                $action = "Upload $(Get-EntraBulkCount -Report $report)"
            }
            if (-not $PSCmdlet.ShouldProcess((Get-EntraBulkTargetName -Bound $PSBoundParameters), $action)) {
                if ($report) { Write-EntraBulkReport -Report $report -Record $records -Cmdlet $PSCmdlet }
                return
            }

            $document = [ordered]@{ version = 1; conversion = $conversion }
            $pushed = @{}
            if ($piped) { $pushed['Record'] = $records }
            Invoke-EntraBulkRun -Client $client -Document $document -Activity 'Uploading to Microsoft Entra ID' -Cmdlet $PSCmdlet @pushed
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        } finally {
            if ($builder) { $builder.Dispose() }
            $client.Dispose()
        }
    }
}
