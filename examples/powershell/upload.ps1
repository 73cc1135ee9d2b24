# Sends an HR file to Microsoft Entra ID, and exits with the code that a scheduler can act on.
param(
    [Parameter(Mandatory)] [string]$Path,
    [Parameter(Mandatory)] [string]$Mapping,
    [Parameter(Mandatory)] [string]$TenantId,
    [Parameter(Mandatory)] [string]$ServicePrincipalId,
    [Parameter(Mandatory)] [string]$JobId,
    [Parameter(Mandatory)] [pscredential]$Credential,
    [uri]$Simulator
)

Import-Module (Join-Path $PSScriptRoot '../../powershell/EntraBulk')

$upload = @{
    Path               = $Path
    AttributeMapping   = $Mapping
    TenantId           = $TenantId
    ServicePrincipalId = $ServicePrincipalId
    JobId              = $JobId
    Credential         = $Credential
    RejectsPath        = [System.IO.Path]::ChangeExtension($Path, '.rejects.csv')
}
if ($Simulator) { $upload['Simulator'] = $Simulator }

# Every rejected record is an error; the rejects file holds them all, so only the run as a whole stops the script.
$summary = Send-EntraBulkUpload @upload -ErrorAction SilentlyContinue
$summary
exit $summary.ExitCode
