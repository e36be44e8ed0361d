import { writtenBy } from './mark.ts';

/** The script for zsh: a file of a folder in `fpath`, or sourced after `compinit`. */
export const zshScript = `#compdef packet-capture
# ${writtenBy} for zsh
_packet-capture() {
  local directive line value program=packet-capture
  local -a typed lines found nospace
  [[ $words[1] == */* ]] && program=\${words[1]/#\\~\\//$HOME/}
  typed=()
  (( CURRENT > 2 )) && typed=("\${(@Q)words[2,CURRENT-1]}")
  lines=("\${(@f)$("$program" __complete -- "\${typed[@]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  directive=\${lines[-1]#:}
  [[ $directive == <-> ]] || return 1
  lines[-1]=()
  # Of --flag=value, the value is completed.
  [[ $PREFIX == -*=* ]] && compset -P '*='
  for line in "\${lines[@]}"; do
    value=\${line%%$'\\t'*}
    found+=("\${value//:/\\\\:}:\${\${line#"$value"}#$'\\t'}")
  done
  (( directive & 2 )) && nospace=(-S '')
  if (( $#found )); then
    _describe -V 'packet-capture' found "\${nospace[@]}"
  elif (( directive & 16 )); then
    _files -/
  elif (( ! (directive & 4) )); then
    _files
  else
    return 1
  fi
}
compdef _packet-capture packet-capture
# As a file of fpath, it is the function itself.
if [[ $funcstack[1] == _packet-capture ]]; then _packet-capture "$@"; fi
`;
