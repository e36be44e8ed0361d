import { writtenBy } from './mark.ts';

/** The script for PowerShell, 5.1 or later. */
export const powershellScript = `# ${writtenBy} for PowerShell
Register-ArgumentCompleter -Native -CommandName 'packet-capture' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $program = 'packet-capture'
    $first = "$($commandAst.CommandElements[0])"
    if ($first -match '[\\\\/]') { $program = $first.Trim("'", '"') }
    $words = @()
    $last = ''
    foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.StartOffset -ge $cursorPosition) { break }
        $length = [Math]::Min($element.Extent.EndOffset, $cursorPosition) - $element.Extent.StartOffset
        $text = $element.Extent.Text.Substring(0, $length).Trim("'", '"')
        if ($element.Extent.EndOffset -ge $cursorPosition) { $last = $text } else { $words += $text }
    }
    # Before 7.3, and in the mode Legacy, PowerShell does not pass an empty argument on unless it is written in quotes.
    $old = $PSVersionTable.PSVersion -lt [version]'7.3' -or $PSNativeCommandArgumentPassing -eq 'Legacy'
    $words += if ($last -eq '' -and $old) { '""' } else { $last }

    $flag = ''
    if ($last -match '^(-[^=]*=)') { $flag = $Matches[1] }
    $lines = @(& $program __complete -- @words 2>$null)
    if ($lines.Count -eq 0 -or $lines[-1] -notmatch '^:(\\d+)$') { return }
    $directive = [int]$Matches[1]
    $lines = @($lines | Select-Object -SkipLast 1)
    # Without a result PowerShell completes the names of files; an empty one keeps it from that.
    if ($lines.Count -eq 0 -and ($directive -band 4)) { return '' }
    foreach ($line in $lines) {
        $value, $text = $line -split "\`t", 2
        if (-not $text) { $text = $value }
        $inserted = if ($value -match '[^\\w@%+=:,./-]') { "'" + $value.Replace("'", "''") + "'" } else { $value }
        [System.Management.Automation.CompletionResult]::new("$flag$inserted", $value, 'ParameterValue', $text)
    }
}
`;
