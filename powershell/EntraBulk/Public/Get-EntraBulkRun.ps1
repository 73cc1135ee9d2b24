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
    .PARAMETER Target
        The target, as New-EntraBulkTarget made it. A plan or a run that is piped in brings its own.
    .INPUTS
        An object with the properties Id and Target, such as a run.
    .OUTPUTS
        EntraBulk.Run. One object for every run.
    .EXAMPLE
        Get-EntraBulkRun -Target $target | Where-Object State -ne 'finished'

        Lists the runs that did not finish.
    .EXAMPLE
        (Get-EntraBulkRun -Id $summary.Run -Target $target).Batches

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

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [PSTypeName('EntraBulk.Target')]
        [psobject]$Target
    )

    process {
        try {
            if ($PSCmdlet.ParameterSetName -eq 'List') {
                $arguments = @{}
                if ($PSBoundParameters.ContainsKey('Limit')) { $arguments['limit'] = $Limit }
                $list = Invoke-EntraBulkOperation -Name 'runs.list' -Argument $arguments -Target $Target
                foreach ($run in $list['runs']) { ConvertTo-EntraBulkRun -Run $run -Target $Target }
                return
            }
            $run = Invoke-EntraBulkOperation -Name 'runs.show' -Argument @{ run = $Id } -Target $Target
            ConvertTo-EntraBulkRun -Run $run -Target $Target
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
