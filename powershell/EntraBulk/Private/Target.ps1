# The client configuration (docs/documents.md) from the bound parameters of New-EntraBulkTarget.
function Get-EntraBulkClientConfiguration {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Bound,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    $document = [ordered]@{ version = 1 }
    if ($Bound.ContainsKey('Configuration')) { $document = Read-EntraBulkDocument -Given $Bound['Configuration'] -Cmdlet $Cmdlet }
    foreach ($name in 'TenantId', 'ServicePrincipalId', 'JobId') {
        if ($Bound.ContainsKey($name)) { $document[$name.Substring(0, 1).ToLowerInvariant() + $name.Substring(1)] = $Bound[$name] }
    }
    if ($Bound.ContainsKey('Credential')) { $document['clientId'] = $Bound['Credential'].UserName }
    if ($Bound.ContainsKey('Simulator')) { $document['simulator'] = $Bound['Simulator'].OriginalString }
    if ($Bound.ContainsKey('Licence')) { $document['licence'] = $Bound['Licence'].ToLowerInvariant() }
    if ($Bound.ContainsKey('Cloud')) {
        # Parameters ignore case; the document does not.
        $document['cloud'] = @('global', 'usGov', 'usGovDod', 'china') -eq $Bound['Cloud'] | Select-Object -First 1
    }
    $state = $document['state']
    if ($Bound.ContainsKey('StatePath') -or $Bound['HashesOnly'] -or $Bound['NoState']) {
        if ($state -isnot [System.Collections.IDictionary]) { $state = [ordered]@{} }
        if ($Bound.ContainsKey('StatePath')) {
            $state['path'] = $Bound['StatePath']
            $state['kept'] = $true
        }
        if ($Bound['HashesOnly']) { $state['keep'] = 'hashes' }
        # The path of the configuration stays: the calls are counted there.
        if ($Bound['NoState']) { $state['kept'] = $false }
        $document['state'] = $state
    }
    if ($state -is [System.Collections.IDictionary] -and $state['path'] -is [string]) {
        $state['path'] = Get-EntraBulkFullPath -Path $state['path'] -Cmdlet $Cmdlet
    }
    $document
}

# A document that is given as a hashtable, or as the path of a JSON file: a copy, so that the caller's own stays as it is.
function Read-EntraBulkDocument {
    param(
        [Parameter(Mandatory)] [object]$Given,
        [Parameter(Mandatory)] [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    if ($Given -is [System.Collections.IDictionary]) {
        $json = [EntraBulk.Interop.V1.JsonWriter]::Write($Given)
    } else {
        $json = Get-Content -LiteralPath (Get-EntraBulkFullPath -Path $Given -Cmdlet $Cmdlet) -Raw -Encoding UTF8 -ErrorAction Stop
    }
    [EntraBulk.Interop.V1.JsonReader]::Read($json)
}

# The target object. Its text is what -WhatIf and -Confirm call it.
function ConvertTo-EntraBulkTarget {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Configuration,
        [Parameter(Mandatory)] [EntraBulk.Interop.V1.Client]$Client,
        [Parameter(Mandatory)] [string]$SignIn
    )

    $name = "job '$($Configuration['jobId'])'"
    if ($Configuration['tenantId']) { $name += " of tenant '$($Configuration['tenantId'])'" }
    if ($Configuration['simulator']) { $name += " in the simulator $($Configuration['simulator'])" }
    elseif ($Configuration['cloud']) { $name += " in the cloud $($Configuration['cloud'])" }
    $state = $Configuration['state']
    $statePath = $null
    if ($state -is [System.Collections.IDictionary]) { $statePath = $state['path'] }
    [pscustomobject]@{
        PSTypeName         = 'EntraBulk.Target'
        Name               = $name
        TenantId           = $Configuration['tenantId']
        ServicePrincipalId = $Configuration['servicePrincipalId']
        JobId              = $Configuration['jobId']
        SignIn             = $SignIn
        # Whether what is sent is remembered.
        KeepsState         = -not ($state -eq 'none' -or ($state -is [System.Collections.IDictionary] -and $state['kept'] -eq $false))
        StatePath          = $statePath
        Client             = $Client
    } | Add-Member -MemberType ScriptMethod -Name ToString -Value { $this.Name } -Force -PassThru
}

# Refuses to send with a target that was made for looking only.
function Assert-EntraBulkSignIn {
    param([Parameter(Mandatory)] [psobject]$Target)

    if ($Target.SignIn -ne 'none') { return }
    throw [EntraBulk.Interop.V1.EntraBulkException]::FromDocument(@{
            status  = [EntraBulk.Interop.V1.EntraBulkStatus]::TokenRequired
            message = 'Sending wants a sign-in, and the target was made without one.'
            advice  = 'Give New-EntraBulkTarget a -Credential or an -AccessToken.'
        })
}
