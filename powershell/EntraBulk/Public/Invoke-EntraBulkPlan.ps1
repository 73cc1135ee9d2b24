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
    .PARAMETER Target
        The target, as New-EntraBulkTarget made it. A plan or a run that is piped in brings its own.
    .INPUTS
        An object with the properties Id and Target, such as a plan.
    .OUTPUTS
        EntraBulk.UploadSummary. One object that says what became of every user.
    .EXAMPLE
        Invoke-EntraBulkPlan -Id $plan.Id -Target $target -WhatIf

        Says what the plan would change.
    .EXAMPLE
        New-EntraBulkPlan ./workers.csv -AttributeMapping ./mapping.json -Target $target | Invoke-EntraBulkPlan

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
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('EntraBulk.UploadSummary')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [switch]$Wait,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [PSTypeName('EntraBulk.Target')]
        [psobject]$Target
    )

    process {
        try {
            $plan = Invoke-EntraBulkOperation -Name 'plan.show' -Argument @{ plan = $Id } -Target $Target
            $action = "Apply plan $Id ($(Get-EntraBulkPlanCount -Plan $plan))"
            if (-not $PSCmdlet.ShouldProcess("$Target", $action)) { return }

            Assert-EntraBulkSignIn -Target $Target
            $document = [ordered]@{ version = 1; plan = $Id; wait = $Wait.IsPresent }
            Invoke-EntraBulkRun -Client $Target.Client -Document $document -Activity 'Applying a plan to Microsoft Entra ID' -Cmdlet $PSCmdlet
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
