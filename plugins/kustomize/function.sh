#!/bin/sh
# A KRM function for `kustomize build --enable-alpha-plugins --enable-exec` and `kpt fn eval --exec`: a ResourceList
# comes on standard input, its functionConfig says what is wanted.
set -eu
program="$(cd -P "$(dirname "$0")" && pwd)/../../bin/packet-capture.js"
if [ -f "$program" ]; then exec node "$program" inject --filename -; fi
exec packet-capture inject --filename -
