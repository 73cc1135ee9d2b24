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

function Get-State { param($Of) Invoke-RestMethod "$($Of.Url)/simulator/state" }

# What a script fails with.
function Get-Failure {
    param([scriptblock]$Script)
    try { & $Script | Out-Null } catch { return $_ }
    throw 'It did not fail.'
}

# Workers 1 to $Count; those of -Left are no longer active.
function Write-Workers {
    param([string]$Path, [int]$Count, [int[]]$Left = @())
    $rows = foreach ($i in 1..$Count) { "$i,w$i@contoso.com,Worker $i,$(if ($i -in $Left) { 'false' } else { 'true' })" }
    Set-Content -LiteralPath $Path -Value (@('externalId,userName,displayName,active') + $rows) -Encoding Ascii
}

# A simulated tenant in a process of its own; a client configuration and a target for it, which keeps no state.
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
    $credential = [pscredential]::new($told.clientId, $secret)
    $configuration = [ordered]@{
        version            = 1
        simulator          = $told.url
        tenantId           = $told.tenantId
        servicePrincipalId = $told.servicePrincipalId
        jobId              = $told.jobId
    }
    [pscustomobject]@{
        Process       = $process
        Url           = $told.url
        Tenant        = $told
        Credential    = $credential
        Configuration = $configuration
        Target        = New-EntraBulkTarget -Configuration $configuration -Credential $credential -NoState
    }
}

function Stop-Simulator {
    param($Simulator)
    if ($Simulator) { $Simulator.Process.Kill() }
}
