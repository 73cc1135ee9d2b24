# Brings the .NET binding and the native library into the session.

function Import-EntraBulkInterop {
    param([Parameter(Mandatory)] [string]$Version)

    if (-not ('EntraBulk.Interop.V1.Library' -as [type])) {
        $module = Split-Path -Path $PSScriptRoot -Parent
        $compiled = Join-Path -Path $module -ChildPath 'bin/EntraBulk.Interop.dll'
        if (Test-Path -LiteralPath $compiled) {
            Add-Type -Path $compiled
        } else {
            $sources = Get-ChildItem -Path (Join-Path -Path $module -ChildPath 'interop') -Filter '*.cs'
            Add-Type -Path $sources.FullName
        }
    }
    $loaded = [EntraBulk.Interop.V1.Library]::InteropVersion
    if ($loaded -ne $Version) {
        throw ("This session already holds the .NET types of another EntraBulk (interop $loaded; this module needs $Version). " +
            'Types cannot be replaced: start a new PowerShell session.')
    }
}

function Import-EntraBulkLibrary {
    $candidates = @(Get-EntraBulkLibraryCandidate)
    $found = $candidates | Where-Object { Test-Path -LiteralPath $_ -PathType Leaf } | Select-Object -First 1
    try {
        if (-not $found) {
            throw [System.DllNotFoundException]::new(
                "The entrabulk library was not found. Tried: $($candidates -join '; '). " +
                'Set the environment variable ENTRABULK_LIBRARY to its full path, or in a source checkout run: cargo build --release')
        }
        [EntraBulk.Interop.V1.Library]::EnsureLoaded($found)
    } catch {
        # PowerShell wraps what a method throws.
        $cause = $_.Exception
        if ($cause.InnerException) { $cause = $cause.InnerException }
        throw [System.Management.Automation.ErrorRecord]::new(
            $cause, 'EntraBulk.LibraryNotFound', [System.Management.Automation.ErrorCategory]::ResourceUnavailable, $found)
    }
}

# The full paths to try, best first. A path given by the environment is the only one: what it names is meant.
function Get-EntraBulkLibraryCandidate {
    if ($env:ENTRABULK_LIBRARY) { return $env:ENTRABULK_LIBRARY }

    # $IsWindows and its like do not exist in Windows PowerShell.
    $runtime = [System.Runtime.InteropServices.RuntimeInformation]
    $platform = [System.Runtime.InteropServices.OSPlatform]
    if ($runtime::IsOSPlatform($platform::Windows)) {
        $os = 'win'
        $name = 'entrabulk.dll'
    } elseif ($runtime::IsOSPlatform($platform::OSX)) {
        $os = 'osx'
        $name = 'libentrabulk.dylib'
    } else {
        # .NET 5 and later name the C library in their own identifier: linux-musl-x64, alpine.3.20-x64.
        $identifier = $runtime.GetProperty('RuntimeIdentifier')
        $os = 'linux'
        if ($identifier -and $identifier.GetValue($null) -match 'musl|alpine') { $os = 'linux-musl' }
        $name = 'libentrabulk.so'
    }
    # Of the process, not of the machine: 32-bit Windows PowerShell exists on 64-bit Windows.
    $architecture = $runtime::ProcessArchitecture.ToString().ToLowerInvariant()

    $module = Split-Path -Path $PSScriptRoot -Parent
    $checkout = Split-Path -Path (Split-Path -Path $module -Parent) -Parent
    [System.IO.Path]::Combine($module, 'runtimes', "$os-$architecture", 'native', $name)
    if (Test-Path -LiteralPath (Join-Path -Path $checkout -ChildPath 'Cargo.toml')) {
        [System.IO.Path]::Combine($checkout, 'target', 'release', $name)
        [System.IO.Path]::Combine($checkout, 'target', 'debug', $name)
    }
}
