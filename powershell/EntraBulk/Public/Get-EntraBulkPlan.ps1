function Get-EntraBulkPlan {
    <#
    .SYNOPSIS
        Shows a stored plan, or lists the plans of a target.
    .DESCRIPTION
        Without -Id the target's plans are listed, the newest first. With -Id one plan is shown, and with -PreviewPath its
        preview is written to a file besides: one row for every user and action. Nothing touches the network.
    .PARAMETER Id
        The id of the plan.
    .PARAMETER Limit
        How many plans to list at most. The default is 20.
    .PARAMETER PreviewPath
        A file to write the preview of the plan to: one row for every user that would change.
    .PARAMETER PreviewFormat
        The format of the preview: csv (the default) or jsonl.
    .PARAMETER AllRows
        Write the unchanged users to the preview too.
    .PARAMETER Bom
        Begin a CSV preview with a byte order mark, by which spreadsheets know UTF-8.
    .PARAMETER Target
        The target, as New-EntraBulkTarget made it. A plan or a run that is piped in brings its own.
    .INPUTS
        An object with the properties Id and Target, such as a plan.
    .OUTPUTS
        EntraBulk.Plan. One object for every plan.
    .EXAMPLE
        Get-EntraBulkPlan -Target $target | Where-Object Tripped

        Lists the plans that a brake stopped.
    .EXAMPLE
        Get-EntraBulkPlan -Id $plan.Id -Target $target -PreviewPath ./preview.csv -Bom

        Shows a plan and writes its preview for a spreadsheet.
    .LINK
        New-EntraBulkPlan
    .LINK
        Invoke-EntraBulkPlan
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(DefaultParameterSetName = 'List')]
    [OutputType('EntraBulk.Plan')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName, ParameterSetName = 'Id')]
        [ValidateNotNullOrEmpty()]
        [string]$Id,

        [Parameter(ParameterSetName = 'List')]
        [ValidateRange(1, [int]::MaxValue)]
        [int]$Limit,

        [Parameter(ParameterSetName = 'Id')]
        [ValidateNotNullOrEmpty()]
        [string]$PreviewPath,

        [Parameter(ParameterSetName = 'Id')]
        [ValidateSet('csv', 'jsonl')]
        [string]$PreviewFormat,

        [Parameter(ParameterSetName = 'Id')]
        [switch]$AllRows,

        [Parameter(ParameterSetName = 'Id')]
        [switch]$Bom,

        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [PSTypeName('EntraBulk.Target')]
        [psobject]$Target
    )

    process {
        try {
            if ($PSCmdlet.ParameterSetName -eq 'List') {
                $arguments = @{}
                if ($PSBoundParameters.ContainsKey('Limit')) { $arguments['limit'] = $Limit }
                $list = Invoke-EntraBulkOperation -Name 'plan.list' -Argument $arguments -Target $Target
                foreach ($plan in $list['plans']) { ConvertTo-EntraBulkPlan -Plan $plan -Target $Target }
                return
            }
            $plan = Invoke-EntraBulkOperation -Name 'plan.show' -Argument @{ plan = $Id } -Target $Target
            if ($PSBoundParameters.ContainsKey('PreviewPath')) {
                Write-EntraBulkPreview -Id $Id -Target $Target -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            }
            ConvertTo-EntraBulkPlan -Plan $plan -Target $Target
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
