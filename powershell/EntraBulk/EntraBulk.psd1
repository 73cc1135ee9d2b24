@{
    RootModule             = 'EntraBulk.psm1'
    ModuleVersion          = '0.1.0'
    GUID                   = '7f0b6b3e-5c0e-4a57-9a3e-2d1f6f0c8a41'
    Author                 = 'The entrabulk authors'
    CompanyName            = 'Community'
    Copyright              = '(c) The entrabulk authors. MIT licence.'
    Description            = 'Sends HR data to Microsoft Entra ID by API-driven provisioning: checked, paced and accounted for.'
    PowerShellVersion      = '5.1'
    CompatiblePSEditions   = @('Desktop', 'Core')
    DotNetFrameworkVersion = '4.7.2'
    FormatsToProcess       = @('EntraBulk.format.ps1xml')
    FunctionsToExport      = @(
        'Approve-EntraBulkPlan'
        'ConvertTo-EntraBulkPayload'
        'Get-EntraBulkPlan'
        'Get-EntraBulkQuota'
        'Get-EntraBulkRun'
        'Invoke-EntraBulkPlan'
        'New-EntraBulkPlan'
        'New-EntraBulkTarget'
        'Resume-EntraBulkRun'
        'Send-EntraBulkUpload'
        'Stop-EntraBulkRun'
    )
    CmdletsToExport        = @()
    VariablesToExport      = @()
    AliasesToExport        = @()
    PrivateData            = @{
        EntraBulk = @{
            # What interop/Library.cs must say: a session cannot replace types it has loaded.
            InteropVersion = '1.1'
        }
        PSData    = @{
            Tags = @('Entra', 'EntraID', 'AzureAD', 'SCIM', 'Provisioning', 'HR', 'Identity',
                'PSEdition_Desktop', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
        }
    }
}
