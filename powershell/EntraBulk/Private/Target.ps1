# The client of a public function, from its bound parameters.
function Connect-EntraBulkTarget {
    param(
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Bound,
        # Whose location a relative -StatePath starts from.
        [System.Management.Automation.PSCmdlet]$Cmdlet
    )

    $configuration = [ordered]@{
        version            = 1
        servicePrincipalId = $Bound['ServicePrincipalId']
        jobId              = $Bound['JobId']
    }
    if ($Bound.ContainsKey('TenantId')) { $configuration['tenantId'] = $Bound['TenantId'] }
    if ($Bound.ContainsKey('Credential')) { $configuration['clientId'] = $Bound['Credential'].UserName }
    if ($Bound.ContainsKey('Simulator')) { $configuration['simulator'] = $Bound['Simulator'].OriginalString }
    if ($Bound.ContainsKey('Licence')) { $configuration['licence'] = $Bound['Licence'].ToLowerInvariant() }
    if ($Bound.ContainsKey('Cloud')) {
        # Parameters ignore case; the document does not.
        $configuration['cloud'] = @('global', 'usGov', 'usGovDod', 'china') -eq $Bound['Cloud'] | Select-Object -First 1
    }
    $state = [ordered]@{}
    if ($Bound.ContainsKey('StatePath')) { $state['path'] = Get-EntraBulkFullPath -Path $Bound['StatePath'] -Cmdlet $Cmdlet }
    if ($Bound.ContainsKey('HashesOnly') -and $Bound['HashesOnly']) { $state['keep'] = 'hashes' }
    if ($state.Count) { $configuration['state'] = $state }

    $client = [EntraBulk.Interop.V1.Client]::new([EntraBulk.Interop.V1.JsonWriter]::Write($configuration))
    try {
        if ($Bound.ContainsKey('Credential')) {
            $client.SetSecret('clientSecret', $Bound['Credential'].Password)
        } elseif ($Bound.ContainsKey('AccessToken')) {
            $client.SetSecret('accessToken', $Bound['AccessToken'])
        }
    } catch {
        $client.Dispose()
        throw
    }
    $client
}

# What -WhatIf and -Confirm call the target.
function Get-EntraBulkTargetName {
    param([Parameter(Mandatory)] [System.Collections.IDictionary]$Bound)

    $name = "job '$($Bound['JobId'])'"
    if ($Bound.ContainsKey('TenantId')) { $name += " of tenant '$($Bound['TenantId'])'" }
    if ($Bound.ContainsKey('Simulator')) { return "$name in the simulator $($Bound['Simulator'].OriginalString)" }
    if ($Bound.ContainsKey('Cloud')) { return "$name in the cloud $($Bound['Cloud'])" }
    $name
}
