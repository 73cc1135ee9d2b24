BeforeAll {
    . "$PSScriptRoot/Setup.ps1"

    $names = @{
        TenantId           = '00000000-0000-0000-0000-000000000001'
        ServicePrincipalId = '22222222-2222-2222-2222-222222222222'
        JobId              = 'API2AAD.00000000000000000000000000000000.33333333-3333-3333-3333-333333333333'
    }
    $credential = [pscredential]::new('app-1', (ConvertTo-SecureString 's3cr3t-value' -AsPlainText -Force))
}

Describe 'New-EntraBulkTarget' {
    It 'describes every parameter to Get-Help -Parameter' {
        foreach ($name in 'Configuration', 'TenantId', 'ServicePrincipalId', 'JobId', 'Credential', 'AccessToken', 'Cloud', 'Licence',
            'Simulator', 'StatePath', 'HashesOnly') {
            (Get-Help New-EntraBulkTarget -Parameter $name).description.Text | Should -Match '\w.*\.'
        }
    }

    It 'tells what it is, and holds no secret' {
        $target = New-EntraBulkTarget @names -Credential $credential -Cloud USGOV -StatePath "$TestDrive/state.db"
        "$target" | Should -BeExactly "job '$($names.JobId)' of tenant '$($names.TenantId)' in the cloud usGov"
        $target.SignIn | Should -Be 'credential'
        $target.KeepsState | Should -BeTrue
        $target | Out-String | Should -Match 'SignIn\s*: credential'
        $target | Export-Clixml "$TestDrive/target.xml"
        $everything = ($target | Format-List * -Force | Out-String) + ($target | ConvertTo-Json -Depth 4) + (Get-Content "$TestDrive/target.xml" -Raw)
        $everything | Should -Not -Match 's3cr3t|System.Security.SecureString'
        Test-Path "$TestDrive/state.db" | Should -BeFalse
    }

    It 'says everything that is wrong, at once' {
        $failure = Get-Failure { New-EntraBulkTarget @names -Simulator 'http://graph.example.com' -Configuration @{ version = 1; limits = @{ callsPerDay = 7000 } } }
        $failure.FullyQualifiedErrorId | Should -Be 'EntraBulk.ConfigInvalid,New-EntraBulkTarget'
        $failure.CategoryInfo.Category | Should -Be 'InvalidArgument'
        "$failure" | Should -BeLike '*simulator*'
        "$failure" | Should -BeLike '*limits.callsPerDay*'
        $wrong = $names.Clone()
        $wrong['JobId'] = 'API2AAD/other'
        "$(Get-Failure { New-EntraBulkTarget @wrong })" | Should -BeLike '*jobId*'
    }

    It 'takes a configuration, which the parameters win over and which stays as it was' {
        $given = @{
            version = 1; jobId = 'API2AAD.1'; tenantId = 'other'; servicePrincipalId = 's'; limits = @{ callsPerDay = 7 }
            state   = @{ path = 'near.db'; keep = 'users' }
        }
        Push-Location $TestDrive
        try { $target = New-EntraBulkTarget -Configuration $given -TenantId 't-1' } finally { Pop-Location }
        $target.TenantId | Should -Be 't-1'
        $target.JobId | Should -Be 'API2AAD.1'
        # From the location of the session, not of the process.
        $target.StatePath | Should -Be ([System.IO.Path]::Combine("$TestDrive", 'near.db'))
        $given.state.path | Should -Be 'near.db'
        (Get-EntraBulkQuota -Target $target).PerDay | Should -Be 7

        $given | ConvertTo-Json | Set-Content "$TestDrive/target.json"
        (New-EntraBulkTarget -Configuration "$TestDrive/target.json" -StatePath "$TestDrive/far.db").StatePath |
            Should -Be ([System.IO.Path]::Combine("$TestDrive", 'far.db'))
    }

    It 'can be the default of a session' {
        $PSDefaultParameterValues['*-EntraBulk*:Target'] = New-EntraBulkTarget @names -StatePath "$TestDrive/default.db"
        try { (Get-EntraBulkQuota).Used | Should -Be 0 } finally { $PSDefaultParameterValues.Remove('*-EntraBulk*:Target') }
    }

    It 'is wanted alive: what another process sent is no target' {
        $target = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize((New-EntraBulkTarget @names)))
        (Get-Failure { Get-EntraBulkQuota -Target $target }).FullyQualifiedErrorId | Should -BeLike 'MismatchedPSTypeName,*'
        (Get-Failure { Get-EntraBulkQuota -Target $names }).FullyQualifiedErrorId | Should -BeLike 'MismatchedPSTypeName,*'
    }
}

Describe 'A target that names no state' {
    It 'keeps the platform''s, for plans and for uploads' -Skip:(-not (Test-Path '/proc')) {
        $simulator = Start-Simulator
        try {
            Write-Workers -Path "$TestDrive/workers.csv" -Count 3
            $simulator.Configuration | ConvertTo-Json | Set-Content "$TestDrive/stateless.json"
            $state = $env:ENTRABULK_STATE
            $env:ENTRABULK_STATE = $null
            $env:XDG_STATE_HOME = "$TestDrive/platform"
            Invoke-OtherSession ("Import-Module '$manifestPath'; " +
                "`$target = New-EntraBulkTarget -Configuration '$TestDrive/stateless.json' -Credential ([pscredential]::new(" +
                "'$($simulator.Tenant.clientId)', (ConvertTo-SecureString '$($simulator.Tenant.clientSecret)' -AsPlainText -Force))); " +
                "(New-EntraBulkPlan '$TestDrive/workers.csv' -Target `$target).Add; " +
                "1..2 | ForEach-Object { (Send-EntraBulkUpload '$TestDrive/workers.csv' -Target `$target).Accepted }") |
                Should -Match '3\s+3\s+0\s*$'
            Test-Path "$TestDrive/platform/entrabulk/state.db" | Should -BeTrue
            (Get-State $simulator).calls | Should -Be 1
        } finally {
            $env:ENTRABULK_STATE = $state
            $env:XDG_STATE_HOME = $null
            Stop-Simulator $simulator
        }
    }
}
