# shellcheck shell=sh
# Quantities as in Kubernetes and durations as in Go, both in whole numbers.

largestBytes=9007199254740991

# parseQuantity TEXT: `16Mi`, `64M` or `1048576` in $bytes; false if it is none.
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

# parseDuration TEXT: `60s`, `1m30s` or `2h` in $seconds; false if it is none.
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
