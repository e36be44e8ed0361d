#!/bin/sh
# rootfs.sh FOLDER: lays out Node and what it needs in FOLDER, from what is installed here.
set -eu

root=$1
node=$(readlink -f "$(command -v node)")
mkdir -p "$root"/usr/bin "$root"/usr/lib "$root"/usr/lib64 "$root"/usr/share/doc "$root"/etc "$root"/app "$root"/proc "$root"/sys "$root"/dev
# Debian has one tree of binaries and libraries, and old names for it.
for name in bin lib lib64; do ln -s "usr/$name" "$root/$name"; done

strip --strip-all -o "$root/usr/bin/node" "$node"
chmod 755 "$root/usr/bin/node"

# Every library, and the loader, at its own path: `ldd` prints "NAME => PATH (ADDRESS)" or "PATH (ADDRESS)".
ldd "$node" > /build/needed
if grep 'not found' /build/needed; then exit 1; fi
grep -o '/[^ ]* (0x' /build/needed | cut -d ' ' -f 1 | sort -u > /build/libraries
while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done < /build/libraries

printf 'root:x:0:0::/:/sbin/nologin\nnonroot:x:65532:65532::/app:/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' > "$root/etc/group"

# Licences of all that was copied, and the versions that name its source at Debian's.
packages=$(while read -r path; do dpkg-query --search "$(readlink -f "$path")"; done < /build/libraries | cut -d : -f 1 | sort -u)
for package in $packages; do
  copyright=usr/share/doc/$package/copyright
  install -D -m 644 "/$copyright" "$root/$copyright"
done
# shellcheck disable=SC2086 # a list
dpkg-query --show --showformat '${source:Package} ${source:Version}\n' $packages | sort -u > "$root/usr/share/doc/sources"
if [ -f /usr/local/LICENSE ]; then install -D -m 644 /usr/local/LICENSE "$root/usr/share/doc/node/LICENSE"; fi
