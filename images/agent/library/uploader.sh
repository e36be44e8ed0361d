# shellcheck shell=sh disable=SC2154,SC3045
# SC2154: it runs with the variables of the program that started it. SC3045: -n and -t of `read` are busybox's.
#
# The uploader: a process that takes closed files to their destination, the oldest first, again and again until they are
# there. A file counts as uploaded once the far end was asked, and has it and its JSON as they are here.

runUploader() {
  pending='' pendingBefore=none pendingFiles=0 pendingBytes=0 lastUploadError='' ending='' shown=''
  exportLimits
  recallCounts
  openPause || return
  findWorkload
  findDumpcapVersion
  completeInterrupted
  tryAt=0 tryDelay=1
  while :; do
    readClock
    # Before the queue is looked at: the last file was put there first.
    if [ -z "$ending" ] && [ -e "$uploadDir/ending" ]; then ending=1 tryAt=0 tryDelay=1; fi
    findPending
    if [ -n "$pending" ] && [ "$now" -ge "$tryAt" ]; then
      uploadBatch
    else
      showUploads
      [ -z "$ending" ] || [ -n "$pending" ] || return 0
      IFS= read -r -n 1 -t 0.5 _ <&4
    fi
  done
}

# exportLimits: rclone is to be small, for the container's memory is: one file at a time, and no more than 5 MiB of it. It
# makes no bucket. S3's, Azure's, Backblaze's and Dropbox' parts are larger, and several, unless told.
exportLimits() {
  export RCLONE_S3_UPLOAD_CONCURRENCY=1 RCLONE_S3_CHUNK_SIZE=5M RCLONE_S3_NO_CHECK_BUCKET=true
  export RCLONE_AZUREBLOB_UPLOAD_CONCURRENCY=1 RCLONE_B2_CHUNK_SIZE=5M RCLONE_DROPBOX_CHUNK_SIZE=4M
  export GOMEMLIMIT=32MiB GOGC=25 GOMAXPROCS=1
}

# openPause: nothing ever comes out of this pipe; `read` waits there without a process for it.
openPause() {
  { mkdir -p "$queueDir" && rm -f "$uploadDir/pause" && mkfifo -m 600 "$uploadDir/pause"; } 2> /dev/null || {
    text reason "upload: $uploadDir cannot be written to"
    emit error
    sleep 10
    return 1
  }
  exec 4<> "$uploadDir/pause"
  rm -f "$uploadDir/pause"
}

# findDumpcapVersion: out of "Dumpcap (Wireshark) 4.4.9 (…).", in $dumpcapVersion.
findDumpcapVersion() {
  # shellcheck disable=SC2046 # words
  set -- $(dumpcap --version 2> /dev/null)
  dumpcapVersion=${3:-unknown}
  dumpcapVersion=${dumpcapVersion%.}
}

# completeInterrupted: files that were open when the container before this one was killed. They may end in the middle of
# a packet; how many the kernel dropped, nobody knows.
completeInterrupted() {
  for open in $interrupted; do
    name=${open##*/}
    nearName "${name%.open}"
    if [ ! -e "$open" ]; then
      continue
    elif [ -s "$open" ] && [ -s "$near" ]; then
      file=$near count=0 countAtOpen=0
      # shellcheck disable=SC2046 # two numbers
      set -- $(stat -c '%Y %s' "$near")
      completeNote "${open%.open}" "$(date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ)" "$(countPackets)" null "$2"
    else
      noted=$open
      loseFile
    fi
  done
}

# findPending: names of the files that are to be uploaded, in $pending. A file that the ring has let go is lost.
findPending() {
  set +f
  set -- "$queueDir"/*.json
  set -f
  pending=
  [ -e "$1" ] || set --
  for noted; do
    name=${noted##*/}
    name=${name%.json}
    nearName "$name"
    if [ -e "$near" ]; then pending="$pending$name "; else loseFile; fi
  done
  [ "$pending" != "$pendingBefore" ] || return 0
  pendingBefore=$pending pendingFiles=0 pendingBytes=0
  set --
  for name in $pending; do
    nearName "$name"
    set -- "$@" "$near"
  done
  [ $# -gt 0 ] || return 0
  for size in $(stat -c %s "$@" 2> /dev/null); do pendingFiles=$((pendingFiles + 1)) pendingBytes=$((pendingBytes + size)); done
}

# loseFile: $near, of which the note $noted says how many packets it held, unless it was never closed.
loseFile() {
  readNote "$noted"
  packets=${noteText##*'"packets":'}
  lost=$((lost + 1))
  text file "$near"
  [ "$packets" = "$noteText" ] || number packets "${packets%%,*}"
  emit 'upload lost'
  rm -f "$noted"
}

readNote() {
  noteText=
  IFS= read -r noteText < "$1"
} 2> /dev/null

# showUploads: for the capture to read.
showUploads() {
  quote "$upload"
  json="{\"destination\":$quoted,\"pending\":$pendingFiles,\"pendingBytes\":$pendingBytes,\"uploaded\":$uploaded"
  quote "$lastUploaded"
  json="$json,\"uploadedBytes\":$uploadedBytes,\"failed\":$failures,\"lost\":$lost,\"lastUploaded\":$quoted"
  quote "$lastUploadError"
  json="$json,\"lastError\":$quoted}"
  [ "$json" != "$shown" ] || return 0
  shown=$json
  {
    printf '%s\n%s\n' "$json" "$pendingFiles $pendingBytes $uploaded $failures $lost $lastUploadedSecond $uploadedBytes $lastUploaded" \
      > "$uploadDir/state.new" && mv "$uploadDir/state.new" "$uploadDir/state"
  } 2> /dev/null
}

# recallCounts: from the uploader before this one, if it was of this container.
recallCounts() {
  uploaded=0 uploadedBytes=0 failures=0 lost=0 lastUploaded='' lastUploadedSecond=0
  { read -r _ && read -r _ _ uploaded failures lost lastUploadedSecond uploadedBytes lastUploaded; } \
    2> /dev/null < "$uploadDir/state" || :
}
