BeforeAll {
    . "$PSScriptRoot/Setup.ps1"

    $sample = "$data/csv2scim-1000-records.csv"
    $mapping = "$data/mapping-csv2scim.json"
    $small = [ordered]@{ externalId = 'id'; userName = 'login'; active = @{ const = $true } }

    # Half of the sample's users are inactive, and nobody knows them yet.
    $known = @{ Approve = @{ inactiveAdds = 189 }; Reason = 'the sample' }
    function Assert-Sum {
        param($Summary)
        $Summary.Accepted + $Summary.Rejected + $Summary.OutOfScope + $Summary.Refused + $Summary.InDoubt + $Summary.NotSent |
            Should -Be $Summary.Rows
    }
}

Describe 'Send-EntraBulkUpload' {
    BeforeAll { $simulator = Start-Simulator; $target = $simulator.Target }
    AfterAll { Stop-Simulator $simulator }

    It 'sends a file, and its summary adds up' {
        $summary = Send-EntraBulkUpload $sample -AttributeMapping $mapping -Target $target @known -ErrorVariable rejected -ErrorAction SilentlyContinue
        @($summary).Count | Should -Be 1
        $summary.PSTypeNames | Should -Contain 'EntraBulk.UploadSummary'
        $summary.Rows | Should -Be 1000
        $summary.Rejected | Should -Be $rejected.Count
        $summary.Kind | Should -Be 'RecordsRejected'
        $summary.ExitCode | Should -Be 14
        Assert-Sum $summary
        (Get-State $simulator).usersStaged | Should -Be $summary.Accepted
        $rejected[0].FullyQualifiedErrorId | Should -Be 'EntraBulk.RecordsRejected,Send-EntraBulkUpload'
    }

    It 'sends piped records, and gives back the rejected one as target' {
        $records = @(
            [pscustomobject]@{ id = 'p1'; login = 'p1@contoso.com' }
            [pscustomobject]@{ id = ''; login = 'p2@contoso.com' }
        )
        $summary = $records | Send-EntraBulkUpload -AttributeMapping $small -Target $target -ErrorVariable rejected -ErrorAction SilentlyContinue
        $summary.Accepted | Should -Be 1
        $summary.Rejected | Should -Be 1
        [object]::ReferenceEquals($rejected[0].TargetObject, $records[1]) | Should -BeTrue
    }

    It 'leaves the error list as it was when nothing is wrong' {
        $before = $Error.Count
        $summary = @{ id = 'clean'; login = 'clean@contoso.com' } | Send-EntraBulkUpload -AttributeMapping $small -Target $target
        $summary.Status | Should -Be 0
        $summary.ExitCode | Should -Be 0
        $Error.Count | Should -Be $before
    }

    It 'takes an access token instead of a credential' {
        $told = $simulator.Tenant
        $answer = Invoke-RestMethod -Method Post -Uri "$($told.tokenUrl)" -Body @{
            grant_type = 'client_credentials'; client_id = $told.clientId; client_secret = $told.clientSecret
            scope = 'https://graph.microsoft.com/.default'
        }
        $token = ConvertTo-SecureString $answer.access_token -AsPlainText -Force
        $summary = @{ id = 'token'; login = 'token@contoso.com' } | Send-EntraBulkUpload -AttributeMapping $small `
            -Target (New-EntraBulkTarget -Configuration $simulator.Configuration -AccessToken $token)
        $summary.Accepted | Should -Be 1
    }

    It 'shows its summary as a list' {
        $summary = @{ id = 'view'; login = 'view@contoso.com' } | Send-EntraBulkUpload -AttributeMapping $small -Target $target
        $summary | Out-String | Should -Match '(?s)Accepted\s*: 1.*Calls\s*: 1 \(0 repeats, 0 throttled\)'
    }

    It 'tells of the run in verbose lines, without a secret' {
        $lines = @{ id = 'verbose'; login = 'verbose@contoso.com' } |
            Send-EntraBulkUpload -AttributeMapping $small -Target $target -Verbose 4>&1 | Out-String
        $lines | Should -Match 'users staged'
        $lines | Should -Not -Match ([regex]::Escape($simulator.Tenant.clientSecret))
    }
}

Describe 'Send-EntraBulkUpload -WhatIf' {
    It 'counts and checks everything, and touches no network' {
        $simulator = Start-Simulator
        try {
            $target = $simulator.Target
            $output = Send-EntraBulkUpload $sample -AttributeMapping $mapping -Target $target -WhatIf -ErrorVariable rejected -ErrorAction SilentlyContinue
            $output | Should -BeNullOrEmpty
            $rejected.Count | Should -BeGreaterThan 0
            $state = Get-State $simulator
            $state.calls + $state.signIns + $state.usersStaged | Should -Be 0
        } finally {
            Stop-Simulator $simulator
        }
    }

    It 'works with a target that nobody can reach, and says what it would do' {
        $script = "Import-Module '$manifestPath'; @{ id = '1'; login = 'a@x.de' }, @{ id = ''; login = 'b@x.de' } | " +
        "Send-EntraBulkUpload -AttributeMapping @{ externalId = 'id'; userName = 'login' } -WhatIf -ErrorAction SilentlyContinue " +
        "-Target (New-EntraBulkTarget -Simulator 'http://127.0.0.1:9' -TenantId 't' -ServicePrincipalId '22222222-2222-2222-2222-222222222222' " +
        "-JobId 'API2AAD.00000000000000000000000000000000.33333333-3333-3333-3333-333333333333')"
        $said = Invoke-OtherSession $script
        $said.Replace("`n", ' ') | Should -BeLike "*What if:*Upload what changed of 1 users in 1 calls, from 2 records: 1 rejected*job 'API2AAD.*http://127.0.0.1:9*"
    }
}

