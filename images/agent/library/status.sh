# shellcheck shell=sh
# What goes on, as one line of JSON in $agentDir/status.json, for whoever looks into the container. It is replaced whole,
# at once after an event, and at most every two seconds when numbers change; without a change nothing happens.

# The version of this project; a test holds it against package.json.
agentVersion=0.1.0

statusChanged=1 statusNow='' statusAt=0 statusCounts=''
captureState=waiting stateReason='""' startedTime='' capturedInterfaces='' quotedFilter='""'
fileDescriptor=''

# Parts of others, ready as JSON and as lines for Prometheus; empty: there is none.
: "${uploadStatus:=}" "${streamStatus:=}" "${mirrorStatus:=}" "${uploadMetrics:=}" "${streamMetrics:=}" "${mirrorMetrics:=}"

# setState STATE [REASON]: capturing, idle, waiting, invalid or stopped.
setState() {
  captureState=$1
  quote "${2:-}"
  stateReason=$quoted
  statusChanged=1
}

# updateStatus: writes the file when it is time to.
updateStatus() {
  readOpenLine
  [ "$count/$kernelDropped/$interfaceDropped" = "$statusCounts" ] || statusChanged=1
  if [ -n "$statusNow" ]; then
    [ "$now" -ge "$((statusAt + 50))" ] && writeStatus
  elif [ -n "$statusChanged" ]; then
    [ "$now" -ge "$((statusAt + 200))" ] && writeStatus
  fi
  return 0
}

# writeStatus: never fails, whatever the volume is like.
writeStatus() {
  statusAt=$now statusChanged='' statusNow='' statusCounts=$count/$kernelDropped/$interfaceDropped
  openAgentDir || return 0
  measureOpenFile
  measureRing
  tellTime
  statusText
  metricsText
  if writeNew; then
    # The metrics first: who sees a new status.json finds metrics that are as new.
    mv -f ${metricsPort:+"$agentDir/new/metrics"} "$agentDir/new/status.json" "$agentDir" 2> /dev/null
  else
    # On a full volume there is the place of the old ones.
    rm -f "$agentDir/new/status.json" "$agentDir/new/metrics" 2> /dev/null
    { printf '%s\n' "$json" > "$agentDir/status.json"; } 2> /dev/null
    [ -z "$metricsPort" ] || { printf '%s' "$metrics" > "$agentDir/metrics"; } 2> /dev/null
  fi
  return 0
}

# writeNew: both files beside the old ones; false if there is no room for them.
writeNew() {
  printf '%s\n' "$json" > "$agentDir/new/status.json" || return 1
  [ -z "$metricsPort" ] || printf '%s' "$metrics" > "$agentDir/new/metrics"
} 2> /dev/null

# measureOpenFile: what the open file holds, in $openPackets and $openBytes. Its size is how far dumpcap has written:
# asking for it takes no process.
measureOpenFile() {
  openPackets=0 openBytes=0
  [ -n "$file" ] && [ -n "$dumpcapPid" ] || return 0
  openPackets=$((count - countAtOpen))
  [ "$openPackets" -ge 0 ] || openPackets=$((openPackets + 4294967296))
  if ! [ "/proc/$dumpcapPid/fd/$fileDescriptor" -ef "$file" ]; then
    set +f
    for fileDescriptor in "/proc/$dumpcapPid/fd/"*; do
      if [ "$fileDescriptor" -ef "$file" ]; then break; fi
    done
    set -f
    fileDescriptor=${fileDescriptor##*/}
  fi
  { read -r _ openBytes < "/proc/$dumpcapPid/fdinfo/$fileDescriptor"; } 2> /dev/null
  case $openBytes in '' | *[!0-9]*) openBytes=0 ;; esac
}

statusText() {
  kernel=$((totalKernelDropped + kernelDropped)) interface=$((totalInterfaceDropped + interfaceDropped))
  json="{\"time\":\"$time\",\"version\":\"$agentVersion\",\"state\":\"$captureState\",\"reason\":$stateReason"
  json="$json,\"started\":\"$startedTime\",\"interfaces\":[$capturedInterfaces],\"filter\":$quotedFilter"
  json="$json,\"snaplen\":${valid:+$snaplen}"
  [ -n "$valid" ] || json=${json}0
  json="$json,\"file\":\"$file\",\"files\":$totalFiles,\"packets\":$((totalPackets + openPackets))"
  json="$json,\"bytes\":$((totalBytes + openBytes))"
  json="$json,\"dropped\":{\"kernel\":$kernel,\"interface\":$interface,\"queue\":$totalQueueDropped}"
  json="$json,\"ring\":{\"files\":$ringFiles,\"bytes\":$ringBytes}"
  json="$json,\"settings\":{$settingsJson}"
  json="$json${uploadStatus:+,\"upload\":$uploadStatus}${streamStatus:+,\"stream\":$streamStatus}"
  json="$json${mirrorStatus:+,\"mirror\":$mirrorStatus}"
  json="$json,\"invalid\":[$invalidSettings]${lastError:+,\"lastError\":$lastError}}"
}
