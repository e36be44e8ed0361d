# shellcheck shell=sh
# Which interfaces the settings name, and which of them there are.

# findInterfaces: those to capture in $present, names that are asked for and do not exist in $missing.
findInterfaces() {
  present='' missing=''
  if isWhole "$interfaces"; then
    set +f
    set -- /sys/class/net/*
    set -f
    for interface; do
      name=${interface##*/}
      { [ "$name" != lo ] || [ "$interfaces" != all ]; } && ! isOfMirror "$name" && isUp "$interface" && present="$present${present:+ }$name"
    done
    return
  fi
  rest=$interfaces,
  while [ -n "$rest" ]; do
    name=${rest%%,*}
    rest=${rest#*,}
    if [ ! -e "/sys/class/net/$name" ] || isOfMirror "$name"; then
      missing="$missing${missing:+ }$name"
    else
      case " $present " in *" $name "*) ;; *) present="$present${present:+ }$name" ;; esac
    fi
  done
}

# isOfMirror NAME: of an interface that the setting `mirror` makes (mirror/mirror.h); it is none of the pod's.
isOfMirror() {
  case $1 in pcmirror[012]) ;; *) return 1 ;; esac
}

# isUp FOLDER: of an interface in sysfs. IFF_UP is bit 0; bonding_masters is a plain file in that folder.
isUp() {
  [ -e "$1/flags" ] && read -r flags < "$1/flags" && [ "$((flags & 1))" = 1 ]
} 2> /dev/null
