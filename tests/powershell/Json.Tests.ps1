BeforeAll {
    . "$PSScriptRoot/Setup.ps1"

    function Write-Json { param($Value) [EntraBulk.Interop.V1.JsonWriter]::Write($Value) }
    function Read-Json { param([string]$Text) , [EntraBulk.Interop.V1.JsonReader]::Read($Text) }
}

Describe 'Writing JSON' {
    It 'writes <Json>' -ForEach @(
        @{ Value = 'plain'; Json = '"plain"' }
        @{ Value = ''; Json = '""' }
        @{ Value = 'a"b\c'; Json = '"a\"b\\c"' }
        @{ Value = "tab`tnewline`nnul$([char]0)"; Json = '"tab\u0009newline\u000anul\u0000"' }
        @{ Value = $true; Json = 'true' }
        @{ Value = 42; Json = '42' }
        @{ Value = [long]::MinValue; Json = '-9223372036854775808' }
        @{ Value = 1.5; Json = '1.5' }
        @{ Value = 12.30d; Json = '12.30' }
        @{ Value = [char]'x'; Json = '"x"' }
        @{ Value = [dayofweek]::Monday; Json = '"Monday"' }
        @{ Value = [guid]'6f9619ff-8b86-d011-b42d-00c04fc964ff'; Json = '"6f9619ff-8b86-d011-b42d-00c04fc964ff"' }
        @{ Value = [datetime]::SpecifyKind([datetime]'2024-01-31T12:00:00', 'Utc'); Json = '"2024-01-31T12:00:00.0000000Z"' }
        @{ Value = @(1, 'two', @()); Json = '[1,"two",[]]' }
        @{ Value = [ordered]@{ z = 1; a = @{ c = 3; b = 2 } }; Json = '{"z":1,"a":{"b":2,"c":3}}' }
        @{ Value = [pscustomobject]@{ z = 1; a = [pscustomobject]@{ b = '2' } }; Json = '{"z":1,"a":{"b":"2"}}' }
    ) {
        Write-Json $Value | Should -BeExactly $Json
    }

    It 'writes null and DBNull as null' {
        Write-Json $null | Should -BeExactly 'null'
        Write-Json ([System.DBNull]::Value) | Should -BeExactly 'null'
    }

    It 'sorts a hashtable, which has no order of its own, and no other dictionary' {
        $names = 'z', 'K', 'a', 'urn:x', 'm', 'b', 'Z', '1', 'q', 'c'
        $table = [hashtable]::new([System.StringComparer]::Ordinal)
        $ordered = [System.Collections.Specialized.OrderedDictionary]::new()
        foreach ($name in $names) { $table[$name] = 0; $ordered[$name] = 0 }
        Write-Json $table | Should -BeExactly '{"1":0,"K":0,"Z":0,"a":0,"b":0,"c":0,"m":0,"q":0,"urn:x":0,"z":0}'
        Write-Json $ordered | Should -BeExactly '{"z":0,"K":0,"a":0,"urn:x":0,"m":0,"b":0,"Z":0,"1":0,"q":0,"c":0}'
    }

    It 'does not depend on the culture' {
        $culture = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = [cultureinfo]::GetCultureInfo('de-DE')
            Write-Json @(1.5, [datetime]::new(2024, 1, 31)) | Should -BeExactly '[1.5,"2024-01-31T00:00:00.0000000"]'
        } finally {
            [cultureinfo]::CurrentCulture = $culture
        }
    }

    It 'keeps what lies beyond ASCII, and shows a lone surrogate' {
        $cat = [char]::ConvertFromUtf32(0x1F408)
        Write-Json "$([char]0x9ad9)$cat" | Should -BeExactly "`"$([char]0x9ad9)$cat`""
        Write-Json "a$([char]0xD83D)b" | Should -BeExactly '"a\ud83db"'
    }

    It 'unwraps what PowerShell wrapped' {
        $wrapped = 'text' | Add-Member -NotePropertyName Note -NotePropertyValue 1 -PassThru
        Write-Json @{ a = $wrapped; b = @(@(1, 2) | ForEach-Object { $_ }) } | Should -BeExactly '{"a":"text","b":[1,2]}'
    }

    It 'refuses a value that holds itself' {
        $loop = @{}
        $loop['again'] = $loop
        { Write-Json $loop } | Should -Throw '*nested deeper*'
    }

    It 'refuses a number that JSON does not have' {
        { Write-Json ([double]::NaN) } | Should -Throw '*no number*'
    }
}

Describe 'Reading JSON' {
    It 'reads back what was written: <_>' -ForEach @(
        '{"a":[1,-2.5,true,false,null,"x"],"b":{"c":{}},"d":[]}'
        '"2013-01-01T00:00:00"'
        '"\u0000\ud83d"'
        '-9223372036854775808'
        '[[[]]]'
    ) {
        Write-Json (Read-Json $_) | Should -BeExactly $_
    }

    It 'understands every escape' {
        Read-Json '"\b\f\n\r\t\/\\\"\u00e9"' | Should -BeExactly "`b`f`n`r`t/\`"$([char]0xe9)"
    }

    It 'refuses <_>' -ForEach @('', '{', '[1,', '{"a" 1}', '"open', '"\x"', 'tru', '1 2', '{"a":1,}', '-', '"\u12"') {
        { Read-Json $_ } | Should -Throw
    }
}
