#!/bin/sh
# container.sh ROOT CAPTURES SETTINGS CAPABILITIES COMMAND [ARGUMENT...]: a command of the agent's image as the kubelet runs
# its entrypoint, in this mount, PID and network namespace: the image's uid, no privilege escalation, read-only root. CAPABILITIES
# is net_raw, net_admin or nothing; CAPTURES may be `tmpfs:SIZE` instead of a folder, or `layer:SIZE`: then the container has no
# volume, and a writable layer of that size, as an ephemeral container. UPLOAD_SECRET in the environment is the folder
# that stands for the Secret, if there is one, and START_NOTE a file for the time of the start, in seconds since 1970.
set -eu
root=$1 captures=$2 settings=$3 capabilities=$4
shift 4
user=$(stat -c %u "$root/captures")

case $captures in
  layer:*)
    # Anywhere: nobody else sees it.
    mount -t tmpfs -o "size=${captures#layer:}" tmpfs /mnt
    mkdir /mnt/files /mnt/work
    mount -t overlay -o "lowerdir=$root,upperdir=/mnt/files,workdir=/mnt/work" overlay "$root"
    ;;
  *)
    mount --bind "$root" "$root"
    mount -o remount,bind,ro "$root"
    ;;
esac
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
case $captures in
  layer:*) ;;
  tmpfs:*) mount -t tmpfs -o "size=${captures#tmpfs:},mode=1777" tmpfs "$root/captures" ;;
  *) mount --bind "$captures" "$root/captures" ;;
esac
[ -z "$settings" ] || mount -o bind,ro "$settings" "$root/etc/packet-capture/settings"
[ -z "${UPLOAD_SECRET:-}" ] || mount -o bind,ro "$UPLOAD_SECRET" "$root/etc/packet-capture/upload"
unset UPLOAD_SECRET

if [ -n "${START_NOTE:-}" ]; then date +%s.%N >"$START_NOTE"; fi
unset START_NOTE

exec sh "$(dirname "$0")/asAgent.sh" "$root" "$user" "$capabilities" "$@"
