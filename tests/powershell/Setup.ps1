# Dot-sourced by every test file: the module, its data, and a simulated tenant.

$root = (Resolve-Path "$PSScriptRoot/../..").Path
$data = "$root/examples/data"
$manifestPath = "$root/powershell/EntraBulk/EntraBulk.psd1"
Import-Module $manifestPath -Force

function Get-CommandLine {
    if ($env:ENTRABULK_EXE) { return $env:ENTRABULK_EXE }
    $name = 'entrabulk'
    if ([System.IO.Path]::DirectorySeparatorChar -eq '\') { $name = 'entrabulk.exe' }
    foreach ($profile in 'release', 'debug') {
        if (Test-Path "$root/target/$profile/$name") { return "$root/target/$profile/$name" }
    }
    throw 'Build the command line first: cargo build'
}

# Another PowerShell of the same kind: a library is never unloaded, and the host's own text can be read only from outside.
function Invoke-OtherSession {
    param([string]$Script)
    $program = 'pwsh'
    if ($PSVersionTable.PSEdition -eq 'Desktop') { $program = 'powershell' }
    & $program -NoProfile -NonInteractive -Command $Script | Out-String
}

# A simulated tenant in a process of its own, and the parameters that reach it.
function Start-Simulator {
    param([string[]]$Option = @())

    $start = [System.Diagnostics.ProcessStartInfo]::new((Get-CommandLine), "simulate --port 0 --json --until-stdin-closes $Option")
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.UseShellExecute = $false
    $process = [System.Diagnostics.Process]::Start($start)
    $line = $process.StandardOutput.ReadLine()
    if (-not $line) { throw "The simulator did not start: $(Get-CommandLine) $($start.Arguments)" }
    $told = $line | ConvertFrom-Json
    $secret = ConvertTo-SecureString $told.clientSecret -AsPlainText -Force
    [pscustomobject]@{
        Process = $process
        Url     = $told.url
        Tenant  = $told
        Target  = @{
            Simulator          = $told.url
            TenantId           = $told.tenantId
            ServicePrincipalId = $told.servicePrincipalId
            JobId              = $told.jobId
            Credential         = [pscredential]::new($told.clientId, $secret)
        }
    }
}

function Stop-Simulator {
    param($Simulator)
    if ($Simulator) { $Simulator.Process.Kill() }
}
