package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/audit"
)

const (
	// fdsEach is how many descriptors a running container takes (cgroup.FS.Open).
	fdsEach = 20
	// leftTime is how long what is kept may be measured.
	leftTime = 2 * time.Second
)

// ownPlaces are where lxcdeck writes.
func (h *hostCheck) ownPlaces(context.Context) checks {
	var c checks
	switch _, err := os.Lstat(h.locks); {
	case errors.Is(err, fs.ErrNotExist):
		h.makeable(&c, "locks", h.locks, runtime.CheckBad, "Without locks lxcdeck changes no container.")
	case err != nil:
		c.unknown("locks", err)
	default:
		if err := isPrivate(h.locks); err != nil {
			c.bad("locks", err.Error(), "Remove it; lxcdeck makes it anew, for this user alone.")
		} else if unix.Access(h.locks, unix.W_OK|unix.X_OK) != nil {
			c.bad("locks", h.locks+" cannot be written", "Mount its file system for writing: without locks lxcdeck changes no container.")
		} else {
			c.good("locks", h.locks)
		}
	}
	switch _, err := os.Lstat(h.audit); {
	case h.audit == "":
		c.optional("audit log", "there is no place for one", "What is done is not written down: set HOME, or XDG_STATE_HOME.")
	case errors.Is(err, fs.ErrNotExist):
		h.makeable(&c, "audit log", h.audit, runtime.CheckOptional, "What is done is not written down.")
	case err != nil:
		c.unknown("audit log", err)
	default:
		if err := audit.Check(h.audit); err != nil {
			c.optional("audit log", err.Error(), "What is done is not written down: give "+h.audit+" to this user, mode 0600, below directories that nobody else can write.")
		} else {
			c.good("audit log", h.audit)
		}
	}
	return c
}

// makeable is for what is made when it is first needed: whether it can be, is
// told by the nearest directory above it that is there.
func (h *hostCheck) makeable(c *checks, what, path string, v runtime.Verdict, use string) {
	dir := filepath.Dir(path)
	for !exists(dir) && dir != "/" {
		dir = filepath.Dir(dir)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		c.add(v, what, fmt.Sprintf("%s cannot be made: %s: %v", path, dir, err), use+" Let this user write in "+dir+".")
		return
	}
	c.good(what, path+", made when it is needed")
}

// quickLeftovers are the Leftovers of lxcpaths that are ours, measured for a
// moment only.
func (a *Adapter) quickLeftovers(ctx context.Context) ([]runtime.Leftover, error) {
	limited, cancel := context.WithTimeout(ctx, leftTime)
	defer cancel()
	var all []runtime.Leftover
	var errs []error
	for _, path := range a.about.Paths {
		if as, err := a.userOfPath(path); as != nil || err != nil {
			continue
		}
		found, err := leftovers(limited, path)
		all, errs = append(all, found...), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// left tells what killed operations have left.
func (h *hostCheck) left(ctx context.Context) checks {
	var c checks
	all, err := h.leftovers(ctx)
	if err != nil {
		c.unknown("left by operations", err)
		return c
	}
	kept := 0
	for i := range all {
		if l := &all[i]; l.Kept {
			kept++
		} else {
			c.optional("left by operations", l.Ref.Name+": "+l.What, `Clear it up: ":leftovers" on the screen, or "lxcdeck recover".`)
		}
	}
	switch {
	case kept > 0:
		c.good("old roots", strconv.Itoa(kept)+` kept by restores; "lxcdeck recover" lists and dismisses them`)
	case len(all) == 0:
		c.good("left by operations", "nothing")
	}
	return c
}

// ownLimits are those that the list runs into on hosts with many containers.
func (h *hostCheck) ownLimits(context.Context) checks {
	var c checks
	need := uint64(0)
	for _, path := range h.paths {
		found, _ := readPath(path) // what cannot be read is told with the lxcpaths
		need += uint64(len(found))
	}
	instances, ok1 := h.number("/proc/sys/fs/inotify/max_user_instances")
	watches, ok2 := h.number("/proc/sys/fs/inotify/max_user_watches")
	found := fmt.Sprintf("%d instances, %d watches a user", instances, watches)
	err := h.inotify()
	switch {
	case !ok1 || !ok2:
		c.unknown("inotify", errors.New("/proc/sys/fs/inotify"))
	case err != nil:
		c.optional("inotify", found+": "+err.Error()+inotifyHelp(err),
			"Changes are seen every 2 s only: raise fs.inotify.max_user_instances and fs.inotify.max_user_watches with sysctl.")
	case watches < 2*need+64:
		c.optional("inotify", fmt.Sprintf("%s: few for %d containers", found, need), "Changes are seen every 2 s only: raise fs.inotify.max_user_watches with sysctl.")
	case instances < 16 || instances < need/4 && h.uid != 0:
		c.optional("inotify", found+": each systemd in a user's container takes several", "Raise fs.inotify.max_user_instances with sysctl.")
	default:
		c.good("inotify", found)
	}
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		c.unknown("open files", err)
		return c
	}
	found = fmt.Sprintf("up to %d", lim.Max)
	if want := fdsEach*need + 64; lim.Max < want {
		c.optional("open files", fmt.Sprintf("%s; %d containers take %d when they run", found, need, want), "Raise the hard limit (ulimit -Hn, LimitNOFILE= of a unit), or figures of some are missing.")
	} else {
		c.good("open files", found)
	}
	return c
}

// tryInotify asks the kernel for what the watch needs, and gives it back.
func tryInotify() error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	_, err = unix.InotifyAddWatch(fd, "/", unix.IN_CREATE|unix.IN_ONLYDIR)
	return err
}
