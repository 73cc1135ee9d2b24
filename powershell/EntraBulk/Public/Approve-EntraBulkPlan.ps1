function Approve-EntraBulkPlan {
    <#
    .SYNOPSIS
        Lets one plan through its brakes, once, for 24 hours.
    .DESCRIPTION
        The approval belongs to this plan and to the exact number of users that each brake counts, and is used up by one
        Invoke-EntraBulkPlan, or by the next Send-EntraBulkUpload of the same source. A plan that would disable protected users cannot be approved. Nothing touches the network.
    .PARAMETER Id
        The id of the plan.
    .PARAMETER Approve
        The brakes that stop the plan and how many users of it each counts, such as @{ removals = 12; inactiveAdds = 531 }.
        Each must be the plan's own number; the error of a stopped upload names them. An upload takes it only with a target
        made with -NoState, for otherwise there is a plan to approve.
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
        $plan | Approve-EntraBulkPlan -Approve @{ removals = 812 } -Reason 'The Lyon site was sold'

        Approves a plan that disables 812 users.
    .EXAMPLE
        Approve-EntraBulkPlan -Id $plan.Id -Approve @{ removals = $plan.Disable } -Reason 'Looked at the preview' -Target $target -WhatIf

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
        [ValidateNotNullOrEmpty()]
        [hashtable]$Approve,

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
            $numbers = @($Approve.Keys | Sort-Object | ForEach-Object { "$_ = $($Approve[$_])" }) -join ', '
            $action = "Approve plan $Id ($numbers)"
            if (-not $PSCmdlet.ShouldProcess("$Target", $action)) { return }

            $arguments = @{ plan = $Id; brakes = $Approve; reason = $Reason; approver = $Approver }
            $approval = Invoke-EntraBulkOperation -Name 'plan.approve' -Argument $arguments -Target $Target
            [pscustomobject]@{
                PSTypeName = 'EntraBulk.Approval'
                Plan       = $approval['plan']
                Brakes     = [pscustomobject]$approval['brakes']
                Reason     = $approval['reason']
                Approver   = $approval['approver']
            }
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
