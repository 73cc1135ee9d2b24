# Sends what changed in an HR file to Microsoft Entra ID, and exits with the code that a scheduler can act on.
param(
    [Parameter(Mandatory)] [string]$Path,
    [Parameter(Mandatory)] [string]$Mapping,
    # Tenant, service principal, job and state: a client configuration (docs/documents.md).
    [Parameter(Mandatory)] [string]$Configuration,
    [Parameter(Mandatory)] [pscredential]$Credential
)

Import-Module (Join-Path $PSScriptRoot '../../powershell/EntraBulk')
$target = New-EntraBulkTarget -Configuration $Configuration -Credential $Credential

try {
    # Every rejected record is an error; the rejects file holds them all, so only the run as a whole stops the script.
    $summary = Send-EntraBulkUpload -Path $Path -AttributeMapping $Mapping -Target $target -ErrorAction SilentlyContinue `
        -RejectsPath ([System.IO.Path]::ChangeExtension($Path, '.rejects.csv'))
} catch {
    Write-Warning "$_"
    $summary = $_.TargetObject
}
$summary
exit $summary.ExitCode
