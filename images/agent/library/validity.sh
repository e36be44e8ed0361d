# shellcheck shell=sh
# Which values are valid, and what they mean: the same as in src/settings/validate.ts.

largestSnaplen=262144

# checkSettings: true if every setting that decides what is captured is valid; their meaning is then in the variables
# that are set here. Says of each other one what is wrong with it.
checkSettings() {
  # shellcheck disable=SC2154 # readSettings sets now_*.
  state=$now_STATE interfaces=$now_INTERFACES snaplen=$now_SNAPLEN fileCount=$now_FILE_COUNT \
    packetLimit=$now_PACKET_COUNT
  valid=1 invalidSettings='' invalidNames=''
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
  checkBuffer
  [ -n "$valid" ] && checkRing
  # Where packets go beside the volume: whatever is wrong there, the capture goes on.
  stillValid=$valid
  # shellcheck disable=SC2154
  checkRemote "$now_UPLOAD"
  # shellcheck disable=SC2154
  checkEndpoint "$now_STREAM"
  # shellcheck disable=SC2154
  checkMirror "$now_MIRROR"
  for setting in $lockedSettings; do
    eval "value=\$locked_${setting#*:}"
    # shellcheck disable=SC2086 # words
    invalid "${setting%:*}" "$value" "must stay as the release has it: annotations may change $(listed 'no setting' $PACKET_CAPTURE_ALLOWED_SETTINGS)"
  done
  valid=$stillValid
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
  invalidSettings="$invalidSettings${invalidSettings:+,}{${members#,}}" invalidNames="$invalidNames $1"
  emit 'invalid setting'
}

# checkInterfaces TEXT: as interfacesProblem of src/settings/validate.ts has it.
checkInterfaces() {
  ! isWhole "$1" || return 0
  rest=$1, seen=, twice=
  while [ -n "$rest" ]; do
    name=${rest%%,*}
    rest=${rest#*,}
    problem=
    case $name in
      *[]*?[{}]*) problem='must be names, not patterns: all is every interface that is up but lo, any is lo too' ;;
      '' | *[!A-Za-z0-9._-]*) problem='must be interface names, separated by commas, without spaces' ;;
      ????????????????*) problem='must be interface names, of 15 characters at most' ;;
      -* | . | ..) problem="must be interface names: $name is none" ;;
      [Aa][Ll][Ll] | [Aa][Nn][Yy]) problem='must be all, any or all,lo, in lower case, or names alone' ;;
      *[!0-9]*) case $seen in *",$name,"*) twice=1 ;; esac ;;
      # dumpcap would take it for the interface's place in its own list.
      *) problem="must be interface names: $name is none" ;;
    esac
    if [ -n "$problem" ]; then
      invalid interfaces "$1" "$problem"
      return
    fi
    seen=$seen$name,
  done
  [ -z "$twice" ] || invalid interfaces "$1" 'must name each interface once'
}

# isWhole TEXT: of words for all interfaces that are up, those to come as well; all but the first have lo among them.
isWhole() {
  case $1 in all | any | all,lo | lo,all) ;; *) return 1 ;; esac
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

# The kernel takes the buffer from the node, and counts it to no limit of the container: the release has a bound, 64Mi unless told.
checkBuffer() {
  bufferBytes=$bytes
  parseQuantity "${PACKET_CAPTURE_BUFFER_LIMIT:-64Mi}" || bytes=67108864
  [ "$bytes" -le 2146435072 ] || bytes=2146435072
  [ "$bufferBytes" -gt "$bytes" ] || return 0
  limit=$bytes
  for unit in Ki Mi Gi; do
    [ "$((bytes % 1024))" = 0 ] || break
    bytes=$((bytes / 1024)) limit=$bytes$unit
  done
  invalid buffer-size "$now_BUFFER_SIZE" "must be at most $limit"
}

# The kubelet evicts a pod whose volume grows over its limit, and the limit was set when the pod was made.
checkRing() {
  parseQuantity "$PACKET_CAPTURE_SIZE_LIMIT" || bytes=$largestBytes
  [ "$((bytes / fileBytes))" -gt "$fileCount" ] ||
    invalid file-size "$now_FILE_SIZE" \
      "$fileCount files of it and one to spare do not fit into the volume of ${PACKET_CAPTURE_SIZE_LIMIT:-$bytes bytes}"
}

# checkRemote TEXT: a remote that rclone.conf names and a path there, in $upload; none when it is not valid.
checkRemote() {
  upload=
  [ -n "$1" ] || return 0
  remote=${1%%:*}
  case $remote in
    -* | *[!A-Za-z0-9_.+@-]*) remote= ;;
  esac
  case ${1#"$remote"} in
    :*[!!-~]* | ://* | [!:]* | '') remote= ;;
  esac
  if [ -z "$remote" ]; then
    invalid upload "$1" 'must be REMOTE:PATH, with a remote that rclone.conf names'
  elif [ "${#1}" -gt 1024 ]; then
    invalid upload "$1" 'must be at most 1024 characters'
  elif ! allowsUpload "$1"; then
    refuseDestination upload "$1" "$PACKET_CAPTURE_ALLOWED_UPLOADS"
  else
    upload=$1
  fi
}

