function New-EntraBulkPlan {
    <#
    .SYNOPSIS
        Plans what a file would change in Microsoft Entra ID, and changes nothing there.
    .DESCRIPTION
        Reads and checks a file, compares every user with the baseline in the state file, and stores a plan: who would be
        added, updated, disabled or restored, what it costs in calls, and what the brakes say. Nothing touches the network.
        Invoke-EntraBulkPlan applies the plan.

        A rejected record is a non-terminating error that names its line, its rule and what to do; the others are planned.
        With -Undo the plan is the inverse of a run: everybody it changed gets back what they were.
    .PARAMETER Path
        The file with the records: CSV, a JSON array, JSON lines, or finished BulkRequest documents. It is read in
        constant memory.
    .PARAMETER Undo
        The id of a run whose inverse is to be planned, instead of a file.
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
        What becomes of users of the baseline that the file no longer holds: report them (the default), or disable them.
    .PARAMETER Full
        Send everybody, changed or not.
    .PARAMETER AbortAtPercent
        The brake trips when this percentage or more of the active users would be disabled. The default is 5.
    .PARAMETER AbortAtCount
        The brake trips when this many users or more would be disabled. The default is 500.
    .PARAMETER MinRows
        A file with fewer rows is refused.
    .PARAMETER PreviewPath
        A CSV file to write the preview to: one row for every user that would change.
    .PARAMETER TenantId
        The id of the tenant.
    .PARAMETER ServicePrincipalId
        The object id of the provisioning application's service principal. Not its application id.
    .PARAMETER JobId
        The id of the provisioning job, as the Microsoft Entra admin center shows it: API2AAD... or API2AD...
    .PARAMETER Credential
        The application id as user name and its client secret as password. Not needed here, and taken
        so that one set of parameters serves every command.
    .PARAMETER AccessToken
        An access token for Microsoft Graph that the caller got by itself, instead of a credential. Not needed here, and taken
        so that one set of parameters serves every command.
    .PARAMETER Cloud
        The cloud of the tenant: global (the default), usGov, usGovDod or china.
    .PARAMETER Licence
        The licence of the tenant: p1 (the default), p2 or governance. It decides how many calls a day are allowed.
    .PARAMETER Simulator
        The address of a simulated tenant on this machine (entrabulk simulate). Nothing then leaves the machine.
    .PARAMETER StatePath
        The state file: baseline, plans, journal and ledger. By default it lies in the platform's folder for state.
    .PARAMETER HashesOnly
        Keep hashes of users only and no HR data. Then there are no values before, and no undo.
    .OUTPUTS
        EntraBulk.Plan. The stored plan.
    .EXAMPLE
        $plan = New-EntraBulkPlan ./workers.csv -AttributeMapping ./mapping.json @target -PreviewPath ./preview.csv
        $plan.Changes

        Plans a file and writes what would change to preview.csv. $target holds the parameters of the target.
    .EXAMPLE
        New-EntraBulkPlan -Undo (Get-EntraBulkRun @target -Limit 1).Id @target

        Plans the inverse of the newest run.
    .LINK
        Get-EntraBulkPlan
    .LINK
        Invoke-EntraBulkPlan
    .LINK
        Approve-EntraBulkPlan
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low', DefaultParameterSetName = 'Path')]
    [OutputType('EntraBulk.Plan')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Path')]
        [ValidateNotNullOrEmpty()]
        [string]$Path,

        [Parameter(Mandatory, ParameterSetName = 'Undo')]
        [ValidateNotNullOrEmpty()]
        [string]$Undo,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateNotNullOrEmpty()]
        [object]$AttributeMapping,

        [Parameter(ParameterSetName = 'Path')]
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

        [Parameter(ParameterSetName = 'Path')]
        [ValidateSet('reject', 'last')]
        [string]$Duplicates,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateSet('whole', 'local')]
        [string]$UserName,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateNotNullOrEmpty()]
        [string]$RejectsPath,

        [ValidateNotNullOrEmpty()]
        [object]$Settings,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateSet('report', 'disable')]
        [string]$Missing,

        [Parameter(ParameterSetName = 'Path')]
        [switch]$Full,

        [ValidateRange(0, 100)]
        [int]$AbortAtPercent,

        [ValidateRange(0, [int]::MaxValue)]
        [int]$AbortAtCount,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateRange(0, [int]::MaxValue)]
        [int]$MinRows,

        [ValidateNotNullOrEmpty()]
        [string]$PreviewPath,

        [Parameter(Mandatory)]
        [ValidateNotNullOrEmpty()]
        [string]$TenantId,

        [Parameter(Mandatory)]
        [ValidateNotNullOrEmpty()]
        [string]$ServicePrincipalId,

        [Parameter(Mandatory)]
        [ValidateNotNullOrEmpty()]
        [string]$JobId,

        [System.Management.Automation.Credential()]
        [pscredential]$Credential = [pscredential]::Empty,

        [securestring]$AccessToken,

        [ValidateSet('global', 'usGov', 'usGovDod', 'china')]
        [string]$Cloud,

        [ValidateSet('p1', 'p2', 'governance')]
        [string]$Licence,

        [ValidateNotNullOrEmpty()]
        [uri]$Simulator,

        [ValidateNotNullOrEmpty()]
        [string]$StatePath,

        [switch]$HashesOnly
    )

    process {
        try {
            $arguments = [ordered]@{ version = 1 }
            if ($PSBoundParameters.ContainsKey('Undo')) {
                $operation = 'plan.undo'
                $action = "Plan the inverse of run $Undo"
                $arguments['run'] = $Undo
            } else {
                $operation = 'plan.create'
                $action = "Plan the file '$Path'"
                $arguments['conversion'] = Get-EntraBulkConversion -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            }
            $arguments['settings'] = Get-EntraBulkPlanSetting -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            if (-not $PSCmdlet.ShouldProcess((Get-EntraBulkTargetName -Bound $PSBoundParameters), $action)) { return }

            $plan = Invoke-EntraBulkOperation -Name $operation -Argument $arguments -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            Write-EntraBulkPlanFinding -Plan $plan -Cmdlet $PSCmdlet
            if ($PSBoundParameters.ContainsKey('PreviewPath')) {
                Write-EntraBulkPreview -Id $plan['plan'] -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            }
            ConvertTo-EntraBulkPlan -Plan $plan
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
