# shellcheck shell=sh disable=SC3045
# SC3045: -n and -t of `read` are busybox's; the image brings no other shell.
#
# The setting `stream`: a second dumpcap writes what the files hold, in pcapng, into a TCP connection to a collector
# (connect.c). It is a process beside the capture of files, which never waits for it. Every connection begins with a
# header of its own. What dumpcap and connect say comes by file descriptor 4.

streamPid='' streamOpen='' streamEnding='' streamLine=''
streamRetryAt=0 streamDelay=1 streamConnected='' streamError=''
streamConnections=0 streamPackets=0 streamDropped=0
streamCount=0 streamDrops=0 streamDropsAtEnd=0 streamQueueDrops=0

# followStream: one step; does not wait. Starts the stream, starts it anew, or ends it, as is wanted now.
followStream() {
  if [ -n "$streamPid" ]; then
    readStreamLines
    if hasEnded "$streamPid"; then
      onStreamEnd
    elif [ -n "$streamEnding" ]; then
      [ "$now" -lt "$streamEnding" ] || kill -KILL "$streamPid" 2> /dev/null
    elif ! wantsStream || [ "$present" != "$streamInterfaces" ]; then
      endStream
    fi
  fi
  if [ -z "$streamPid$terminated" ] && [ "$now" -ge "$streamRetryAt" ] && wantsStream; then startStream; fi
  [ -z "$streamOpen$stream$streamStatus" ] || tellStream
}

wantsStream() {
  [ -n "$stream" ] && [ -n "$valid" ] && [ "$state" = running ] && [ -z "$finished$missing" ] && [ -n "$present" ]
}

startStream() {
  streamProblem='' streamConnected='' streamCount=0 streamDrops=0 streamDropsAtEnd=0 streamQueueDrops=0 streamLine=''
  if [ -z "$ownPorts" ]; then
    # The connection's packets would be captured, sent, captured again, and so on.
    streamProblem="there are no local ports for it outside net.ipv4.ip_local_port_range"
    retryStream
  elif [ -z "$streamOpen" ] && ! openStreamLines; then
    streamProblem="$captureDir cannot be written to"
    retryStream
  else
    streamOpen=1 streamTo=$stream streamInterfaces=$present streamStart=$now
    set -- --update-interval 500 -B "$bufferMebibytes" -w -
    [ "$snaplen" = 0 ] || set -- "$@" -s "$snaplen"
    becomeCapture "$library/connect" "$ownPorts" "$streamHost" "$streamPort" dumpcap "$@" < /dev/null > /dev/null 2>&4 3>&- 4>&- &
    streamPid=$!
  fi
}

openStreamLines() {
  openAgentDir || return 1
  rm -f "$agentDir/stream-lines"
  mkfifo -m 600 "$agentDir/stream-lines" 2> /dev/null || return 1
  exec 4<> "$agentDir/stream-lines"
  rm -f "$agentDir/stream-lines"
}

# endStream: tells it to end; followStream sees to it that it does, within a second.
endStream() {
  [ -n "$streamPid" ] && [ -z "$streamEnding" ] || return 0
  kill -TERM "$streamPid" 2> /dev/null
  streamEnding=$((now + 100))
}

# closeStream: ends it, and waits for that.
closeStream() {
  endStream
  while [ -n "$streamPid" ]; do
    sleep 0.05
    readClock
    followStream
  done
}

# restartStream: with changed settings it starts without delay.
restartStream() {
  endStream
  streamRetryAt=0 streamDelay=1 streamError=''
}

onStreamEnd() {
  wait "$streamPid"
  readStreamLines
  streamPid=
  [ "$streamDropsAtEnd" -le "$streamDrops" ] || streamDrops=$streamDropsAtEnd
  streamDrops=$((streamDrops + streamQueueDrops))
  streamPackets=$((streamPackets + streamCount)) streamDropped=$((streamDropped + streamDrops))
  if [ -n "$streamConnected" ]; then
    text to "$streamTo"
    number packets "$streamCount"
    number dropped "$streamDrops"
    emit 'stream closed'
  fi
  [ -z "$streamConnected" ] || [ "$((now - streamStart))" -lt 1000 ] || streamDelay=1
  streamConnected='' streamCount=0 streamDrops=0
  if [ -n "$streamEnding" ]; then streamEnding=''; else retryStream; fi
}

