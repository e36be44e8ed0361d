#!/bin/sh
# build.sh ARCH MODULE PACKAGE NAME MODE TREE [FLAG]: builds a program for an architecture (as Go and Debian call it), as
# /usr/bin/NAME of that mode in TREE, and copies the licences of what is in it to /usr/share/doc/NAME there. FLAG is one more
# for `go build`.
set -eu

arch=$1 module=$2 package=$3 name=$4 mode=$5 tree=$6
program=$tree/usr/bin/$name
# Static, and nothing in it that depends on where or when it was built. `-s -w`: no tables for debuggers.
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='-trimpath -buildvcs=false -mod=readonly'

cd "$module"
mkdir -p "$tree/usr/bin"
GOARCH=$arch go build ${7:+"$7"} -ldflags '-s -w' -o "$program" "$package"
chmod "$mode" "$program"

# licence FOLDER OF: copies those of a folder.
licence() {
  target=$tree/usr/share/doc/$name/$2
  mkdir -p "$target"
  for file in "$1"/LICEN[CS]E* "$1"/COPYING* "$1"/NOTICE*; do
    if [ -f "$file" ]; then install -m 644 "$file" "$target"; fi
  done
  if [ -z "$(ls "$target")" ]; then
    echo "no licence in $1" >&2
    exit 1
  fi
}

licence "$(go env GOROOT)" go
# Lines `dep PATH VERSION SUM`: the program says itself what it was made of. This project's own module is in it, too.
go version -m "$program" | while read -r kind path _; do
  if [ "$kind" = dep ] && [ "$path" != packet-capture/agent ]; then
    licence "$(go list -m -f '{{.Dir}}' "$path")" "$path"
  fi
done
