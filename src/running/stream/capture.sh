#!/bin/sh
# shellcheck disable=SC1091,SC2154,SC3045
# SC3045: -t of `read` is busybox's, which runs it. The sourced file is the image's.
#
# capture.sh INTERFACES SNAPLEN FILTER OWN: in the agent's container, for `packet-capture stream`: captures to standard
# output, in pcapng, until standard input ends or says nothing for half a minute: then nobody is there any more. With OWN
# `exclude` the agent's own connections are left out. Status 65: the filter is invalid; 66: an interface is not there.
interfaces=$1 snaplen=$2 filter=$3 own=$4
library=/usr/lib/packet-capture
exec 3<&0 < /dev/null

refuse() {
  printf 'refused: %s\n' "$2" >&2
  exit "$1"
}

# compiles INTERFACE EXPRESSION: what the compiler said is in $said.
compiles() {
  said=$(tcpdump -p -d -i "$1" -- "$2" 2>&1 > /dev/null) && return 0
  said=${said##*tcpdump: }
  return 1
}

present=
case $interfaces in all | any | all,lo | lo,all) whole=1 ;; *) whole= ;; esac
if [ -n "$whole" ]; then
  for folder in /sys/class/net/*; do
    name=${folder##*/}
    # IFF_UP is bit 0; bonding_masters is a plain file there.
    { [ "$name" != lo ] || [ "$interfaces" != all ]; } && [ -e "$folder/flags" ] && read -r flags < "$folder/flags" && [ "$((flags & 1))" = 1 ] \
      && present="$present$name "
  done
  [ -n "$present" ] || refuse 66 'no interface is up that was asked for'
else
  rest=$interfaces,
  while [ -n "$rest" ]; do
    name=${rest%%,*}
    rest=${rest#*,}
    [ -e "/sys/class/net/$name" ] || refuse 66 "there is no interface $name"
    case " $present" in *" $name "*) ;; *) present="$present$name " ;; esac
  done
fi
set -f

ownPorts=
if [ "$own" = exclude ] && [ -e "$library/own.sh" ]; then
  . "$library/own.sh"
  chooseOwnPorts /proc/sys/net/ipv4/ip_local_port_range
fi

set -- -q -w - -B 4
[ "$snaplen" = 0 ] || set -- "$@" -s "$snaplen"
# Several interfaces are read by a thread each, into a queue of at most this many bytes.
case $present in *' '*' ') set -- "$@" -C 4000000 ;; esac
for name in $present; do
  # By itself first: `a) or (b` would be valid in parentheses of ours.
  if [ -n "$filter" ] && ! compiles "$name" "$filter"; then
    case $said in "$name: "*) refuse 66 "$said" ;; *) refuse 65 "$said" ;; esac
  fi
  expression=$filter
  if [ -n "$ownPorts" ]; then
    ownTraffic "$name"
    expression="${expression:+not ($expression)}${filter:+${expression:+ and }($filter)}"
    # An interface of a kind that has no ports takes the filter alone.
    compiles "$name" "$expression" || expression=$filter
  fi
  set -- "$@" "-i$name"
  # Attached to its flag: dumpcap searches all arguments for -Z and --log-*, wherever they stand.
  [ -z "$expression" ] || set -- "$@" "-f$expression"
done

(
  [ ! -e "$library/preload.so" ] || export LD_PRELOAD="$library/preload.so" PACKET_CAPTURE_TIMEOUT=50
  exec dumpcap "$@" 3<&-
) &
capture=$!
(
  # A runtime whose connection is lost may kill this process alone and leave standard input as it is (containerd:
  # execInternal kills when its context ends, and CloseIO fails by the same context).
  silence=0
  while [ "$silence" -lt 30 ] && kill -0 $$; do
    if read -r -t 1 _ <&3; then silence=0; else silence=$((silence + 1)); fi
  done
  trap : TERM
  # What was sent until now may lie in the kernel's buffer for 50 ms, and dumpcap leaves there what it has not read.
  sleep 0.3
  kill -TERM "$capture"
  # It may be in a write: containerd reads no more of a command whose connection is lost, and closes nothing.
  tries=0
  while [ "$tries" -lt 30 ] && kill -0 "$capture"; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -KILL "$capture"
) > /dev/null 2>&1 &
watcher=$!
wait "$capture"
status=$?
kill "$watcher" 2> /dev/null
# So that not even its `sleep` outlives this.
wait "$watcher"
exit "$status"
