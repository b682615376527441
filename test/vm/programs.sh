#!/bin/bash
# programs.sh ARCHITECTURE DIRECTORY: the programs that tests call, with all that they need, as Debian has them for another
# processor, by Debian's name for it. What is there already is left as it is.
set -euo pipefail
processor=$1 directory=$2
[ ! -e "$directory" ] || exit 0
. "$(dirname "$0")/apt.sh"

echo "programs for $processor: fetching from Debian"
use_debian "$(dirname "$directory")" bookworm "$processor"
packages=$(with_apt apt-get install --simulate --no-install-recommends \
  base-files bash busybox-static coreutils dash e2fsprogs grep libc-bin libstdc++6 mount util-linux |
  sed -n 's/^Inst \([^ ]*\).*/\1/p')
work=$(mktemp -d "$directory.XXXX")
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2086 # one word for each package
unpack "$work/root" $packages
rm -rf "$work/root/usr/share" "$work/root/var"
mv "$work/root" "$directory"
