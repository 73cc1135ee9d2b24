BeforeAll {
    . "$PSScriptRoot/Setup.ps1"

    # Text that reaches the simulator, for a script in another session.
    function Get-CredentialText {
        param($Simulator)
        "[pscredential]::new('$($Simulator.Tenant.clientId)', (ConvertTo-SecureString '$($Simulator.Tenant.clientSecret)' -AsPlainText -Force))"
    }
}

Describe 'The examples' {
    BeforeAll {
        $simulator = Start-Simulator
        $simulator.Configuration | ConvertTo-Json | Set-Content "$TestDrive/target.json"
    }
    AfterAll { Stop-Simulator $simulator }

    It 'hello.ps1 converts and sends' {
        $said = Invoke-OtherSession ("`$ErrorActionPreference = 'SilentlyContinue'; Import-Module '$manifestPath'; " +
            "`$target = New-EntraBulkTarget -Configuration '$TestDrive/target.json' -Credential ($(Get-CredentialText $simulator)); & '$root/examples/powershell/hello.ps1' " +
            "-Path '$data/csv2scim-1000-records.csv' -Mapping '$data/mapping-csv2scim.json' -Target `$target")
        $said | Should -Match '\d+ calls'
        $said | Should -Match 'Accepted\s*: \d+'
    }

    It 'upload.ps1 ends with the exit code of the run, and writes the rejects beside the file, and sends nothing twice' {
        # Those of the sample who are active: no brake stops them.
        Get-Content "$data/csv2scim-1000-records.csv" | Where-Object { $_ -notlike '*,Inactive,*' } | Set-Content "$TestDrive/workers.csv"
        $simulator.Configuration['state'] = @{ path = "$TestDrive/state.db" }
        $simulator.Configuration | ConvertTo-Json | Set-Content "$TestDrive/kept.json"
        $script = "& '$root/examples/powershell/upload.ps1' -Path '$TestDrive/workers.csv' -Mapping '$data/mapping-csv2scim.json' " +
        "-Configuration '$TestDrive/kept.json' -Credential ($(Get-CredentialText $simulator)); exit `$LASTEXITCODE"
        Invoke-OtherSession $script | Out-Null
        $LASTEXITCODE | Should -Be 14
        $calls = (Get-State $simulator).calls
        # The second time there is nothing to send, and the rejected records are still rejected.
        Invoke-OtherSession $script | Out-Null
        $LASTEXITCODE | Should -Be 14
        (Get-State $simulator).calls | Should -Be $calls
        (Get-Content "$TestDrive/workers.rejects.csv").Count | Should -BeGreaterThan 1
    }
}
