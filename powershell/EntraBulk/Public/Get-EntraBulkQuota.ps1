function Get-EntraBulkQuota {
    <#
    .SYNOPSIS
        Shows how many calls the tenant has left today.
    .DESCRIPTION
        The quota is the tenant's and counts the last 24 hours. The numbers come from the ledger in the state file, which all
        processes on this machine share. A reserve is kept for urgent disables. Nothing touches the network.
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
        EntraBulk.Quota. One object with the calls used, left and in reserve, and when they are free again.
    .EXAMPLE
        Get-EntraBulkQuota @target

        Shows the quota. $target holds the parameters of the target.
    .EXAMPLE
        if ((Get-EntraBulkQuota @target).Left -gt $plan.Calls) { $plan | Invoke-EntraBulkPlan @target }

        Applies a plan only if it can end today.
    .LINK
        Invoke-EntraBulkPlan
    .LINK
        Get-EntraBulkRun
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding()]
    [OutputType('EntraBulk.Quota')]
    param(
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
            $quota = Invoke-EntraBulkOperation -Name 'quota' -Argument @{} -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            [pscustomobject]@{
                PSTypeName = 'EntraBulk.Quota'
                PerDay     = $quota['perDay']
                Used       = $quota['used']
                Left       = $quota['left']
                Reserve    = $quota['reserve']
                NextFree   = ConvertTo-EntraBulkTime -Text $quota['nextFree']
                AllFree    = ConvertTo-EntraBulkTime -Text $quota['allFree']
            }
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
