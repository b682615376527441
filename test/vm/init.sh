#!/bin/sh
# The first process of the initramfs: loads the kernel modules, mounts the image, and starts inside.sh from it.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod "/modules/$module.ko" || echo "insmod $module failed"; done
tries=0
until mount -t ext4 /dev/vda /new 2> /dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || poweroff -f
  sleep 0.1
done
for directory in proc sys dev; do mount --move "/$directory" "/new/$directory"; done
exec switch_root /new /inside
