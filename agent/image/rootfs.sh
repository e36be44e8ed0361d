#!/bin/sh
# rootfs.sh SLIM MORE: lays out the file system of the slim image in SLIM, where the program is already, and in MORE what the
# other image has of Debian's as well. libpcap.so in this folder takes the place of Debian's.
set -eu

slim=$1 more=$2
user=60947
mkdir -p "$slim"/usr/bin "$slim"/usr/lib "$slim"/usr/lib64 "$slim"/etc/packet-capture/settings "$slim"/etc/packet-capture/upload \
  "$slim"/captures "$slim"/proc "$slim"/sys "$slim"/dev "$more"/usr/bin
# Debian has one tree of binaries and libraries, and old names for it.
for name in bin sbin lib lib64; do ln -s "usr/${name#s}" "$slim/$name"; done

# libraries TREE FILE...: copies the libraries of programs, and the loader, to their own paths, and prints these: `ldd` prints
# "NAME => PATH (ADDRESS)" or "PATH (ADDRESS)", some by the old names for /usr.
libraries() {
  tree=$1
  shift
  ldd "$@" | grep -o '/[^ ]* (0x' | cut -d ' ' -f 1 | sed 's|^/lib|/usr/lib|' | sort -u | while read -r library; do
    [ -e "$slim$library" ] || install -D -m 755 "$library" "$tree$library"
    echo "$library"
  done
}

# licences TREE: copies those of the packages that brought the files whose paths are read from standard input, and lists
# their source packages.
licences() {
  while read -r path; do dpkg-query --search "$(readlink -f "$path")"; done | cut -d : -f 1 | sort -u > packages
  mkdir -p "$1/usr/share/doc" "$1/usr/share/common-licenses"
  while read -r package; do
    copyright=usr/share/doc/$package/copyright
    install -D -m 644 "/$copyright" "$1/$copyright"
    # Texts that it only names.
    grep -o '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "/$copyright" | sort -u | while read -r text; do
      [ -e "$slim$text" ] || cp -L "$text" "$1/usr/share/common-licenses"
    done
    dpkg-query --show --showformat '${source:Package} ${source:Version}\n' "$package"
  done < packages | sort -u > sources
  cat sources "$slim/usr/share/doc/sources" 2> /dev/null | sort -u > all-sources
  cp all-sources "$1/usr/share/doc/sources"
}

# Names in filters: `port https`, `proto ospf`.
cp /etc/services /etc/protocols "$slim/etc"
# The agent starts it, and nobody may read it: see the Dockerfile.
install -m 711 /usr/bin/tcpdump "$slim/usr/bin"
libpcap=$(ldd /usr/bin/tcpdump | grep -o '/[^ ]*/libpcap\.so[^ ]*')
# It is a link to a file of Debian's.
install libpcap.so "$(readlink -f "$libpcap")"
libraries "$slim" /usr/bin/tcpdump > paths
printf '%s\n' /usr/bin/tcpdump /etc/services | cat - paths | licences "$slim"
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

# What rclone checks TLS to a bucket with.
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$more/etc/ssl/certs/ca-certificates.crt"
# For people, and for `kubectl cp`. Nothing of the agent's own needs a shell.
install -m 755 /usr/bin/busybox "$more/usr/bin"
for tool in sh cat date df du head id ip ln ls mkdir mv ps rm sleep stat tail tar wc; do
  ln -s busybox "$more/usr/bin/$tool"
done
libraries "$more" /usr/bin/busybox > paths
printf '%s\n' /usr/bin/busybox /usr/sbin/update-ca-certificates | cat - paths | licences "$more"

# Not effective by itself (no "e"): then a container without these could not even start it.
setcap cap_net_admin,cap_net_raw+p "$slim/usr/bin/packet-capture-agent"
