#!/bin/sh
# container.sh ROOT CAPTURES SETTINGS CAPABILITIES COMMAND [ARGUMENT...]: a command of the agent's image as the kubelet runs
# its entrypoint, in this mount, PID and network namespace: the image's uid, no privilege escalation, read-only root. CAPABILITIES
# is net_raw, net_admin or nothing; CAPTURES may be `tmpfs:SIZE` instead of a folder; UPLOAD_SECRET in the environment is the folder
# that stands for the Secret, if there is one, and START_NOTE a file for the time of the start, in seconds since 1970.
set -eu
root=$1 captures=$2 settings=$3 capabilities=${4:+,+$4}
shift 4
user=$(stat -c %u "$root/captures")

mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
case $captures in
  tmpfs:*) mount -t tmpfs -o "size=${captures#tmpfs:},mode=1777" tmpfs "$root/captures" ;;
  *) mount --bind "$captures" "$root/captures" ;;
esac
mount -o bind,ro "$settings" "$root/etc/packet-capture/settings"
[ -z "${UPLOAD_SECRET:-}" ] || mount -o bind,ro "$UPLOAD_SECRET" "$root/etc/packet-capture/upload"
unset UPLOAD_SECRET

if [ -n "${START_NOTE:-}" ]; then date +%s.%N >"$START_NOTE"; fi
unset START_NOTE

# The state in which a runtime starts a container's first process: the capability is permitted, the user is not root.
exec chroot "$root" /test/ld.so --library-path /test /test/setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs \
  --bounding-set "-all$capabilities" --inh-caps "-all$capabilities" --ambient-caps "-all$capabilities" -- "$@"
