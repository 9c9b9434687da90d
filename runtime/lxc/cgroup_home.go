package lxc

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime/cgroup"
)

// ownCgroups are the directories of the cgroups that this process is in, one
// for each hierarchy (cgroups(7), /proc/PID/cgroup).
func ownCgroups() []string {
	mounts, err := cgroup.FS{}.Mounts()
	if err != nil {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(readText("/proc/self/cgroup")) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		controller, _, _ := strings.Cut(f[1], ",") // none in the unified hierarchy
		if dir := mounts.Dir(controller, f[2]); dir != "" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// goHome takes this process back into cgroups that it was in. liblxc moves the
// process that starts a container into the cgroup of the container's monitor,
// which nobody can remove as long as it is there. Where the kernel does not
// allow it (a user on cgroup v2 may not, cgroup-v2.rst, delegation), it stays.
func goHome(dirs []string) {
	for _, dir := range dirs {
		_ = os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0)
	}
}

// removeCgroups removes what a start has left: after a thousand of them liblxc
// finds no name for the next. What is in use stays.
func removeCgroups(names []string) {
	tops := cgroupTops()
	for _, name := range names {
		for _, top := range tops {
			if filepath.IsLocal(name) {
				_ = unix.Rmdir(filepath.Join(top, name))
			}
		}
	}
}
