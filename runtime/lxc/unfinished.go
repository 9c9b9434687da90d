package lxc

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// liblxc writes the config of a copy before it copies the root, without
// lxc.rootfs.path (lxcapi_clone). Whoever starts one whose making was cut off then,
// such as lxc-autostart at the next boot, runs its init on the host's own root.

const (
	// unfinishedKey stands in the config of a copy while its files are copied. liblxc
	// does not know it, and loads no config that has it (parse_line); what it saves at
	// the end is without it.
	unfinishedKey = "lxc.lxcdeck.unfinished"
	// markEvery is how often is looked whether rsync, a child of liblxc's fork, is at
	// work: then liblxc has loaded the config of the copy.
	markEvery = 10 * time.Millisecond
)

// guarded lets liblxc make a copy in such a way that one that is cut off cannot be
// started, and that what still works for it is found by its journal.
func guarded(j *journal, to runtime.Ref, work func() (log string, err error)) (log string, err error) {
	// What liblxc executes inherits it: rsync outlives whoever began it.
	if err := os.Setenv(markKey, j.ID); err != nil {
		return "", fmt.Errorf("environment: %w", err)
	}
	defer func() { _ = os.Unsetenv(markKey) }()
	stop, stopped := make(chan struct{}), make(chan struct{})
	runtime.Spawn("copy mark", func(error) {}, func() {
		defer close(stopped)
		for tick := time.NewTicker(markEvery); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
			}
			if runsBelow(os.Getpid(), "rsync") {
				_ = markUnfinished(to) // the journal tells of it too
				tick.Stop()
				return
			}
		}
	})
	log, err = work()
	close(stop)
	<-stopped
	if err == nil {
		err = unmark(to)
	}
	return log, err
}

// runsBelow says whether a program of a name (proc_pid_comm(5)) is at work below a
// process.
func runsBelow(pid int, name string) bool {
	return slices.ContainsFunc(childrenOf(pid), func(child int) bool {
		return commOf(child) == name || runsBelow(child, name)
	})
}

// markUnfinished appends the line, so that what liblxc writes meanwhile is not lost.
func markUnfinished(ref runtime.Ref) error {
	f, err := os.OpenFile(filepath.Join(ref.String(), "config"), os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW, 0)
	if err != nil {
		return fileErr(err)
	}
	_, err = f.WriteString("\n" + unfinishedKey + " = 1\n")
	if err == nil {
		err = f.Sync() // it is for the next boot, after a power failure too
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return fileErr(err)
}

// unmark takes a line away that came after liblxc's last word.
func unmark(ref runtime.Ref) error {
	c, err := readConfOf(ref)
	if err != nil || len(c.values(unfinishedKey)) == 0 {
		return err
	}
	if err := c.set(unfinishedKey); err != nil {
		return err
	}
	return c.write()
}

// notHalfDestroyed refuses a container of which a destroy that was cut off has removed
// a part. Its config goes last, so that it looks whole: it would be started, copied
// or packed as it is, and a rename would take it from its journal.
func notHalfDestroyed(q *helperRequest) error {
	if q.Op == runtime.Destroy {
		return nil
	}
	for _, j := range journalsIn(q.Ref.Path) {
		if j.Op != runtime.Destroy || j.ref().Name != q.Ref.Name || j.Step != removingRoot {
			continue
		}
		if id, err := dirID(q.Ref.String()); err != nil || id != j.fact(factDir) {
			continue // another one has the name by now
		}
		return &runtime.Error{
			Err:  fmt.Errorf("%w: it is not whole: its destroy was interrupted", runtime.ErrWrongState),
			Hint: "Finish the destroy: :leftovers on the screen, or \"lxcdeck recover\"; what is gone does not come back.",
		}
	}
	return nil
}

// notCutOff refuses a container, held by this process, that an operation was to make
// which was cut off: one that is under way would hold it. Its journal may lie in any
// lxcpath, in that of what was copied. Who holds that is not asked: it may be this
// process under another name of the lxcpath, whose lock the question would drop.
func notCutOff(ref runtime.Ref, lxcpaths []string) error {
	lxcpaths = append(slices.Clone(lxcpaths), ref.Path)
	slices.Sort(lxcpaths)
	for _, path := range slices.Compact(lxcpaths) {
		for _, j := range journalsIn(path) {
			here := j.made() == ref || j.made().Name == ref.Name && sameDir(j.made().Path, ref.Path)
			another := j.fact(factMade) != "" && !j.owns(ref) // that got the name since
			if j.Kept || another || !here || sameRef(j.ref(), ref) {
				continue
			}
			return &runtime.Error{
				Err: fmt.Errorf("%w: it is not whole: the %s of %s that was to make it was interrupted", runtime.ErrWrongState,
					strings.TrimSuffix(j.Verb, "-as"), j.ref().Name),
				Hint: "See what was left of it: :leftovers on the screen, or \"lxcdeck recover\".",
			}
		}
	}
	return nil
}
