# For fetch.sh and programs.sh: packages of Debian that are not installed, of any of its suites and architectures.
#
# With an apt configuration of its own: the system and its sources are not touched, and no root is needed.
# LINUX_MOUNT_DEBIAN names another mirror than that of the system.

# use_debian CACHE SUITE ARCHITECTURE: what with_apt is about.
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

# unpack DIRECTORY PACKAGE...: what is in these packages, whose scripts are not run. Nothing is unpacked if one is missing.
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
