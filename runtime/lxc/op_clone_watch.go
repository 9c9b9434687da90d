package lxc

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fmt"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// progressEvery is how often a copy tells how far it is, at most.
	progressEvery = 200 * time.Millisecond
	// measureTime is how long the size of what is copied may be looked for
	// before the copy begins without it.
	measureTime = 20 * time.Second
)

// watchCopy measures what is to be copied, refuses what has no room, and tells
// how far the copy is until end is called.
func (o *operation) watchCopy(p *clonePlan) (end func(), err error) {
	if !p.copiesFiles() {
		return func() {}, nil
	}
	total, err := p.measure()
	if err != nil {
		return nil, err
	}
	return o.watchBytes(total), nil
}

// watchBytes tells how far a copy by rsync is until end is called. total 0 = it is
// not known how many bytes there are.
func (o *operation) watchBytes(total uint64) (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	runtime.Spawn("copy progress", func(error) { close(stopped) }, func() {
		defer close(stopped)
		var last uint64
		for tick := time.NewTicker(progressEvery); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
			}
			if now := copied(os.Getpid()); now > last {
				last = now
				o.tell(runtime.Progress{Done: min(now, max(total, 1)), Total: total})
			}
		}
	})
	return func() {
		close(stop)
		<-stopped
		if total > 0 {
			o.tell(runtime.Progress{Done: total, Total: total})
		}
	}
}

// measure is how many bytes are read to copy the root: that is what rsync does
// with holes, too. Where it cannot be known soon it is 0.
func (p *clonePlan) measure() (total uint64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), measureTime)
	defer cancel()
	var disk, all int64
	for _, path := range p.paths {
		var s sizes
		if !filepath.IsAbs(path) || s.measure(ctx, path) != nil || s.partial {
			return 0, nil // a volume or an image, or too large to be known soon
		}
		disk, all = disk+s.disk, all+s.bytes
	}
	free, err := freeOn(p.to.Path)
	if err != nil {
		return 0, err
	}
	if p.backing == "dir" && p.kind != "btrfs" && uint64(disk) > free {
		return 0, &runtime.Error{Op: "clone", Ref: p.from,
			Err:  fmt.Errorf("%w: its root takes %s, and %s has %s free", unix.ENOSPC, humanBytes(uint64(disk)), p.to.Path, humanBytes(free)),
			Hint: "Nothing was copied. A clone with copy on write takes no room at first.",
		}
	}
	return uint64(all), nil
}

// copied is how many bytes the busiest program below a process has written so
// far. rsync is three: the one that reads the files writes all of their bytes to
// the others, and the one that makes the files writes them again.
func copied(pid int) uint64 {
	var most uint64
	for _, child := range childrenOf(pid) {
		most = max(most, written(child), copied(child))
	}
	return most
}

// childrenOf reads the children of all threads of a process (proc(5)).
func childrenOf(pid int) []int {
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if err != nil {
		return nil
	}
	var out []int
	for _, t := range tasks {
		text, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(text)) {
			if n, err := strconv.Atoi(f); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// written is wchar of /proc/PID/io (proc_pid_io(5)): all that it wrote, to pipes
// and files.
func written(pid int) uint64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/io")
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(text, []byte("wchar: "))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	n, _ := strconv.ParseUint(string(line), 10, 64)
	return n
}