Describe 'Send-EntraBulkUpload that fails' {
    BeforeAll { $simulator = Start-Simulator; $target = $simulator.Target }
    AfterAll { Stop-Simulator $simulator }

    It 'for a wrong secret: an authentication error that carries the summary and no secret' {
        $wrong = New-EntraBulkTarget -Configuration $simulator.Configuration `
            -Credential ([pscredential]::new($simulator.Tenant.clientId, (ConvertTo-SecureString 'wr0ng-secret' -AsPlainText -Force)))
        $output = [System.Collections.Generic.List[object]]::new()
        $failure = Get-Failure {
            @{ id = '1'; login = 'a@x.de' } | Send-EntraBulkUpload -AttributeMapping $small -Target $wrong | ForEach-Object { $output.Add($_) }
        }
        $failure.FullyQualifiedErrorId | Should -Be 'EntraBulk.SignInFailed,Send-EntraBulkUpload'
        $failure.CategoryInfo.Category | Should -Be 'AuthenticationError'
        $failure.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        $failure.TargetObject.NotSent | Should -Be 1
        $output.Count | Should -Be 1
        [object]::ReferenceEquals($output[0], $failure.TargetObject) | Should -BeTrue
        Assert-Sum $failure.TargetObject
        "$failure $($failure.Exception)" | Should -Not -Match 'wr0ng'
    }

    It 'for a job that is not there' {
        $wrong = New-EntraBulkTarget -Configuration $simulator.Configuration -Credential $simulator.Credential `
            -JobId 'API2AAD.00000000000000000000000000000000.99999999-9999-9999-9999-999999999999'
        $failure = Get-Failure { @{ id = '1'; login = 'a@x.de' } | Send-EntraBulkUpload -AttributeMapping $small -Target $wrong }
        $failure.FullyQualifiedErrorId | Should -Be 'EntraBulk.TargetNotFound,Send-EntraBulkUpload'
        $failure.CategoryInfo.Category | Should -Be 'ObjectNotFound'
    }

    It 'for a target without a sign-in, before anything is read' {
        $lookingOnly = New-EntraBulkTarget -Configuration $simulator.Configuration
        $failure = Get-Failure { Send-EntraBulkUpload "$TestDrive/nowhere.csv" -Target $lookingOnly }
        $failure.FullyQualifiedErrorId | Should -Be 'EntraBulk.TokenRequired,Send-EntraBulkUpload'
        $failure.CategoryInfo.Category | Should -Be 'AuthenticationError'
        $failure.ErrorDetails.RecommendedAction | Should -BeLike '*New-EntraBulkTarget*'
    }
}

