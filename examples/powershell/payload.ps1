# Writes the request bodies of an HR file into a folder, one file a batch, without a network.
param(
    [Parameter(Mandatory)] [string]$Path,
    [Parameter(Mandatory)] [string]$Mapping,
    [Parameter(Mandatory)] [string]$Folder
)

Import-Module (Join-Path $PSScriptRoot '../../powershell/EntraBulk')

$number = 0
ConvertTo-EntraBulkPayload -Path $Path -AttributeMapping $Mapping -ErrorVariable rejected -ErrorAction SilentlyContinue |
    ForEach-Object {
        $number++
        $file = Join-Path $Folder ('batch-{0:d4}.json' -f $number)
        # Set-Content would add a byte order mark on Windows PowerShell.
        [System.IO.File]::WriteAllText($file, $_)
        Get-Item $file
    }

foreach ($record in $rejected) { Write-Warning "$record" }
