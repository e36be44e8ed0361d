# shellcheck shell=sh disable=SC2154
# SC2154: uploadConfig is set elsewhere.
#
# Keeps what rclone.conf holds out of all that is said.

# maskSecrets: puts *** into $reason for whatever is a value in rclone.conf or a part of one, except for what names the
# place; and for what stands behind a question mark, where signatures of URLs do.
maskSecrets() {
  maskQueries
  while IFS='=' read -r key value || [ -n "$key" ]; do
    # shellcheck disable=SC2086 # without the white space around it
    set -- $key
    case ${1:-} in
      '' | '#'* | ';'* | '['* | type | provider | region | location_constraint | endpoint | host | port | user | account | vendor) ;;
      env_auth | acl | bucket_acl | storage_class | location | project_number | server_side_encryption | no_check_bucket) ;;
      url) case $value in *//*@*) value=${value%@*} && maskParts "${value#*//}" ;; esac ;;
      *) maskParts "$value" ;;
    esac
  done 2> /dev/null < "$uploadConfig"
  [ "${#reason}" -le 400 ] || reason="$(printf %.400s "$reason")…"
}

# maskParts TEXT: the words in it, split where JSON and URLs have their signs; short ones tell nothing.
maskParts() {
  # shellcheck disable=SC2141 # a backslash too
  IFS=' 	"{}&?=,:;@\'
  # shellcheck disable=SC2086 # parts
  set -- $1
  unset IFS
  for part; do
    [ "${#part}" -ge 5 ] || continue
    case $part in https | false) continue ;; esac
    maskText "$part"
  done
}

# maskText TEXT: *** instead of it, wherever it stands in $reason.
maskText() {
  masked='' rest=$reason
  while [ "${rest#*"$1"}" != "$rest" ]; do
    masked="$masked${rest%%"$1"*}***"
    rest=${rest#*"$1"}
  done
  reason=$masked$rest
}

maskQueries() {
  masked='' rest=$reason
  while [ "${rest#*\?}" != "$rest" ]; do
    masked="$masked${rest%%\?*}?***"
    rest=${rest#*\?}
    rest=${rest#"${rest%%[[:space:]\"]*}"}
  done
  reason=$masked$rest
}
