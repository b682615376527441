#!/bin/bash
# fetch.sh SERIES FLAVOUR ARCHITECTURE DIRECTORY: downloads Debian's newest kernel of a series and a flavour (such as 6.12
# and cloud-amd64) and its modules. ARCHITECTURE is the Debian name.
set -euo pipefail
series=$1 flavour=$2 architecture=$3 directory=$4
[ ! -e "$directory/release" ] || exit 0
. "$(dirname "$0")/apt.sh"

case $series in
  5.10) suite=bullseye ;;
  6.1) suite=bookworm ;;
  6.12) suite=trixie ;;
  *) suite=trixie-backports ;;
esac
names() {
  local number='[-0-9.+~]*\(deb[0-9.]*\)\{0,1\}'
  with_apt apt-cache pkgnames linux-image- | sed -n "s/^linux-image-\($1$number-$flavour\)$/\1/p" | sort -rV
}

echo "kernel $series-$flavour: fetching from Debian's $suite"
use_debian "$(dirname "$directory")" "$suite" "$architecture"
releases=$(names "${series//./\\.}[.-]")
if [ -z "$releases" ]; then
  there=$(names '[0-9]' | sed 's/^\([0-9]*\.[0-9]*\).*/\1/' | uniq | tr '\n' ' ')
  echo "kernel $series-$flavour: gone from Debian's $suite, where there are now: ${there:-none}" >&2
  exit 1
fi

mkdir -p "$directory"
work=$(mktemp -d "$directory/work.XXXX")
trap 'rm -rf "$work"' EXIT
# A mirror may list a kernel before it has the packages.
for release in $releases; do
  # From 6.19 on the package linux-image is empty, and two other packages have the kernel and the modules.
  packages=linux-image-$release
  if with_apt apt-cache pkgnames "linux-binary-$release" | grep -q .; then
    packages="linux-binary-$release linux-modules-$release"
  fi
  # shellcheck disable=SC2086 # one word for each package
  ! unpack "$work/root" $packages || break
done
[ -n "$(find "$work/root" -type f -name 'vmlinu[xz]*')" ] || exit 1
rm -rf "$directory/modules"
cp "$(find "$work/root" -type f -name 'vmlinu[xz]*' | head -n 1)" "$directory/vmlinuz"
mkdir -p "$work/base/lib/modules"
mv "$(find "$work/root" -type d -path '*lib/modules/*' -prune | head -n 1)" "$work/base/lib/modules/$release"
busybox depmod -b "$work/base" "$release"
mv "$work/base/lib/modules/$release" "$directory/modules"
echo "$release" > "$directory/release"
