# shellcheck shell=sh disable=SC3045
# SC3045: -n and -d of `read` are busybox's; the image brings no other shell.
#
# What to capture. A setting is the pod's annotation, a file that the kubelet keeps up to date; an empty one means the
# environment's value, and that failing the default below.

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

# Everything that is set, as text; differs when a setting differs. The same as members of a JSON object.
settingsText=
settingsJson=
settingsVersion='' version=
newline='
'

# readSettings: reads every setting into $now_NAME; true if one has changed since the last call. What changed is then
# in $changes, ready as JSON.
#
# The kubelet never changes these files in place: it points the link ..data to another folder and removes the old one
# (atomic_writer.go). The folder's name is the version. A read that this happens to is void, or a missing file would pass
# for a setting that was taken back.
readSettings() {
  ! hasSameSettings || return 1
  version=
  if cd -P "$settingsDir/..data" 2> /dev/null; then
    version=$PWD
    [ "$version" != "$settingsVersion" ] || return 1
  elif [ -n "$settingsVersion" ]; then
    return 1
  fi
  lockedSettings=
  for setting in $settingNames; do
    readSetting "$settingsDir/${setting%:*}"
    # eval sees constant names alone, never a value.
    eval "default=\$PACKET_CAPTURE_${setting#*:}"
    if [ -n "$value" ] && [ "$value" != "$default" ] && isLocked "${setting%:*}"; then
      eval "locked_${setting#*:}=\$value"
      lockedSettings="$lockedSettings $setting" value=
    fi
    [ -n "$value" ] || value=$default
    eval "next_${setting#*:}=\$value"
  done
  if [ -n "$version" ]; then
    cd -P "$settingsDir/..data" 2> /dev/null && [ "$PWD" = "$version" ] || return 1
    settingsVersion=$version
  fi
  takeSettings
  [ -n "$changes" ]
}

# isLocked SETTING: the release says which settings annotations may change, and this is none of them.
isLocked() {
  [ -n "${PACKET_CAPTURE_ALLOWED_SETTINGS+set}" ] || return 1
  case " $PACKET_CAPTURE_ALLOWED_SETTINGS " in *' * '* | *" $1 "*) return 1 ;; esac
}

# hasSameSettings: true if the settings are those that were read last. This is the question of every second: it takes no
# read and no fork. The folder that they were read from is the current one, so that no other can have its inode.
hasSameSettings() {
  [ -n "$version" ] && [ "$version" = "$settingsVersion" ] && [ "$settingsDir/..data" -ef . ]
}

takeSettings() {
  changes=
  settingsText=
  settingsJson=
  for setting in $settingNames; do
    name=${setting%:*}
    eval "value=\$next_${setting#*:} before=\${now_${setting#*:}-}"
    quote "$value"
    new=$quoted
    if [ "$value" != "$before" ]; then
      quote "$before"
      changes="$changes${changes:+,}{\"setting\":\"$name\",\"old\":$quoted,\"new\":$new}"
      eval "now_${setting#*:}=\$value"
    fi
    settingsText="$settingsText$name=$value$newline"
    settingsJson="$settingsJson${settingsJson:+,}\"$name\":$new"
  done
}

# readSetting FILE: the whole file in $value, white space and all.
readSetting() {
  value=
  [ -s "$1" ] || return 0
  IFS= read -r -d '' -n "$((longestValue + 1))" value < "$1" || :
}
