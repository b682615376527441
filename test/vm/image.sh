#!/bin/bash
# image.sh IMAGE COMMAND [ARCHITECTURE PROGRAMS]: makes an ext4 image with Node.js, the programs that the tests call, and
# the project with compiled tests. /inside runs COMMAND in the virtual machine. The programs come from this system, or for
# another processor from PROGRAMS (programs.sh). Root is not needed.
set -euo pipefail
image=$1 command=$2 architecture=${3:-} foreign=${4:-}
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
[ -z "$foreign" ] || cp -a "$foreign/." "$root"
mkdir -p "$root"/{bin,dev,etc,lib,lib64,mnt,proc,root,run,sbin,sys,tmp,usr/bin,usr/local/bin,var/tmp,project}

# The project, with JavaScript files in place of the TypeScript files.
"$project/node_modules/.bin/tsc" -p "$project/test" --noEmit false --outDir "$root/project"
cp -r "$project"/{package.json,tsconfig.json,binding.gyp,README.md,dist,examples} "$root/project"
cp -r "$project/test/fixtures" "$root/project/test"
cp "$project/lib/package.json" "$root/project/lib"
node "$here/packages.js" vitest fast-check typescript node-api-headers | while read -r package; do
  [ ! -e "$project/$package" ] || [ -e "$root/project/$package" ] || (cd "$project" && cp -r --parents "$package" "$root/project")
done

# The files for one processor. The image has the system's programs, because those of busybox have fewer options; busybox
# provides all other programs.
programs_of_this_system() {
  mkdir -p "$root/project"/{build,test/native}
  cp -r "$project/build/Release" "$root/project/build"
  cp -r "$project/test/native/build" "$root/project/test/native"
  cp -L "$(command -v node)" "$root/usr/local/bin/node"
  local programs='bash cat chmod chroot cp echo env findmnt getconf grep ldd ln ls losetup mke2fs mkfs.ext4 mkdir mknod
    mount mountpoint nsenter pivot_root prlimit readlink rm rmdir setpriv setsid sh sleep stat touch true umount unshare'
  for program in $programs; do
    found=$(command -v "$program" || true)
    [ -n "$found" ] || { echo "image: no $program here, busybox has to do" >&2; continue; }
    [ "${found#/}" != "$found" ] || found=$(type -P "$program")
    cp -L "$found" "$root/usr/bin/$program"
  done
  { find "$root/usr/bin" "$root/usr/local/bin" -type f; find "$root/project" -name '*.node' -type f; } |
    { xargs -n 1 ldd 2> /dev/null || true; } | grep -o '/[^ :)]*' | grep -v "^$root" | sort -u |
    while read -r library; do
      mkdir -p "$root$(dirname "$library")"
      cp -L "$library" "$root$library"
    done
  cp "$(command -v busybox)" "$root/bin/busybox"
  for program in sh bash mount umount; do ln -s "../usr/bin/$program" "$root/bin/$program"; done
}
if [ -z "$foreign" ]; then
  programs_of_this_system
else
  node "$here/foreign.js" "$architecture" "$root"
fi
for applet in $(busybox --list); do
  [ -e "$root/usr/bin/$applet" ] || [ -e "$root/usr/sbin/$applet" ] || [ -e "$root/bin/$applet" ] ||
    ln -s busybox "$root/bin/$applet"
done

chmod 1777 "$root/tmp" "$root/var/tmp"
printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nuser:x:1000:\n' > "$root/etc/group"
echo '127.0.0.1 localhost vm' > "$root/etc/hosts"
ln -sf /proc/self/mounts "$root/etc/mtab"
printf '%s\n' "$command" > "$root/command"
install -m 755 "$here/inside.sh" "$root/inside"

rm -f "$image"
size=$(($(du -sm "$root" | cut -f 1) * 12 / 10 + 512))
mke2fs -q -F -t ext4 -O ^has_journal -E lazy_itable_init=1,root_owner=0:0 -d "$root" "$image" "${size}M"
