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
    .PARAMETER Target
        The target, as New-EntraBulkTarget made it. A plan or a run that is piped in brings its own.
    .INPUTS
        An object with the properties Id and Target, such as a run.
    .OUTPUTS
        EntraBulk.UploadSummary. One object that says what became of every user.
    .EXAMPLE
        Resume-EntraBulkRun -Target $target

        Goes on with the run that was interrupted last.
    .EXAMPLE
        Get-EntraBulkRun -Target $target | Where-Object State -eq 'stopped' | Resume-EntraBulkRun -Wait

        Goes on with every stopped run, and waits for quota.
    .LINK
        Invoke-EntraBulkPlan
    .LINK
        Get-EntraBulkRun
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('EntraBulk.UploadSummary')]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [switch]$Wait,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [PSTypeName('EntraBulk.Target')]
        [psobject]$Target
    )

    process {
        try {
            $action = 'Resume the interrupted run'
            $run = $true
            if ($PSBoundParameters.ContainsKey('Id')) {
                $action = "Resume run $Id"
                $run = $Id
            }
            if (-not $PSCmdlet.ShouldProcess("$Target", $action)) { return }

            Assert-EntraBulkSignIn -Target $Target
            $document = [ordered]@{ version = 1; resume = $run; wait = $Wait.IsPresent }
            Invoke-EntraBulkRun -Client $Target.Client -Document $document -Activity 'Resuming a run' -Cmdlet $PSCmdlet
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
