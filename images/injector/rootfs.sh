#!/bin/sh
# rootfs.sh ARCH FOLDER: lays out Node and what it needs of Debian's in FOLDER.
set -eu

. ./debian.sh

arch=$1 root=$2 debs=/build/debs
mkdir -p "$root"/usr/bin "$root"/usr/lib "$root"/usr/lib64 "$root"/usr/share/doc "$root"/etc "$root"/app "$root"/proc "$root"/sys "$root"/dev
# Debian has one tree of binaries and libraries, and old names for it.
for name in bin lib lib64; do ln -s "usr/$name" "$root/$name"; done
fetch "$arch" "$debs" libatomic1 libc6 libstdc++6

install -m 755 node "$root/usr/bin/node"
libraries "$debs" "$root" /none node
describe "$debs" "$root" /none
install -m 644 SOURCE-OFFER "$root/usr/share/doc/SOURCE-OFFER"

printf 'root:x:0:0::/:/sbin/nologin\nnonroot:x:65532:65532::/app:/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' > "$root/etc/group"
