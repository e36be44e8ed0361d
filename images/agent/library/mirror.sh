# shellcheck shell=sh
# The setting `mirror`: what the kernel copies, and to whom (mirror/kernelMirror.c). It does so by itself, between these
# steps and also when this program is gone; so whatever is there at the start is taken away first.

mirrorTarget='' mirrorDone='' mirrorAttached='' mirrorAddress='' lookupAt=0
mirrorRetryAt=0 mirrorDelay=1 mirrorWaitsFor='' agentAt='' program=''

# followMirror: one step. Copies what the settings want, and nothing else.
followMirror() {
  if ! wantsMirror; then
    endMirror
    return
  fi
  findInterfaces
  if [ "$present/$missing" != "$mirrorWaitsFor" ]; then
    mirrorWaitsFor=$present/$missing
    mirrorRetryAt=0
  fi
  [ "$now" -ge "$mirrorRetryAt" ] || return 0
  mirrorProblem=
  if [ -n "$missing" ]; then
    failMirror "there is no interface $missing"
  elif [ -z "$ownPorts" ]; then
    failMirror "there are no local ports for it outside net.ipv4.ip_local_port_range"
  elif ! findCollector || ! chooseMirrored; then
    failMirror "$mirrorProblem"
  elif agentKnows; then
    wanted="$mirrorAddress $mirrorPort $mirrorVni $mirrored$newline$filter"
    if [ "$wanted" = "$mirrorDone" ] && [ -e /sys/class/net/pcmirror0 ]; then return 0; fi
    if startMirror; then
      onMirror
    elif [ -n "$valid" ]; then
      failMirror "$mirrorProblem"
    else
      endMirror
    fi
  fi
}

wantsMirror() {
  [ -n "$mirror" ] && [ -n "$valid" ] && [ "$state" = running ] && [ -z "$terminated" ]
}

# findCollector: its address in $mirrorAddress. A name is looked up once a minute, and keeps its address while it still is
# one of its own; while the name server does not know it, the copies go where they went before.
findCollector() {
  case $mirrorHost in
    *:*) mirrorAddress=$mirrorHost ;;
    *[!0-9.]*)
      [ "$now" -ge "$lookupAt" ] || return 0
      lookUpCollector
      ;;
    *) mirrorAddress=$mirrorHost ;;
  esac
}

lookUpCollector() {
  if found=$(RES_OPTIONS='timeout:2 attempts:2' "$library/own-ports" "$ownPorts" \
    "$library/kernel-mirror" resolve "$mirrorHost" "$mirrorAddress" 2>&1); then
    lookupAt=$((now + 6000)) mirrorAddress=$found
    return 0
  fi
  mirrorProblem=${found#kernel-mirror: }
  [ -n "$mirrorAddress" ] || return 1
  text reason "mirror to $mirror: $mirrorProblem"
  text retry 60s
  emit error
  lookupAt=$((now + 6000))
}

# chooseMirrored: in $mirrored, NAME:INDEX of those in $present, and in $unlike those that cannot be: VXLAN carries Ethernet
# frames, and what leaves a tunnel has none (ARPHRD_ETHER is 1, ARPHRD_LOOPBACK 772).
chooseMirrored() {
  mirrored='' unlike=''
  for name in $present; do
    { read -r kind < "/sys/class/net/$name/type" && read -r index < "/sys/class/net/$name/ifindex"; } 2> /dev/null || continue
    case $kind in
      1 | 772) mirrored="$mirrored${mirrored:+ }$name:$index" ;;
      *) unlike="$unlike${unlike:+ }$name" ;;
    esac
  done
  mirrorProblem="no interface is up except lo${unlike:+ and $unlike, which has no Ethernet}"
  [ -n "$mirrored" ]
}

# agentKnows: true when the capture leaves the copies out: the agent beside this program has taken the setting. Waits for at
# most five seconds: it may not be there.
agentKnows() {
  [ -z "$mirrorTarget" ] || return 0
  [ -n "$agentAt" ] || agentAt=$now
  quote "$mirror"
  IFS= read -r agentStatus 2> /dev/null < "$agentDir/status.json" || agentStatus=
  case $agentStatus in *"\"mirror\":$quoted}"*) return 0 ;; esac
  [ "$now" -ge "$((agentAt + 500))" ]
} 2> /dev/null

# startMirror: makes it as it is wanted; changes no more than differs. False: $mirrorProblem has the reason, or the filter is
# invalid.
startMirror() {
  compilePrograms || return 1
  target="$mirrorAddress $mirrorPort $mirrorVni"
  if [ "$target" != "$mirrorTarget" ] || ! [ -e /sys/class/net/pcmirror0 ]; then
    clearMirror
    checkWay && kernelMirror start "$mirrorVni" "$mirrorAddress" "$mirrorPort" "$ownPorts" || return 1
    mirrorTarget=$target
  fi
  for one in $mirrorAttached; do
    case " $mirrored " in *" $one "*) ;; *) kernelMirror detach "${one%:*}" ;; esac
  done
  mirrorAttached=$mirrored
  for one in $mirrored; do
    attachMirror "${one%:*}" || return 1
  done
  mirrorDone=$wanted
}

