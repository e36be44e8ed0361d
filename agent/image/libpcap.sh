#!/bin/sh
# libpcap.sh ARCH FILE: builds libpcap.so.0.8 for an architecture from Debian's source package as FILE.
#
# Debian's own binary can also capture D-Bus messages, and links libdbus and libsystemd for that: 1.2 MB of the image,
# compressed, that no pod has a use for.
set -eu

arch=$1 file=$2
export DEBIAN_FRONTEND=noninteractive

# The sources of packages are where the packages are: `deb ADDRESS …` in *.list, or `Types: deb` in *.sources.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  if [ -s "$list" ]; then sed -n 's/^deb /deb-src /p' "$list"; fi
done > deb-src
cp deb-src /etc/apt/sources.list.d/deb-src.list
for list in /etc/apt/sources.list.d/*.sources; do
  if [ -s "$list" ]; then sed -i 's/^Types: deb$/Types: deb deb-src/' "$list"; fi
done
apt-get update
apt-get install --yes --no-install-recommends bison dpkg-dev flex make
# As x86_64-linux-gnu; the package of its compiler has hyphens alone.
target=$(dpkg-architecture -a "$arch" -q DEB_HOST_GNU_TYPE)
headers=libc6-dev
[ "$arch" = "$(dpkg --print-architecture)" ] || headers=libc6-dev-$arch-cross
apt-get install --yes --no-install-recommends "gcc-$(echo "$target" | tr _ -)" "$headers"
# apt checks sources by the signatures of Debian's archive, as it does packages.
apt-get source --only-source libpcap

cd libpcap-*/
# Debian's flags for hardened programs; with them the path of this folder is not in the result.
eval "$(DEB_HOST_ARCH=$arch dpkg-buildflags --export=sh)"
# None of this is of use for network interfaces.
./configure --host="$target" --with-pcap=linux --disable-bluetooth --disable-dbus --disable-netmap --disable-rdma --disable-usb --without-libnl
make shared
"$target-strip" --strip-unneeded libpcap.so.*.*.*
install -D -m 644 libpcap.so.*.*.* "$file"
