#!/bin/sh
# Adds the sidecar to what Helm has rendered. Arguments are those of `packet-capture inject`.
# Helm 4 shows nothing of a plugin's report, nor why it failed: PACKET_CAPTURE_LOG names a file for both.
set -eu
if [ -n "${PACKET_CAPTURE_LOG:-}" ]; then exec 2>>"$PACKET_CAPTURE_LOG"; fi
# Of the objects that name none; Helm 4 does not tell its plugins.
if [ -n "${HELM_NAMESPACE:-}" ]; then set -- --namespace "$HELM_NAMESPACE" "$@"; fi
# In a checkout, the program beside this folder; else the one in the PATH.
program="$(cd -P "$(dirname "$0")" && pwd)/../../bin/packet-capture.js"
if [ -f "$program" ]; then exec node "$program" inject --filename - "$@"; fi
exec packet-capture inject --filename - "$@"
