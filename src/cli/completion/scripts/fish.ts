import { writtenBy } from './mark.ts';

/** The script for fish, 3.4 or later. */
export const fishScript = `# ${writtenBy} for fish
function __packet_capture_complete
    set -l program packet-capture
    set -l typed (commandline -opc)
    string match -q '*/*' -- $typed[1]; and set program (string replace -r '^~/' "$HOME/" -- $typed[1])
    set -e typed[1]
    set -l last (commandline -ct | string collect --allow-empty)
    set -l last (string unescape -- "$last"; or string replace -ra '["\\'\\\\\\\\]' '' -- "$last")
    # Of --flag=value, the value is completed.
    set -l flag (string match -r -- '^-[^=]*=' "$last")
    set -l lines ($program __complete -- $typed "$last" 2>/dev/null)
    set -l directive (string match -rg '^:(\\d+)$' -- "$lines[-1]")
    test -n "$directive"; or return
    set -e lines[-1]
    if test (count $lines) -gt 0
        printf '%s\\n' "$flag"$lines
    else if test (math "bitand($directive, 16)") -ne 0
        printf '%s\\n' "$flag"(__fish_complete_directories (string replace -- "$flag" '' "$last"))
    else if test (math "bitand($directive, 4)") -eq 0
        printf '%s\\n' "$flag"(__fish_complete_path (string replace -- "$flag" '' "$last"))
    end
end
complete -c packet-capture -e
complete -k -c packet-capture -f -a '(__packet_capture_complete)'
`;
