param([string]$Path, [string]$Mapping, [psobject]$Target)

Import-Module (Join-Path $PSScriptRoot '../../powershell/EntraBulk')

# One JSON text for every 50 users. A rejected record is an error that names its line and what to do.
$payload = ConvertTo-EntraBulkPayload -Path $Path -AttributeMapping $Mapping
"$(@($payload).Count) calls"

# $Target = New-EntraBulkTarget -TenantId ... -ServicePrincipalId ... -JobId API2AAD... -Credential (Get-Credential)
Send-EntraBulkUpload -Path $Path -AttributeMapping $Mapping -Target $Target
