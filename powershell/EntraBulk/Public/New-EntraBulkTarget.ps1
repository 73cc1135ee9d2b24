function New-EntraBulkTarget {
    <#
    .SYNOPSIS
        Names the provisioning job to work on, who signs in, and where state is kept.
    .DESCRIPTION
        Every other command that is about a job takes the result as -Target. What can be wrong with it is said here, at once.
        Nothing touches the network, and no file is opened.

        The secret goes to the native library and is no part of the result, which may be shown or logged. Runs that share a
        target share its pace, its quota and its token. Planning and looking need no secret. A target lives in its own process:
        a job or a remote session makes another.
    .PARAMETER Configuration
        A client configuration in the shape that docs/documents.md describes: a hashtable, or the path of a JSON file, such
        as the command line takes with --config. It has more than there are parameters for: limits and retries. The
        parameters win over it.
    .PARAMETER TenantId
        The id of the tenant.
    .PARAMETER ServicePrincipalId
        The object id of the provisioning application's service principal. Not its application id.
    .PARAMETER JobId
        The id of the provisioning job, as the Microsoft Entra admin center shows it: API2AAD... or API2AD...
    .PARAMETER Credential
        The application id as user name and its client secret as password, for instance from Get-Credential or
        Get-Secret.
    .PARAMETER AccessToken
        An access token for Microsoft Graph that the caller got by itself, instead of a credential.
    .PARAMETER Cloud
        The cloud of the tenant: global (the default), usGov, usGovDod or china.
    .PARAMETER Licence
        The licence of the tenant: p1 (the default), p2 or governance. It decides how many calls a day are allowed.
    .PARAMETER Simulator
        The address of a simulated tenant on this machine (entrabulk simulate). Nothing then leaves the machine.
    .PARAMETER StatePath
        The state file: baseline, plans, journal and ledger. By default it is that of the variable ENTRABULK_STATE, or
        one in the platform's folder for state, which belongs to this account: a scheduled task under another account
        needs the same path.
    .PARAMETER NoState
        Compare uploads with nothing and remember nothing. Only the calls are counted, where the state would lie.
    .PARAMETER HashesOnly
        Keep hashes of users only and no HR data. Then there are no values before, and no undo.
    .OUTPUTS
        EntraBulk.Target. What the other commands take as -Target.
    .EXAMPLE
        $target = New-EntraBulkTarget -TenantId '00000000-0000-0000-0000-000000000000' -StatePath ./state.db `
            -ServicePrincipalId '22222222-2222-2222-2222-222222222222' -Credential (Get-Credential) `
            -JobId 'API2AAD.00000000000000000000000000000000.33333333-3333-3333-3333-333333333333'
        Get-EntraBulkQuota -Target $target

        Makes a target and asks what is left of its quota.
    .EXAMPLE
        $PSDefaultParameterValues['*-EntraBulk*:Target'] = New-EntraBulkTarget -Configuration ./target.json -Credential $credential
        Get-EntraBulkRun

        Makes a target from a file and lets it be the target of every command of the session that names no other.
    .LINK
        New-EntraBulkPlan
    .LINK
        Send-EntraBulkUpload
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(DefaultParameterSetName = 'Named')]
    [OutputType('EntraBulk.Target')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Configuration')]
        [ValidateNotNullOrEmpty()]
        [object]$Configuration,

        [Parameter(Mandatory, ParameterSetName = 'Named')]
        [Parameter(ParameterSetName = 'Configuration')]
        [ValidateNotNullOrEmpty()]
        [string]$TenantId,

        [Parameter(Mandatory, ParameterSetName = 'Named')]
        [Parameter(ParameterSetName = 'Configuration')]
        [ValidateNotNullOrEmpty()]
        [string]$ServicePrincipalId,

        [Parameter(Mandatory, ParameterSetName = 'Named')]
        [Parameter(ParameterSetName = 'Configuration')]
        [ValidateNotNullOrEmpty()]
        [string]$JobId,

        [System.Management.Automation.Credential()]
        [pscredential]$Credential = [pscredential]::Empty,

        [ValidateNotNullOrEmpty()]
        [securestring]$AccessToken,

        [ValidateSet('global', 'usGov', 'usGovDod', 'china')]
        [string]$Cloud,

        [ValidateSet('p1', 'p2', 'governance')]
        [string]$Licence,

        [ValidateNotNullOrEmpty()]
        [uri]$Simulator,

        [ValidateNotNullOrEmpty()]
        [string]$StatePath,

        [switch]$NoState,

        [switch]$HashesOnly
    )

    process {
        try {
            if ($NoState -and ($HashesOnly -or $PSBoundParameters.ContainsKey('StatePath'))) {
                throw [EntraBulk.Interop.V1.EntraBulkException]::FromDocument(@{
                        status  = [EntraBulk.Interop.V1.EntraBulkStatus]::InvalidArgument
                        message = '-NoState cannot be combined with -StatePath or -HashesOnly.'
                        advice  = 'Give one of them.'
                    })
            }
            $document = Get-EntraBulkClientConfiguration -Bound $PSBoundParameters -Cmdlet $PSCmdlet
            $client = [EntraBulk.Interop.V1.Client]::new([EntraBulk.Interop.V1.JsonWriter]::Write($document))
            $signIn = 'none'
            if ($PSBoundParameters.ContainsKey('Credential')) {
                $client.SetSecret('clientSecret', $Credential.Password)
                $signIn = 'credential'
            }
            if ($PSBoundParameters.ContainsKey('AccessToken')) {
                $client.SetSecret('accessToken', $AccessToken)
                $signIn = 'accessToken'
            }
            ConvertTo-EntraBulkTarget -Configuration $document -Client $client -SignIn $signIn
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
