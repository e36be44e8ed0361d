import { writtenBy } from './mark.ts';

/**
 * The script for bash, 3.2 (macOS) or later. It evaluates nothing of what is typed or found: words are taken apart by
 * substitutions alone, and candidates are quoted.
 */
export const bashScript = `# ${writtenBy} for bash
_packet_capture() {
  local rest piece word last start prefix='' directive=4 line value text width i program=packet-capture
  local -a words values texts
  words=() values=() texts=()
  case $1 in */*) program=\${1/#\\~\\//$HOME/} ;; esac

  # Bash divides words at = and : too. Pieces without a blank between them are one word.
  rest=\${COMP_LINE:0:COMP_POINT}
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${rest#"\${rest%%[![:space:]]*}"}
    piece=\${COMP_WORDS[i]}
    if ((i == COMP_CWORD)); then piece=$word; fi
    if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then
      words+=("$piece")
    else
      words[\${#words[@]} - 1]+=$piece
    fi
    rest=\${word#"$piece"}
  done
  words=("\${words[@]:1}")
  words=("\${words[@]//[\\"\\'\\\\]/}")

  # Readline replaces $2 alone, which may be the end of a value.
  last=\${words[\${#words[@]} - 1]}
  start=$last
  case $last in -*=*) start=\${last#*=} ;; esac
  case $2 in -*=*) prefix=\${2%%=*}= ;; esac
  word=\${2#"$prefix"}
  start=\${start%"\${word//[\\"\\'\\\\]/}"}

  while IFS= read -r line; do
    case $line in :*) directive=\${line#:} && continue ;; esac
    value=\${line%%$'\\t'*}
    text=\${line#"$value"}
    values+=("$value")
    texts+=("\${text#$'\\t'}")
  done < <("$program" __complete -- "\${words[@]}" 2>/dev/null)

  COMPREPLY=()
  width=0
  for value in "\${values[@]}"; do ((\${#value} > width)) && width=\${#value}; done
  for ((i = 0; i < \${#values[@]}; i++)); do
    printf -v value %q "\${values[i]#"$start"}"
    # A list shows what each means; what is inserted is the part that all begin with.
    if ((\${#values[@]} > 1)) && [[ -n \${texts[i]} && \${COMP_TYPE:-9} != 37 && \${COMP_TYPE:-9} != 42 ]]; then
      printf -v value '%-*s  (%s)' "$((width - \${#start}))" "$value" "\${texts[i]}"
    fi
    COMPREPLY+=("$prefix$value")
  done

  # Bash 3.2 has no compopt; there, the names of files come when nothing else does.
  type compopt >/dev/null 2>&1 || return 0
  if ((directive & 2)); then compopt -o nospace; fi
  if ((directive & 4)); then compopt +o default; fi
  if ((directive & 16)); then compopt +o default -o dirnames; fi
}
complete -o default -F _packet_capture packet-capture
`;
