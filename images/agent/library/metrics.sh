# shellcheck shell=sh
# The same numbers for Prometheus, in $agentDir/metrics, and the program that serves that one file (serve-metrics.c). Both
# only when the sidecar has a port for it: the containers of a pod share their ports.

metricsPort=${PACKET_CAPTURE_METRICS_LISTEN:-}
metricsPort=${metricsPort#:}
metricsPid='' metricsAt=0

# superviseMetrics: starts the program, and again when it has ended; looks every five seconds.
superviseMetrics() {
  [ -n "$metricsPort" ] && [ "$now" -ge "$metricsAt" ] || return 0
  metricsAt=$((now + 500))
  if [ -n "$metricsPid" ]; then
    hasEnded "$metricsPid" || return 0
    wait "$metricsPid"
    metricsProblem $?
    metricsPid='' metricsAt=$((now + 3000))
    return 0
  fi
  "$library/serve-metrics" "$metricsPort" "$agentDir/metrics" < /dev/null > /dev/null 2>&1 3>&- &
  metricsPid=$!
}

metricsProblem() {
  case $1 in
    2) text reason "metrics: $metricsPort is no port" ;;
    3) text reason "metrics: port $metricsPort is taken" ;;
    *) text reason "metrics: the server ended with status $1" ;;
  esac
  text retry 30s
  emit error
}

endMetrics() {
  [ -z "$metricsPid" ] || kill -TERM "$metricsPid" 2> /dev/null
}

# metricsText: in $metrics, of the numbers that statusText has put together.
metricsText() {
  metrics=
  [ -n "$metricsPort" ] || return 0
  metric agent_info gauge 'The version of the capture agent.' "{version=\"$agentVersion\"} 1"
  metric packets_total counter 'Packets captured since the container started.' " $((totalPackets + openPackets))"
  metric bytes_total counter 'Bytes written to capture files since the container started.' " $((totalBytes + openBytes))"
  metric dropped_packets_total counter 'Packets that are missing from the capture, by where they were dropped.' \
    "{by=\"kernel\"} $kernel" "{by=\"interface\"} $interface" "{by=\"queue\"} $totalQueueDropped"
  metric files gauge 'Capture files in the ring, the open one included.' " $ringFiles"
  if [ -n "$valid" ]; then metric files_limit gauge 'Closed capture files that the ring keeps.' " $fileCount"; fi
  metric ring_bytes gauge 'Bytes of the capture files in the ring.' " $ringBytes"
  metric state gauge 'What the capture agent does: 1 for the state that it is in.'
  for name in capturing idle waiting invalid stopped; do
    value=0
    [ "$name" != "$captureState" ] || value=1
    sample state "{state=\"$name\"} $value"
  done
  if [ -n "$invalidNames" ]; then
    metric setting_invalid gauge 'A setting whose value is not valid.'
    for name in $invalidNames; do sample setting_invalid "{setting=\"$name\"} 1"; done
  fi
  if [ -n "$lastErrorSecond" ]; then
    metric last_error_timestamp_seconds gauge 'When the last error was.' " $lastErrorSecond"
  fi
  metrics=$metrics$uploadMetrics${uploadMetrics:+$newline}$streamMetrics${streamMetrics:+$newline}
  metrics=$metrics$mirrorMetrics${mirrorMetrics:+$newline}
}

# metric NAME TYPE HELP [LABELS_AND_VALUE...]: adds a metric to $metrics; the prefix of the name is always the same.
metric() {
  metricName=$1
  metrics="$metrics# HELP packet_capture_$1 $3$newline# TYPE packet_capture_$1 $2$newline"
  shift 3
  for value; do sample "$metricName" "$value"; done
}

sample() {
  metrics="${metrics}packet_capture_$1$2$newline"
}
