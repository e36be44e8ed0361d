# shellcheck shell=sh
# The files of a capture: what is said and summed up when one is opened or closed.

file=
totalFiles=0 totalPackets=0 totalBytes=0 totalDropped=0
totalKernelDropped=0 totalInterfaceDropped=0 totalQueueDropped=0

onFile() {
  if [ -n "$file" ]; then closeFile; fi
  file=$1
  runFiles=$((runFiles + 1))
  if [ "$runFiles" = 1 ]; then onFirstFile; fi
  noteOpened
}

onFirstFile() {
  startedAt=$now
  # shellcheck disable=SC2086 # names without white space
  list interfaces $capturing
  capturedInterfaces=$items
  text filter "$now_FILTER"
  quotedFilter=$quoted
  number snaplen "$snaplen"
  text file "$file"
  emit started
  startedTime=$wallTime
  setState capturing
}

# closeFile [PACKETS]: says what the closed file holds; one without packets is not kept. When files follow each other
# faster than they can be told of, one may be out of the ring already.
closeFile() {
  packets=${1:-$((count - countAtOpen))}
  # dumpcap counts in 32 bits.
  [ "$packets" -ge 0 ] || packets=$((packets + 4294967296))
  countAtOpen=$count
  newlyDropped=$((kernelDropped + queueDropped - droppedReported))
  droppedReported=$((kernelDropped + queueDropped))
  bytes=$(stat -c %s "$file" 2> /dev/null)
  kept=true
  if [ -z "$bytes" ]; then
    bytes=0 kept=false
  elif [ "$packets" = 0 ]; then
    rm -f "$file"
    kept=false
  else
    totalFiles=$((totalFiles + 1))
  fi
  capturedPackets=$((capturedPackets + packets))
  totalPackets=$((totalPackets + packets)) totalBytes=$((totalBytes + bytes)) totalDropped=$((totalDropped + newlyDropped))
  text file "$file"
  number packets "$packets"
  number bytes "$bytes"
  number dropped "$newlyDropped"
  raw kept "$kept"
  emit 'file closed'
  noteClosed
  file=
}

# countPackets: in the file, which may end in the middle of a packet.
countPackets() {
  counted=$(tcpdump --count -r "$file" 2> /dev/null)
  case ${counted%% *} in
    '' | *[!0-9]*) echo "$((count - countAtOpen))" ;;
    *) echo "${counted%% *}" ;;
  esac
}
