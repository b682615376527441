#!/bin/busybox sh
# The first process of the image: sets up the machine for the tests, runs /command with the passes that the kernel command
# line names, and powers the machine off. The kernel command line also names the serial line for the output; the messages
# of the kernel go to another serial line.
export PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin HOME=/root TERM=dumb NO_COLOR=1 CI=true LANG=C.UTF-8
word() { sed -n "s/.*$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
line=/dev/$(word output)
exec < /dev/null > "$line" 2>&1
stty -F "$line" -opost
mkdir -p /dev/shm /dev/pts
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t devpts -o ptmxmode=666 pts /dev/pts
mount -t tmpfs run /run
ip link set lo up
hostname vm
ulimit -n 4096
cd /project
# busybox's shell would prefer the programs of busybox, so another shell runs the command.
/bin/sh /command $(word passes | tr ',' ' ')
status=$?
echo
echo "@@end status=$status kernel=$(uname -r) page=$(getconf PAGESIZE) seconds=$(cut -d' ' -f1 /proc/uptime)"
poweroff -f
