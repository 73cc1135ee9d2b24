function Approve-EntraBulkPlan {
    <#
    .SYNOPSIS
        Lets one plan through its brakes, once, for 24 hours.
    .DESCRIPTION
        The approval belongs to this plan and to the exact number of users it disables, and is used up by one
        Invoke-EntraBulkPlan. A plan that would disable protected users cannot be approved. Nothing touches the network.
    .PARAMETER Id
        The id of the plan.
    .PARAMETER Removals
        How many users the plan disables. It must be the plan's own number.
    .PARAMETER Reason
        Why the plan is right.
    .PARAMETER Approver
        Who says so. By default it is whoever is logged in.
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
        EntraBulk.Approval. What was approved, why and by whom.
    .EXAMPLE
        Approve-EntraBulkPlan -Id $plan.Id -Removals 812 -Reason 'The Lyon site was sold' @target

        Approves a plan that disables 812 users. $target holds the parameters of the target.
    .EXAMPLE
        Approve-EntraBulkPlan -Id $plan.Id -Removals $plan.Disable -Reason 'Looked at the preview' @target -WhatIf

        Says what would be approved.
    .LINK
        Get-EntraBulkPlan
    .LINK
        Invoke-EntraBulkPlan
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('EntraBulk.Approval')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [Parameter(Mandatory)]
        [ValidateRange(0, [long]::MaxValue)]
        [long]$Removals,

        [Parameter(Mandatory)]
        [ValidateNotNullOrEmpty()]
        [string]$Reason,

        [ValidateNotNullOrEmpty()]
        [string]$Approver = [System.Environment]::UserName,

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
            $action = "Approve plan $Id, which disables $Removals users"
            if (-not $PSCmdlet.ShouldProcess((Get-EntraBulkTargetName -Bound $PSBoundParameters), $action)) { return }

            $arguments = @{ plan = $Id; removals = $Removals; reason = $Reason; approver = $Approver }
            $approval = Invoke-EntraBulkOperation -Name 'plan.approve' -Argument $arguments -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            [pscustomobject]@{
                PSTypeName = 'EntraBulk.Approval'
                Plan       = $approval['plan']
                Removals   = $approval['removals']
                Reason     = $approval['reason']
                Approver   = $approval['approver']
            }
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
