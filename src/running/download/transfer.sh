#!/bin/sh
# shellcheck disable=SC3045
# SC3045: -t of `read` is busybox's, which runs it.
#
# transfer.sh FILE OFFSET SIZE: in the agent's container, for `packet-capture download`: the checksum of the first OFFSET
# bytes, unless there are none, the checksum of the first SIZE, and what of these is behind OFFSET. Status 66: the file is
# not there.
#
# The file is held open, so that the ring may remove it meanwhile. The applet's short name is missing in older images.
[ -e "$1" ] || exit 66
exec 3< "$1" 4<&0 < /dev/null
file=/proc/self/fd/3
[ "$2" = 0 ] || head -c "$2" $file | busybox sha256sum
head -c "$3" $file | busybox sha256sum
if [ "$2" = 0 ]; then head -c "$3" $file & else tail -c "+$(($2 + 1))" $file & fi
transfer=$!
# Nobody is there any more when standard input ends or says nothing for half a minute. A runtime whose connection is lost
# reads no more, so that the rest would wait for ever to be written; and it may kill this process alone and leave standard
# input as it is (containerd: execInternal kills when its context ends, and CloseIO fails by the same context).
{
  silence=0
  while [ "$silence" -lt 30 ] && kill -0 $$; do
    if read -r -t 1 _ <&4; then silence=0; else silence=$((silence + 1)); fi
  done
  kill "$transfer"
} > /dev/null 2>&1 &
watcher=$!
wait "$transfer"
status=$?
kill "$watcher" 2> /dev/null
exit "$status"
