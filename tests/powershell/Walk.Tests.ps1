BeforeAll {
    . "$PSScriptRoot/Setup.ps1"

    function Get-Name { param($Of) $staged = Invoke-RestMethod "$($Of.Url)/simulator/staged"; $staged.PSObject.Properties | ForEach-Object { "$($_.Name) $($_.Value.data.displayName) $($_.Value.data.active)" } | Sort-Object }
}

Describe "The administrator's way of docs/powershell.md" {
    It 'stands there as it is tested' {
        $page = [System.IO.File]::ReadAllText("$root/docs/powershell.md")
        $page.Contains("<!-- file: tests/powershell/Walk.ps1 -->`n`n``````powershell`n" + [System.IO.File]::ReadAllText("$PSScriptRoot/Walk.ps1") + '```') |
            Should -BeTrue -Because 'the page and the file are the same'
    }

    It 'goes plan, look, approve, apply, resume, undo' {
        $simulator = Start-Simulator
        Push-Location $TestDrive
        try {
            # No repeats, one call at a time: the second call of the run fails, and the run stops there.
            $kept = $simulator.Configuration + @{ state = @{ path = 'state.db' }; retry = @{ attempts = 1 }; limits = @{ inFlight = 1 } }
            $target = New-EntraBulkTarget -Configuration $kept -Credential $simulator.Credential
            Set-Content ./mapping.json '{"externalId": "externalId", "userName": "userName", "displayName": "displayName", "active": "active"}'
            Write-Workers -Path ./workers.csv -Count 160
            $null = Send-EntraBulkUpload ./workers.csv -AttributeMapping ./mapping.json -Target $target
            $first = Get-Name $simulator

            Write-Workers -Path ./workers.csv -Count 160 -Left (1..10)
            $rows = Get-Content ./workers.csv
            Set-Content ./workers.csv ($rows[0..10] + ($rows[11..70] -replace 'Worker', 'Renamed') + $rows[71..160])
            Invoke-RestMethod -Method Post -Uri "$($simulator.Url)/simulator/faults" -ContentType 'application/json' -Body '[{"fault": "status500", "after": 1}]' | Out-Null
            $removals = 10
            . "$PSScriptRoot/Walk.ps1" 3> "$TestDrive/warnings.txt" | Out-Null

            $plan.Disable | Should -Be 10
            $plan.Tripped | Should -BeTrue
            @(Import-Csv ./preview.csv).Count | Should -Be 70
            Get-Content ./warnings.txt -Raw | Should -BeLike '*500*'
            $summary.Accepted | Should -Be 70
            $summary.Status | Should -Be 0
            $summary.Calls | Should -Be 3
            @(Get-Name $simulator | Where-Object { $_ -like '*Renamed*' }).Count | Should -Be 60
            @(Get-Name $simulator | Where-Object { $_ -like '*False' }).Count | Should -Be 10

            $undo.Changes | Should -Be 70
            $undo.Restore | Should -Be 10
            if ($undo.Tripped) { $null = $undo | Approve-EntraBulkPlan -Approve @{ removals = $undo.Disable } -Reason 'Back' }
            ($undo | Invoke-EntraBulkPlan).Accepted | Should -Be 70
            Get-Name $simulator | Should -Be $first
        } finally {
            Pop-Location
            Stop-Simulator $simulator
        }
    }
}
