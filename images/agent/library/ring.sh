# shellcheck shell=sh
# The ring on disk: PODNAME_TIME_NUMBER.pcapng, names that sort by age, over restarts too. While dumpcap runs it keeps
# the ring itself (preload/ring.c); here it is cut to what the settings allow before dumpcap starts.

captureDir=${PACKET_CAPTURE_DIR:-/captures}
# All that the agent keeps there for itself.
agentDir=$captureDir/.agent
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

# Sizes of the closed files in the ring, as far as they are known, the oldest first.
ringSizes='' ringSum=0 ringKnown=0

# addToRing BYTES: a file was closed.
addToRing() {
  ringSizes="$ringSizes$1 " ringSum=$((ringSum + $1)) ringKnown=$((ringKnown + 1))
}

# measureRing: what lies in the volume now, the open file included, in $ringFiles and $ringBytes. Others delete files
# too, the oldest first: how many there are is looked up, and their sizes only when there are some that nobody told of.
measureRing() {
  withRingFiles countFiles
  closedFiles=$((ringFiles - (openBytes > 0 ? 1 : 0)))
  [ "$ringKnown" -ge "$closedFiles" ] || withRingFiles listSizes
  while [ "$ringKnown" -gt "$closedFiles" ]; do
    ringSum=$((ringSum - ${ringSizes%% *})) ringKnown=$((ringKnown - 1))
    ringSizes=${ringSizes#* }
  done
  ringBytes=$((ringSum + openBytes))
}

countFiles() {
  ringFiles=$#
  [ -e "$1" ] || ringFiles=0
}

listSizes() {
  ringSizes='' ringSum=0 ringKnown=0
  for bytes in $(stat -c %s "$@" 2> /dev/null); do
    [ "$ringKnown" -ge "$closedFiles" ] || addToRing "$bytes"
  done
}

# hasSpace: true if a mebibyte is free in the volume.
hasSpace() {
  # shellcheck disable=SC2046 # two numbers
  set -- $(stat -f -c '%a %S' "$captureDir")
  [ $# = 2 ] && [ "$(($1 * $2))" -ge 1048576 ]
}