# checkWay: false if the copies go through a tunnel of the pod's own, and nothing keeps the tunnel's packets from being copied
# in their turn, and so on without an end.
checkWay() {
  way=$(ip route get "$mirrorAddress" 2> /dev/null)
  case $way in
    *' dev '*) ;;
    *)
      mirrorProblem="there is no route to $mirrorAddress"
      return 1
      ;;
  esac
  device=${way#*' dev '}
  device=${device%% *}
  { read -r kind < "/sys/class/net/$device/type"; } 2> /dev/null
  case $kind/$filter in
    1/* | 772/* | */?*) return 0 ;;
  esac
  mirrorProblem="$mirrorAddress is behind $device, a tunnel: set a filter that leaves the tunnel's own packets out"
  return 1
}

# attachMirror INTERFACE. On lo the kernel hands every packet over twice, when it leaves and when it arrives.
attachMirror() {
  if [ "$1" = lo ]; then
    program=$programLo
    kernelMirror attach lo in
    return
  fi
  program=$programOut
  kernelMirror attach "$1" out || return 1
  program=$programIn
  kernelMirror attach "$1" in
}

# kernelMirror COMMAND...: with $program on its standard input; false if it cannot be done: the reason is in $mirrorProblem.
kernelMirror() {
  mirrorProblem=$(printf '%s\n' "$program" | "$library/kernel-mirror" "$@" 2>&1) && return 0
  kernelStatus=$?
  mirrorProblem=${mirrorProblem#kernel-mirror: }
  [ "$kernelStatus" != 3 ] || mirrorProblem="the container has no NET_ADMIN: $mirrorProblem"
  return 1
}

# compilePrograms: the filter of the settings without the agent's own traffic, for each direction, as the kernel's packet
# classifier takes it. Which side is the pod's is known there, so the ports alone will do.
compilePrograms() {
  case " $filter " in
    *[!A-Za-z0-9_.-]vlan[!A-Za-z0-9_.-]* | *[!A-Za-z0-9_.-]inbound[!A-Za-z0-9_.-]* | *[!A-Za-z0-9_.-]outbound[!A-Za-z0-9_.-]*)
      mirrorProblem="the filter has vlan, inbound or outbound, which the kernel's copies cannot be chosen by"
      return 1
      ;;
  esac
  if [ -n "$filter" ] && ! compileProgram "$filter"; then
    refuseMirrorFilter
    return 1
  fi
  ownErrors
  programOut='' programIn='' programLo=''
  for one in $mirrored; do
    case ${one%:*} in
      lo) [ -n "$programLo" ] || { compileProgram "not (portrange $ownPorts or $errors)${filter:+ and ($filter)}" && programLo=$program; } ;;
      *) [ -n "$programOut" ] || compileDirections ;;
    esac || {
      refuseMirrorFilter
      return 1
    }
  done
}

compileDirections() {
  compileProgram "not (src portrange $ownPorts or ($ownFragments))${filter:+ and ($filter)}" && programOut=$program &&
    compileProgram "not (dst portrange $ownPorts or $errors)${filter:+ and ($filter)}" && programIn=$program
}

# compileProgram EXPRESSION: in $program, as `tcpdump -ddd` prints it; false: $compilerSaid has the reason. Without an
# interface it takes no privilege.
compileProgram() {
  program=$(tcpdump -ddd -y EN10MB -- "$1" 2> /dev/null) && return 0
  compilerSaid=$(tcpdump -ddd -y EN10MB -- "$1" 2>&1 > /dev/null)
  compilerSaid=${compilerSaid##*tcpdump: }
  compilerSaid=${compilerSaid%%"$newline"*}
  return 1
}

refuseMirrorFilter() {
  case $compilerSaid in
    # The name server may know it later.
    *'unknown host'*) mirrorProblem="filter: $compilerSaid" ;;
    *) invalid filter "$now_FILTER" "$compilerSaid" ;;
  esac
}

onMirror() {
  mirrorDelay=1 mirrorRetryAt=0
  names=
  for one in $mirrored; do names="$names${names:+ }${one%:*}"; done
  text to "$mirror"
  text address "$mirrorAddress"
  # shellcheck disable=SC2086 # names without white space
  list interfaces $names
  mirrorInterfaces=$items
  # shellcheck disable=SC2086
  [ -z "$unlike" ] || list without $unlike
  text filter "$now_FILTER"
  emit 'mirror started'
  setMirrorState mirroring
}

# failMirror REASON: copies nothing, says so, and tries again as the capture does, after one to thirty seconds.
failMirror() {
  clearMirror
  text reason "mirror to $mirror: $1"
  text retry "${mirrorDelay}s"
  emit error
  setMirrorState waiting "$1"
  mirrorRetryAt=$((now + mirrorDelay * 100))
  mirrorDelay=$((mirrorDelay * 2 > 30 ? 30 : mirrorDelay * 2))
}

# endMirror: nothing is copied any more, as is wanted.
endMirror() {
  if [ -n "$mirrorTarget" ]; then
    clearMirror
    number packets "$mirrorPackets"
    number bytes "$mirrorBytes"
    number dropped "$mirrorDropped"
    emit 'mirror stopped'
  fi
  if [ -n "$terminated" ]; then
    setMirrorState stopped
  elif [ -z "$now_MIRROR" ]; then
    setMirrorState idle 'mirror is not set'
  elif [ -z "$valid" ] || [ -z "$mirror" ]; then
    setMirrorState invalid "not valid:$invalidNames"
  else
    setMirrorState idle state
  fi
}

# clearMirror: takes away all that there is, also what another run of this program has left.
clearMirror() {
  takeCounts
  kernelMirror stop || :
  mirrorTarget='' mirrorDone='' mirrorAttached='' mirrorInterfaces='' agentAt=''
}
