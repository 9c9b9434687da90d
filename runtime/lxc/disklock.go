package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// diskLockTime is how long liblxc may hold its own lock on a container's files.
const diskLockTime = 30 * time.Second

// diskLock takes liblxc's own lock on a container's files: an open file
// description lock (fcntl(2)) on a file in its run directory (lxclock.c).
func diskLock(ref runtime.Ref) (unlock func(), err error) {
	run := "/run"
	if os.Geteuid() != 0 {
		if run = os.Getenv("XDG_RUNTIME_DIR"); run == "" {
			run = filepath.Join(homeDir(), ".cache/lxc/run")
		}
	}
	dir := filepath.Join(run, "lxc/lock", ref.Path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("liblxc's lock of %s: %w", ref.Name, fileErr(err))
	}
	f, err := os.OpenFile(filepath.Join(dir, "."+ref.Name), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NOCTTY|unix.O_NONBLOCK, 0o660)
	if err != nil {
		return nil, fmt.Errorf("liblxc's lock of %s: %w", ref.Name, fileErr(err))
	}
	for until := time.Now().Add(diskLockTime); ; time.Sleep(pollEvery) {
		lk := unix.Flock_t{Type: unix.F_WRLCK}
		switch err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lk); {
		case err == nil:
			return func() { f.Close() }, nil
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EINTR):
			f.Close()
			return nil, fmt.Errorf("liblxc's lock of %s: %w", ref.Name, err)
		case time.Now().After(until):
			f.Close()
			return nil, fmt.Errorf("%w: liblxc's lock of %s is held by somebody else for %s", runtime.ErrBusy, ref.Name, diskLockTime)
		}
	}
}
