Set-StrictMode -Version 3.0

# In a try block every failure stops the import: half a module would fail later and in odd ways.
try {
    foreach ($file in @(
            'Private/Interop.ps1'
            'Private/ErrorRecord.ps1'
            'Private/Conversion.ps1'
            'Private/Record.ps1'
            'Private/Finding.ps1'
            'Private/Report.ps1'
            'Private/Target.ps1'
            'Private/RunEvent.ps1'
            'Private/Run.ps1'
            'Private/Plan.ps1'
            'Public/Approve-EntraBulkPlan.ps1'
            'Public/ConvertTo-EntraBulkPayload.ps1'
            'Public/Get-EntraBulkPlan.ps1'
            'Public/Get-EntraBulkQuota.ps1'
            'Public/Get-EntraBulkRun.ps1'
            'Public/Invoke-EntraBulkPlan.ps1'
            'Public/New-EntraBulkPlan.ps1'
            'Public/New-EntraBulkTarget.ps1'
            'Public/Resume-EntraBulkRun.ps1'
            'Public/Send-EntraBulkUpload.ps1'
            'Public/Stop-EntraBulkRun.ps1'
        )) {
        . (Join-Path -Path $PSScriptRoot -ChildPath $file)
    }
    $manifest = Import-PowerShellDataFile -Path (Join-Path -Path $PSScriptRoot -ChildPath 'EntraBulk.psd1')
    Import-EntraBulkInterop -Version $manifest.PrivateData.EntraBulk.InteropVersion
    Import-EntraBulkLibrary
} catch {
    throw
}

Export-ModuleMember -Function $manifest.FunctionsToExport
