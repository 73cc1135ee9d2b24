function Stop-EntraBulkRun {
    <#
    .SYNOPSIS
        Gives up an unfinished run that cannot be resumed.
    .DESCRIPTION
        A run with a call in doubt stands in the way of newer plans until Resume-EntraBulkRun has settled it. Where that is
        impossible, because the state keeps hashes only and the source is gone, this command gives the run up: nothing of it
        is sent any more, and the users in doubt are planned again whatever the source says of them.

        A run at work cannot be given up; end it with Ctrl+C.
    .PARAMETER Id
        The id of the run.
    .PARAMETER Target
        The target, as New-EntraBulkTarget made it. A plan or a run that is piped in brings its own.
    .INPUTS
        An object with the properties Id and Target, such as a run.
    .OUTPUTS
        EntraBulk.Run. The run, abandoned.
    .EXAMPLE
        Get-EntraBulkRun -Target $target -Limit 1 | Stop-EntraBulkRun

        Gives up the newest run.
    .EXAMPLE
        Stop-EntraBulkRun 01a205aa-d0f8-7ce4-afaa-b02b29a91a4e -Target $target -Confirm:$false
        Send-EntraBulkUpload ./workers.csv -Target $target

        Gives up a run without being asked, and plans and sends the file as it is now.
    .LINK
        Resume-EntraBulkRun
    .LINK
        Get-EntraBulkRun
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('EntraBulk.Run')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [PSTypeName('EntraBulk.Target')]
        [psobject]$Target
    )

    process {
        try {
            if (-not $PSCmdlet.ShouldProcess("$Target", "Give up run $Id")) { return }

            $null = Invoke-EntraBulkOperation -Name 'runs.abandon' -Argument @{ run = $Id } -Target $Target
            Get-EntraBulkRun -Id $Id -Target $Target
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
