# shellcheck shell=sh
# One JSON object a line on standard output: what the capture agent has to say.

members=

# quote TEXT: TEXT as a JSON string in $quoted.
quote() {
  quoted=
  rest=$1
  while :; do
    plain=${rest%%[\"\\[:cntrl:]]*}
    quoted=$quoted$plain
    [ "$plain" = "$rest" ] && break
    rest=${rest#"$plain"}
    special=${rest%"${rest#?}"}
    rest=${rest#?}
    case $special in
      [\"\\]) quoted="$quoted\\$special" ;;
      *) quoted=$quoted$(printf '\\u%04x' "'$special") ;;
    esac
  done
  quoted="\"$quoted\""
}

# text NAME TEXT, number NAME NUMBER, list NAME [TEXT...], raw NAME JSON: a member for the next event.
text() {
  quote "$2"
  raw "$1" "$quoted"
}

number() {
  raw "$1" "$2"
}

list() {
  listName=$1
  shift
  items=
  for item; do
    quote "$item"
    items="$items${items:+,}$quoted"
  done
  raw "$listName" "[$items]"
}

raw() {
  members="$members,\"$1\":$2"
}

# emit EVENT: prints the event with the members named since the last one.
emit() {
  printf '{"time":"%s","event":"%s"%s}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$members"
  members=
}
