BeforeAll {
    . "$PSScriptRoot/Setup.ps1"

    $sample = "$data/csv2scim-1000-records.csv"
    $mapping = "$data/mapping-csv2scim.json"
    $small = [ordered]@{ externalId = 'id'; userName = 'login'; active = @{ const = $true } }

    function Get-Operation {
        param([string[]]$Payload)
        foreach ($text in $Payload) { ($text | ConvertFrom-Json).Operations }
    }
}

Describe 'ConvertTo-EntraBulkPayload' {
    It 'gives batches of at most 50 users, and an error for every rejected record' {
        $payload = ConvertTo-EntraBulkPayload -Path $sample -AttributeMapping $mapping -ErrorVariable rejected -ErrorAction SilentlyContinue
        $operations = @(Get-Operation $payload)
        $operations.Count + $rejected.Count | Should -Be 1000
        foreach ($text in $payload) { @(($text | ConvertFrom-Json).Operations).Count | Should -BeLessOrEqual 50 }
        $operations[0].method | Should -Be 'POST'
        @($operations.data.externalId | Sort-Object -Unique).Count | Should -Be $operations.Count
    }

    It 'gives the same bytes for a file, for piped records and from the command line' {
        $fromFile = ConvertTo-EntraBulkPayload -Path $sample -AttributeMapping $mapping -ErrorAction SilentlyContinue
        $fromPipeline = Import-Csv $sample | ConvertTo-EntraBulkPayload -AttributeMapping $mapping -ErrorAction SilentlyContinue
        $folder = New-Item -ItemType Directory -Path "$TestDrive/payload"
        & (Get-CommandLine) convert $sample --mapping $mapping --output $folder.FullName 2>&1 | Out-Null
        $fromCommandLine = Get-ChildItem $folder | Sort-Object Name | ForEach-Object { [System.IO.File]::ReadAllText($_.FullName) }

        $fromFile.Count | Should -BeGreaterThan 5
        ($fromPipeline -join "`n") -ceq ($fromFile -join "`n") | Should -BeTrue
        ($fromCommandLine -join "`n") -ceq ($fromFile -join "`n") | Should -BeTrue
    }

    It 'gives the same bytes for a mapping in place as for the same mapping in a file' {
        $inPlace = [ordered]@{
            externalId = 'WorkerID'
            userName   = 'UserID'
            name       = [ordered]@{ givenName = 'FirstName'; familyName = 'LastName' }
            active     = '=Switch([WorkerStatus], "False", "Active", "True")'
            addresses  = @([ordered]@{ type = @{ const = 'work' }; locality = 'City' })
        }
        [System.IO.File]::WriteAllText("$TestDrive/mapping.json", ($inPlace | ConvertTo-Json -Depth 5))
        $first = ConvertTo-EntraBulkPayload -Path $sample -AttributeMapping $inPlace -ErrorAction SilentlyContinue
        $second = ConvertTo-EntraBulkPayload -Path $sample -AttributeMapping "$TestDrive/mapping.json" -ErrorAction SilentlyContinue
        ($first -join "`n") -ceq ($second -join "`n") | Should -BeTrue
    }

    It 'names the line and the rule of a rejected record, with the piped record as target' {
        $records = @(
            [pscustomobject]@{ id = '1'; login = 'a@contoso.com' }
            [pscustomobject]@{ id = ''; login = 'b@contoso.com' }
            [pscustomobject]@{ id = '3'; login = 'c@contoso.com' }
        )
        $payload = $records | ConvertTo-EntraBulkPayload -AttributeMapping $small -ErrorVariable rejected -ErrorAction SilentlyContinue
        @(Get-Operation $payload).data.externalId | Should -Be @('1', '3')
        $rejected.Count | Should -Be 1
        $rejected[0].FullyQualifiedErrorId | Should -Be 'EntraBulk.RecordsRejected,ConvertTo-EntraBulkPayload'
        $rejected[0].CategoryInfo.Category | Should -Be 'InvalidData'
        [object]::ReferenceEquals($rejected[0].TargetObject, $records[1]) | Should -BeTrue
        "$($rejected[0])" | Should -BeLike 'Record 2: *'
    }

    It 'names the line of a rejected record of a file' {
        Set-Content "$TestDrive/gap.csv" "id,login`n1,a@contoso.com`n,b@contoso.com"
        ConvertTo-EntraBulkPayload "$TestDrive/gap.csv" -AttributeMapping $small -ErrorVariable rejected -ErrorAction SilentlyContinue |
            Should -Not -BeNullOrEmpty
        $rejected[0].TargetObject.PSTypeNames | Should -Contain 'EntraBulk.Finding'
        $rejected[0].TargetObject.Line | Should -Be 3
        $rejected[0].TargetObject.Rule | Should -Be 'required-value'
        "$($rejected[0])" | Should -BeLike 'Line 3: *'
    }

    It 'stops at the first rejected record when errors stop, with the record as target' {
        $record = @{ id = ''; login = 'b@contoso.com' }
        $caught = $null
        try { $record | ConvertTo-EntraBulkPayload -AttributeMapping $small -ErrorAction Stop } catch { $caught = $_ }
        $caught.FullyQualifiedErrorId | Should -BeLike 'EntraBulk.RecordsRejected,*'
        $caught.TargetObject['login'] | Should -Be 'b@contoso.com'
    }

    It 'takes dictionaries, typed values and text beyond ASCII' {
        $name = "$([char]0x9ad9)$([char]0x6a4b)$([char]::ConvertFromUtf32(0x1F408))"
        $payload = [ordered]@{ id = 7; login = 'a@contoso.com'; name = $name; here = $true } |
            ConvertTo-EntraBulkPayload -AttributeMapping ([ordered]@{ externalId = 'id'; userName = 'login'; displayName = 'name'; active = 'here' })
        $user = (Get-Operation $payload).data
        $user.externalId | Should -BeExactly '7'
        $user.displayName | Should -BeExactly $name
        $user.active | Should -BeTrue
    }

    It 'takes records as one argument' {
        $records = @(@{ id = '1'; login = 'a@x.de' }, @{ id = '2'; login = 'b@x.de' })
        @(Get-Operation (ConvertTo-EntraBulkPayload -InputObject $records -AttributeMapping $small)).Count | Should -Be 2
    }

    It 'finds a relative path from the location of the session' {
        Set-Content "$TestDrive/near.csv" "id,login`n1,a@contoso.com"
        Push-Location $TestDrive
        try { ConvertTo-EntraBulkPayload near.csv -AttributeMapping $small | Should -HaveCount 1 } finally { Pop-Location }
    }

    It 'repeats a warning a few times and counts the rest, and tells all in verbose lines' {
        $records = 1..20 | ForEach-Object { @{ id = "$_"; login = "u$_@contoso.com"; boss = "gone$_" } }
        $withBoss = [ordered]@{
            externalId = 'id'; userName = 'login'; active = @{ const = $true }
            'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User' = @{ manager = @{ value = 'boss' } }
        }
        $records | ConvertTo-EntraBulkPayload -AttributeMapping $withBoss -WarningVariable warnings -WarningAction SilentlyContinue |
            Should -HaveCount 1
        $warnings.Count | Should -Be 6
        "$($warnings[0])" | Should -BeLike 'Record *gone*'
        "$($warnings[5])" | Should -BeLike "15 more warnings of the rule 'manager-unknown'*-Verbose*"
        $lines = $records | ConvertTo-EntraBulkPayload -AttributeMapping $withBoss -Verbose -WarningAction SilentlyContinue 4>&1
        @($lines | Where-Object { "$_" -like 'Record *gone*' }).Count | Should -Be 15
    }

    It 'writes the rejected records to a file' {
        @{ id = ''; login = 'b@contoso.com' } |
            ConvertTo-EntraBulkPayload -AttributeMapping $small -RejectsPath "$TestDrive/rejects.csv" -ErrorAction SilentlyContinue
        Get-Content "$TestDrive/rejects.csv" -Raw | Should -Match 'required-value'
    }

    It 'ends early when nobody wants more' {
        ConvertTo-EntraBulkPayload $sample -AttributeMapping $mapping -ErrorAction SilentlyContinue | Select-Object -First 1 |
            Should -HaveCount 1
    }

    It 'leaves the error list as it was when nothing is wrong' {
        $before = $Error.Count
        @{ id = '1'; login = 'a@contoso.com' } | ConvertTo-EntraBulkPayload -AttributeMapping $small | Should -HaveCount 1
        $Error.Count | Should -Be $before
    }
}

