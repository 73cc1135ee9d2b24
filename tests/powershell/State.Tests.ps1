BeforeAll {
    . "$PSScriptRoot/Setup.ps1"

    # The bytes of a state file and its log. Another process reads them: a file that is opened and closed in this one
    # loses the locks that the library holds on it.
    function Get-StateHash {
        param([string]$Path)
        & sha256sum $Path "$Path-wal" 2>&1 | ForEach-Object { "$_" }
    }
    function Assert-Failure {
        param([scriptblock]$Script, [string]$Id, [string]$Category, [string]$Advice)
        $failure = Get-Failure $Script
        $failure.FullyQualifiedErrorId | Should -Be $Id
        $failure.CategoryInfo.Category | Should -Be $Category
        $failure.ErrorDetails.RecommendedAction | Should -BeLike $Advice
        $failure
    }
}

Describe 'Send-EntraBulkUpload with a state' {
    BeforeAll {
        $simulator = Start-Simulator
        $target = New-EntraBulkTarget -Configuration $simulator.Configuration -Credential $simulator.Credential -StatePath "$TestDrive/send.db"
        $workers = "$TestDrive/send.csv"
        Write-Workers -Path $workers -Count 60
    }
    AfterAll { Stop-Simulator $simulator }

    It 'says with -WhatIf what it would do at most, and keeps nothing' {
        Send-EntraBulkUpload $workers -Target $target -WhatIf | Should -BeNullOrEmpty
        Import-Csv $workers | Send-EntraBulkUpload -Target $target -WhatIf | Should -BeNullOrEmpty
        Test-Path "$TestDrive/send.db" | Should -BeFalse
        (Get-State $simulator).calls | Should -Be 0
    }

    It 'makes a plan and applies it' {
        $summary = Send-EntraBulkUpload $workers -Target $target
        $summary.Accepted | Should -Be 60
        $summary.Plan | Should -Be (Get-EntraBulkPlan -Target $target).Id
        (Get-EntraBulkRun -Target $target).Plan | Should -Be $summary.Plan
    }

    It 'makes no call for what did not change: from a file, and piped' {
        $calls = (Get-State $simulator).calls
        foreach ($summary in (Send-EntraBulkUpload $workers -Target $target), (Import-Csv $workers | Send-EntraBulkUpload -Target $target)) {
            $summary.Unchanged | Should -Be 60
            $summary.Calls | Should -Be 0
            $summary.Status | Should -Be 0
        }
        (Get-State $simulator).calls | Should -Be $calls
        (Send-EntraBulkUpload $workers -Target $target -Full -Wait).Accepted | Should -Be 60
    }

    It 'is stopped by a brake before the first call, and names the plan to approve' {
        Write-Workers -Path $workers -Count 60 -Left (1..10)
        $calls = (Get-State $simulator).calls
        $output = [System.Collections.Generic.List[object]]::new()
        $failure = Assert-Failure { Send-EntraBulkUpload $workers -Target $target | ForEach-Object { $output.Add($_) } } `
            -Id 'EntraBulk.BrakeTripped,Send-EntraBulkUpload' -Category LimitsExceeded -Advice '*approve*'
        $output.Count | Should -Be 1
        $plan = Get-EntraBulkPlan -Target $target -Limit 1
        $failure.TargetObject.Plan | Should -Be $plan.Id
        $plan.Tripped | Should -BeTrue
        (Get-State $simulator).calls | Should -Be $calls

        $null = $plan | Approve-EntraBulkPlan -Approve @{ removals = 10 } -Reason 'Site sold'
        ($plan | Invoke-EntraBulkPlan).Accepted | Should -Be 10
    }

    It 'heeds the settings of plans' {
        Write-Workers -Path $workers -Count 59 -Left (1..10)
        $null = Assert-Failure { Send-EntraBulkUpload $workers -Target $target -MinRows 60 } `
            -Id 'EntraBulk.SourceRefused,Send-EntraBulkUpload' -Category InvalidData -Advice '*'
        $summary = Send-EntraBulkUpload $workers -Target $target -Missing disable -AbortAtCount 2 -Settings @{ brakes = @{ removals = @{ percent = 50 } } }
        $summary.Absent | Should -Be 1
        (Assert-Failure { Send-EntraBulkUpload $workers -Target $target -Approve @{ removals = 1 } -Reason 'no' } `
            -Id 'EntraBulk.ConfigInvalid,Send-EntraBulkUpload' -Category InvalidArgument -Advice '*Approve the plan*').Exception.Message |
            Should -BeLike '*cannot approve itself*'
    }
}

Describe 'A plan of piped records' {
    It 'is the plan of the equal file' {
        $sample = "$data/csv2scim-1000-records.csv"
        $mapping = "$data/mapping-csv2scim.json"
        $names = @{ TenantId = 't'; ServicePrincipalId = 's'; JobId = 'j'; Simulator = 'http://127.0.0.1:9'; StatePath = "$TestDrive/piped.db" }
        $target = New-EntraBulkTarget @names
        $quiet = @{ Target = $target; AttributeMapping = $mapping; ErrorAction = 'SilentlyContinue'; WarningAction = 'SilentlyContinue' }
        $ofFile = New-EntraBulkPlan $sample @quiet -PreviewPath "$TestDrive/file.csv" -ErrorVariable fileErrors -WarningVariable fileWarnings
        $piped = Import-Csv $sample | New-EntraBulkPlan @quiet -PreviewPath "$TestDrive/piped.csv" -ErrorVariable pipedErrors -WarningVariable pipedWarnings
        $ofFile.Add | Should -BeGreaterThan 300
        foreach ($name in $ofFile.PSObject.Properties.Name | Where-Object { $_ -notin 'Id', 'CreatedAt', 'FinishAt', 'Target', 'Brakes' }) {
            $piped.$name | Should -Be $ofFile.$name -Because $name
        }
        ($piped.Brakes | ConvertTo-Json -Depth 5) | Should -Be ($ofFile.Brakes | ConvertTo-Json -Depth 5)
        (Get-FileHash "$TestDrive/piped.csv").Hash | Should -Be (Get-FileHash "$TestDrive/file.csv").Hash
        $pipedErrors.Count | Should -Be $fileErrors.Count
        $pipedErrors.Count | Should -Be $ofFile.Rejected
        $pipedErrors[0].FullyQualifiedErrorId | Should -Be 'EntraBulk.RecordsRejected,New-EntraBulkPlan'
        $pipedErrors[0].TargetObject.WorkerID | Should -Not -BeNullOrEmpty
        $pipedWarnings.Count | Should -Be $fileWarnings.Count
        @(Get-EntraBulkRun -Target $target).Count | Should -Be 0
        (Get-Failure { @() | New-EntraBulkPlan @quiet }).FullyQualifiedErrorId | Should -Be 'EntraBulk.SourceEmpty,New-EntraBulkPlan'
    }
}

Describe 'A preview' {
    BeforeAll {
        $names = @{ TenantId = 't'; ServicePrincipalId = 's'; JobId = 'j'; Simulator = 'http://127.0.0.1:9' }
        $simulator = Start-Simulator
        $target = New-EntraBulkTarget -Configuration $simulator.Configuration -Credential $simulator.Credential -StatePath "$TestDrive/preview.db"
        Write-Workers -Path "$TestDrive/preview.csv" -Count 5
        $null = Send-EntraBulkUpload "$TestDrive/preview.csv" -Target $target
        Write-Workers -Path "$TestDrive/preview.csv" -Count 6 -Left 1
        $plan = New-EntraBulkPlan "$TestDrive/preview.csv" -Target $target
    }
    AfterAll { Stop-Simulator $simulator }

    It 'begins with a byte order mark where one is wanted' {
        $null = $plan | Get-EntraBulkPlan -PreviewPath "$TestDrive/with.csv" -Bom
        $null = $plan | Get-EntraBulkPlan -PreviewPath "$TestDrive/without.csv"
        $with = [System.IO.File]::ReadAllBytes("$TestDrive/with.csv")
        $with[0..2] | Should -Be @(0xEF, 0xBB, 0xBF)
        [System.IO.File]::ReadAllBytes("$TestDrive/without.csv")[0] | Should -Be ([byte][char]'a')
        $with.Count | Should -Be (3 + (Get-Item "$TestDrive/without.csv").Length)
    }

    It 'has the changed rows, or all' {
        $null = $plan | Get-EntraBulkPlan -PreviewPath "$TestDrive/changed.csv"
        (Import-Csv "$TestDrive/changed.csv").action | Should -Be @('add', 'disable')
        $null = $plan | Get-EntraBulkPlan -PreviewPath "$TestDrive/all.csv" -AllRows
        (Import-Csv "$TestDrive/all.csv").action | Should -Be @('add', 'disable', 'unchanged', 'unchanged', 'unchanged', 'unchanged')
    }

    It 'is written as JSON lines' {
        $null = $plan | Get-EntraBulkPlan -PreviewPath "$TestDrive/changed.jsonl" -PreviewFormat jsonl
        $rows = Get-Content "$TestDrive/changed.jsonl" | ForEach-Object { $_ | ConvertFrom-Json }
        $rows.Count | Should -Be 2
        $rows[1].externalId | Should -Be '1'
        $rows[1].changed.path | Should -Be 'active'
    }
}

Describe 'A state with hashes only' {
    It 'plans, applies, knows what did not change, and holds no HR data' {
        $simulator = Start-Simulator
        try {
            $kept = @{ Configuration = $simulator.Configuration; Credential = $simulator.Credential; StatePath = "$TestDrive/hashes.db" }
            $target = New-EntraBulkTarget @kept -HashesOnly
            Write-Workers -Path "$TestDrive/hashes.csv" -Count 5
            $plan = New-EntraBulkPlan "$TestDrive/hashes.csv" -Target $target
            $plan.Add | Should -Be 5
            ($plan | Invoke-EntraBulkPlan).Accepted | Should -Be 5
            (New-EntraBulkPlan "$TestDrive/hashes.csv" -Target $target).Unchanged | Should -Be 5
            foreach ($file in "$TestDrive/hashes.db", "$TestDrive/hashes.db-wal") {
                [System.Text.Encoding]::ASCII.GetString([System.IO.File]::ReadAllBytes($file)) | Should -Not -Match 'Worker \d|@contoso'
            }
            # Another kind of state in the same file is refused.
            Write-Workers -Path "$TestDrive/hashes.csv" -Count 6
            Set-Content "$TestDrive/users.json" ((@{ state = @{ keep = 'users'; path = "$TestDrive/hashes.db" } } + $simulator.Configuration) | ConvertTo-Json)
            $null = Assert-Failure { New-EntraBulkPlan "$TestDrive/hashes.csv" -Target (New-EntraBulkTarget -Configuration "$TestDrive/users.json") } `
                -Id 'EntraBulk.ConfigInvalid,New-EntraBulkPlan' -Category InvalidArgument -Advice '*'
        } finally {
            Stop-Simulator $simulator
        }
    }
}

