# shellcheck shell=sh
# The ring on disk: PODNAME_TIME_NUMBER.pcapng, names that sort by age, over restarts too. While dumpcap runs it keeps
# the ring itself (preload/ring.c); here it is cut to what the settings allow before dumpcap starts.

fourDigits='[0-9][0-9][0-9][0-9]'

# withRingFiles COMMAND...: runs COMMAND with every file of the ring behind its arguments, the oldest first.
withRingFiles() {
  set +f
  # shellcheck disable=SC2086 # a pattern
  set -- "$@" "$captureDir/$podName"_$fourDigits$fourDigits$fourDigits[0-9][0-9]_$fourDigits[0-9].pcapng
  set -f
  "$@"
}

# pruneRing COUNT: leaves COUNT files of file-size each at most, the newest.
pruneRing() {
  withRingFiles pruneFiles "$1"
}

pruneFiles() {
  keep=$1
  shift
  [ -e "$1" ] || return 0
  total=0
  for bytes in $(stat -c %s "$@" 2> /dev/null); do total=$((total + bytes)); done
  while [ $# -gt "$keep" ] || [ "$total" -gt "$((keep * fileBytes))" ]; do
    [ $# -gt 0 ] || return 0
    bytes=$(stat -c %s "$1" 2> /dev/null)
    rm -f "$1"
    total=$((total - bytes))
    shift
  done
}

# What was looked at last: the open file and those of the ring; and the bytes of all but the open one.
ringLooked='' ringSum=0

# measureRing: what lies in the volume now, the open file included, in $ringFiles and $ringBytes. Closed files do not
# change: their sizes are asked for when there are others than before.
measureRing() {
  withRingFiles measureFiles
  ringBytes=$((ringSum + openBytes))
}

measureFiles() {
  ringFiles=$#
  [ -e "$1" ] || ringFiles=0
  [ "$file $*" != "$ringLooked" ] || return 0
  ringLooked="$file $*" ringSum=0
  # shellcheck disable=SC2046 # sizes and names without white space
  set -- $(stat -c '%s %n' "$@" 2> /dev/null)
  while [ $# -gt 1 ]; do
    [ "$2" = "$file" ] || ringSum=$((ringSum + $1))
    shift 2
  done
}

# hasSpace: true if a mebibyte is free in the volume.
hasSpace() {
  # shellcheck disable=SC2046 # two numbers
  set -- $(stat -f -c '%a %S' "$captureDir")
  [ $# = 2 ] && [ "$(($1 * $2))" -ge 1048576 ]
}
