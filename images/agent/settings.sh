# shellcheck shell=sh disable=SC3045
# SC3045: -n and -d of `read` are busybox's; the image brings no other shell.
#
# What to capture. A setting is the pod's annotation, a file that the kubelet keeps up to date; an empty one means the
# environment's value, and that failing the default below. What counts as valid is what src/settings/validate.ts says.

: "${PACKET_CAPTURE_STATE:=running}" "${PACKET_CAPTURE_FILTER:=}" "${PACKET_CAPTURE_INTERFACES:=all}"
: "${PACKET_CAPTURE_SNAPLEN:=0}" "${PACKET_CAPTURE_FILE_SIZE:=16Mi}" "${PACKET_CAPTURE_FILE_COUNT:=8}"
: "${PACKET_CAPTURE_ROTATE:=60s}" "${PACKET_CAPTURE_DURATION:=}" "${PACKET_CAPTURE_PACKET_COUNT:=}"
: "${PACKET_CAPTURE_BUFFER_SIZE:=4Mi}" "${PACKET_CAPTURE_UPLOAD:=}" "${PACKET_CAPTURE_STREAM:=}"
: "${PACKET_CAPTURE_MIRROR:=}" "${PACKET_CAPTURE_SIZE_LIMIT:=}"

settingsDir=${PACKET_CAPTURE_SETTINGS_DIR:-/etc/packet-capture/settings}
settingNames='state:STATE filter:FILTER interfaces:INTERFACES snaplen:SNAPLEN file-size:FILE_SIZE
  file-count:FILE_COUNT rotate:ROTATE duration:DURATION packet-count:PACKET_COUNT buffer-size:BUFFER_SIZE
  upload:UPLOAD stream:STREAM mirror:MIRROR'
longestValue=16384
largestSnaplen=262144
largestBytes=9007199254740991

# Everything that is set, as text; differs when a setting differs.
settingsText=
settingsVersion=
newline='
'

# readSettings: reads every setting into $now_NAME; true if one has changed since the last call. What changed is then
# in $changes, ready as JSON.
#
# The kubelet never changes these files in place: it points the link ..data to another folder (atomic_writer.go). The
# name of that folder is the version, and asking for it takes no read and no fork.
readSettings() {
  if cd -P "$settingsDir/..data" 2> /dev/null; then
    [ "$PWD" = "$settingsVersion" ] && return 1
    settingsVersion=$PWD
  fi
  changes=
  settingsText=
  for setting in $settingNames; do
    settingName=${setting%:*}
    key=${setting#*:}
    readSetting "$settingsDir/$settingName"
    # eval sees constant names alone, never a value.
    [ -n "$value" ] || eval "value=\$PACKET_CAPTURE_$key"
    eval "before=\${now_$key-}"
    if [ "$value" != "$before" ]; then
      quote "$before"
      old=$quoted
      quote "$value"
      changes="$changes${changes:+,}{\"setting\":\"$settingName\",\"old\":$old,\"new\":$quoted}"
      eval "now_$key=\$value"
    fi
    settingsText="$settingsText$settingName=$value$newline"
  done
  [ -n "$changes" ]
}

# readSetting FILE: the whole file in $value, white space and all.
readSetting() {
  value=
  [ -s "$1" ] || return 0
  IFS= read -r -d '' -n "$((longestValue + 1))" value < "$1" || :
}

# checkSettings: true if every setting that decides what is captured is valid; their meaning is then in the variables
# that are set here. Says of each other one what is wrong with it.
checkSettings() {
  # shellcheck disable=SC2154 # readSettings sets now_*.
  state=$now_STATE interfaces=$now_INTERFACES snaplen=$now_SNAPLEN fileCount=$now_FILE_COUNT \
    packetLimit=$now_PACKET_COUNT
  valid=1
  case $state in running | idle) ;; *) invalid state "$state" 'must be running or idle' ;; esac
  checkFilter "$now_FILTER"
  checkInterfaces "$interfaces"
  checkSnaplen "$snaplen"
  # shellcheck disable=SC2154
  checkBytes file-size "$now_FILE_SIZE"
  fileBytes=$bytes
  checkCount file-count "$fileCount"
  # shellcheck disable=SC2154
  checkDuration rotate "$now_ROTATE"
  rotateSeconds=$seconds
  # shellcheck disable=SC2154
  checkDuration duration "$now_DURATION"
  durationSeconds=$seconds
  checkCount packet-count "$packetLimit"
  # shellcheck disable=SC2154
  checkBytes buffer-size "$now_BUFFER_SIZE"
  bufferMebibytes=$((bytes / 1048576))
  [ -n "$valid" ] && checkRing
  checkUnavailable
  [ -n "$valid" ]
}

# checkFilter TEXT: on one line in $filter; to the compiler all white space is the same.
checkFilter() {
  filter=
  rest=$1
  while [ "${rest#*[[:cntrl:]]}" != "$rest" ]; do
    filter="$filter${rest%%[[:cntrl:]]*} "
    rest=${rest#*[[:cntrl:]]}
  done
  filter=$filter$rest
  [ "${#filter}" -le "$longestValue" ] || invalid filter "$filter" "must be at most $longestValue characters"
  case $filter in
    '' | *[![:space:]]*) ;;
    *) invalid filter "$1" 'must not be blank' ;;
  esac
}

