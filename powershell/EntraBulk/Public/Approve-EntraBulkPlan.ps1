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
    .PARAMETER Target
        The target, as New-EntraBulkTarget made it. A plan or a run that is piped in brings its own.
    .INPUTS
        An object with the properties Id and Target, such as a plan.
    .OUTPUTS
        EntraBulk.Approval. What was approved, why and by whom.
    .EXAMPLE
        $plan | Approve-EntraBulkPlan -Removals 812 -Reason 'The Lyon site was sold'

        Approves a plan that disables 812 users.
    .EXAMPLE
        Approve-EntraBulkPlan -Id $plan.Id -Removals $plan.Disable -Reason 'Looked at the preview' -Target $target -WhatIf

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

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [PSTypeName('EntraBulk.Target')]
        [psobject]$Target
    )

    process {
        try {
            $action = "Approve plan $Id, which disables $Removals users"
            if (-not $PSCmdlet.ShouldProcess("$Target", $action)) { return }

            $arguments = @{ plan = $Id; removals = $Removals; reason = $Reason; approver = $Approver }
            $approval = Invoke-EntraBulkOperation -Name 'plan.approve' -Argument $arguments -Target $Target
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
