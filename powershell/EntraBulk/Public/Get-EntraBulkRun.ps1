function Get-EntraBulkRun {
    <#
    .SYNOPSIS
        Shows a run and its batches, or lists the runs of a target.
    .DESCRIPTION
        Without -Id the target's runs are listed, the newest first. With -Id one run is shown with its batches. Nothing touches
        the network.
    .PARAMETER Id
        The id of the run.
    .PARAMETER Limit
        How many runs to list at most. The default is 20.
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
        An object with the property Id, such as a run.
    .OUTPUTS
        EntraBulk.Run. One object for every run.
    .EXAMPLE
        Get-EntraBulkRun @target | Where-Object State -ne 'finished'

        Lists the runs that did not finish. $target holds the parameters of the target.
    .EXAMPLE
        (Get-EntraBulkRun -Id $summary.Run @target).Batches

        Shows how far every batch of a run came.
    .LINK
        Resume-EntraBulkRun
    .LINK
        Get-EntraBulkQuota
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(DefaultParameterSetName = 'List')]
    [OutputType('EntraBulk.Run')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName, ParameterSetName = 'Id')]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [Parameter(ParameterSetName = 'List')]
        [ValidateRange(1, [int]::MaxValue)]
        [int]$Limit,

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
                $list = Invoke-EntraBulkOperation -Name 'runs.list' -Argument $arguments -Bound $PSBoundParameters -Cmdlet $PSCmdlet
                foreach ($run in $list['runs']) { ConvertTo-EntraBulkRun -Run $run }
                return
            }
            $run = Invoke-EntraBulkOperation -Name 'runs.show' -Argument @{ run = $Id } -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            ConvertTo-EntraBulkRun -Run $run
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