Describe 'What changes anything' {
    BeforeAll {
        $simulator = Start-Simulator
        $target = New-EntraBulkTarget -Configuration $simulator.Configuration -Credential $simulator.Credential -StatePath "$TestDrive/change.db"
        $workers = "$TestDrive/change.csv"
        Write-Workers -Path $workers -Count 30
        $run = (Send-EntraBulkUpload $workers -Target $target).Run
        Write-Workers -Path $workers -Count 30 -Left (1..5)
        $plan = New-EntraBulkPlan $workers -Target $target -WarningAction SilentlyContinue
    }
    AfterAll { Stop-Simulator $simulator }

    It 'changes nothing with -WhatIf' {
        $calls = (Get-State $simulator).calls
        $before = Get-StateHash "$TestDrive/change.db"
        & {
            New-EntraBulkPlan $workers -Target $target -PreviewPath "$TestDrive/no.csv" -WhatIf
            Import-Csv $workers | New-EntraBulkPlan -Target $target -WhatIf
            New-EntraBulkPlan -Undo $run -Target $target -WhatIf
            $plan | Approve-EntraBulkPlan -Approve @{ removals = 5 } -Reason 'No' -WhatIf
            $plan | Invoke-EntraBulkPlan -WhatIf
            Resume-EntraBulkRun -Target $target -WhatIf
            Stop-EntraBulkRun $run -Target $target -WhatIf
            Send-EntraBulkUpload $workers -Target $target -WhatIf
            Import-Csv $workers | Send-EntraBulkUpload -Target $target -WhatIf
        } | Should -BeNullOrEmpty
        Get-StateHash "$TestDrive/change.db" | Should -Be $before
        (Get-State $simulator).calls | Should -Be $calls
        Test-Path "$TestDrive/no.csv" | Should -BeFalse
    }

    It 'says -WhatIf wherever it changes something, and nowhere else' {
        $asking = Get-Command -Module EntraBulk | Where-Object { $_.Parameters.ContainsKey('WhatIf') } | ForEach-Object Name | Sort-Object
        $asking | Should -Be @('Approve-EntraBulkPlan', 'Invoke-EntraBulkPlan', 'New-EntraBulkPlan', 'Resume-EntraBulkRun', 'Send-EntraBulkUpload', 'Stop-EntraBulkRun')
    }

    It 'asks nobody with -Confirm:$false' {
        # A session that asks always, and that nobody can answer.
        $preference = $global:ConfirmPreference
        try {
            $global:ConfirmPreference = 'Low'
            { $plan | Invoke-EntraBulkPlan } | Should -Throw '*NonInteractive*'
            { New-EntraBulkPlan $workers -Target $target } | Should -Throw '*NonInteractive*'
            ($plan | Approve-EntraBulkPlan -Approve @{ removals = 5 } -Reason 'Yes' -Confirm:$false).Plan | Should -Be $plan.Id
            ($plan | Invoke-EntraBulkPlan -Confirm:$false).Accepted | Should -Be 5
            (New-EntraBulkPlan $workers -Target $target -Confirm:$false).Changes | Should -Be 0
            (Resume-EntraBulkRun -Target $target -Confirm:$false -WarningAction SilentlyContinue).Status | Should -Be 0
            (Send-EntraBulkUpload $workers -Target $target -Confirm:$false).Unchanged | Should -Be 30
        } finally {
            $global:ConfirmPreference = $preference
        }
    }
}

