#!/bin/sh
# asAgent.sh ROOT UID CAPABILITIES COMMAND [ARGUMENT...]: a command in the file system of a container, in the state in which a runtime
# starts it: that uid, no privilege escalation, and the capabilities permitted. CAPABILITIES is net_raw, net_admin or nothing.
set -eu
root=$1 user=$2 capabilities=${3:+,+$3}
shift 3

exec chroot "$root" /test/ld.so --library-path /test /test/setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs \
  --bounding-set "-all$capabilities" --inh-caps "-all$capabilities" --ambient-caps "-all$capabilities" -- "$@"