Describe 'What is piped and is no record' {
    BeforeAll {
        $good = { param($Id) [pscustomobject]@{ id = "$Id"; login = "u$Id@contoso.com" } }
    }

    It 'is an error of its own that says why, and the others go on: <Why>' -ForEach @(
        @{ Make = { 'workers.csv' }; Why = '*no record: it is a System.String.*-Path*' }
        @{ Make = { 42 }; Why = '*no record: it is a System.Int32.*' }
        @{ Make = { [datetime]'2024-01-31' }; Why = '*no record: it is a System.DateTime.*' }
        @{ Make = { @{ id = '2' }.GetEnumerator() | Select-Object -First 1 }; Why = '*no record: it is a System.Collections.DictionaryEntry.*' }
        @{ Make = { $null }; Why = '*no record: it is null.*' }
        @{ Make = { [pscustomobject]@{} }; Why = '*no record: it has no properties.*' }
        @{ Make = { @{} }; Why = '*no record: it has no properties.*' }
        @{ Make = { [pscustomobject]@{ id = '2'; login = 'b@x.de'; pay = [double]::NaN } }; Why = "*property 'pay' is NaN*leave it out.*" }
        @{ Make = { @{ id = '2'; login = 'b@x.de'; pay = @{ rate = [single]::NegativeInfinity } } }; Why = "*property 'pay.rate' is -Infinity*" }
        @{ Make = { [pscustomobject]@{ id = '2' } | Add-Member ScriptProperty login { throw 'no login here' } -PassThru }; Why = "The property 'login' cannot be read: *no login here*" }
    ) {
        $odd = & $Make
        $payload = (& $good 1), $odd, (& $good 3) |
            ConvertTo-EntraBulkPayload -AttributeMapping $small -ErrorVariable rejected -ErrorAction SilentlyContinue
        @(Get-Operation $payload).data.externalId | Should -Be @('1', '3')
        # PowerShell adds what the property itself threw.
        $rejected = @($rejected | Where-Object { $_.FullyQualifiedErrorId -like 'EntraBulk.*' })
        $rejected.Count | Should -Be 1
        "$($rejected[0])" | Should -BeLike "Record 2: $Why"
        $rejected[0].FullyQualifiedErrorId | Should -Be 'EntraBulk.RecordsRejected,ConvertTo-EntraBulkPayload'
        $rejected[0].CategoryInfo.Category | Should -Be 'InvalidData'
        if ($odd -is [ValueType]) { $rejected[0].TargetObject | Should -Be $odd }
        else { [object]::ReferenceEquals($rejected[0].TargetObject, $odd) | Should -BeTrue -Because 'the error carries it' }
    }

    It 'stops where errors stop' {
        { 'text', (& $good 1) | ConvertTo-EntraBulkPayload -AttributeMapping $small -ErrorAction Stop } | Should -Throw 'Record 1: *'
    }

    It 'is written to the rejects file too' {
        [double]::NaN, (& $good 1) | ConvertTo-EntraBulkPayload -AttributeMapping $small -RejectsPath "$TestDrive/odd.csv" -ErrorAction SilentlyContinue |
            Should -HaveCount 1
        (Import-Csv "$TestDrive/odd.csv").rule | Should -Be 'not-a-record'
    }

    It 'keeps everybody else from being disabled as missing' {
        $simulator = Start-Simulator
        try {
            $target = New-EntraBulkTarget -Configuration $simulator.Configuration -Credential $simulator.Credential -StatePath "$TestDrive/odd.db"
            $missing = @{ AttributeMapping = $small; Target = $target; Missing = 'disable'; Settings = @{ guards = @{ maxRowDropPercent = 'off' } } }
            (1..5 | ForEach-Object { & $good $_ } | Send-EntraBulkUpload -AttributeMapping $small -Target $target).Accepted | Should -Be 5
            (& $good 1 | New-EntraBulkPlan @missing -WarningAction SilentlyContinue).Disable | Should -Be 4
            # Nobody knows whose record it was.
            $plan = (& $good 1), [double]::NaN | New-EntraBulkPlan @missing -ErrorVariable rejected -ErrorAction SilentlyContinue -WarningAction SilentlyContinue
            $plan.Disable | Should -Be 0
            $plan.Rows | Should -Be 2
            $plan.Rejected | Should -Be 1
            "$($rejected[0])" | Should -BeLike 'Record 2: This is no record: it is a System.Double.*'
        } finally {
            Stop-Simulator $simulator
        }
    }
}

