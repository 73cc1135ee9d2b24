function Get-EntraBulkPlan {
    <#
    .SYNOPSIS
        Shows a stored plan, or lists the plans of a target.
    .DESCRIPTION
        Without -Id the target's plans are listed, the newest first. With -Id one plan is shown, and with -PreviewPath its
        preview is written to a file besides: one row for every user and action. Nothing touches the network.
    .PARAMETER Id
        The id of the plan.
    .PARAMETER Limit
        How many plans to list at most. The default is 20.
    .PARAMETER PreviewPath
        A file to write the preview of the plan to.
    .PARAMETER PreviewFormat
        The format of the preview: csv (the default) or jsonl.
    .PARAMETER AllRows
        Write the unchanged users to the preview too.
    .PARAMETER Bom
        Begin a CSV preview with a byte order mark, by which spreadsheets know UTF-8.
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
    .INPUTS
        An object with the property Id, such as a plan.
    .OUTPUTS
        EntraBulk.Plan. One object for every plan.
    .EXAMPLE
        Get-EntraBulkPlan @target | Where-Object Tripped

        Lists the plans that a brake stopped. $target holds the parameters of the target.
    .EXAMPLE
        Get-EntraBulkPlan -Id $plan.Id -PreviewPath ./preview.csv -Bom @target

        Shows a plan and writes its preview for a spreadsheet.
    .LINK
        New-EntraBulkPlan
    .LINK
        Invoke-EntraBulkPlan
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(DefaultParameterSetName = 'List')]
    [OutputType('EntraBulk.Plan')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName, ParameterSetName = 'Id')]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [Parameter(ParameterSetName = 'List')]
        [ValidateRange(1, [int]::MaxValue)]
        [int]$Limit,

        [Parameter(ParameterSetName = 'Id')]
        [ValidateNotNullOrEmpty()]
        [string]$PreviewPath,

        [Parameter(ParameterSetName = 'Id')]
        [ValidateSet('csv', 'jsonl')]
        [string]$PreviewFormat,

        [Parameter(ParameterSetName = 'Id')]
        [switch]$AllRows,

        [Parameter(ParameterSetName = 'Id')]
        [switch]$Bom,

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
            if ($PSCmdlet.ParameterSetName -eq 'List') {
                $arguments = @{}
                if ($PSBoundParameters.ContainsKey('Limit')) { $arguments['limit'] = $Limit }
                $list = Invoke-EntraBulkOperation -Name 'plan.list' -Argument $arguments -Bound $PSBoundParameters -Cmdlet $PSCmdlet
                foreach ($plan in $list['plans']) { ConvertTo-EntraBulkPlan -Plan $plan }
                return
            }
            $plan = Invoke-EntraBulkOperation -Name 'plan.show' -Argument @{ plan = $Id } -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            if ($PSBoundParameters.ContainsKey('PreviewPath')) {
                Write-EntraBulkPreview -Id $Id -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            }
            ConvertTo-EntraBulkPlan -Plan $plan
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
