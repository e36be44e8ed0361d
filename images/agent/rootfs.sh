#!/bin/sh
# rootfs.sh FOLDER: lays out the image's file system in FOLDER, from what is installed here.
set -eu

root=$1
mkdir -p "$root"/usr/bin "$root"/usr/lib "$root"/usr/lib64 "$root"/usr/lib/packet-capture "$root"/usr/share/doc \
  "$root"/etc/packet-capture/settings "$root"/etc/packet-capture/upload "$root"/captures "$root"/proc "$root"/sys "$root"/dev
# Debian has one tree of binaries and libraries, and old names for it.
for name in bin sbin lib lib64; do ln -s "usr/${name#s}" "$root/$name"; done

binaries='/usr/bin/dumpcap /usr/bin/tcpdump /usr/bin/busybox /usr/bin/rclone'
for binary in $binaries; do install -m 755 "$binary" "$root/usr/bin"; done
# 10 MB less, of which 4 are left when they are compressed. It must still start.
./drop-exports "$root/usr/bin/rclone"
"$root/usr/bin/rclone" version > /dev/null
install -m 755 launch packet-capture-agent packet-capture-mirror "$root/usr/bin"
install -m 755 connect kernel-mirror own-ports serve-metrics "$root/usr/lib/packet-capture"
install -m 644 preload.so library/*.sh "$root/usr/lib/packet-capture"
# What the agent and `kubectl exec`, `cp` and `debug` call.
for tool in sh cat date df du head id ip ln ls mkdir mkfifo mv ps rm sha256sum sleep stat tail tar wc; do
  ln -s busybox "$root/usr/bin/$tool"
done

# Every library, and the loader, at its own path: `ldd` prints "NAME => PATH (ADDRESS)" or "PATH (ADDRESS)". The C
# library loads libgcc_s by itself when a thread ends, as those of a capture on several interfaces do.
{
  # shellcheck disable=SC2086 # a list
  ldd $binaries launch connect kernel-mirror own-ports serve-metrics preload.so | grep -o '/[^ ]* (0x' | cut -d ' ' -f 1
  readlink -f "$(gcc -print-file-name=libgcc_s.so.1)"
} | sort -u > libraries
while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done < libraries

# What TLS to a bucket is checked with.
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
# Names in filters: `port https`, `proto ospf`.
cp /etc/services /etc/protocols "$root/etc"
# A pod's host aliases go before its name servers.
printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"
printf 'root:x:0:0::/:/bin/sh\nnonroot:x:65532:65532::/captures:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' > "$root/etc/group"
chown 65532:65532 "$root/captures"

# Licences of all that was copied, and the versions that name its source at Debian's.
# shellcheck disable=SC2086 # a list
packages=$({ cat libraries; printf '%s\n' $binaries /etc/services /usr/sbin/update-ca-certificates; } | while read -r path; do
  dpkg-query --search "$(readlink -f "$path")"
done | cut -d : -f 1 | sort -u)
for package in $packages; do
  copyright=usr/share/doc/$package/copyright
  install -D -m 644 "/$copyright" "$root/$copyright"
done
# shellcheck disable=SC2086 # a list
dpkg-query --show --showformat '${source:Package} ${source:Version}\n' $packages | sort -u > "$root/usr/share/doc/sources"
mkdir "$root/usr/share/common-licenses"
# shellcheck disable=SC2046 # a list
cp -L $(cat "$root"/usr/share/doc/*/copyright | grep -oh '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' | sort -u) \
  "$root/usr/share/common-licenses"

# Not effective by itself (no "e"): then a container without these could not even start it. See launch.c.
setcap cap_net_admin,cap_net_raw+p "$root/usr/bin/launch"
