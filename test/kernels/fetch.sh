#!/bin/bash
# fetch.sh SERIES DIRECTORY: Debian's newest cloud kernel of a series (5.10, 6.12 …) and its modules.
#
# With an apt configuration of its own: nothing is installed, the sources of the system are not touched, and no root is
# needed. LINUX_MOUNT_DEBIAN names another mirror than that of the system.
set -euo pipefail
series=$1 directory=$2
[ ! -e "$directory/release" ] || exit 0

case $series in
  5.10) suite=bullseye ;;
  6.1) suite=bookworm ;;
  6.12) suite=trixie ;;
  *) suite=trixie-backports ;;
esac
apt=$(dirname "$directory")/apt/$suite
mkdir -p "$apt"/{lists/partial,cache/archives/partial,parts} "$directory"

mirror=${LINUX_MOUNT_DEBIAN:-$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb .*\(http[^ ]*debian\) .*/\1/p' \
  /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2> /dev/null | head -n 1 || true)}
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keys" ] || { echo "kernel $series: $keys is missing (package debian-archive-keyring)" >&2; exit 1; }
echo "deb [signed-by=$keys] ${mirror:-http://deb.debian.org/debian} $suite main" > "$apt/sources.list"

with_apt() {
  local command=$1
  shift
  "$command" -q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts="$apt/parts" \
    -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o Dir::State::status=/dev/null \
    -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" "$@"
}

names() { with_apt apt-cache pkgnames linux-image- | sed -n "s/^linux-image-\($1.*-cloud-amd64\)$/\1/p" | sort -V; }

echo "kernel $series: fetching from Debian's $suite"
with_apt apt-get update > /dev/null
release=$(names "${series//./\\.}[.-]" | tail -n 1)
if [ -z "$release" ]; then
  there=$(names '[0-9]' | sed 's/^\([0-9]*\.[0-9]*\).*/\1/' | uniq | tr '\n' ' ')
  echo "kernel $series: gone from Debian's $suite, where there are now: ${there:-none}" >&2
  exit 1
fi

# From 6.19 on that package is empty: kernel and modules are in two others.
packages=linux-image-$release
if with_apt apt-cache pkgnames "linux-binary-$release" | grep -q .; then
  packages="linux-binary-$release linux-modules-$release"
fi

work=$(mktemp -d "$directory/work.XXXX")
(
  cd "$work"
  # shellcheck disable=SC2086 # one word for each package
  with_apt apt-get download $packages > /dev/null
  for package in *.deb; do dpkg-deb -x "$package" root; done
)
rm -rf "$directory/modules"
cp "$(find "$work/root" -type f -name 'vmlinuz*' | head -n 1)" "$directory/vmlinuz"
mkdir -p "$work/base/lib/modules"
mv "$(find "$work/root" -type d -path '*lib/modules/*' -prune | head -n 1)" "$work/base/lib/modules/$release"
busybox depmod -b "$work/base" "$release"
mv "$work/base/lib/modules/$release" "$directory/modules"
rm -rf "$work"
echo "$release" > "$directory/release"