# invalid SETTING VALUE REASON
invalid() {
  valid=
  text setting "$1"
  text value "$2"
  text reason "$3"
  emit 'invalid setting'
}

checkInterfaces() {
  rest=$1,
  while [ -n "$rest" ]; do
    name=${rest%%,*}
    rest=${rest#*,}
    case $name in
      '' | *[[:space:]/:]* | ????????????????*)
        invalid interfaces "$1" 'must be interface names, separated by commas, without spaces'
        return
        ;;
      *[!0-9]*) ;;
      *)
        # dumpcap would take it for the interface's place in its own list.
        invalid interfaces "$1" 'must be interface names: a number is none'
        return
        ;;
    esac
    case $name in
      -* | . | ..)
        invalid interfaces "$1" "must be interface names: $name is none"
        return
        ;;
    esac
  done
}

checkSnaplen() {
  case $1 in
    0 | [1-9] | [1-9][0-9] | [1-9][0-9][0-9] | [1-9][0-9][0-9][0-9] | [1-9][0-9][0-9][0-9][0-9]) return ;;
    [1-9][0-9][0-9][0-9][0-9][0-9]) [ "$1" -le "$largestSnaplen" ] && return ;;
  esac
  invalid snaplen "$1" "must be a whole number of bytes up to $largestSnaplen"
}

# checkCount SETTING VALUE: none, or 1 to 999999999.
checkCount() {
  case $2 in
    '' | [1-9]) ;;
    0* | *[!0-9]* | ??????????*) invalid "$1" "$2" 'must be a whole number from 1 to 999999999' ;;
  esac
}

# checkBytes SETTING VALUE: a Kubernetes quantity in whole numbers of at least 1Mi, in $bytes.
checkBytes() {
  if ! parseQuantity "$2"; then
    invalid "$1" "$2" 'must be a quantity such as 16Mi or 64M'
    bytes=0
  elif [ "$bytes" -lt 1048576 ]; then
    invalid "$1" "$2" 'must be at least 1Mi'
  fi
}

parseQuantity() {
  amount=${1%%[!0-9]*}
  case ${1#"$amount"} in
    '') unit=1 ;;
    k) unit=1000 ;;
    M) unit=1000000 ;;
    G) unit=1000000000 ;;
    T) unit=1000000000000 ;;
    Ki) unit=1024 ;;
    Mi) unit=1048576 ;;
    Gi) unit=1073741824 ;;
    Ti) unit=1099511627776 ;;
    *) return 1 ;;
  esac
  case $amount in '' | ?????????????????*) return 1 ;; esac
  dropZeros "$amount"
  [ "$amount" -le "$((largestBytes / unit))" ] || return 1
  bytes=$((amount * unit))
}

# dropZeros DIGITS: without leading zeros in $amount, since $((010)) is 8.
dropZeros() {
  amount=$1
  while :; do
    case $amount in
      0?*) amount=${amount#0} ;;
      *) return ;;
    esac
  done
}

# checkDuration SETTING VALUE: none, or a Go duration of whole seconds, 1s to 8760h, in $seconds.
checkDuration() {
  seconds=
  [ -n "$2" ] || return 0
  if ! parseDuration "$2"; then
    invalid "$1" "$2" 'must be a duration such as 60s, 1m30s or 2h'
  elif [ "$seconds" -lt 1 ] || [ "$seconds" -gt 31536000 ]; then
    invalid "$1" "$2" 'must be from 1s to 8760h'
  fi
}

parseDuration() {
  seconds=0
  rest=$1
  while [ -n "$rest" ]; do
    amount=${rest%%[!0-9]*}
    rest=${rest#"$amount"}
    case $amount in '' | ??????????*) return 1 ;; esac
    dropZeros "$amount"
    case $rest in
      h*) seconds=$((seconds + amount * 3600)) ;;
      m*) seconds=$((seconds + amount * 60)) ;;
      s*) seconds=$((seconds + amount)) ;;
      *) return 1 ;;
    esac
    rest=${rest#?}
  done
}

# The kubelet evicts a pod whose volume grows over its limit, and the limit was set when the pod was made.
checkRing() {
  parseQuantity "$PACKET_CAPTURE_SIZE_LIMIT" || bytes=$largestBytes
  [ "$((bytes / fileBytes))" -gt "$fileCount" ] ||
    invalid file-size "$now_FILE_SIZE" \
      "$fileCount files of it and one to spare do not fit into the volume of ${PACKET_CAPTURE_SIZE_LIMIT:-$bytes bytes}"
}

# Known by name, and refused until this program can do it; the capture goes on without.
checkUnavailable() {
  for setting in upload:UPLOAD stream:STREAM mirror:MIRROR; do
    eval "value=\$now_${setting#*:}"
    [ -n "$value" ] || continue
    stillValid=$valid
    invalid "${setting%:*}" "$value" 'is not available in this version'
    valid=$stillValid
  done
}
