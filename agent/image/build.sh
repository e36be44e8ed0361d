#!/bin/sh
# build.sh FOLDER: builds the programs into FOLDER/bin, and copies the licences of what is in them to FOLDER/licences.
set -eu

out=$1
mkdir -p "$out/bin" "$out/licences"
# Static, and nothing in them that depends on where or when they were built. `-s -w`: no tables for debuggers.
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='-trimpath -buildvcs=false -mod=readonly'

# build MODULE PACKAGE NAME
build() {
  (cd "$1" && go build -ldflags '-s -w' -o "$out/bin/$3" "$2")
  # Lines `dep PATH VERSION SUM`; the program says itself what it was made of.
  go version -m "$out/bin/$3" | while read -r kind path _; do
    # This project's own module is in both programs.
    [ "$kind" = dep ] && [ "$path" != packet-capture/agent ] || continue
    folder=$(cd "$1" && go list -m -f '{{.Dir}}' "$path")
    for file in "$folder"/LICEN[CS]E* "$folder"/COPYING* "$folder"/NOTICE*; do
      [ -f "$file" ] || continue
      mkdir -p "$out/licences/$3/$path"
      cp "$file" "$out/licences/$3/$path"
    done
    [ -d "$out/licences/$3/$path" ] || { echo "no licence in $path" >&2; exit 1; }
  done
  mkdir -p "$out/licences/$3/go"
  cp "$(go env GOROOT)/LICENSE" "$out/licences/$3/go"
}

build . ./cmd/packet-capture-agent packet-capture-agent
[ ! -d rclone ] || build rclone . rclone