# retryStream: says what is wrong, and when the next try is: as with dumpcap's, after one to thirty seconds.
retryStream() {
  streamError=${streamProblem:-dumpcap ended}
  text reason "stream to $stream: $streamError"
  text retry "${streamDelay}s"
  emit error
  streamRetryAt=$((now + streamDelay * 100))
  streamDelay=$((streamDelay * 2 > 30 ? 30 : streamDelay * 2))
}

# readStreamLines: those that are there, without waiting for more. dumpcap ends no line after it has told how many packets
# there are.
readStreamLines() {
  while IFS= read -r -n 1 -t 0.01 character <&4; do
    if [ -z "$character" ]; then
      onStreamLine "$streamLine"
      streamLine=
    else
      streamLine=$streamLine$character
    fi
  done
  onStreamCount "${streamLine##*"$carriageReturn"}"
}

# onStreamCount TEXT: true if it begins with a number of packets.
onStreamCount() {
  case $1 in
    'Packets: '[0-9]*' '*)
      streamCount=${1#Packets: }
      streamCount=${streamCount%% *}
      ;;
    'Packets captured: '[0-9]*) streamCount=${1#Packets captured: } ;;
    *) return 1 ;;
  esac
}

onStreamLine() {
  set -- "${1##*"$carriageReturn"}"
  if onStreamCount "$1"; then set -- "${1#Packets: "$streamCount" }"; fi
  case $1 in
    'Connected from '*)
      set -- "${1#Connected from }"
      checkOwnAddress "${1% to *}"
      ;;
    # The connection is there, and the capture runs.
    'File: -') onStreamConnected ;;
    'Dropped: '[0-9]*' '[0-9]*)
      streamDrops=${1#Dropped: }
      streamDrops=$((${streamDrops% *} + ${streamDrops#* }))
      ;;
    'Packets received/dropped on '*'(pcap:'*) onStreamDrops "${1##*\(pcap:}" ;;
    "That string isn't a valid capture filter ("*)
      streamProblem="filter: ${1#*\(}"
      streamProblem=${streamProblem%\).}
      ;;
    'connect: '*) streamProblem=${1#connect: } ;;
    'dumpcap: '*) : "${streamProblem:=${1#dumpcap: }}" ;;
  esac
}

onStreamConnected() {
  streamConnected=1 streamError='' streamConnections=$((streamConnections + 1)) streamStart=$now
  text to "$streamTo"
  # shellcheck disable=SC2086 # names without white space
  list interfaces $streamInterfaces
  emit 'stream connected'
}

# onStreamDrops TEXT: of one interface, at dumpcap's end, as in lines.sh.
onStreamDrops() {
  streamQueue=${1#*/dumpcap:}
  streamInterfaceDrops=${1#*/ps_ifdrop:}
  streamDropsAtEnd=$((streamDropsAtEnd + ${1%%/*} + ${streamInterfaceDrops%%[!0-9]*}))
  streamQueueDrops=$((streamQueueDrops + ${streamQueue%%/*}))
}

# tellStream: for status.json and the metrics, in $streamStatus and $streamMetrics.
tellStream() {
  if [ -z "$stream$streamPid" ]; then
    streamState='' told=
  else
    streamState=idle
    if [ -n "$streamConnected" ]; then streamState=connected; elif wantsStream; then streamState=connecting; fi
    quote "$stream"
    told="{\"to\":$quoted,\"state\":\"$streamState\",\"connections\":$streamConnections"
    told="$told,\"packets\":$((streamPackets + streamCount)),\"dropped\":$((streamDropped + streamDrops))"
    if [ -n "$streamError" ]; then
      quote "$streamError"
      told="$told,\"lastError\":$quoted"
    fi
    told="$told}"
  fi
  [ "$told" != "$streamStatus" ] || return 0
  streamStatus=$told statusChanged=1
  tellStreamMetrics
}

tellStreamMetrics() {
  streamMetrics=
  [ -n "$streamStatus" ] && [ -n "$metricsPort" ] || return 0
  metrics=
  connected=0
  [ "$streamState" != connected ] || connected=1
  metric stream_connected gauge 'Whether there is a connection to the collector.' " $connected"
  metric stream_connections_total counter 'Connections made to the collector.' " $streamConnections"
  metric stream_packets_total counter 'Packets written to the collector.' " $((streamPackets + streamCount))"
  metric stream_dropped_packets_total counter 'Packets dropped while the collector was connected.' \
    " $((streamDropped + streamDrops))"
  streamMetrics=${metrics%"$newline"}
}
