# shellcheck shell=sh
# The agent's own traffic. Its connections leave from local ports that the kernel gives to nobody else in the pod, so that
# a capture can leave them out by their ports, and keeps what the app exchanges with the very same collector or bucket.

ownPorts=''

# chooseOwnPorts FILE: FIRST-LAST in $ownPorts, 61000-61099 if the kernel gives none of these to the app's own
# connections, else the highest hundred that it gives to none; empty if there is none. FILE holds the lowest and the
# highest port that it gives.
chooseOwnPorts() {
  ownPorts=61000-61099
  read -r lowest highest < "$1" || return 0
  [ "$lowest" -le 61099 ] && [ "$highest" -ge 61000 ] || return 0
  ownPorts=
  if [ "$highest" -lt 65400 ]; then
    ownPorts=65400-65499
  elif [ "$lowest" -ge 1200 ]; then
    ownPorts=$((lowest / 100 - 1))00-$((lowest / 100 - 1))99
  fi
} 2> /dev/null

# sayOwnPorts: that the ports are not the usual ones, and why, if they are needed.
sayOwnPorts() {
  # shellcheck disable=SC2154 # checkSettings sets them.
  [ -n "$upload$stream" ] && [ "$ownPorts" != 61000-61099 ] || return 0
  text ports "$ownPorts"
  text reason "net.ipv4.ip_local_port_range is $lowest to $highest"
  emit 'own ports'
}

# hasOwnTraffic: true if the settings make the agent open connections.
hasOwnTraffic() {
  [ -n "$upload$stream" ] && [ -n "$ownPorts" ]
}

# ownTraffic INTERFACE: the agent's connections as an expression, in $expression. A port is its own on the side of the
# pod, which the direction tells without asking for addresses: a client elsewhere may well use the same port. On lo a
# packet has no direction, and both sides are the pod.
ownTraffic() {
  if [ "$1" = lo ]; then
    expression="portrange $ownPorts"
  else
    expression="(outbound and src portrange $ownPorts) or (inbound and dst portrange $ownPorts)"
  fi
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