# checkEndpoint TEXT: HOST:PORT or [IPV6]:PORT in $stream, its parts in $streamHost and $streamPort; none when it is not
# valid.
checkEndpoint() {
  stream=
  case $1 in
    '') return ;;
    *:*) if parseEndpoint "${1%:*}" "${1##*:}"; then stream=$1 streamHost=$host streamPort=$port; fi ;;
  esac
  if [ -z "$stream" ]; then
    invalid stream "$1" 'must be HOST:PORT or [IPV6]:PORT'
  elif [ "$1" != "$PACKET_CAPTURE_STREAM" ] && ! allowsEndpoint "${PACKET_CAPTURE_ALLOWED_STREAMS-*}"; then
    refuseDestination stream "$1" "$PACKET_CAPTURE_ALLOWED_STREAMS"
    stream=
  fi
}

# checkMirror TEXT: vxlan://HOST[:PORT][?vni=NUMBER] in $mirror, its parts in $mirrorHost, $mirrorPort and $mirrorVni; none
# when it is not valid.
checkMirror() {
  mirror='' mirrorVni=1
  case $1 in
    '') return ;;
    'vxlan://'*'?vni='*) mirrorVni=${1#*'?vni='} ;;
  esac
  rest=${1#'vxlan://'}
  endpoint=${rest%%'?vni='*}
  case $endpoint in *:*[!]]) ;; *) endpoint=$endpoint:4789 ;; esac
  if [ "$rest" != "$1" ] && isVni "$mirrorVni" && parseEndpoint "${endpoint%:*}" "${endpoint##*:}"; then
    mirror=$1 mirrorHost=$host mirrorPort=$port
    if [ "$1" != "$PACKET_CAPTURE_MIRROR" ] && ! allowsEndpoint "${PACKET_CAPTURE_ALLOWED_MIRRORS-*}"; then
      refuseDestination mirror "$1" "$PACKET_CAPTURE_ALLOWED_MIRRORS"
      mirror=
    fi
  else
    invalid mirror "$1" 'must be vxlan://HOST[:PORT][?vni=NUMBER]'
  fi
}

# refuseDestination SETTING VALUE ALLOWED
refuseDestination() {
  # shellcheck disable=SC2086 # words
  invalid "$1" "$2" "must be a destination that the release allows: $(listed 'there is none' $3)"
}

# listed NONE [WORD...]: the words with commas between them; NONE when there are none.
listed() {
  [ $# -gt 1 ] || { echo "$1" && return; }
  shift
  list=$1
  shift
  for word; do list="$list, $word"; done
  echo "$list"
}

# inLowerCase TEXT: in $lower.
inLowerCase() {
  lower=$(printf %s "$1" | busybox tr A-Z a-z)
}

# allowsEndpoint PATTERNS: of $host and $port. A pattern is HOST:PORT; HOST may be `*`, or begin with `*.` for the names below a
# domain; PORT may be `*`.
allowsEndpoint() {
  [ "$1" != '*' ] || return 0
  inLowerCase "$1"
  patterns=$lower
  inLowerCase "$host"
  for pattern in $patterns; do
    [ "$pattern" != '*' ] || return 0
    wantedHost=${pattern%:*} wantedPort=${pattern##*:}
    wantedHost=${wantedHost#'['} wantedHost=${wantedHost%']'}
    case $wantedPort in '*' | "$port") ;; *) continue ;; esac
    case $wantedHost in
      '*' | "$lower") return 0 ;;
      '*.'*) case $lower in ?*"${wantedHost#'*'}") return 0 ;; esac ;;
    esac
  done
  return 1
}

# allowsUpload VALUE: a pattern is REMOTE:PATH, and `*` at its end, after `:` or `/`, stands for whatever follows, but not for a way up.
allowsUpload() {
  [ "$1" != "$PACKET_CAPTURE_UPLOAD" ] || return 0
  for pattern in ${PACKET_CAPTURE_ALLOWED_UPLOADS-*}; do
    [ "$pattern" != '*' ] || return 0
    [ "$pattern" != "$1" ] || return 0
    case $pattern in
      *[:/]'*')
        below=${1#"${pattern%'*'}"}
        [ "$below" != "$1" ] || continue
        case /$below/ in */./* | */../*) ;; *) return 0 ;; esac
        ;;
    esac
  done
  return 1
}

isVni() {
  case $1 in
    '' | 0* | *[!0-9]* | ?????????*) return 1 ;;
    *) [ "$1" -le 16777215 ] ;;
  esac
}

# parseEndpoint HOST PORT: true if both are valid; they are then in $host, without its brackets, and in $port.
parseEndpoint() {
  host=$1 port=$2 longest=253
  case $port in
    '' | 0* | *[!0-9]* | ??????*) return 1 ;;
    *) [ "$port" -le 65535 ] || return 1 ;;
  esac
  case $host in
    '['*']')
      longest=45
      host=${host#'['}
      host=${host%']'}
      case $host in '' | ? | *[!0-9A-Fa-f:.]*) return 1 ;; esac
      ;;
    '' | [!A-Za-z0-9_]* | *[!A-Za-z0-9_.-]*) return 1 ;;
  esac
  [ "${#host}" -le "$longest" ]
}
