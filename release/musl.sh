#!/bin/bash
# musl.sh ARCHITECTURE DIRECTORY: musl as Debian has it for another processor, by Debian's name for that: to link programs
# with, and to run them. What is there already is left as it is.
set -euo pipefail
processor=$1 directory=$2
[ ! -e "$directory" ] || exit 0
. "$(dirname "$0")/../test/vm/apt.sh"

mkdir -p "$(dirname "$directory")"
use_debian "$(dirname "$directory")" trixie "$processor"
work=$(mktemp -d "$directory.XXXX")
trap 'rm -rf "$work"' EXIT
unpack "$work/root" musl musl-dev
# They name the places where they would be if they were installed, the specs those of headers and libraries.
library=$(dirname "$work"/root/usr/lib/*/musl-gcc.specs)
sed "s|/usr/|$directory/usr/|g" "$library/musl-gcc.specs" > "$work/root/musl.specs"
loader=$(sed -n 's/.*-dynamic-linker \([^ ]*\).*/\1/p' "$work/root/musl.specs")
mkdir -p "$work/root/lib"
rm -f "$work/root$loader"
cp "$library/libc.so" "$work/root$loader"
mv "$work/root" "$directory"
