# shellcheck shell=sh
# The agent's own traffic. Its connections leave from local ports that the kernel gives to nobody else in the pod, so that
# a capture can leave them out by their ports, and keeps what the app exchanges with the very same collector or bucket.

ownPorts='' ownAddresses='' addressesAt=0

# chooseOwnPorts FILE: FIRST-LAST in $ownPorts, 61000-61099 if the kernel gives none of these to the app's own
# connections, else the highest hundred that it gives to none; empty if there is none. FILE holds the lowest and the
# highest port that it gives.
chooseOwnPorts() {
  ownPorts=61000-61099
  # In one piece: the kernel gives the first byte alone to who reads by the byte, as `read` does.
  # shellcheck disable=SC2046 # two numbers
  set -- $(cat "$1")
  [ $# = 2 ] && [ "$1" -le 61099 ] && [ "$2" -ge 61000 ] || return 0
  lowest=$1 highest=$2 ownPorts=
  if [ "$highest" -lt 65400 ]; then
    ownPorts=65400-65499
  elif [ "$lowest" -ge 1200 ]; then
    ownPorts=$((lowest / 100 - 1))00-$((lowest / 100 - 1))99
  fi
} 2> /dev/null

# sayOwnPorts: that the ports are not the usual ones, and why, if they are needed.
sayOwnPorts() {
  # shellcheck disable=SC2154 # checkSettings sets them.
  [ -n "$upload$stream$mirror" ] && [ "$ownPorts" != 61000-61099 ] || return 0
  text ports "$ownPorts"
  text reason "net.ipv4.ip_local_port_range is $lowest to $highest"
  emit 'own ports'
}

# hasOwnTraffic: true if the settings make the agent send anything.
hasOwnTraffic() {
  [ -n "$upload$stream$mirror" ] && [ -n "$ownPorts" ]
}

# followAddresses: keeps $ownAddresses, those of all interfaces. Looks before a capture starts, and then every five seconds,
# since that takes a process; a capture that does not know an address which came later starts anew.
followAddresses() {
  hasOwnTraffic && [ -n "$valid" ] && [ "$state" = running ] && [ -z "$finished" ] || return 0
  [ "$now" -ge "$addressesAt" ] || wantsCapture || return 0
  addressesAt=$((now + 500))
  readAddresses
  for address in $addresses; do
    case " $ownAddresses " in
      *" $address "*) ;;
      *)
        ownAddresses=$addresses
        [ -n "$dumpcapPid" ] || { [ -n "$streamPid" ] && [ -z "$streamEnding" ]; } || return 0
        # shellcheck disable=SC2086 # addresses
        list addresses $ownAddresses
        emit 'addresses changed'
        if [ -n "$dumpcapPid" ]; then stopDumpcap 40; else endStream; fi
        return 0
        ;;
    esac
  done
}

# checkOwnAddress ADDRESS:PORT: of a connection of the agent's own.
checkOwnAddress() {
  address=${1%:*}
  address=${address#'['}
  address=${address%']'}
  case " $ownAddresses 127.0.0.1 ::1 " in *" ${address%'%'*} "*) ;; *) addressesAt=0 ;; esac
}

# readAddresses: in $addresses, but for those of lo.
readAddresses() {
  addresses=
  # shellcheck disable=SC2046 # words
  set -- $(ip -o address show 2> /dev/null)
  while [ $# -gt 1 ]; do
    case $1 in
      inet | inet6)
        case $2 in
          127.* | ::1/* | *[!0-9a-f.:/]*) ;;
          *) addresses="$addresses${addresses:+ }${2%/*}" ;;
        esac
        ;;
    esac
    shift
  done
}

# What carries copies of packets (the setting `mirror`) and does not fit through is cut, and only the first piece has ports.
# All of them have a time to live that nobody else chooses: OWN_TTL in mirror/mirror.h.
ownFragments='ip proto 17 and ip[6:2] & 0x1fff != 0 and ip[8] = 253'

# ownErrors: in $errors, as an expression: "unreachable" and "time exceeded" about packets of the agent's, which are in there
# from their IP header on, and that has no options.
ownErrors() {
  first=${ownPorts%-*} last=${ownPorts#*-}
  errors="(icmp[0] = 3 or icmp[0] = 11) and icmp[8] = 0x45 and (icmp[17] = 17 or icmp[17] = 6)"
  errors="$errors and icmp[28:2] >= $first and icmp[28:2] <= $last"
  errors="($errors) or (icmp6 and ip6[40] <= 4 and (ip6[54] = 17 or ip6[54] = 6)"
  errors="$errors and ip6[88:2] >= $first and ip6[88:2] <= $last)"
}

# ownTraffic INTERFACE: the agent's traffic as an expression, in $expression; empty if there can be none. The ports are
# its own on the pod's side alone: a client elsewhere may well use them too. On lo both sides are the pod's.
#
# Not by `inbound` and `outbound`: libpcap looks by itself at the packets that come before the kernel has the filter, and
# passes none of those that it has to ask for a direction.
ownTraffic() {
  expression=
  ownErrors
  if [ "$1" = lo ]; then
    expression="portrange $ownPorts or $errors"
    return
  fi
  if [ -z "$ownAddresses" ]; then
    readAddresses
    ownAddresses=$addresses
  fi
  source='' destination=''
  for address in $ownAddresses; do
    case $address in *:*) protocol=ip6 ;; *) protocol=ip ;; esac
    source="$source${source:+ or }$protocol src $address"
    destination="$destination${destination:+ or }$protocol dst $address"
  done
  [ -n "$source" ] || return 0
  expression="((src portrange $ownPorts or ($ownFragments)) and ($source))"
  expression="$expression or ((dst portrange $ownPorts or $errors) and ($destination))"
}

# expressionFor INTERFACE: what to capture there, in $expression: the filter of the settings, without the agent's own
# traffic. False, and dumpcap's words for it on standard error, if the filter is invalid.
#
# The filter is compiled by itself first: `a) or (b` would be valid in parentheses of ours. Ours comes first, since behind
# a `vlan` of the user's it would look at other bytes.
expressionFor() {
  expression=$filter
  hasOwnTraffic || return 0
  if [ -n "$filter" ] && ! compiles "$1" "$filter"; then
    # Not about the filter: the interface cannot be opened. dumpcap will find the same.
    case $compilerSaid in "$1: "*) return 0 ;; esac
    refuseExpression
    return 1
  fi
  ownTraffic "$1"
  own=$expression
  expression=$filter
  [ -n "$own" ] || return 0
  expression="not ($own)${filter:+ and ($filter)}"
  compiles "$1" "$expression" && return 0
  if compiles "$1" "$own"; then
    refuseExpression
    return 1
  fi
  # An interface of a kind that has no ports.
  expression=$filter
}

# compiles INTERFACE EXPRESSION: true if it does, with the link type there; what the compiler said is in $compilerSaid.
compiles() {
  compilerSaid=$(tcpdump -p -d -i "$1" -- "$2" 2>&1 > /dev/null) && return 0
  compilerSaid=${compilerSaid##*tcpdump: }
  compilerSaid=${compilerSaid%%"$newline"*}
  return 1
}

refuseExpression() {
  printf "That string isn't a valid capture filter (%s).\n" "$compilerSaid" >&2
}
