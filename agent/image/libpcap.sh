#!/bin/sh
# libpcap.sh FILE: builds libpcap.so.0.8 from Debian's source package as FILE.
#
# Debian's own binary can also capture D-Bus messages, and links libdbus and libsystemd for that: 1.2 MB of the image,
# compressed, that no pod has a use for.
set -eu

file=$1
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
apt-get install --yes --no-install-recommends bison dpkg-dev flex gcc libc6-dev make
# apt checks sources by the signatures of Debian's archive, as it does packages.
apt-get source --only-source libpcap

# Debian's flags for hardened programs.
eval "$(dpkg-buildflags --export=sh)"
cd libpcap-*/
# None of this is of use for network interfaces.
./configure --disable-bluetooth --disable-dbus --disable-netmap --disable-rdma --disable-usb --without-libnl
make shared
strip --strip-unneeded libpcap.so.*.*.*
install -D -m 644 libpcap.so.*.*.* "$file"