Describe 'Why a plan is not applied' {
    BeforeAll {
        $simulator = Start-Simulator
        $kept = @{ Credential = $simulator.Credential; StatePath = "$TestDrive/refused.db" }
        $target = New-EntraBulkTarget @kept -Configuration $simulator.Configuration
        $workers = "$TestDrive/refused.csv"
    }
    AfterAll { Stop-Simulator $simulator }

    It 'there is no such plan, or run' {
        $null = Assert-Failure { Invoke-EntraBulkPlan -Id 'no-such-plan' -Target $target } `
            -Id 'EntraBulk.NotFound,Invoke-EntraBulkPlan' -Category ObjectNotFound -Advice '*'
        $null = Assert-Failure { Approve-EntraBulkPlan -Id 'no-such-plan' -Approve @{ removals = 1 } -Reason 'x' -Target $target } `
            -Id 'EntraBulk.NotFound,Approve-EntraBulkPlan' -Category ObjectNotFound -Advice '*'
        $null = Assert-Failure { Stop-EntraBulkRun 'no-such-run' -Target $target -Confirm:$false } `
            -Id 'EntraBulk.NotFound,Stop-EntraBulkRun' -Category ObjectNotFound -Advice '*'
        $null = Assert-Failure { Resume-EntraBulkRun -Id 'no-such-run' -Target $target } `
            -Id 'EntraBulk.NotFound,Resume-EntraBulkRun' -Category ObjectNotFound -Advice '*'
    }

    It 'the file moved since' {
        Write-Workers -Path $workers -Count 3
        $plan = New-EntraBulkPlan $workers -Target $target
        Write-Workers -Path $workers -Count 4
        $failure = Assert-Failure { $plan | Invoke-EntraBulkPlan } -Id 'EntraBulk.PlanStale,Invoke-EntraBulkPlan' `
            -Category InvalidOperation -Advice 'Make the plan again.'
        "$failure" | Should -BeLike '*refused.csv changed*'
        $failure.TargetObject.Calls | Should -Be 0
    }

    It 'the quota is spent: the run stops with a time, and a larger share goes on with it' {
        $shares = $simulator.Configuration + @{ limits = @{ callsPerDay = 2; reservePercent = 0; inFlight = 1 } }
        $small = New-EntraBulkTarget @kept -Configuration $shares
        Write-Workers -Path $workers -Count 150
        $plan = New-EntraBulkPlan $workers -Target $small
        $plan.Calls | Should -Be 3
        $plan.QuotaLeft | Should -Be 2
        $failure = Assert-Failure { $plan | Invoke-EntraBulkPlan -WarningAction SilentlyContinue } -Id 'EntraBulk.QuotaSpent,Invoke-EntraBulkPlan' `
            -Category QuotaExceeded -Advice '*'
        $failure.TargetObject.Accepted | Should -Be 100
        $failure.TargetObject.NotSent | Should -Be 50
        $failure.TargetObject.ResumeAt | Should -BeGreaterThan ([datetimeoffset]::UtcNow.AddHours(23))
        $run = Get-EntraBulkRun -Target $target -Limit 1
        $run.State | Should -Be 'stopped'

        $summary = $run | Resume-EntraBulkRun
        $summary.Run | Should -Be $run.Id
        $summary.Accepted | Should -Be 150
        $summary.Calls | Should -Be 3
    }
}

