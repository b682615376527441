#!/bin/bash
# fetch.sh KERNEL DIRECTORY: Debian's newest kernel of a series and its modules: of 6.12, for example, the one for virtual
# machines; of 6.12-arm64-16k the one that is called so.
set -euo pipefail
kernel=$1 directory=$2
[ ! -e "$directory/release" ] || exit 0
. "$(dirname "$0")/apt.sh"

series=${kernel%%-*}
flavour=cloud-amd64
[ "$series" = "$kernel" ] || flavour=${kernel#*-}
case $series in
  5.10) suite=bullseye ;;
  6.1) suite=bookworm ;;
  6.12) suite=trixie ;;
  *) suite=trixie-backports ;;
esac
case $flavour in
  *arm64*) architecture=arm64 ;;
  *) architecture=amd64 ;;
esac

names() {
  local number='[-0-9.+~]*\(deb[0-9.]*\)\{0,1\}'
  with_apt apt-cache pkgnames linux-image- | sed -n "s/^linux-image-\($1$number-$flavour\)$/\1/p" | sort -V
}

echo "kernel $kernel: fetching from Debian's $suite"
use_debian "$(dirname "$directory")" "$suite" "$architecture"
release=$(names "${series//./\\.}[.-]" | tail -n 1)
if [ -z "$release" ]; then
  there=$(names '[0-9]' | sed 's/^\([0-9]*\.[0-9]*\).*/\1/' | uniq | tr '\n' ' ')
  echo "kernel $kernel: gone from Debian's $suite, where there are now: ${there:-none}" >&2
  exit 1
fi

# From 6.19 on that package is empty: kernel and modules are in two others.
packages=linux-image-$release
if with_apt apt-cache pkgnames "linux-binary-$release" | grep -q .; then
  packages="linux-binary-$release linux-modules-$release"
fi

mkdir -p "$directory"
work=$(mktemp -d "$directory/work.XXXX")
# shellcheck disable=SC2086 # one word for each package
unpack "$work/root" $packages
rm -rf "$directory/modules"
cp "$(find "$work/root" -type f -name 'vmlinuz*' | head -n 1)" "$directory/vmlinuz"
mkdir -p "$work/base/lib/modules"
mv "$(find "$work/root" -type d -path '*lib/modules/*' -prune | head -n 1)" "$work/base/lib/modules/$release"
busybox depmod -b "$work/base" "$release"
mv "$work/base/lib/modules/$release" "$directory/modules"
rm -rf "$work"
echo "$release" > "$directory/release"
