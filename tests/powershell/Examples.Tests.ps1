BeforeAll {
    . "$PSScriptRoot/Setup.ps1"

    # A quoted hashtable that reaches the simulator, for a script in another session.
    function Get-TargetText {
        param($Simulator)
        $told = $Simulator.Tenant
        "@{ Simulator = '$($told.url)'; TenantId = '$($told.tenantId)'; ServicePrincipalId = '$($told.servicePrincipalId)'; " +
        "JobId = '$($told.jobId)'; Credential = [pscredential]::new('$($told.clientId)', " +
        "(ConvertTo-SecureString '$($told.clientSecret)' -AsPlainText -Force)) }"
    }
}

Describe 'The examples' {
    BeforeAll { $simulator = Start-Simulator }
    AfterAll { Stop-Simulator $simulator }

    It 'hello.ps1 converts and sends' {
        $said = Invoke-OtherSession ("`$ErrorActionPreference = 'SilentlyContinue'; & '$root/examples/powershell/hello.ps1' " +
            "-Path '$data/csv2scim-1000-records.csv' -Mapping '$data/mapping-csv2scim.json' -Target $(Get-TargetText $simulator)")
        $said | Should -Match '\d+ calls'
        $said | Should -Match 'Accepted\s*: \d+'
    }

    It 'upload.ps1 ends with the exit code of the run, and writes the rejects beside the file' {
        Copy-Item "$data/csv2scim-1000-records.csv" "$TestDrive/workers.csv"
        Invoke-OtherSession ("`$target = $(Get-TargetText $simulator); & '$root/examples/powershell/upload.ps1' " +
            "-Path '$TestDrive/workers.csv' -Mapping '$data/mapping-csv2scim.json' @target; exit `$LASTEXITCODE") | Out-Null
        $LASTEXITCODE | Should -Be 14
        (Get-Content "$TestDrive/workers.rejects.csv").Count | Should -BeGreaterThan 1
    }
}
