// The loops of the benchmark in Go: with the package syscall, and with moby/sys in moby.go where it is installed. The
// program reads lines from standard input with the tab-separated words name, count, and arguments, and answers each with
// a line: ok and nanoseconds, or an error.
package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// One round of a loop; at is the number of the round.
type action func(at int, words []string) error

var actions = map[string]action{
	"bind": func(_ int, words []string) error {
		return mountAndUnmount(words[0], words[1], "", syscall.MS_BIND, "")
	},
	// The package has no other way: the mount is writable for an instant, until a second call makes it read-only.
	"bind-readonly": func(_ int, words []string) error {
		if err := syscall.Mount(words[0], words[1], "", syscall.MS_BIND, ""); err != nil {
			return err
		}
		if err := remountReadOnly(words[1]); err != nil {
			return err
		}
		return syscall.Unmount(words[1], 0)
	},
	// Arguments: source, target, and the mounts below the target, each of which needs a call of its own.
	"tree-readonly": func(_ int, words []string) error {
		if err := syscall.Mount(words[0], words[1], "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
			return err
		}
		for _, target := range words[1:] {
			if err := remountReadOnly(target); err != nil {
				return err
			}
		}
		return syscall.Unmount(words[1], syscall.MNT_DETACH)
	},
	"mount": func(_ int, words []string) error {
		return mountAndUnmount(words[0], words[1], words[2], 0, words[3])
	},
	// Arguments: upper, lower.
	"changes": func(_ int, words []string) error {
		return filepath.WalkDir(words[0], func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if _, err := entry.Info(); err != nil {
				return err
			}
			if _, err := os.Lstat(words[1] + path[len(words[0]):]); err != nil && !os.IsNotExist(err) {
				return err
			}
			return nil
		})
	},
	"umount": func(at int, words []string) error {
		return syscall.Unmount(words[at], 0)
	},
}

func mountAndUnmount(source, target, fsType string, flags uintptr, data string) error {
	if err := syscall.Mount(source, target, fsType, flags, data); err != nil {
		return err
	}
	return syscall.Unmount(target, 0)
}

func remountReadOnly(target string) error {
	return syscall.Mount("", target, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, "")
}

// Binds at all targets at once, each on a goroutine, and then unmounts all. Arguments: source, targets.
func atOnce(words []string) error {
	each := func(do func(target string) error) error {
		errors := make([]error, len(words)-1)
		var group sync.WaitGroup
		for at, target := range words[1:] {
			group.Add(1)
			go func(at int, target string) {
				defer group.Done()
				errors[at] = do(target)
			}(at, target)
		}
		group.Wait()
		for _, err := range errors {
			if err != nil {
				return err
			}
		}
		return nil
	}
	err := each(func(target string) error { return syscall.Mount(words[0], target, "", syscall.MS_BIND, "") })
	if err != nil {
		return err
	}
	return each(func(target string) error { return syscall.Unmount(target, 0) })
}

func run(words []string) error {
	count, err := strconv.Atoi(words[1])
	if err != nil {
		return err
	}
	if words[0] == "at-once" {
		return atOnce(words[2:])
	}
	do, known := actions[words[0]]
	if !known {
		return fmt.Errorf("%s: unknown", words[0])
	}
	for at := 0; at < count; at++ {
		if err := do(at, words[2:]); err != nil {
			return fmt.Errorf("%s: %w", words[0], err)
		}
	}
	return nil
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		words := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		start := time.Now()
		err = run(words)
		took := time.Since(start)
		if err != nil {
			fmt.Printf("error\t%s\n", err)
		} else {
			fmt.Printf("ok\t%d\n", took.Nanoseconds())
		}
	}
}
