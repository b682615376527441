//go:build moby

// The loops of the benchmark that use moby/sys, built only where the package is installed.
package main

import (
	"errors"

	"github.com/moby/sys/mount"
	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// The umount of the package is always lazy, which is less work. So the loops of a mount and its umount use the umount of
// the package syscall, as all other contenders do.
func mobyMount(source, target, fsType, options string) error {
	if err := mount.Mount(source, target, fsType, options); err != nil {
		return err
	}
	return unix.Unmount(target, 0)
}

func init() {
	actions["moby-bind"] = func(_ int, words []string) error {
		return mobyMount(words[0], words[1], "", "bind")
	}
	// The package makes the mount read-only by a second call.
	actions["moby-bind-readonly"] = func(_ int, words []string) error {
		return mobyMount(words[0], words[1], "", "bind,ro")
	}
	actions["moby-mount"] = func(_ int, words []string) error {
		return mobyMount(words[0], words[1], words[2], words[3])
	}
	actions["moby-umount"] = func(at int, words []string) error {
		return mount.Unmount(words[at])
	}
	actions["moby-is-mount-point"] = func(_ int, words []string) error {
		mounted, err := mountinfo.Mounted(words[0])
		if err == nil && !mounted {
			err = errors.New("is a mount point")
		}
		return err
	}
	actions["moby-table"] = func(_ int, _ []string) error {
		_, err := mountinfo.GetMounts(nil)
		return err
	}
}
