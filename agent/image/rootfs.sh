#!/bin/sh
# rootfs.sh ARCH SLIM MORE: lays out the file system of the slim image in SLIM, where the program is already, and in MORE what
# the other image has of Debian's as well. libpcap.so in this folder takes the place of Debian's.
set -eu

. ./debian.sh

arch=$1 slim=$2 more=$3 debs=/build/debs
user=60947
mkdir -p "$slim"/usr/bin "$slim"/usr/lib "$slim"/usr/lib64 "$slim"/etc/packet-capture/settings "$slim"/etc/packet-capture/upload \
  "$slim"/captures "$slim"/proc "$slim"/sys "$slim"/dev "$more"/usr/bin
# Debian has one tree of binaries and libraries, and old names for it.
for name in bin sbin lib lib64; do ln -s "usr/${name#s}" "$slim/$name"; done
fetch "$arch" "$debs" busybox ca-certificates netbase tcpdump

# Names in filters: `port https`, `proto ospf`.
install_program "$debs" "$slim" 644 "$debs/netbase/etc/services"
install_program "$debs" "$slim" 644 "$debs/netbase/etc/protocols"
# The agent starts it, and nobody may read it: see the Dockerfile.
tcpdump=$debs/tcpdump/usr/bin/tcpdump
install_program "$debs" "$slim" 711 "$tcpdump"
# It is a link to a file of Debian's.
libpcap=$(find "$debs" -name libpcap.so.0.8)
rm "$libpcap"
install -m 644 libpcap.so "$libpcap"
libraries "$debs" "$slim" /none "$tcpdump"
describe "$debs" "$slim" /none
install -m 644 SOURCE-OFFER "$slim/usr/share/doc/SOURCE-OFFER"
# The name by which the command line starts it in a pod. In images of before it was no program that takes commands.
mkdir -p "$slim/usr/lib/packet-capture"
ln -s ../../bin/packet-capture-agent "$slim/usr/lib/packet-capture/agent"

# A pod's host aliases go before its name servers.
printf 'hosts: files dns\n' > "$slim/etc/nsswitch.conf"
printf 'root:x:0:0::/:/bin/sh\npacket-capture:x:%s:%s::/captures:/bin/sh\n' "$user" "$user" > "$slim/etc/passwd"
printf 'root:x:0:\npacket-capture:x:%s:\n' "$user" > "$slim/etc/group"
# Without a volume it is the folder of the captures. Some clusters give containers another uid than the image's.
chown "$user:$user" "$slim/captures"
chmod 1777 "$slim/captures"

# What rclone checks TLS to a bucket with, as update-ca-certificates puts it together.
mkdir -p "$more/etc/ssl/certs"
cat "$debs"/ca-certificates/usr/share/ca-certificates/mozilla/*.crt > "$more/etc/ssl/certs/ca-certificates.crt"
echo ca-certificates >> "$debs/used"
# For people, and for `kubectl cp`. Nothing of the agent's own needs a shell.
install_program "$debs" "$more" 755 "$debs/busybox/usr/bin/busybox"
for tool in sh cat date df du head id ip ln ls mkdir mv ps rm sleep stat tail tar wc; do
  ln -s busybox "$more/usr/bin/$tool"
done
libraries "$debs" "$more" "$slim" "$debs/busybox/usr/bin/busybox"
describe "$debs" "$more" "$slim"

# Not effective by itself (no "e"): then a container without these could not even start it.
setcap cap_net_admin,cap_net_raw+p "$slim/usr/bin/packet-capture-agent"
