#!/bin/bash
# initramfs.sh DIRECTORY BUSYBOX MODULE...: makes DIRECTORY/initramfs from busybox, init.sh, and these kernel modules with
# their dependencies, in the order in which they must be loaded. Modules that are built in or that the kernel lacks are
# left out.
set -euo pipefail
directory=$1 busybox=$2
shift 2
modules=$directory/modules
here=$(cd "$(dirname "$0")" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{bin,proc,sys,dev,new,modules}
cp "$busybox" "$work/bin/busybox"
ln -s busybox "$work/bin/sh"
: > "$work/modules/order"

declare -A seen=()
add() {
  local path=$1 needed name
  [ -z "${seen[$path]:-}" ] || return 0
  seen[$path]=1
  for needed in $(sed -n "s|^${path//./\\.}: *||p" "$modules/modules.dep"); do add "$needed"; done
  name=$(basename "$path")
  name=${name%.ko*}
  case $path in
    *.xz) xz -dc "$modules/$path" ;;
    *.zst) zstd -qdc "$modules/$path" ;;
    *) cat "$modules/$path" ;;
  esac > "$work/modules/$name.ko"
  echo "$name" >> "$work/modules/order"
}
for module in "$@"; do
  path=$(sed -n "s|^\([^:]*/${module//_/[-_]}\.ko[^:]*\):.*|\1|p" "$modules/modules.dep" | head -n 1)
  [ -z "$path" ] || add "$path"
done

install -m 755 "$here/init.sh" "$work/init"
(cd "$work" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) > "$directory/initramfs"
