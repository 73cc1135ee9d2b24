BeforeDiscovery {
    $commands = @(
        'Approve-EntraBulkPlan'
        'ConvertTo-EntraBulkPayload'
        'Get-EntraBulkPlan'
        'Get-EntraBulkQuota'
        'Get-EntraBulkRun'
        'Invoke-EntraBulkPlan'
        'New-EntraBulkPlan'
        'New-EntraBulkTarget'
        'Resume-EntraBulkRun'
        'Send-EntraBulkUpload'
        'Stop-EntraBulkRun'
    )
}

BeforeAll {
    . "$PSScriptRoot/Setup.ps1"
}

Describe 'The module' {
    It 'exports what lies in Public, and nothing else' {
        $public = Get-ChildItem "$root/powershell/EntraBulk/Public" -Filter *.ps1 | ForEach-Object BaseName | Sort-Object
        $exported = (Get-Module EntraBulk).ExportedCommands.Keys | Sort-Object
        $exported | Should -Be $public
        (Import-PowerShellDataFile $manifestPath).FunctionsToExport | Sort-Object | Should -Be $public
    }

    It 'carries the interop version that its manifest names' {
        $wanted = (Import-PowerShellDataFile $manifestPath).PrivateData.EntraBulk.InteropVersion
        [EntraBulk.Interop.V1.Library]::InteropVersion | Should -Be $wanted
    }

    It 'loads the native library of its own version' {
        [EntraBulk.Interop.V1.Library]::Version | Should -Be (Import-PowerShellDataFile $manifestPath).ModuleVersion
    }

    It 'can be imported again, without a word' {
        $before = $Error.Count
        $output = Import-Module $manifestPath -Force 3>&1 2>&1
        $output | Should -BeNullOrEmpty
        $Error.Count | Should -Be $before
    }

    It 'refuses to mix with the types of another version' {
        InModuleScope EntraBulk {
            { Import-EntraBulkInterop -Version '99.0' } | Should -Throw '*start a new PowerShell session*'
        }
    }

    It 'refuses a second native library in one session' {
        $other = Join-Path $TestDrive 'other-library'
        Set-Content -Path $other -Value 'not a library'
        { [EntraBulk.Interop.V1.Library]::EnsureLoaded($other) } | Should -Throw '*already loaded*'
    }

    It 'has sizes that agree with the header' {
        [System.Runtime.InteropServices.Marshal]::SizeOf([type][EntraBulk.Interop.V1.Progress]) | Should -Be 192
    }
}

Describe 'A library that does not load' {
    BeforeAll {
        function Import-In {
            param([string]$Library)
            $script = "`$env:ENTRABULK_LIBRARY = '$Library'; try { Import-Module '$manifestPath' } catch { `"`$(`$_.FullyQualifiedErrorId)|`$(`$_.CategoryInfo.Category)|`$_`" }"
            Invoke-OtherSession $script
        }
    }

    It 'is looked for in named places' {
        $said = Import-In -Library "$TestDrive/nowhere.so"
        $said | Should -BeLike 'EntraBulk.LibraryNotFound*|ResourceUnavailable|*Tried: *nowhere.so*ENTRABULK_LIBRARY*'
    }

    It 'is named when it is no library' {
        Set-Content -Path "$TestDrive/text.so" -Value 'text'
        $said = Import-In -Library "$TestDrive/text.so"
        $said | Should -BeLike 'EntraBulk.LibraryNotFound*|ResourceUnavailable|*text.so*cannot be loaded*'
    }

    It 'is looked for in the module before the source checkout' {
        InModuleScope EntraBulk {
            $given = $env:ENTRABULK_LIBRARY
            try {
                $env:ENTRABULK_LIBRARY = ''
                $places = @(Get-EntraBulkLibraryCandidate)
            } finally {
                $env:ENTRABULK_LIBRARY = $given
            }
            $places[0].Replace('\', '/') | Should -Match 'EntraBulk/runtimes/(win|linux|linux-musl|osx)-(x64|arm64)/native/(lib)?entrabulk\.(dll|so|dylib)$'
            $places | Select-Object -Skip 1 | ForEach-Object { $_.Replace('\', '/') | Should -Match '/target/(release|debug)/' }
        }
    }
}

Describe 'The help of <_>' -ForEach $commands {
    BeforeAll {
        $help = Get-Help $_ -Full
        $command = Get-Command $_
    }

    It 'has a synopsis, a description, outputs and links' {
        $help.Synopsis | Should -Match '^\w.*\.$'
        $help.description | Should -Not -BeNullOrEmpty
        $help.returnValues | Should -Not -BeNullOrEmpty
        @($help.relatedLinks.navigationLink).Count | Should -BeGreaterOrEqual 2
    }

    It 'has two examples that parse' {
        $examples = @($help.examples.example)
        $examples.Count | Should -BeGreaterOrEqual 2
        foreach ($example in $examples) {
            $problems = $null
            [void][System.Management.Automation.Language.Parser]::ParseInput($example.code, [ref]$null, [ref]$problems)
            $problems | Should -BeNullOrEmpty
        }
    }

    It 'describes every parameter' {
        $own = [System.Management.Automation.Internal.CommonParameters].GetProperties().Name +
        [System.Management.Automation.Internal.ShouldProcessParameters].GetProperties().Name
        $described = @{}
        foreach ($parameter in $help.parameters.parameter) { $described[$parameter.name] = "$($parameter.description.Text)" }
        foreach ($name in $command.Parameters.Keys | Where-Object { $_ -notin $own }) {
            $described[$name] | Should -Match '\w.*\.' -Because "$name wants a description"
        }
    }
}

Describe 'The topic about_EntraBulk' {
    It 'is there' {
        Get-Content "$root/powershell/EntraBulk/en-US/about_EntraBulk.help.txt" -Raw | Should -Match 'SHORT DESCRIPTION'
    }
}

Describe 'A parameter that several commands have' {
    It 'is the same in all of them: type, values and help' {
        $own = [System.Management.Automation.Internal.CommonParameters].GetProperties().Name +
        [System.Management.Automation.Internal.ShouldProcessParameters].GetProperties().Name
        $seen = @{}
        $shared = 0
        foreach ($command in Get-Command -Module EntraBulk) {
            $help = Get-Help $command.Name -Full
            foreach ($parameter in $command.Parameters.Values | Where-Object Name -NotIn $own) {
                # What differs on purpose: the id is of what the command is about.
                if ($parameter.Name -in 'Id', 'Limit') { continue }
                $checks = foreach ($attribute in $parameter.Attributes | Where-Object { $_ -isnot [Parameter] }) {
                    "$($attribute.TypeId) $($attribute.ValidValues) $($attribute.MinRange) $($attribute.MaxRange) $($attribute.PSTypeName)"
                }
                $text = ($help.parameters.parameter | Where-Object name -EQ $parameter.Name).description.Text
                # A target may come along with what is piped in.
                if ($parameter.Name -eq 'Target') { $text = $text -replace ' A plan or a run that is piped in brings its own\.' }
                $all = (@($parameter.ParameterType.FullName) + @($checks | Sort-Object) + $text) -join "`n"
                if ($seen[$parameter.Name]) {
                    $all | Should -BeExactly $seen[$parameter.Name] -Because "$($command.Name) -$($parameter.Name) is known from another command"
                    $shared++
                }
                $seen[$parameter.Name] = $all
            }
        }
        $shared | Should -BeGreaterThan 30
    }
}
