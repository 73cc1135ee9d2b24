function Invoke-EntraBulkPlan {
    <#
    .SYNOPSIS
        Applies a stored plan: sends what it would change to Microsoft Entra ID.
    .DESCRIPTION
        Sends the users of a plan at the service's own pace. A plan whose file, mapping or baseline moved since, or that a
        brake stopped and nobody approved, is a terminating error and nothing is sent.

        Whatever happens after sending began, one summary is emitted. A run that failed as a whole is a terminating error
        besides, with the same summary as its TargetObject. Ctrl+C cancels the run; Resume-EntraBulkRun goes on with it.
    .PARAMETER Id
        The id of the plan.
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
        An object with the property Id, such as a plan.
    .OUTPUTS
        EntraBulk.UploadSummary. One object that says what became of every user.
    .EXAMPLE
        Invoke-EntraBulkPlan -Id $plan.Id @target -WhatIf

        Says what the plan would change. $target holds the parameters of the target.
    .EXAMPLE
        New-EntraBulkPlan ./workers.csv -AttributeMapping ./mapping.json @target | Invoke-EntraBulkPlan @target

        Plans a file and applies the plan, if no brake stops it.
    .LINK
        New-EntraBulkPlan
    .LINK
        Approve-EntraBulkPlan
    .LINK
        Resume-EntraBulkRun
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', DefaultParameterSetName = 'Credential')]
    [OutputType('EntraBulk.UploadSummary')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)]
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
            $plan = Invoke-EntraBulkOperation -Name 'plan.show' -Argument @{ plan = $Id } -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            $action = "Apply plan $Id ($(Get-EntraBulkPlanCount -Plan $plan))"
            if (-not $PSCmdlet.ShouldProcess((Get-EntraBulkTargetName -Bound $PSBoundParameters), $action)) { return }

            $client = Connect-EntraBulkTarget -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            try {
                $document = [ordered]@{ version = 1; plan = $Id; wait = $Wait.IsPresent }
                Invoke-EntraBulkRun -Client $client -Document $document -Activity 'Applying a plan to Microsoft Entra ID' -Cmdlet $PSCmdlet
            } finally {
                $client.Dispose()
            }
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
