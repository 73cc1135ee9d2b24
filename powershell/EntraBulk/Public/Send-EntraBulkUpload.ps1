function Send-EntraBulkUpload {
    <#
    .SYNOPSIS
        Sends HR records to Microsoft Entra ID by API-driven provisioning.
    .DESCRIPTION
        Reads a file, or takes objects from the pipeline, maps every record to a SCIM user, checks them all, and then
        sends them in batches of 50 to the job's bulkUpload endpoint, at the service's own pace: at most 40 calls in any 5
        seconds and the licence's calls in any 24 hours. Calls the service cannot answer are repeated.

        A plan is made and applied in one step: only what changed since the last upload is sent, managers go before their
        reports, and a brake that trips stops everything before the first call. The error then names the plan, which the
        summary carries too: look at it; if it is right, approve it and start the upload again. What an earlier upload left
        without an answer is settled first.

        What was sent is remembered in the target's state file. With a target that was made with -NoState nothing is, and the
        file is compared with nothing; then -Approve lets an upload through the brakes that it trips.

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
    .PARAMETER Target
        The target, as New-EntraBulkTarget made it.
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
    .PARAMETER Settings
        Plan settings: a hashtable in the shape that docs/documents.md describes, or the path of a JSON file that holds
        them: brakes, guards, protected users and canaries. The parameters below win over it.
    .PARAMETER Missing
        What becomes of users of the baseline that the source no longer holds: report them (the default), or disable them.
    .PARAMETER Partial
        The source holds only a part of the people, for instance the joiners of the day: whoever is not in it is not missing.
    .PARAMETER UnknownInactive
        What becomes of users whom the state does not know and who are not active: send them (the default), or skip them.
    .PARAMETER Full
        Send everybody, changed or not.
    .PARAMETER AbortAtPercent
        The brake trips when this percentage or more of the active users would be disabled. The default is 5.
    .PARAMETER AbortAtCount
        The brake trips when this many users or more would be disabled. The default is 500.
    .PARAMETER MinRows
        A source with fewer rows is refused.
    .PARAMETER Approve
        The brakes that stop the plan and how many users of it each counts, such as @{ removals = 12; inactiveAdds = 531 }.
        Each must be the plan's own number; the error of a stopped upload names them. An upload takes it only with a target
        made with -NoState, for otherwise there is a plan to approve.
    .PARAMETER Reason
        Why the plan is right.
    .PARAMETER Approver
        Who says so. By default it is whoever is logged in.
    .PARAMETER Wait
        Wait for quota, and for the end of another run, instead of stopping with a time to go on.
    .INPUTS
        Any object or dictionary: one record.
    .OUTPUTS
        EntraBulk.UploadSummary. One object that says what became of every record.
    .EXAMPLE
        $target = New-EntraBulkTarget -TenantId '00000000-0000-0000-0000-000000000000' `
            -ServicePrincipalId '22222222-2222-2222-2222-222222222222' -Credential (Get-Credential) `
            -JobId 'API2AAD.00000000000000000000000000000000.33333333-3333-3333-3333-333333333333'
        Send-EntraBulkUpload -Path ./workers.csv -AttributeMapping ./mapping.json -Target $target -WhatIf

        Checks the whole file and says what would be sent, without a network. Without -WhatIf the same line sends it.
    .EXAMPLE
        Import-Csv ./workers.csv | Where-Object Company -eq 'Woodgrove' |
            Send-EntraBulkUpload -AttributeMapping ./mapping.json -Target $target -ErrorVariable rejected

        Sends some of the records; the rejected ones are in $rejected, each with its input object as TargetObject.
    .LINK
        New-EntraBulkTarget
    .LINK
        New-EntraBulkPlan
    .LINK
        ConvertTo-EntraBulkPayload
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', DefaultParameterSetName = 'Path')]
    [OutputType('EntraBulk.UploadSummary')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Path')]
        [ValidateNotNullOrEmpty()]
        [string]$Path,

        [Parameter(Mandatory, ValueFromPipeline, ParameterSetName = 'InputObject')]
        [AllowNull()]
        [psobject[]]$InputObject,

        [Parameter(Mandatory)]
        [PSTypeName('EntraBulk.Target')]
        [psobject]$Target,

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
        [string]$RejectsPath,

        [ValidateNotNullOrEmpty()]
        [object]$Settings,

        [ValidateSet('report', 'disable')]
        [string]$Missing,

        [switch]$Partial,

        [ValidateSet('send', 'skip')]
        [string]$UnknownInactive,

        [switch]$Full,

        [ValidateRange(0, 100)]
        [int]$AbortAtPercent,

        [ValidateRange(0, [int]::MaxValue)]
        [int]$AbortAtCount,

        [ValidateRange(0, [int]::MaxValue)]
        [int]$MinRows,

        [ValidateNotNullOrEmpty()]
        [hashtable]$Approve,

        [ValidateNotNullOrEmpty()]
        [string]$Reason,

        [ValidateNotNullOrEmpty()]
        [string]$Approver = [System.Environment]::UserName,

        [switch]$Wait
    )

    begin {
        $records = [System.Collections.Generic.List[object]]::new()
        try {
            $document = [ordered]@{
                version    = 1
                conversion = Get-EntraBulkConversion -Bound $PSBoundParameters -Cmdlet $PSCmdlet
                settings   = Get-EntraBulkPlanSetting -Bound $PSBoundParameters -Cmdlet $PSCmdlet
                wait       = $Wait.IsPresent
            }
            if ($PSBoundParameters.ContainsKey('Approve') -or $PSBoundParameters.ContainsKey('Reason')) {
                $document['settings']['approval'] = @{ brakes = $Approve; reason = $Reason; approver = $Approver }
            }
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }

    process {
        if (-not $PSBoundParameters.ContainsKey('InputObject')) { return }
        # A null counts: it stands where a record should.
        if ($null -eq $InputObject) { $records.Add($null) } else { $records.AddRange($InputObject) }
    }

    end {
        $builder = $null
        try {
            $action = 'Upload'
            if ($Target.KeepsState) { $action = 'Upload what changed of' }
            $report = $null
            if ($WhatIfPreference -or $ConfirmPreference -in 'Low', 'Medium') {
                # Someone will read the question, so it carries the real counts.
                $builder = [EntraBulk.Interop.V1.Builder]::new([EntraBulk.Interop.V1.JsonWriter]::Write($document['conversion']))
                Push-EntraBulkRecord -Sink $builder -Record $records
                $report = Wait-EntraBulkReport -Builder $builder
                $action += " $(Get-EntraBulkCount -Report $report)"
            }
            if (-not $PSCmdlet.ShouldProcess("$Target", $action)) {
                if ($report) { Write-EntraBulkReport -Report $report -Record $records -Cmdlet $PSCmdlet }
                return
            }

            Assert-EntraBulkSignIn -Target $Target
            $pushed = @{}
            if (-not $PSBoundParameters.ContainsKey('Path')) { $pushed['Record'] = $records }
            Invoke-EntraBulkRun -Client $Target.Client -Document $document -Activity 'Uploading to Microsoft Entra ID' -Cmdlet $PSCmdlet @pushed
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        } finally {
            if ($builder) { $builder.Dispose() }
        }
    }
}
