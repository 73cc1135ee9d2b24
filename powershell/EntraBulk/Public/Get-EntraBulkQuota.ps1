function Get-EntraBulkQuota {
    <#
    .SYNOPSIS
        Shows how many calls the tenant has left today.
    .DESCRIPTION
        The quota is the tenant's and counts the last 24 hours. The numbers come from the ledger in the state file, which all
        processes on this machine share. A reserve is kept for urgent disables. Nothing touches the network.
    .PARAMETER Target
        The target, as New-EntraBulkTarget made it.
    .OUTPUTS
        EntraBulk.Quota. One object with the calls used, left and in reserve, and when they are free again.
    .EXAMPLE
        Get-EntraBulkQuota -Target $target

        Shows the quota.
    .EXAMPLE
        if ((Get-EntraBulkQuota -Target $target).Left -gt $plan.Calls) { $plan | Invoke-EntraBulkPlan }

        Applies a plan only if it can end today.
    .LINK
        Invoke-EntraBulkPlan
    .LINK
        Get-EntraBulkRun
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding()]
    [OutputType('EntraBulk.Quota')]
    param(
        [Parameter(Mandatory)]
        [PSTypeName('EntraBulk.Target')]
        [psobject]$Target
    )

    process {
        try {
            $quota = Invoke-EntraBulkOperation -Name 'quota' -Argument @{} -Target $Target
            [pscustomobject]@{
                PSTypeName = 'EntraBulk.Quota'
                PerDay     = $quota['perDay']
                Used       = $quota['used']
                Left       = $quota['left']
                Reserve    = $quota['reserve']
                NextFree   = ConvertTo-EntraBulkTime -Text $quota['nextFree']
                AllFree    = ConvertTo-EntraBulkTime -Text $quota['allFree']
            }
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
