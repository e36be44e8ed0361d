# shellcheck shell=sh disable=SC3045
# SC3045: -n and -t of `read` are busybox's; the image brings no other shell.
#
# What dumpcap says on standard error, which is this program's file descriptor 3:
#   File: PATH           a file was opened, and the one before is closed
#   Packets: N           written so far, without a line's end; right before `File:` it is exact (do_file_switch_or_stop)
#   Dropped: K I         by the kernel and by the interfaces so far (preload/pcapStats.c)
#   Packets received/dropped on interface 'NAME': R/D (pcap:KERNEL/dumpcap:QUEUE/flushed:AFTER_THE_END/ps_ifdrop:INTERFACE)   at its end

line=
carriageReturn=$(printf '\r')

# openLines: the pipe for dumpcap's lines. It has a name for a moment only: the volume is all that can be written to.
openLines() {
  openAgentDir || return 1
  rm -f "$agentDir/lines"
  mkfifo -m 600 "$agentDir/lines" 2> /dev/null || return 1
  exec 3<> "$agentDir/lines"
  rm -f "$agentDir/lines"
}

# readLine SECONDS: waits that long for each character of a line of dumpcap's, and handles the line when it is whole;
# false if none came. By the character, since at its timeout `read` forgets what it has read so far.
readLine() {
  while IFS= read -r -n 1 -t "$1" character <&3; do
    if [ -z "$character" ]; then
      whole=$line
      line=
      onLine "$whole"
      return 0
    fi
    line=$line$character
  done
  return 1
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
    'Dropped: '[0-9]*' '[0-9]*)
      kernelDropped=${lineEnd#Dropped: }
      interfaceDropped=${kernelDropped#* }
      kernelDropped=${kernelDropped% *}
      ;;
    'Packets received/dropped on '*'(pcap:'*) onDrops "${lineEnd##*\(pcap:}" ;;
    "That string isn't a valid capture filter ("*)
      filterProblem=${lineEnd#*\(}
      filterProblem=${filterProblem%\).}
      ;;
    'dumpcap: '*) problem=${lineEnd#dumpcap: } ;;
    '("'*) problem="$problem $lineEnd" ;;
  esac
}

# Packets behind the end of the capture ("flushed") are none that it lost.
onDrops() {
  kernel=${1%%/*}
  queue=${1#*/dumpcap:}
  interface=${1#*/ps_ifdrop:}
  kernelAtEnd=$((kernelAtEnd + kernel)) queueDropped=$((queueDropped + ${queue%%/*}))
  interfaceAtEnd=$((interfaceAtEnd + ${interface%%[!0-9]*}))
}

# readOpenLine: dumpcap ends no line after it has told how many packets there are.
readOpenLine() {
  case ${line##*"$carriageReturn"} in
    'Packets: '[0-9]*' ')
      count=${line##*"$carriageReturn"Packets: }
      count=${count% }
      ;;
  esac
}
