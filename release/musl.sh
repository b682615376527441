#!/bin/bash
# musl.sh ARCHITECTURE DIRECTORY: unpacks musl from Debian for another processor, to link and run programs with it.
# ARCHITECTURE is the Debian name. An existing DIRECTORY stays unchanged.
set -euo pipefail
processor=$1 directory=$2
[ ! -e "$directory" ] || exit 0
. "$(dirname "$0")/../test/vm/apt.sh"

mkdir -p "$(dirname "$directory")"
use_debian "$(dirname "$directory")" trixie "$processor"
work=$(mktemp -d "$directory.XXXX")
trap 'rm -rf "$work"' EXIT
unpack "$work/root" musl musl-dev
# The specs name the installed paths of headers and libraries, and the loader is a link to an installed path. The script
# replaces the paths by paths in DIRECTORY, and the link by a copy of libc.so.
library=$(dirname "$work"/root/usr/lib/*/musl-gcc.specs)
sed "s|/usr/|$directory/usr/|g" "$library/musl-gcc.specs" > "$work/root/musl.specs"
loader=$(sed -n 's/.*-dynamic-linker \([^ ]*\).*/\1/p' "$work/root/musl.specs")
mkdir -p "$work/root/lib"
rm -f "$work/root$loader"
cp "$library/libc.so" "$work/root$loader"
mv "$work/root" "$directory"
