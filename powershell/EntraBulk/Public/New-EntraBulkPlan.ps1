function New-EntraBulkPlan {
    <#
    .SYNOPSIS
        Plans what HR records would change in Microsoft Entra ID, and changes nothing there.
    .DESCRIPTION
        Reads a file, or takes objects from the pipeline, checks every record, compares every user with the baseline in the state file, and stores a plan: who would be
        added, updated, disabled or restored, what it costs in calls, and what the brakes say. Nothing touches the network.
        Invoke-EntraBulkPlan applies the plan.

        A rejected record is a non-terminating error that names its line, its rule and what to do; the others are planned.
        With -Undo the plan is the inverse of a run: everybody it changed gets back what they were.
    .PARAMETER Path
        The file with the records: CSV, a JSON array, JSON lines, or finished BulkRequest documents. It is read in
        constant memory.
    .PARAMETER InputObject
        A record: an object such as those of Import-Csv, or a dictionary. Its properties are the columns. The objects are
        kept until the end, so that an error can carry the record it concerns; for large files -Path needs less memory.
    .PARAMETER Undo
        The id of a run whose inverse is to be planned, instead of records.
    .PARAMETER AttributeMapping
        The path of a JSON mapping, or a hashtable in the shape of CSV2SCIM's AttributeMapping. In a hashtable a constant
        is written @{ const = 'work' } and a computed value as an expression in Entra's mapping language, '=...'; script
        blocks are refused. Without a mapping externalId, userName, displayName and active come from columns of these names.
    .PARAMETER ScimSchemaNamespace
        A URN under which every column is added as text, for instance urn:ietf:params:scim:schemas:extension:csv:1.0:User.
    .PARAMETER Format
        The format of the file: auto (the default), csv, json, jsonl or bulk.
    .PARAMETER Encoding
        The encoding of the file, such as utf-8, utf-16le, shift_jis or windows-1252. The default, auto, detects it.
    .PARAMETER Delimiter
        The delimiter of a CSV file: a comma, a semicolon, a tab or a vertical bar. By default it is detected.
    .PARAMETER Duplicates
        What becomes of records that share an externalId: reject all of them (the default), or send the last.
    .PARAMETER UserName
        How userName is sent: whole (the default), or local, the part before the @.
    .PARAMETER RejectsPath
        A CSV file to write the rejected records to, with line, rule, column, value and message.
    .PARAMETER Settings
        Plan settings: a hashtable in the shape that docs/documents.md describes, or the path of a JSON file that holds
        them: brakes, guards, protected users and canaries. The parameters below win over it.
    .PARAMETER Missing
        What becomes of users of the baseline that the source no longer holds: report them (the default), or disable them.
    .PARAMETER Partial
        The source holds only a part of the people, for instance the joiners of the day: whoever is not in it is not missing.
    .PARAMETER UnknownInactive
        What becomes of users whom the state does not know and who are not active: send them (the default), or skip them.
    .PARAMETER Full
        Send everybody, changed or not.
    .PARAMETER AbortAtPercent
        The brake trips when this percentage or more of the active users would be disabled. The default is 5.
    .PARAMETER AbortAtCount
        The brake trips when this many users or more would be disabled. The default is 500.
    .PARAMETER MinRows
        A source with fewer rows is refused.
    .PARAMETER PreviewPath
        A file to write the preview of the plan to: one row for every user that would change.
    .PARAMETER Target
        The target, as New-EntraBulkTarget made it.
    .INPUTS
        Any object or dictionary: one record.
    .OUTPUTS
        EntraBulk.Plan. The stored plan.
    .EXAMPLE
        $plan = New-EntraBulkPlan ./workers.csv -AttributeMapping ./mapping.json -Target $target -PreviewPath ./preview.csv
        $plan.Changes

        Plans a file and writes what would change to preview.csv.
    .EXAMPLE
        Import-Csv ./workers.csv | Where-Object Company -eq 'Woodgrove' |
            New-EntraBulkPlan -AttributeMapping ./mapping.json -Target $target

        Plans some of the records. The plan is the one that a file with these records would give.
    .EXAMPLE
        New-EntraBulkPlan -Undo (Get-EntraBulkRun -Target $target -Limit 1).Id -Target $target

        Plans the inverse of the newest run.
    .LINK
        Get-EntraBulkPlan
    .LINK
        Invoke-EntraBulkPlan
    .LINK
        Approve-EntraBulkPlan
    .LINK
        about_EntraBulk
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low', DefaultParameterSetName = 'Path')]
    [OutputType('EntraBulk.Plan')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Path')]
        [ValidateNotNullOrEmpty()]
        [string]$Path,

        [Parameter(Mandatory, ValueFromPipeline, ParameterSetName = 'InputObject')]
        [AllowNull()]
        [psobject[]]$InputObject,

        [Parameter(Mandatory, ParameterSetName = 'Undo')]
        [ValidateNotNullOrEmpty()]
        [string]$Undo,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [ValidateNotNullOrEmpty()]
        [object]$AttributeMapping,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [ValidateNotNullOrEmpty()]
        [string]$ScimSchemaNamespace,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateSet('auto', 'csv', 'json', 'jsonl', 'bulk')]
        [string]$Format,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateNotNullOrEmpty()]
        [string]$Encoding,

        [Parameter(ParameterSetName = 'Path')]
        [ValidateSet('auto', ',', ';', "`t", '|')]
        [string]$Delimiter,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [ValidateSet('reject', 'last')]
        [string]$Duplicates,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [ValidateSet('whole', 'local')]
        [string]$UserName,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [ValidateNotNullOrEmpty()]
        [string]$RejectsPath,

        [ValidateNotNullOrEmpty()]
        [object]$Settings,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [ValidateSet('report', 'disable')]
        [string]$Missing,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [switch]$Partial,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [ValidateSet('send', 'skip')]
        [string]$UnknownInactive,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [switch]$Full,

        [ValidateRange(0, 100)]
        [int]$AbortAtPercent,

        [ValidateRange(0, [int]::MaxValue)]
        [int]$AbortAtCount,

        [Parameter(ParameterSetName = 'Path')]
        [Parameter(ParameterSetName = 'InputObject')]
        [ValidateRange(0, [int]::MaxValue)]
        [int]$MinRows,

        [ValidateNotNullOrEmpty()]
        [string]$PreviewPath,

        [Parameter(Mandatory)]
        [PSTypeName('EntraBulk.Target')]
        [psobject]$Target
    )

    begin {
        $records = [System.Collections.Generic.List[object]]::new()
    }

    process {
        if (-not $PSBoundParameters.ContainsKey('InputObject')) { return }
        # A null counts: it stands where a record should.
        if ($null -eq $InputObject) { $records.Add($null) } else { $records.AddRange($InputObject) }
    }

    end {
        try {
            $arguments = [ordered]@{ version = 1; settings = Get-EntraBulkPlanSetting -Bound $PSBoundParameters -Cmdlet $PSCmdlet }
            $pushed = @{}
            if ($PSBoundParameters.ContainsKey('Undo')) {
                $action = "Plan the inverse of run $Undo"
                $arguments['run'] = $Undo
            } else {
                $arguments['conversion'] = Get-EntraBulkConversion -Bound $PSBoundParameters -Cmdlet $PSCmdlet
                if ($PSBoundParameters.ContainsKey('Path')) {
                    $action = "Plan the file '$Path'"
                } else {
                    $action = "Plan $($records.Count) records"
                    $pushed['Record'] = $records
                }
            }
            if (-not $PSCmdlet.ShouldProcess("$Target", $action)) { return }

            if ($PSBoundParameters.ContainsKey('Undo')) {
                $plan = Invoke-EntraBulkOperation -Name 'plan.undo' -Argument $arguments -Target $Target
                Write-EntraBulkPlanWarning -Plan $plan -Cmdlet $PSCmdlet
                if ($PSBoundParameters.ContainsKey('PreviewPath')) {
                    Write-EntraBulkPreview -Id $plan['plan'] -Target $Target -Bound $PSBoundParameters -Cmdlet $PSCmdlet
                }
            } else {
                $arguments['planOnly'] = $true
                # Written with the plan: where no state is kept, it is gone afterwards.
                if ($PSBoundParameters.ContainsKey('PreviewPath')) {
                    $arguments['previewPath'] = Get-EntraBulkFullPath -Path $PreviewPath -Cmdlet $PSCmdlet
                }
                $told = Watch-EntraBulkRun -Client $Target.Client -Document $arguments -Activity 'Planning' -Cmdlet $PSCmdlet @pushed
                if ($told['finished']['error']) { throw (ConvertTo-EntraBulkErrorRecord -Failure $told['finished']['error']) }
                $plan = $told['planned']['plan']
            }
            if ($plan['blocked']) {
                $PSCmdlet.WriteWarning('The plan cannot be applied. Fix the source or the mapping.')
            } elseif ($plan['tripped']) {
                $PSCmdlet.WriteWarning('A brake stops the plan. Look at the preview; if it is right, use Approve-EntraBulkPlan.')
            }
            ConvertTo-EntraBulkPlan -Plan $plan -Target $Target
        } catch [EntraBulk.Interop.V1.EntraBulkException] {
            $PSCmdlet.ThrowTerminatingError((ConvertTo-EntraBulkErrorRecord -Failure $_))
        }
    }
}
