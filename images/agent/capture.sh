# shellcheck shell=sh disable=SC3045
# SC3045: -n and -t of `read` are busybox's; the image brings no other shell.
#
# One run of dumpcap. It writes to standard error, which is this program's file descriptor 3:
#   File: PATH           a file was opened, and the one before is closed
#   Packets: N           written so far, without a line's end; right before `File:` it is exact (do_file_switch_or_stop)
#   Dropped: N           by the kernel so far (pcapStats.c)
#   Packets received/dropped on interface 'NAME': R/D (pcap:KERNEL/dumpcap:QUEUE/flushed:AFTER_THE_END/…)   at its end

dumpcapPid=
file=
line=
carriageReturn=$(printf '\r')

# openLines: the pipe for dumpcap's lines. It has a name for a moment only: the volume is all that can be written to.
openLines() {
  rm -f "$captureDir/.lines"
  mkfifo -m 600 "$captureDir/.lines" 2> /dev/null || return 1
  exec 3<> "$captureDir/.lines"
  rm -f "$captureDir/.lines"
}

# readClock: hundredths of a second since boot, in $now.
readClock() {
  read -r uptime _ < /proc/uptime
  now=$((${uptime%.*} * 100 + 1${uptime#*.} - 100))
}

# findInterfaces: those to capture in $present, names that are asked for and do not exist in $missing.
findInterfaces() {
  present='' missing=''
  if [ "$interfaces" = all ]; then
    set +f
    set -- /sys/class/net/*
    set -f
    for interface; do
      name=${interface##*/}
      [ "$name" != lo ] && isUp "$interface" && present="$present${present:+ }$name"
    done
    return
  fi
  rest=$interfaces,
  while [ -n "$rest" ]; do
    name=${rest%%,*}
    rest=${rest#*,}
    if [ ! -e "/sys/class/net/$name" ]; then
      missing="$missing${missing:+ }$name"
    else
      case " $present " in *" $name "*) ;; *) present="$present${present:+ }$name" ;; esac
    fi
  done
}

# isUp FOLDER: of an interface in sysfs. IFF_UP is bit 0; bonding_masters is a plain file in that folder.
isUp() {
  [ -e "$1/flags" ] && read -r flags < "$1/flags" && [ "$((flags & 1))" = 1 ]
} 2> /dev/null

# startDumpcap: true if it was started. Its first line decides whether it captures.
startDumpcap() {
  runFiles=0 count=0 countAtOpen=0 dropped=0 droppedReported=0 droppedAtEnd=0 problem='' filterProblem='' killed=''
  capturing=$present
  # dumpcap looks at the size after a packet, so the largest packet must fit in between.
  largestPacket=$((snaplen > 0 ? snaplen : largestSnaplen))
  fileKilobytes=$(((fileBytes - largestPacket - 4096) / 1000))
  [ "$fileKilobytes" -le 2000000000 ] || fileKilobytes=2000000000
  set -- --update-interval 500 -B "$bufferMebibytes" -w "$captureDir/$podName.pcapng" \
    -b nametimenum:2 -b "filesize:$fileKilobytes" -b "duration:$rotateSeconds"
  [ "$snaplen" = 0 ] || set -- "$@" -s "$snaplen"
  # Attached to its flag: dumpcap searches all arguments for -Z and --log-*, wherever they stand.
  [ -z "$filter" ] || set -- "$@" "-f$filter"
  [ -z "$packetLimit" ] || set -- "$@" -c "$((packetLimit - capturedPackets))"
  [ -z "$durationSeconds" ] || set -- "$@" -a "duration:$secondsLeft"
  for name in $present; do
    set -- "$@" "-i$name" "--ifdescr=$podNamespace/$podName node=$nodeName"
  done
  # Several interfaces are read by a thread each, into a queue of at most this many bytes.
  [ "$present" = "${present% *}" ] || set -- "$@" -C 4000000
  LD_PRELOAD=$statsLibrary dumpcap "$@" < /dev/null > /dev/null 2>&3 3>&- &
  dumpcapPid=$!
}

# readLine SECONDS: waits that long for each character of a line of dumpcap's, and handles the line when it is whole.
# By the character, since at its timeout `read` forgets what it has read so far.
readLine() {
  while IFS= read -r -n 1 -t "$1" character <&3; do
    if [ -z "$character" ]; then
      whole=$line
      line=
      onLine "$whole"
      return
    fi
    line=$line$character
  done
}

# The user's filter and dumpcap's explanations stand in lines that begin with "dumpcap: ", and nowhere else.
onLine() {
  lineEnd=${1##*"$carriageReturn"}
  case $lineEnd in
    'Packets: '[0-9]*' '*)
      count=${lineEnd#Packets: }
      count=${count%% *}
      lineEnd=${lineEnd#Packets: "$count" }
      ;;
    'Packets captured: '[0-9]*) count=${lineEnd#Packets captured: } ;;
  esac
  case $lineEnd in
    'File: '*) onFile "${lineEnd#File: }" ;;
    'Dropped: '[0-9]*) dropped=${lineEnd#Dropped: } ;;
    'Packets received/dropped on '*'(pcap:'*) onDrops "${lineEnd##*\(pcap:}" ;;
    "That string isn't a valid capture filter ("*)
      filterProblem=${lineEnd#*\(}
      filterProblem=${filterProblem%\).}
      ;;
    'dumpcap: '*) problem=${lineEnd#dumpcap: } ;;
    '("'*) problem="$problem $lineEnd" ;;
    end) allRead=1 ;;
  esac
}

