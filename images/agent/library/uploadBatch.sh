# shellcheck shell=sh disable=SC2154
# SC2154: it runs with the variables of the program that started it.
#
# One go of the uploader's: the oldest files of the queue are copied by rclone, then the far end is asked for what it has.

uploadConfig=/etc/packet-capture/upload/rclone.conf
# Files in one go, and hundredths of a second between two: each takes some of the agent's own ports, and a port rests for
# a minute after a connection.
batchSize=32 batchPause=500

# uploadBatch: one go. What the far end has is taken off the queue, whatever else failed.
uploadBatch() {
  tryAt=$((now + batchPause)) reason='' verified='' doneFiles=0 doneBytes=0
  farFolder=${upload%/}/$podNamespace/$workload/$podName
  prepareBatch
  if [ ! -s "$uploadConfig" ]; then
    reason='the Secret packet-capture-upload is not there, or has no rclone.conf'
  elif [ -z "$ownPorts" ]; then
    reason='there are no local ports to upload from that the app does not use: see net.ipv4.ip_local_port_range'
  elif [ -n "$batch" ]; then
    transferBatch
  fi
  finishBatch
  rm -rf "$uploadDir/batch" "$uploadDir/list"
}

# prepareBatch: the oldest files under their far names, and their JSON.
prepareBatch() {
  rm -rf "$uploadDir/batch"
  mkdir -p "$uploadDir/batch"
  batch='' batchFiles=0
  for name in $pending; do
    [ "$batchFiles" -lt "$batchSize" ] || break
    nearName "$name"
    sum=$(sha256sum < "$near") || continue
    readNote "$queueDir/$name.json"
    noteText="${noteText%?},\"workload\":\"$workload\",\"sha256\":\"${sum%% *}\""
    printf '%s,"versions":{"agent":"%s","dumpcap":"%s"}}\n' "$noteText" "$agentVersion" "$dumpcapVersion" \
      > "$uploadDir/batch/$name.json" || continue
    ln -s "$near" "$uploadDir/batch/$name.pcapng"
    batch="$batch$name " batchFiles=$((batchFiles + 1))
  done 2> /dev/null
  for name in $batch; do printf '%s\n' "$name.pcapng" "$name.json"; done > "$uploadDir/list" 2> /dev/null
}

# transferBatch: copies, then asks the far end for what it has. The names that match stand in $verified; why others do not, in
# $reason.
transferBatch() {
  said=$(callRclone copy "$uploadDir/batch" "$farFolder" --checksum 2>&1) || {
    # Without such a line it could not even begin.
    case $said in *'ERROR :'*) findReason ;; *) findReason && return ;; esac
  }
  matches=$newline$(callRclone check "$uploadDir/batch" "$farFolder" --combined - 2> /dev/null)$newline
  gone=
  for name in $batch; do
    nearName "$name"
    case $matches in *"$newline= $name.json$newline"*) ;; *) missed; continue ;; esac
    case $matches in
      *"$newline= $name.pcapng$newline"*) verify ;;
      *) if [ -e "$near" ]; then missed; else gone="$gone$name "; fi ;;
    esac
  done
  [ -z "$gone" ] || verifyGone
}

verify() {
  verified="$verified$name " doneFiles=$((doneFiles + 1))
}

# missed: the far end has not got $near. It may have left the ring meanwhile.
missed() {
  [ ! -e "$near" ] || : "${reason:=the far end has not what was sent}"
}

# verifyGone: what left the ring after it was copied has nothing here to compare with; but rclone has compared what it sent,
# and leaves nothing behind that is not whole.
verifyGone() {
  sizes=$newline$(callRclone lsf "$farFolder" --format ps --separator / 2> /dev/null)$newline
  for name in $gone; do
    readNote "$queueDir/$name.json"
    bytes=${noteText##*'"bytes":'}
    case $sizes in *"$newline$name.pcapng/${bytes%?}$newline"*) verify ;; esac
  done
}

# callRclone COMMAND [ARGUMENT...]: for the files of the batch; the process becomes rclone, so that it ends with this one.
callRclone() {
  exec "$library/own-ports" "$ownPorts" rclone "$@" \
    --config "$uploadConfig" --ask-password=false --files-from-raw "$uploadDir/list" --copy-links --no-traverse \
    --transfers 1 --checkers 1 --buffer-size 0 --use-mmap --retries 1 --low-level-retries 2 --contimeout 10s --timeout 60s \
    --stats 0 --log-level ERROR < /dev/null 4>&-
}

# finishBatch: takes off the queue what is done, and says how it went.
finishBatch() {
  for name in $verified; do
    nearName "$name"
    readNote "$queueDir/$name.json"
    bytes=${noteText##*'"bytes":'}
    doneBytes=$((doneBytes + ${bytes%?}))
    rm -f "$queueDir/$name.json"
  done
  if [ "$doneFiles" -gt 0 ]; then
    uploaded=$((uploaded + doneFiles)) uploadedBytes=$((uploadedBytes + doneBytes)) tryDelay=1
    # shellcheck disable=SC2086 # names without white space
    list files $verified
    number bytes "$doneBytes"
    emit uploaded
    lastUploaded=$wallTime lastUploadedSecond=$wallSecond
  fi
  findPending
  if [ -z "$reason" ]; then
    [ "$doneFiles" = 0 ] || lastUploadError=
  elif [ -n "$pending" ]; then
    failUpload
  fi
}

# failUpload: says why, and when the next try is: in a second, then twice as long each time, up to a minute.
failUpload() {
  maskSecrets
  failures=$((failures + 1)) lastUploadError=$reason
  text reason "$reason"
  number pending "$pendingFiles"
  text retry "${tryDelay}s"
  emit 'upload failed'
  readClock
  tryAt=$((now + tryDelay * 100))
  tryDelay=$((tryDelay * 2))
  [ "$tryDelay" -le 60 ] || tryDelay=60
  [ -z "$ending" ] || [ "$tryDelay" -le 2 ] || tryDelay=2
}

# findReason: rclone's, in $reason, out of all that it said; none if it only missed files that have left the ring.
findReason() {
  reason='rclone says nothing'
  [ -n "$said" ] || return 0
  rest=$said$newline said=
  while [ -n "$rest" ]; do
    saidLine=${rest%%"$newline"*}
    rest=${rest#*"$newline"}
    case $saidLine in *"$uploadDir/batch/"*': no such file or directory') ;; *) said=$said$saidLine$newline ;; esac
  done
  case $said in
    *'last error was: '*) reason=${said##*last error was: } ;;
    *'Failed to '*) reason="failed to ${said##*Failed to }" ;;
    *) reason=$said ;;
  esac
  # shellcheck disable=SC2086 # all white space becomes one space
  set -- $reason
  reason=$*
}
