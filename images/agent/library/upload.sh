# shellcheck shell=sh
# Closed files on their way to where the setting `upload` says, as the capture sees it: it notes each file, and a process
# of its own (uploader.sh) does the rest, so that nothing out there holds up a capture.
#
# queue/NAME.open    the note of the file that is open: JSON up to what is known then
# queue/NAME.json    of a closed file that is to be uploaded; gone once it has been, or is lost
# state              what the uploader has to tell: a line of JSON, a line of numbers
# ending             this container ends: upload what there is, then end

uploadDir=$agentDir/upload queueDir=$uploadDir/queue
note='' uploaderPid='' uploaderFor='' uploadReadAt=0 pendingUploads=0

# farName FILE: what a file of the ring is called at the far end, in $far: TIME-NUMBER, without an ending.
farName() {
  far=${1##*/"$podName"_}
  far=${far%.pcapng}
  time=${far%%_*}
  far=${time%??????}T${time#????????}Z-${far#*_}
}

# nearName NAME: the file of the ring that is called so at the far end, in $near.
nearName() {
  time=${1%%Z-*}
  near=$captureDir/${podName}_${time%T*}${time#*T}_${1#*Z-}.pcapng
}

# noteOpened: notes the file that was just opened.
noteOpened() {
  note=
  [ -n "$upload" ] || return 0
  farName "$file"
  day=${far%%T*} time=${far#*T}
  time=${time%%Z-*}
  started=${day%????}-${day#????}
  started=${started%??}-${started#???????}T${time%????}:${time#??}
  started=${started%??}:${started#"${started%??}"}Z
  quote "${file##*/}"
  head="{\"file\":$quoted,\"namespace\":\"$podNamespace\",\"pod\":\"$podName\",\"node\":\"$nodeName\""
  head="$head,\"interfaces\":[$capturedInterfaces],\"filter\":$quotedFilter,\"snaplen\":$snaplen,\"started\":\"$started\""
  note=$queueDir/$far
  mkdir -p "$queueDir" 2> /dev/null
  printf %s "$head" 2> /dev/null > "$note.open" || forgetNote
}

# noteClosed: completes the note of the file that was just closed, of $packets, $bytes and $newlyDropped.
noteClosed() {
  [ -n "$note" ] || return 0
  if [ "$packets" = 0 ]; then
    rm -f "$note.open"
  else
    completeNote "$note" "$wallTime" "$packets" "$newlyDropped" "$bytes" || forgetNote
  fi
  note=
}

# completeNote NOTE ENDED PACKETS DROPPED BYTES
completeNote() {
  printf ',"ended":"%s","packets":%s,"dropped":%s,"bytes":%s}\n' "$2" "$3" "$4" "$5" >> "$1.open" &&
    mv "$1.open" "$1.json"
} 2> /dev/null

forgetNote() {
  text reason "upload: $file cannot be noted in $queueDir, and is not uploaded"
  emit error
  note=
}

# superviseUpload: sees to it that an uploader runs if there is somewhere to upload to, and takes over what it tells.
superviseUpload() {
  if [ -n "$uploaderPid" ] && { [ "$upload" != "$uploaderFor" ] || hasEnded "$uploaderPid"; }; then stopUploader; fi
  if [ -z "$upload" ]; then
    [ -z "$uploadStatus" ] || uploadStatus='' uploadMetrics='' statusChanged=1
    return
  fi
  if [ -z "$uploaderPid" ]; then
    startUploader
  elif [ "$now" -ge "$((uploadReadAt + 100))" ]; then
    readUploadState
  fi
}

startUploader() {
  runUploader < /dev/null 3>&- 4>&- &
  uploaderPid=$! uploaderFor=$upload
}

stopUploader() {
  kill -KILL "$uploaderPid" 2> /dev/null
  wait "$uploaderPid"
  uploaderPid=
} 2> /dev/null

readUploadState() {
  uploadReadAt=$now
  { read -r json && read -r numbers; } 2> /dev/null < "$uploadDir/state" || return 0
  pendingUploads=${numbers%% *}
  [ "$json" != "$uploadStatus" ] || return 0
  uploadStatus=$json statusChanged=1
  # shellcheck disable=SC2086 # numbers
  uploadMetricsText $numbers
}

# uploadMetricsText PENDING BYTES UPLOADED FAILED LOST LAST_SUCCESS
uploadMetricsText() {
  metrics=
  metric upload_pending_files gauge 'Closed capture files that are to be uploaded.' " $1"
  metric upload_pending_bytes gauge 'Bytes of the closed capture files that are to be uploaded.' " $2"
  metric upload_files_total counter 'Capture files uploaded, and found complete at the far end.' " $3"
  metric upload_failures_total counter 'Tries to upload that failed.' " $4"
  metric upload_lost_files_total counter 'Capture files that left the ring before they were uploaded.' " $5"
  if [ "$6" != 0 ]; then
    metric upload_last_success_timestamp_seconds gauge 'When files were uploaded last.' " $6"
  fi
  uploadMetrics=${metrics%"$newline"}
}

# finishUploads: gives the uploader what is left of twenty seconds since the end was asked for, the last file being closed.
finishUploads() {
  [ -n "$uploaderPid" ] || return 0
  { : > "$uploadDir/ending"; } 2> /dev/null
  readClock
  end=$((now + 1800))
  while [ "$now" -lt "$end" ] && ! hasEnded "$uploaderPid"; do
    sleep 0.1
    readClock
  done
  stopUploader
  readUploadState
  [ "$pendingUploads" != 0 ] || return 0
  text reason "upload: the end came before $pendingUploads files were uploaded"
  emit error
}

# recallUploads: what a container before this one left behind.
recallUploads() {
  interrupted=
  [ -d "$uploadDir" ] || return 0
  rm -f "$uploadDir/state" "$uploadDir/ending"
  set +f
  set -- "$queueDir"/*.open
  set -f
  [ ! -e "$1" ] || interrupted=$*
}
