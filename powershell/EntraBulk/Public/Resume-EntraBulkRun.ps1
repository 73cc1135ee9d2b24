function Resume-EntraBulkRun {
    <#
    .SYNOPSIS
        Goes on with a run that was interrupted, cancelled or stopped by the quota.
    .DESCRIPTION
        Settles first what was in doubt, with the very same bytes, and then sends the rest. Without -Id it is the run that was
        interrupted last; if there is none, a warning says so. Emits a summary as Invoke-EntraBulkPlan does.
    .PARAMETER Id
        The id of the run. By default it is the run that was interrupted last.
    .PARAMETER Wait
        Wait for quota, and for the end of another run, instead of stopping with a time to go on.
    .PARAMETER TenantId
        The id of the tenant.
    .PARAMETER ServicePrincipalId
        The object id of the provisioning application's service principal. Not its application id.
    .PARAMETER JobId
        The id of the provisioning job, as the Microsoft Entra admin center shows it: API2AAD... or API2AD...
    .PARAMETER Credential
        The application id as user name and its client secret as password.
    .PARAMETER AccessToken
        An access token for Microsoft Graph that the caller got by itself, instead of a credential.
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
        EntraBulk.UploadSummary. One object that says what became of every user.
    .EXAMPLE
        Resume-EntraBulkRun @target

        Goes on with the run that was interrupted last. $target holds the parameters of the target.
    .EXAMPLE
        Get-EntraBulkRun @target | Where-Object State -eq 'stopped' | Resume-EntraBulkRun @target -Wait

        Goes on with every stopped run, and waits for quota.
    .LINK
        Invoke-EntraBulkPlan
    .LINK
        Get-EntraBulkRun
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', DefaultParameterSetName = 'Credential')]
    [OutputType('EntraBulk.UploadSummary')]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [switch]$Wait,

        [Parameter(Mandatory)]
        [ValidateNotNullOrEmpty()]
        [string]$TenantId,

        [Parameter(Mandatory)]
        [ValidateNotNullOrEmpty()]
        [string]$ServicePrincipalId,

        [Parameter(Mandatory)]
        [ValidateNotNullOrEmpty()]
        [string]$JobId,

        [Parameter(Mandatory, ParameterSetName = 'Credential')]
        [System.Management.Automation.Credential()]
        [pscredential]$Credential,

        [Parameter(Mandatory, ParameterSetName = 'AccessToken')]
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
            $action = 'Resume the interrupted run'
            $run = $true
            if ($PSBoundParameters.ContainsKey('Id')) {
                $action = "Resume run $Id"
                $run = $Id
            }
            if (-not $PSCmdlet.ShouldProcess((Get-EntraBulkTargetName -Bound $PSBoundParameters), $action)) { return }

            $client = Connect-EntraBulkTarget -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            try {
                $document = [ordered]@{ version = 1; resume = $run; wait = $Wait.IsPresent }
                Invoke-EntraBulkRun -Client $client -Document $document -Activity 'Resuming a run' -Cmdlet $PSCmdlet
            } finally {
                $client.Dispose()
            }
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
