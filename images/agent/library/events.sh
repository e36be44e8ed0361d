# shellcheck shell=sh disable=SC3045
# SC3045: -d of `read` is busybox's; the image brings no other shell.
#
# One JSON object a line on standard output: what the capture agent has to say.

members=
# Of the last error: the event without its kind, and the second since 1970. When the clock was last asked.
lastError='' lastErrorSecond=''
wallTime='' wallSecond=0 wallAt=0

# quote TEXT: TEXT as a JSON string in $quoted. Without a process for the ends of its lines: a filter may have hundreds.
quote() {
  quoted=
  rest=$1
  while :; do
    plain=${rest%%[\"\\[:cntrl:]]*}
    quoted=$quoted$plain
    [ "$plain" = "$rest" ] && break
    rest=${rest#"$plain"}
    case $rest in
      '"'*) quoted="$quoted\\\"" ;;
      \\*) quoted="$quoted\\\\" ;;
      "$newline"*) quoted="$quoted\\n" ;;
      *) quoted=$quoted$(printf '\\u%04x' "'${rest%"${rest#?}"}") ;;
    esac
    rest=${rest#?}
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
  askClock
  printf '{"time":"%s","event":"%s"%s}\n' "$wallTime" "$1" "$members"
  if [ "$1" = error ]; then lastError="{\"time\":\"$wallTime\"$members}" lastErrorSecond=$wallSecond; fi
  members=
  statusNow=1
}

# readClock: hundredths of a second since boot, in $now.
readClock() {
  # `read` asks for each character by itself, and there is a second number.
  read -r -d ' ' uptime < /proc/uptime
  now=$((${uptime%.*} * 100 + 1${uptime#*.} - 100))
}

# askClock: the time as text in $wallTime, and as the second since 1970 in $wallSecond.
askClock() {
  wallTime=$(date -u '+%s %Y-%m-%dT%H:%M:%SZ')
  wallSecond=${wallTime%% *} wallTime=${wallTime#* }
  [ -z "${now:-}" ] || readClock
  wallAt=${now:-0}
}

# tellTime: the time in $time, reckoned from when the clock was last asked, since that takes a process.
tellTime() {
  secondOfDay=$((wallSecond % 86400 + (now - wallAt) / 100))
  if [ -z "$wallTime" ] || [ "$secondOfDay" -ge 86400 ]; then
    askClock
    secondOfDay=$((wallSecond % 86400))
  fi
  hours=$((secondOfDay / 3600 + 100)) minutes=$((secondOfDay / 60 % 60 + 100)) seconds=$((secondOfDay % 60 + 100))
  time=${wallTime%T*}T${hours#1}:${minutes#1}:${seconds#1}Z
}
