# debian.sh: functions that lay out programs of Debian, of any architecture, without running anything of them. Sourced.
# shellcheck shell=sh

# fetch ARCH FOLDER PACKAGE...: downloads packages of an architecture with all that they depend on, and extracts each as
# FOLDER/NAME; FOLDER/NAME.control is what it says of itself, FOLDER/NAME.source its source package and that one's version.
fetch() {
  arch=$1 debs=$2
  shift 2
  state=$(mktemp -d)
  mkdir -p "$debs" "$state/lists/partial" "$state/archives/partial"
  # No package counts as installed, so that none is left out.
  : > "$state/status"
  options="-q -o APT::Sandbox::User=root -o APT::Architecture=$arch -o APT::Architectures=$arch
    -o Dir::State::status=$state/status -o Dir::State::lists=$state/lists -o Dir::Cache=$state"
  # shellcheck disable=SC2086 # a list
  apt-get $options update
  # shellcheck disable=SC2086 # a list
  apt-get $options install --download-only --yes --no-install-recommends "$@"
  for deb in "$state"/archives/*.deb; do
    name=$(dpkg-deb --field "$deb" Package)
    dpkg-deb --extract "$deb" "$debs/$name"
    dpkg-deb --field "$deb" > "$debs/$name.control"
    # shellcheck disable=SC2016 # dpkg-deb fills it in
    dpkg-deb --show --showformat '${source:Package} ${source:Version}\n' "$deb" > "$debs/$name.source"
  done
  rm -r "$state"
}

# place DEBS FILE: prints /PATH of the file FILE = DEBS/NAME/PATH in the image. Debian has one tree of binaries and
# libraries, and old names for it.
place() {
  printf '%s\n' "${2#"$1"/*/}" | sed -e 's|^|/|' -e 's|^/lib|/usr/lib|' -e 's|^/bin|/usr/bin|'
}

# install_program DEBS TREE MODE FILE: copies FILE = DEBS/NAME/PATH to TREE/PATH, and adds NAME to the list DEBS/used.
install_program() {
  install -D -m "$3" "$4" "$2$(place "$1" "$4")"
  name=${4#"$1"/}
  echo "${name%%/*}" >> "$1/used"
}

# libraries DEBS TREE OTHER FILE...: copies the libraries that programs need, and the loader, from the packages into TREE,
# each once; what the tree OTHER has is left out.
libraries() {
  debs=$1 tree=$2 other=$3
  shift 3
  found=$(mktemp)
  for file in "$@"; do
    loader=$(readelf -l "$file" | sed -n 's/.*program interpreter: \(.*\)\]$/\1/p')
    real=$(find "$debs" -type f -name "$(basename "$loader")" | sort | head -n 1)
    loader=$(printf '%s\n' "$loader" | sed 's|^/lib|/usr/lib|')
    name=${real#"$debs"/}
    echo "${name%%/*}" >> "$debs/used"
    [ -e "$other$loader" ] || install -D -m 755 "$real" "$tree$loader"
    echo "$file"
  done > "$found"
  # Each line is a file; those that it needs are added at the end.
  line=1
  while file=$(sed -n "${line}p" "$found") && [ -n "$file" ]; do
    line=$((line + 1))
    for name in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'); do
      case $name in ld-linux*) continue ;; esac
      if grep -q "/$name\$" "$found"; then continue; fi
      library=$(find "$debs" -path "*/usr/lib/*" -name "$name" | sort | head -n 1)
      if [ -z "$library" ]; then
        echo "no package has $name, which $file needs" >&2
        exit 1
      fi
      echo "$library" >> "$found"
      target=$(place "$debs" "$library")
      package=${library#"$debs"/}
      echo "${package%%/*}" >> "$debs/used"
      [ -e "$other$target" ] || install -D -m 755 "$library" "$tree$target"
    done
  done
  rm "$found"
}

# describe DEBS TREE OTHER: copies the licences of the packages in the list DEBS/used, says which source packages they were
# made from, and records the packages as dpkg does in images without dpkg, so that scanners find them.
describe() {
  debs=$1 tree=$2 other=$3
  mkdir -p "$tree/usr/share/doc" "$tree/usr/share/common-licenses" "$tree/var/lib/dpkg/status.d"
  sort -u "$debs/used" | while read -r package; do
    # Several packages of one source may share a folder.
    folder=$debs/$package/usr/share/doc/$package
    owner=$package
    if [ -L "$folder" ]; then
      owner=$(basename "$(readlink "$folder")")
      folder=$debs/$owner/usr/share/doc/$owner
    fi
    install -D -m 644 "$folder/copyright" "$tree/usr/share/doc/$package/copyright"
    # Texts that it only names.
    grep -o '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$folder/copyright" | sort -u | while read -r text; do
      [ -e "$other$text" ] || cp -L "$text" "$tree/usr/share/common-licenses"
    done
    cat "$debs/$package.source"
    install -m 644 "$debs/$package.control" "$tree/var/lib/dpkg/status.d/$package"
  done > "$debs/sources"
  cat "$debs/sources" "$other/usr/share/doc/sources" 2> /dev/null | sort -u > "$debs/all-sources"
  install -m 644 "$debs/all-sources" "$tree/usr/share/doc/sources"
  rm "$debs/used"
  if [ ! -e "$other/etc/os-release" ]; then install -D -m 644 /usr/lib/os-release "$tree/etc/os-release"; fi
}
