//go:build moby

package main

import (
	"errors"

	"github.com/moby/sys/mount"
	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// The umount of the package is always lazy, which is less work: where a mount is measured with its umount that is the
// plain one, as everybody's.
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
	// It makes it read-only by a second call.
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
