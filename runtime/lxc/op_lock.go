package lxc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// A lock is a file, so that every administrator sees it, and so that a container
// can be locked that liblxc cannot load or whose monitor does not answer.

// checkLock says who may lock a container, or take its lock away: whoever can
// write in its directory.
func (a *Adapter) checkLock(ctx context.Context, info *runtime.OpInfo, q runtime.Request) (*user, error) {
	if !exists(filepath.Join(q.Ref.String(), "config")) {
		return nil, fmt.Errorf("%w in %s", runtime.ErrNotFound, q.Ref.Path)
	}
	as, err := a.userOfPath(q.Ref.String())
	if err != nil {
		return nil, err
	}
	if err := mayTouch(info, q.Ref, as == nil); err != nil {
		return nil, err
	}
	if q.Expect == runtime.Unknown {
		return as, nil
	}
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	seen := a.look(ctx, q.Ref, in.inspect(q.Ref).err) // which decides whether liblxc may be asked
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	return as, accepts(info, seen.State, q.Expect)
}

// mayTouch refuses what a lock forbids. ours = the container's directory is
// this process's to read.
func mayTouch(info *runtime.OpInfo, ref runtime.Ref, ours bool) error {
	l := lockOf(ref, ours)
	switch {
	case l != nil && !info.Locked:
		return &runtime.Error{
			Op: info.Name, Ref: ref, Err: l.Err(),
			Hint: "Ask whoever locked it; unlock takes the lock away.",
		}
	case l == nil && info.Op == runtime.Unlock:
		return fmt.Errorf("%w: it is not locked", runtime.ErrWrongState)
	}
	return nil
}

// lock writes the lock file, or removes it. This runs in a helper.
func (o *operation) lock() error {
	if err := mayTouch(&o.info, o.q.Ref, true); err != nil {
		return err
	}
	dir, err := os.OpenFile(o.q.Ref.String(), os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("directory of the container: %w", fileErr(err))
	}
	defer dir.Close()
	if o.q.Op == runtime.Unlock {
		return unlockIn(dir)
	}
	info := runtime.LockInfo{By: o.q.Who, Since: time.Now().UTC().Truncate(time.Second)}
	if a, ok := o.q.Args.(*runtime.LockArgs); ok && a != nil {
		info.Why = a.Why
	}
	text, err := json.Marshal(&info)
	if err != nil {
		return fmt.Errorf("lock file: %w", err)
	}
	if err := lockIn(dir, append(text, '\n')); err != nil {
		if errors.Is(err, unix.EEXIST) {
			return mayTouch(&o.info, o.q.Ref, true) // somebody was faster
		}
		return fmt.Errorf("write %s: %w", filepath.Join(o.q.Ref.String(), runtime.LockFile), fileErr(err))
	}
	return nil
}

// lockIn puts a whole lock file into a directory, or none: it has no name
// until it is on disk, and a name that is taken is never replaced.
func lockIn(dir *os.File, text []byte) error {
	fd, err := unix.Openat(int(dir.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o644)
	switch {
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EISDIR), errors.Is(err, unix.EINVAL):
		return lockByName(dir, text) // such as NFS and older FUSE
	case err != nil:
		return err
	}
	f := os.NewFile(uintptr(fd), runtime.LockFile)
	defer f.Close()
	if err := writeLock(f, text); err != nil {
		return err
	}
	// Of linkat(2), AT_EMPTY_PATH would need CAP_DAC_READ_SEARCH.
	err = unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), int(dir.Fd()), runtime.LockFile, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return err
	}
	return dir.Sync()
}

// lockByName is lockIn for file systems without files that have no name.
func lockByName(dir *os.File, text []byte) error {
	fd, err := unix.Openat(int(dir.Fd()), runtime.LockFile, unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), runtime.LockFile)
	defer f.Close()
	if err := writeLock(f, text); err != nil {
		return errors.Join(err, unix.Unlinkat(int(dir.Fd()), runtime.LockFile, 0))
	}
	return nil
}

func writeLock(f *os.File, text []byte) error {
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Sync()
}

// unlockIn removes whatever has the lock file's name, but no directory.
func unlockIn(dir *os.File) error {
	err := unix.Unlinkat(int(dir.Fd()), runtime.LockFile, 0)
	switch {
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%w: it is not locked", runtime.ErrWrongState)
	case errors.Is(err, unix.EISDIR), errors.Is(err, unix.EPERM):
		return hinted(fmt.Errorf("remove %s: %w", runtime.LockFile, fileErr(err)),
			"What lies there is not lxcdeck's: look at it, and remove it by hand.")
	case err != nil:
		return fmt.Errorf("remove %s: %w", runtime.LockFile, fileErr(err))
	}
	return dir.Sync()
}
