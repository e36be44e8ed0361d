# shellcheck shell=sh
# Where captures lie, and beside them the agent's own files.

captureDir=${PACKET_CAPTURE_DIR:-/captures}
agentDir=$captureDir/.agent

# openAgentDir: the folder of the agent's own files; false if it cannot be had.
openAgentDir() {
  [ -d "$agentDir/new" ] || mkdir -p -m 700 "$agentDir/new" 2> /dev/null
}