Describe 'A run whose process was killed' {
    It 'is locked for a while, then another process goes on with it, and nobody is lost' -Skip:(-not (Test-Path '/proc')) {
        # Time passes 40 times as fast, so that the lease of the dead ends after 3 seconds.
        Set-Content "$TestDrive/slow.json" '{"latency": {"afterMs": 16000}}'
        $simulator = Start-Simulator '--tenant-settings', "$TestDrive/slow.json", '--speed', '40'
        try {
            $told = $simulator.Tenant
            $configuration = $simulator.Configuration + @{
                clockSpeed = 40; limits = @{ inFlight = 1 }; retry = @{ requestTimeoutMs = 600000 }; state = @{ path = "$TestDrive/killed.db" }
            }
            $configuration | ConvertTo-Json | Set-Content "$TestDrive/killed.json"
            Write-Workers -Path "$TestDrive/killed.csv" -Count 200
            $script = "Import-Module '$manifestPath'; " +
            "`$credential = [pscredential]::new('$($told.clientId)', (ConvertTo-SecureString '$($told.clientSecret)' -AsPlainText -Force)); " +
            "Send-EntraBulkUpload '$TestDrive/killed.csv' -Target (New-EntraBulkTarget -Configuration '$TestDrive/killed.json' -Credential `$credential)"
            $start = [System.Diagnostics.ProcessStartInfo]::new('pwsh')
            '-NoProfile', '-NonInteractive', '-Command', $script | ForEach-Object { $start.ArgumentList.Add($_) }
            $start.RedirectStandardOutput = $true
            $process = [System.Diagnostics.Process]::Start($start)
            $waited = [System.Diagnostics.Stopwatch]::StartNew()
            while ((Get-State $simulator).calls -lt 2) {
                if ($process.HasExited -or $waited.Elapsed.TotalSeconds -gt 60) { throw 'The upload never began.' }
                Start-Sleep -Milliseconds 20
            }
            $process.Kill()
            $process.WaitForExit()

            $target = New-EntraBulkTarget -Configuration $configuration -Credential $simulator.Credential
            $run = Get-EntraBulkRun -Target $target
            $run.State | Should -Be 'running'
            $failure = Assert-Failure { Resume-EntraBulkRun -Target $target } -Id 'EntraBulk.LockHeld,Resume-EntraBulkRun' `
                -Category ResourceBusy -Advice '*If it died*'
            $failure.TargetObject.ResumeAt | Should -Not -BeNullOrEmpty

            $null = Assert-Failure { $run | Stop-EntraBulkRun -Confirm:$false } -Id 'EntraBulk.LockHeld,Stop-EntraBulkRun' `
                -Category ResourceBusy -Advice '*If it died*'

            $summary = Resume-EntraBulkRun -Target $target -Wait -WarningVariable said -WarningAction SilentlyContinue
            "$said" | Should -BeLike '*lease*taken over*'
            $summary.Run | Should -Be $run.Id
            $summary.Accepted | Should -Be 200
            $summary.Status | Should -Be 0
            $state = Get-State $simulator
            $state.usersStaged | Should -Be 200
            $state.calls | Should -BeLessOrEqual 5
            (Get-EntraBulkRun -Target $target).State | Should -Be 'finished'
            (Resume-EntraBulkRun -Target $target -WarningAction SilentlyContinue).Calls | Should -Be 0
            $null = Assert-Failure { $run | Stop-EntraBulkRun -Confirm:$false } -Id 'EntraBulk.InvalidState,Stop-EntraBulkRun' `
                -Category InvalidOperation -Advice '*'
            (Send-EntraBulkUpload "$TestDrive/killed.csv" -Target $target).Unchanged | Should -Be 200
        } finally {
            if (-not $process.HasExited) { $process.Kill() }
            Stop-Simulator $simulator
        }
    }
}
