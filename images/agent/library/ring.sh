# shellcheck shell=sh
# The ring on disk: PODNAME_TIME_NUMBER.pcapng. dumpcap opens a file after the other and the names sort by age, over
# restarts too. The oldest are deleted here and not by dumpcap, whose ring would push out packets with empty files.

captureDir=${PACKET_CAPTURE_DIR:-/captures}
fourDigits='[0-9][0-9][0-9][0-9]'

# withRingFiles COMMAND...: runs COMMAND with every file of the ring behind its arguments, the oldest first.
withRingFiles() {
  set +f
  # shellcheck disable=SC2086 # a pattern
  set -- "$@" "$captureDir/$podName"_$fourDigits$fourDigits$fourDigits[0-9][0-9]_$fourDigits[0-9].pcapng
  set -f
  "$@"
}

# pruneRing COUNT: leaves COUNT files of file-size each at most, the newest. It goes by what is in the folder: dumpcap may
# be some files ahead of its lines that were read.
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
    # The one being written is the last, unless the clock was put back.
    if [ -n "$dumpcapPid" ] && [ $# -le 1 ]; then return; fi
    if [ "$1" != "$file" ]; then
      bytes=$(stat -c %s "$1" 2> /dev/null)
      rm -f "$1"
      total=$((total - bytes))
    fi
    shift
    [ $# -gt 0 ] || return
  done
}

# hasSpace: true if a mebibyte is free in the volume.
hasSpace() {
  # shellcheck disable=SC2046 # two numbers
  set -- $(stat -f -c '%a %S' "$captureDir")
  [ $# = 2 ] && [ "$(($1 * $2))" -ge 1048576 ]
}
