# Downloads and unpacks Debian packages of any suite and architecture without installing them; fetch.sh, programs.sh and
# release/musl.sh source this file.
#
# apt runs with its own configuration, so that the system and its package sources stay unchanged and root is not needed.
# LINUX_MOUNT_DEBIAN names a mirror to use instead of the system's mirror.

# use_debian CACHE SUITE ARCHITECTURE: chooses the packages that with_apt works on.
use_debian() {
  local suite=$2 keys=/usr/share/keyrings/debian-archive-keyring.gpg mirror
  architecture=$3
  apt=$1/apt/$suite-$architecture
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,parts}
  mirror=${LINUX_MOUNT_DEBIAN:-$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb .*\(http[^ ]*debian\) .*/\1/p' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2> /dev/null | head -n 1 || true)}
  [ -e "$keys" ] || { echo "$keys is missing (package debian-archive-keyring)" >&2; return 1; }
  echo "deb [signed-by=$keys] ${mirror:-http://deb.debian.org/debian} $suite main" > "$apt/sources.list"
  with_apt apt-get update > /dev/null
}

with_apt() {
  local command=$1
  shift
  "$command" -q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts="$apt/parts" \
    -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o Dir::State::status=/dev/null \
    -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
    -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" "$@"
}

# unpack DIRECTORY PACKAGE...: unpacks these packages without running their scripts. If a package is missing, nothing is
# unpacked.
unpack() {
  local directory=$1 packages status=0
  shift
  mkdir -p "$directory"
  packages=$(mktemp -d "$directory/packages.XXXX")
  (cd "$packages" && with_apt apt-get download "$@" > /dev/null) || status=$?
  if [ "$status" = 0 ]; then
    for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$directory"; done
  fi
  rm -rf "$packages"
  return "$status"
}
