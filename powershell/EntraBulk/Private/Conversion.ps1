# The conversion document (docs/documents.md) from the bound parameters of a public function.

function Get-EntraBulkConversion {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Bound,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    $conversion = [ordered]@{ version = 1 }
    if ($Bound.ContainsKey('Path')) {
        $source = [ordered]@{ path = Get-EntraBulkFullPath -Path $Bound['Path'] -Cmdlet $Cmdlet }
        foreach ($name in 'Format', 'Encoding', 'Delimiter') {
            if ($Bound.ContainsKey($name)) { $source[$name.ToLowerInvariant()] = $Bound[$name].ToLowerInvariant() }
        }
        $conversion['source'] = $source
    }
    if ($Bound['Partial']) {
        if (-not $conversion['source']) { $conversion['source'] = [ordered]@{} }
        $conversion['source']['complete'] = $false
    }
    if ($Bound.ContainsKey('AttributeMapping')) {
        $mapping = $Bound['AttributeMapping']
        if ($mapping -is [System.Collections.IDictionary]) {
            Assert-EntraBulkMapping -Mapping $mapping -At ''
            $conversion['mapping'] = $mapping
        } else {
            $conversion['mappingPath'] = Get-EntraBulkFullPath -Path $mapping -Cmdlet $Cmdlet
        }
    }
    if ($Bound.ContainsKey('ScimSchemaNamespace')) { $conversion['scimSchemaNamespace'] = $Bound['ScimSchemaNamespace'] }
    if ($Bound.ContainsKey('UserName')) { $conversion['userName'] = $Bound['UserName'].ToLowerInvariant() }
    if ($Bound.ContainsKey('Duplicates')) { $conversion['duplicates'] = $Bound['Duplicates'].ToLowerInvariant() }
    if ($Bound.ContainsKey('RejectsPath')) {
        $conversion['rejectsPath'] = Get-EntraBulkFullPath -Path $Bound['RejectsPath'] -Cmdlet $Cmdlet
    }
    $conversion
}

# The library knows the folder of the process, which is not the location of the session.
function Get-EntraBulkFullPath {
    param([string]$Path, [System.Management.Automation.PSCmdlet]$Cmdlet)
    $Cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
}

# CSV2SCIM mappings may hold script blocks. They cannot run inside the library, so each is refused by its key.
function Assert-EntraBulkMapping {
    param([object]$Mapping, [string]$At)

    if ($Mapping -is [scriptblock]) {
        throw [EntraBulk.Interop.V1.EntraBulkException]::FromDocument(@{
                status  = [EntraBulk.Interop.V1.EntraBulkStatus]::MappingInvalid
                message = "The mapping's key '$At' holds a script block, {$Mapping}."
                advice  = "Write a constant as @{ const = 'work' } and a computed value as an expression, for instance " +
                "'=Switch([WorkerStatus], `"False`", `"Active`", `"True`")'. docs/powershell.md shows how to rewrite a CSV2SCIM mapping."
            })
    }
    if ($Mapping -is [System.Collections.IDictionary]) {
        foreach ($key in $Mapping.Keys) {
            $name = "$key"
            if ($At) { $name = "$At.$key" }
            Assert-EntraBulkMapping -Mapping $Mapping[$key] -At $name
        }
    } elseif ($Mapping -is [array]) {
        for ($i = 0; $i -lt $Mapping.Count; $i++) { Assert-EntraBulkMapping -Mapping $Mapping[$i] -At "$At[$i]" }
    }
}