Describe 'ConvertTo-EntraBulkPayload refuses' {
    BeforeAll {
        function Get-Failure {
            param([scriptblock]$Script)
            try { & $Script } catch { return $_ }
            throw 'It did not fail.'
        }
    }

    It 'a file that is not there' {
        $failure = Get-Failure { ConvertTo-EntraBulkPayload "$TestDrive/nowhere.csv" -AttributeMapping $small }
        $failure.FullyQualifiedErrorId | Should -Be 'EntraBulk.SourceUnreadable,ConvertTo-EntraBulkPayload'
        $failure.CategoryInfo.Category | Should -Be 'OpenError'
        "$failure" | Should -BeLike '*nowhere.csv*'
        $failure.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'a mapping with problems, and tells them all' {
        Set-Content "$TestDrive/one.csv" "id,login`n1,a@contoso.com"
        $failure = Get-Failure {
            ConvertTo-EntraBulkPayload "$TestDrive/one.csv" -AttributeMapping @{ externalId = 'id'; userName = 'login'; displayNam = 'id'; nickNam = 'id' }
        }
        $failure.FullyQualifiedErrorId | Should -Be 'EntraBulk.MappingInvalid,ConvertTo-EntraBulkPayload'
        $failure.CategoryInfo.Category | Should -Be 'InvalidArgument'
        "$failure" | Should -BeLike '*nickNam*'
        "$failure" | Should -BeLike '*displayNam*'
    }

    It 'a script block in a mapping, by its key' {
        $failure = Get-Failure {
            @{ id = 1 } | ConvertTo-EntraBulkPayload -AttributeMapping @{ externalId = 'id'; addresses = @(@{ type = { 'work' } }) }
        }
        $failure.FullyQualifiedErrorId | Should -BeLike 'EntraBulk.MappingInvalid,*'
        "$failure" | Should -BeLike "*'addresses``[0``].type'*const = 'work'*"
    }

    It 'nothing at all' {
        $failure = Get-Failure { @() | ConvertTo-EntraBulkPayload -AttributeMapping $small }
        $failure.FullyQualifiedErrorId | Should -BeLike 'EntraBulk.SourceEmpty,*'
    }
}
