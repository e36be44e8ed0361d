# shellcheck shell=sh disable=SC3045
# SC3045: -n of `read` is busybox's; the image brings no other shell.
#
# One run of dumpcap, from its start to its end.

dumpcapPid='' count=0 kernelDropped=0 interfaceDropped=0

# startDumpcap: true if it was started. Its first line decides whether it captures.
startDumpcap() {
  runFiles=0 count=0 countAtOpen=0 problem='' filterProblem='' killed=''
  kernelDropped=0 interfaceDropped=0 queueDropped=0 droppedReported=0 kernelAtEnd=0 interfaceAtEnd=0
  capturing=$present
  # dumpcap looks at the size after a packet, so the largest packet must fit in between; and so must the note of an upload,
  # which has the filter in it: there may be one beside every file of the ring.
  largestPacket=$((snaplen > 0 ? snaplen : largestSnaplen)) noteBytes=0
  [ -z "$upload" ] || noteBytes=$((${#quotedFilter} + 8192))
  fileKilobytes=$(((fileBytes - largestPacket - noteBytes - 4096) / 1000))
  [ "$fileKilobytes" -le 2000000000 ] || fileKilobytes=2000000000
  set -- --update-interval 500 -B "$bufferMebibytes" -w "$captureDir/$podName.pcapng" \
    -b nametimenum:2 -b files:2 -b "filesize:$fileKilobytes" -b "duration:$rotateSeconds"
  [ "$snaplen" = 0 ] || set -- "$@" -s "$snaplen"
  [ -z "$packetLimit" ] || set -- "$@" -c "$((packetLimit - capturedPackets))"
  [ -z "$durationSeconds" ] || set -- "$@" -a "duration:$secondsLeft"
  # files:2 makes dumpcap ask for a deletion at every file; how many stay is for preload/ring.c to say.
  PACKET_CAPTURE_RING=$fileCount becomeCapture dumpcap "$@" < /dev/null > /dev/null 2>&3 3>&- 4>&- &
  dumpcapPid=$!
}

# becomeCapture COMMAND...: in a process of its own: COMMAND takes its place, dumpcap with what it is to capture. Ends with
# status 2 if the filter is invalid.
becomeCapture() {
  for name in $present; do
    expressionFor "$name" || exit 2
    set -- "$@" "-i$name" "--ifdescr=$podNamespace/$podName node=$nodeName"
    # Attached to its flag: dumpcap searches all arguments for -Z and --log-*, wherever they stand.
    [ -z "$expression" ] || set -- "$@" "-f$expression"
  done
  # Several interfaces are read by a thread each, into a queue of at most this many bytes.
  [ "$present" = "${present% *}" ] || set -- "$@" -C 4000000
  export LD_PRELOAD="$preload"
  exec "$@"
}

dumpcapEnded() {
  hasEnded "$dumpcapPid"
}

# hasEnded PID: true once that child has; it stays a zombie until it is waited for. "PID (NAME) STATE" is within 27
# characters, also before dumpcap has taken the place of this program; and `read` takes a system call for each.
hasEnded() {
  read -r -n 27 processStat < "/proc/$1/stat" || return 0
  case ${processStat##*) } in [ZX]*) ;; *) return 1 ;; esac
} 2> /dev/null

# stopDumpcap HUNDREDTHS: after that long, since packets reach dumpcap up to a quarter of a second late.
stopDumpcap() {
  readClock
  end=$((now + $1))
  while [ "$now" -lt "$end" ] && ! dumpcapEnded; do
    readLine 0.1
    readClock
  done
  endStream
  kill -TERM "$dumpcapPid" 2> /dev/null
  end=$((now + 500))
  while ! dumpcapEnded; do
    readLine 0.05
    readClock
    if [ "$now" -ge "$end" ] && [ -z "$killed" ]; then
      kill -KILL "$dumpcapPid" 2> /dev/null
      killed=1
    fi
  done
  finishRun
  [ "$status" = 0 ] && return
  text reason "dumpcap ended with status $status when it was told to stop"
  emit error
}

# finishRun: takes note of how dumpcap ended, in $status, and closes its last file.
finishRun() {
  wait "$dumpcapPid"
  status=$?
  dumpcapPid=
  while readLine 0.02; do :; done
  line=
  [ "$kernelAtEnd" -le "$kernelDropped" ] || kernelDropped=$kernelAtEnd
  [ "$interfaceAtEnd" -le "$interfaceDropped" ] || interfaceDropped=$interfaceAtEnd
  if [ -n "$file" ]; then closeLastFile; fi
  totalKernelDropped=$((totalKernelDropped + kernelDropped)) totalQueueDropped=$((totalQueueDropped + queueDropped))
  totalInterfaceDropped=$((totalInterfaceDropped + interfaceDropped))
  count=0 kernelDropped=0 interfaceDropped=0 capturedInterfaces=''
}

closeLastFile() {
  if [ "$status" = 0 ]; then
    closeFile
  else
    closeFile "$(countPackets)"
  fi
  # The one that was being written came on top.
  pruneRing "$fileCount"
}
