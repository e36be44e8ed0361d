# shellcheck shell=sh
# What the mirror does, as one line of JSON in $agentDir/mirror.json: the capture agent, a program in another container,
# makes it a part of its own status and metrics. It is replaced whole, at once after an event and at most every two seconds
# when numbers change.

mirrorState='' mirrorReason='""' mirrorInterfaces=''
# Of the devices that were there before the ones that are there now, and in all.
pastPackets=0 pastBytes=0 pastDropped=0
mirrorPackets=0 mirrorBytes=0 mirrorDropped=0
mirrorStatusAt=0 toldFacts='' toldCounts=''

# setMirrorState STATE [REASON]: mirroring, idle, waiting, invalid or stopped.
setMirrorState() {
  mirrorState=$1
  quote "${2:-}"
  mirrorReason=$quoted
}

# readCounts: the devices' own, in $mirrorPackets, $mirrorBytes and $mirrorDropped. Those that did not get from one device into
# the other were too many at once; those that did not get out found no way, or did not fit through one of IPv6.
readCounts() {
  statistics=/sys/class/net/pcmirror0/statistics
  {
    read -r sent < $statistics/tx_packets && read -r sentBytes < $statistics/tx_bytes &&
      read -r lost < $statistics/tx_dropped && read -r failed < $statistics/tx_errors &&
      read -r crowded < /sys/class/net/pcmirror1/statistics/rx_dropped
  } 2> /dev/null || return 0
  mirrorPackets=$((pastPackets + sent)) mirrorBytes=$((pastBytes + sentBytes))
  mirrorDropped=$((pastDropped + lost + failed + crowded))
}

# takeCounts: the devices go, what they counted stays.
takeCounts() {
  [ -n "$mirrorTarget" ] || return 0
  readCounts
  pastPackets=$mirrorPackets pastBytes=$mirrorBytes pastDropped=$mirrorDropped
}

# updateMirrorStatus: writes the file when it is time to.
updateMirrorStatus() {
  [ -z "$mirrorTarget" ] || readCounts
  facts="$mirrorState $mirrorReason $mirrorInterfaces $mirrorAddress $now_MIRROR" counts=$mirrorPackets/$mirrorBytes/$mirrorDropped
  if [ "$facts" != "$toldFacts" ] || { [ "$counts" != "$toldCounts" ] && [ "$now" -ge "$((mirrorStatusAt + 200))" ]; }; then
    mirrorStatusAt=$now toldFacts=$facts toldCounts=$counts
    writeMirrorStatus
  fi
}

# writeMirrorStatus: never fails, whatever the volume is like.
writeMirrorStatus() {
  openAgentDir || return 0
  tellTime
  quote "$now_MIRROR"
  json="{\"time\":\"$time\",\"state\":\"$mirrorState\",\"reason\":$mirrorReason,\"destination\":$quoted"
  quote "$mirrorAddress"
  [ "$mirrorState" != mirroring ] || json="$json,\"address\":$quoted"
  json="$json,\"interfaces\":[$mirrorInterfaces],\"packets\":$mirrorPackets,\"bytes\":$mirrorBytes,\"dropped\":$mirrorDropped}"
  { printf '%s\n' "$json" > "$agentDir/new/mirror.json"; } 2> /dev/null &&
    mv -f "$agentDir/new/mirror.json" "$agentDir" 2> /dev/null
  return 0
}
