BeforeAll {
    . "$PSScriptRoot/Setup.ps1"
}

Describe 'A plan, from its making to its end' {
    BeforeAll {
        $simulator = Start-Simulator
        $state = @{ Configuration = $simulator.Configuration; StatePath = "$TestDrive/state.db" }
        $target = New-EntraBulkTarget @state -Credential $simulator.Credential
        # Neither planning nor looking needs a secret.
        $offline = New-EntraBulkTarget @state
        $workers = "$TestDrive/workers.csv"
        Write-Workers -Path $workers -Count 60
    }
    AfterAll { Stop-Simulator $simulator }

    It 'plans nothing with -WhatIf' {
        New-EntraBulkPlan $workers -Target $offline -WhatIf | Should -BeNullOrEmpty
        @(Get-EntraBulkPlan -Target $offline).Count | Should -Be 0
    }

    It 'plans a file and writes its preview, without a call' {
        $plan = New-EntraBulkPlan $workers -Target $offline -PreviewPath "$TestDrive/preview.csv"
        $plan.PSTypeNames | Should -Contain 'EntraBulk.Plan'
        $plan.Add | Should -Be 60
        $plan.Changes | Should -Be 60
        $plan.Calls | Should -Be 2
        $plan.ExitCode | Should -Be 2
        @(Import-Csv "$TestDrive/preview.csv").Count | Should -Be 60
        (Get-State $simulator).usersStaged | Should -Be 0
    }

    It 'shows the plan again, by id and in the list' {
        $listed = @(Get-EntraBulkPlan -Target $target)
        $listed.Count | Should -Be 1
        $shown = $listed[0] | Get-EntraBulkPlan -Target $offline -PreviewPath "$TestDrive/preview.jsonl" -PreviewFormat jsonl
        $shown.Id | Should -Be $listed[0].Id
        $shown.Add | Should -Be 60
        $shown | Out-String | Should -Match 'Id\s+Add\s+Update\s+Disable'
        (Get-Content "$TestDrive/preview.jsonl" -TotalCount 1 | ConvertFrom-Json).action | Should -Be 'add'
    }

    It 'sends nothing with -WhatIf' {
        Get-EntraBulkPlan -Target $target | Invoke-EntraBulkPlan -Target $target -WhatIf | Should -BeNullOrEmpty
        Resume-EntraBulkRun -Target $target -WhatIf | Should -BeNullOrEmpty
        (Get-State $simulator).usersStaged | Should -Be 0
        @(Get-EntraBulkRun -Target $offline).Count | Should -Be 0
    }

    It 'applies the plan' {
        $before = $Error.Count
        $summary = Get-EntraBulkPlan -Target $target | Invoke-EntraBulkPlan -Target $target
        @($summary).Count | Should -Be 1
        $summary.Accepted | Should -Be 60
        $summary.Status | Should -Be 0
        $summary.Plan | Should -Be (Get-EntraBulkPlan -Target $target).Id
        (Get-State $simulator).usersStaged | Should -Be 60
        $Error.Count | Should -Be $before
    }

    It 'finds nothing to do the second time' {
        $plan = New-EntraBulkPlan $workers -Target $offline
        $plan.Changes | Should -Be 0
        $plan.Unchanged | Should -Be 60
        $plan.ExitCode | Should -Be 0
    }

    It 'lists the run, its batches and the quota' {
        $run = Get-EntraBulkRun -Target $offline
        $run.State | Should -Be 'finished'
        $run.Summary.Accepted | Should -Be 60
        $run.StartedAt | Should -BeOfType [datetimeoffset]
        ($run | Get-EntraBulkRun).Batches.State | Should -Be @('accepted', 'accepted')
        $quota = Get-EntraBulkQuota -Target $offline
        $quota.Used | Should -Be 2
        $quota.PerDay | Should -Be 2000
        $quota.Left + $quota.Reserve + $quota.Used | Should -Be $quota.PerDay
        $quota.NextFree | Should -BeGreaterThan ([datetimeoffset]::UtcNow)
    }

    It 'has nothing to resume, and says so' {
        $summary = Resume-EntraBulkRun -Target $target -InformationVariable said
        $summary.Calls | Should -Be 0
        "$said" | Should -BeLike '*nothing to resume*'
    }

    It 'is stopped by a brake until it is approved, once' {
        Write-Workers -Path $workers -Count 60 -Left (1..10)
        $plan = New-EntraBulkPlan $workers -Target $offline -WarningVariable said -WarningAction SilentlyContinue
        $plan.Disable | Should -Be 10
        $plan.Tripped | Should -BeTrue
        "$said" | Should -BeLike '*Approve-EntraBulkPlan*'
        (Get-Failure { $plan | Invoke-EntraBulkPlan -Target $target -ErrorAction Stop }).FullyQualifiedErrorId |
            Should -Be 'EntraBulk.BrakeTripped,Invoke-EntraBulkPlan'

        $plan | Approve-EntraBulkPlan -Approve @{ removals = 10 } -Reason 'Site sold' -Target $offline -WhatIf | Should -BeNullOrEmpty
        (Get-Failure { $plan | Invoke-EntraBulkPlan -Target $target }).FullyQualifiedErrorId | Should -BeLike 'EntraBulk.BrakeTripped,*'
        (Get-Failure { $plan | Approve-EntraBulkPlan -Approve @{ removals = 9 } -Reason 'Site sold' -Target $offline }).FullyQualifiedErrorId |
            Should -Be 'EntraBulk.ApprovalRefused,Approve-EntraBulkPlan'

        $approval = $plan | Approve-EntraBulkPlan -Approve @{ removals = 10 } -Reason 'Site sold' -Approver 'tester' -Target $offline
        $approval.Plan | Should -Be $plan.Id
        $approval.Approver | Should -Be 'tester'
        ($plan | Invoke-EntraBulkPlan -Target $target).Accepted | Should -Be 10
    }

    It 'takes its settings from a hashtable and leaves that as it was' {
        $settings = @{ brakes = @{ removals = @{ percent = 90 } } }
        Write-Workers -Path $workers -Count 60 -Left (1..20)
        (New-EntraBulkPlan $workers -Target $offline -Settings $settings -AbortAtCount 1 -WarningAction SilentlyContinue).Tripped | Should -BeTrue
        $settings.brakes.removals.Count | Should -Be 1
        (Get-Failure { New-EntraBulkPlan $workers -Target $offline -MinRows 61 }).FullyQualifiedErrorId | Should -Be 'EntraBulk.SourceRefused,New-EntraBulkPlan'
    }

    It 'plans the inverse of a run' {
        $run = Get-EntraBulkRun -Target $offline -Limit 1
        (New-EntraBulkPlan -Undo $run.Id -Target $offline -WarningAction SilentlyContinue).Changes | Should -Be 10
    }
}

Describe 'What there is not' {
    It 'is a terminating error that names the command' {
        $names = @{
            TenantId           = '00000000-0000-0000-0000-000000000001'
            ServicePrincipalId = '22222222-2222-2222-2222-222222222222'
            JobId              = 'API2AAD.00000000000000000000000000000000.33333333-3333-3333-3333-333333333333'
            StatePath          = "$TestDrive/empty.db"
        }
        $nowhere = New-EntraBulkTarget @names
        $failure = Get-Failure { Get-EntraBulkPlan -Id 'no-such-plan' -Target $nowhere }
        $failure.FullyQualifiedErrorId | Should -Be 'EntraBulk.NotFound,Get-EntraBulkPlan'
        (Get-Failure { Get-EntraBulkRun -Id 'no-such-run' -Target $nowhere }).FullyQualifiedErrorId | Should -Be 'EntraBulk.NotFound,Get-EntraBulkRun'
    }
}
