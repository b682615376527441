#!/bin/bash
# programs.sh ARCHITECTURE DIRECTORY: unpacks the programs that the tests call, and the files that they need, from Debian
# for another processor. ARCHITECTURE is the Debian name. An existing DIRECTORY stays unchanged.
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
