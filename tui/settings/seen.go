package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime/events"
)

const (
	seenFile = "seen.json"
	// seenLock is held while the file is read and written anew, so that several
	// lxcdecks do not lose what the others have seen.
	seenLock = "seen.lock"
	// seenWait is how long the lock is waited for: less than the writing may take on
	// the way out.
	seenWait = 500 * time.Millisecond
	seenPoll = 20 * time.Millisecond
)

// BootID tells one start of this host's kernel from another (random(4)); "" = it
// is not known.
func BootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// LoadSeen gives what the screen has seen last, of all lxcpaths. dir is the state
// directory; without one, or without the file, there is nothing. The file counts
// by the rules of settings, and if it is no link and belongs to root or to this
// user alone. One that is broken is left as it is.
func (p Places) LoadSeen(dir string) (events.Memory, error) {
	if dir == "" {
		return events.Memory{}, nil
	}
	text, err := p.readSeen(filepath.Join(dir, seenFile))
	var m events.Memory
	if err == nil && len(text) > 0 { // an empty one is what a crash of the host leaves
		m, err = events.ParseMemory(text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return events.Memory{}, fmt.Errorf("what was seen last: %s: %w", filepath.Join(dir, seenFile), err)
	}
	return m, nil
}

func (p Places) readSeen(name string) ([]byte, error) {
	if p.Trust {
		if err := trusted(name, p.TrustUID); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Size() > events.MaxMemory:
		return nil, fmt.Errorf("%d bytes are too many (at most %d)", info.Size(), events.MaxMemory)
	}
	uid := os.Geteuid()
	if p.Trust {
		uid = p.TrustUID
	}
	if err := owned(name, info, uid); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, events.MaxMemory+1))
}

// SaveSeen writes what was seen beside what others have seen of other lxcpaths. It
// can hang as its file system does: it is nothing to be waited for.
func (p Places) SaveSeen(dir string, m events.Memory) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep what was seen: %w", err)
	}
	if p.Trust {
		if err := trusted(dir, p.TrustUID); err != nil {
			return fmt.Errorf("keep what was seen: %w", err)
		}
	}
	lock, err := lockSeen(filepath.Join(dir, seenLock))
	if err != nil {
		return fmt.Errorf("keep what was seen: %w", err)
	}
	defer func() { _ = lock.Close() }() // which unlocks it
	old, err := p.LoadSeen(dir)
	if err != nil {
		return err // what is broken may be mended: it is not written over
	}
	all := m.Merge(old, time.Now())
	text, err := all.Encode()
	if err != nil {
		return fmt.Errorf("keep what was seen: %w", err)
	}
	if err := replace(filepath.Join(dir, seenFile), append(text, '\n')); err != nil {
		return fmt.Errorf("keep what was seen: %w", err)
	}
	return nil
}

// lockSeen locks a file; closing it unlocks.
func lockSeen(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(seenWait); ; time.Sleep(seenPoll) {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) || time.Now().After(until) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", name, err), f.Close())
		}
	}
}