# Packets behind the end of the capture ("flushed") are none that it lost.
onDrops() {
  kernel=${1%%/*}
  queue=${1#*/dumpcap:}
  droppedAtEnd=$((droppedAtEnd + kernel + ${queue%%/*}))
}

onFile() {
  if [ -n "$file" ]; then closeFile; fi
  file=$1
  runFiles=$((runFiles + 1))
  pruneRing "$fileCount"
  [ "$runFiles" = 1 ] || return 0
  startedAt=$now
  # shellcheck disable=SC2086 # names without white space
  list interfaces $capturing
  text filter "$now_FILTER"
  number snaplen "$snaplen"
  text file "$file"
  emit started
}

# closeFile [COUNTED]: says what the closed file holds; a file without packets is not kept.
closeFile() {
  packets=${1:-$((count - countAtOpen))}
  # dumpcap counts in 32 bits.
  [ "$packets" -ge 0 ] || packets=$((packets + 4294967296))
  countAtOpen=$count
  newlyDropped=$((dropped - droppedReported))
  droppedReported=$dropped
  bytes=$(stat -c %s "$file" 2> /dev/null)
  bytes=${bytes:-0}
  kept=true
  if [ "$packets" = 0 ]; then
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
  file=
}

# dumpcapEnded: true once it has; it stays a zombie until it is waited for.
dumpcapEnded() {
  read -r processStat < "/proc/$dumpcapPid/stat" || return 0
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
  kill -TERM "$dumpcapPid" 2> /dev/null
  end=$((now + 500))
  while ! dumpcapEnded; do
    readLine 0.05
    readClock
    if [ "$now" -ge "$end" ] && [ -z "$killed" ]; then
      kill -KILL "$dumpcapPid"
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
  allRead=
  printf '\nend\n' >&3
  while [ -z "$allRead" ]; do readLine 1; done
  [ "$droppedAtEnd" -le "$dropped" ] || dropped=$droppedAtEnd
  [ -n "$file" ] || return 0
  if [ "$status" = 0 ]; then
    closeFile
  else
    closeFile "$(countPackets)"
  fi
}

# countPackets: in the file, which may end in the middle of a packet.
countPackets() {
  counted=$(tcpdump --count -r "$file" 2> /dev/null)
  case ${counted%% *} in
    '' | *[!0-9]*) echo "$((count - countAtOpen))" ;;
    *) echo "${counted%% *}" ;;
  esac
}