Describe 'Send-EntraBulkUpload in trouble' {
    BeforeAll { $simulator = Start-Simulator; $target = $simulator.Target }
    AfterAll { Stop-Simulator $simulator }

    It 'waits when the service says so, tells of it, and loses nobody' {
        Invoke-RestMethod -Method Post -Uri "$($simulator.Url)/simulator/faults" -ContentType 'application/json' `
            -Body '[{"fault": "status429", "count": 2, "retryAfterSeconds": 2}, {"fault": "resetAfterProcessing", "after": 3}]'
        $output = Send-EntraBulkUpload $sample -AttributeMapping $mapping -Target $target @known -Verbose 4>&1 -ErrorAction SilentlyContinue -WarningAction SilentlyContinue
        $summary = $output | Where-Object { $_.PSTypeNames -contains 'EntraBulk.UploadSummary' }
        $summary.Accepted | Should -Be (Get-State $simulator).usersStaged
        $summary.InDoubt + $summary.NotSent + $summary.Refused | Should -Be 0
        $summary.Retries | Should -BeGreaterThan 0
        $summary.Throttled | Should -Be 2
        @($output | Where-Object { "$_" -like '*pause*' }).Count | Should -BeGreaterThan 0
    }

    It 'writes an error for a batch that is refused, and goes on' {
        InModuleScope EntraBulk {
            function Send-Event {
                [CmdletBinding()]
                param()
                $refused = [EntraBulk.Interop.V1.JsonReader]::Read('{"event": "refused", "batch": 1, "users": 2, "externalIds": ["a", "b"],
                    "error": {"status": 400, "kind": "RequestRefused", "message": "The service refused it.", "advice": "Look.", "httpStatus": 400,
                    "requestId": "r-1", "retryAfterMs": 1500}}')
                Write-EntraBulkRunEvent -RunEvent $refused -Record @() -Warned @{} -Cmdlet $PSCmdlet
            }
            Send-Event -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem[0].FullyQualifiedErrorId | Should -Be 'EntraBulk.RequestRefused,Send-Event'
            $problem[0].TargetObject | Should -Be @('a', 'b')
            $problem[0].Exception.HttpStatus | Should -Be 400
            $problem[0].Exception.RequestId | Should -Be 'r-1'
            $problem[0].Exception.RetryAfter.TotalSeconds | Should -Be 1.5
            "$($problem[0])" | Should -Be 'The service refused it. Look.'
        }
    }
}

Describe 'Ctrl+C' {
    It 'ends an upload that waits for the service' -Skip:(-not (Test-Path '/proc')) {
        Set-Content "$TestDrive/slow.json" '{"latency": {"afterMs": 600000}}'
        $simulator = Start-Simulator '--tenant-settings', "$TestDrive/slow.json"
        try {
            $told = $simulator.Tenant
            $script = "Import-Module '$manifestPath'; " +
            "@{ id = '1'; login = 'a@x.de' } | Send-EntraBulkUpload -AttributeMapping @{ externalId = 'id'; userName = 'login'; active = @{ const = `$true } } " +
            "-Target (New-EntraBulkTarget -TenantId '$($told.tenantId)' -Simulator '$($told.url)' -ServicePrincipalId '$($told.servicePrincipalId)' " +
            "-JobId '$($told.jobId)' -AccessToken (ConvertTo-SecureString '$((Invoke-RestMethod -Method Post "$($told.url)/simulator/token").accessToken)' -AsPlainText -Force))"
            # A program that runs in the background may have been told to ignore SIGINT; its children inherit that.
            $start = [System.Diagnostics.ProcessStartInfo]::new('env')
            '--default-signal=INT', 'pwsh', '-NoProfile', '-NonInteractive', '-Command', $script |
                ForEach-Object { $start.ArgumentList.Add($_) }
            $process = [System.Diagnostics.Process]::Start($start)
            $waited = [System.Diagnostics.Stopwatch]::StartNew()
            while ((Get-State $simulator).calls -eq 0) {
                if ($process.HasExited -or $waited.Elapsed.TotalSeconds -gt 60) { throw 'The upload never began.' }
                Start-Sleep -Milliseconds 100
            }
            & sh -c "kill -INT $($process.Id)"
            $process.WaitForExit(20000) | Should -BeTrue
            $process.ExitCode | Should -Not -Be 0
        } finally {
            if (-not $process.HasExited) { $process.Kill() }
            Stop-Simulator $simulator
        }
    }
}

Describe 'The progress bar' {
    It 'moves at most four times a second, with the latest numbers' {
        InModuleScope EntraBulk {
            $script:shown = 0
            Mock Write-Progress { $script:shown++ }
            $bar = @{ Id = 1; Activity = 'a'; Status = '' }
            $sinceShown = [System.Diagnostics.Stopwatch]::new()
            foreach ($accepted in 0..1000) {
                $progress = @{ event = 'progress'; usersAccepted = $accepted; usersTotal = 1000; calls = 1; quotaLeft = 5 }
                Show-EntraBulkProgress -RunEvent $progress -SinceShown $sinceShown -Bar $bar
                if ($accepted -eq 0) { $first = [System.Diagnostics.Stopwatch]::StartNew() }
            }
            $script:shown | Should -BeGreaterOrEqual 1
            $script:shown | Should -BeLessOrEqual (1 + [math]::Ceiling($first.ElapsedMilliseconds / 250))
            $bar['PercentComplete'] | Should -Be 100
        }
    }
}
