# shellcheck shell=sh disable=SC3045
# SC3045: -n of `read` is busybox's; the image brings no other shell.
#
# What the mirror's own program says of itself (mirrorStatus.sh), as a part of the agent's status and metrics.

mirrorAt=0 mirrorStamp=''
noMirror='the pod has no container packet-capture-mirror: it is added when the annotation stands on the pod before it is created, in a namespace that admits NET_ADMIN'

# readMirror: looks once a second; does not wait.
readMirror() {
  [ "$now" -ge "$mirrorAt" ] || return 0
  mirrorAt=$((now + 100))
  stamp=
  if [ -n "$mirror" ]; then
    # The time and the state: in the same second the state at least is another.
    IFS= read -r -n 45 stamp 2> /dev/null < "$agentDir/mirror.json" || stamp=
    # It starts later than this program.
    if [ -z "$stamp" ] && [ "$now" -ge "$((agentStarted + 1000))" ]; then stamp=none; fi
  fi
  [ "$stamp" != "$mirrorStamp" ] || return 0
  mirrorStamp=$stamp mirrorStatus='' mirrorMetrics='' statusChanged=1
  case $stamp in
    '') ;;
    none)
      quote "$noMirror"
      mirrorStatus="{\"state\":\"waiting\",\"reason\":$quoted}"
      ;;
    *)
      IFS= read -r mirrorStatus 2> /dev/null < "$agentDir/mirror.json"
      # In the middle of being written, on a full volume.
      case $mirrorStatus in '{'*'}') tellMirrorMetrics ;; *) mirrorStatus='' mirrorStamp='' ;; esac
      ;;
  esac
}

tellMirrorMetrics() {
  [ -n "$metricsPort" ] || return 0
  metrics=
  active=0
  case $mirrorStatus in *'"state":"mirroring"'*) active=1 ;; esac
  metric mirror_active gauge 'Whether the kernel copies packets to the collector.' " $active"
  mirrorNumber packets
  metric mirror_packets_total counter 'Packets that were copied to the collector.' " $mirrorNumber"
  mirrorNumber bytes
  metric mirror_bytes_total counter 'Bytes of these packets, without Ethernet.' " $mirrorNumber"
  mirrorNumber dropped
  metric mirror_dropped_packets_total counter 'Packets that should have been copied and were not.' " $mirrorNumber"
  mirrorMetrics=${metrics%"$newline"}
}

# mirrorNumber NAME: of the members at the end, in $mirrorNumber.
mirrorNumber() {
  mirrorNumber=${mirrorStatus##*"\"$1\":"}
  mirrorNumber=${mirrorNumber%%[!0-9]*}
}
