package cgroup

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// Dirs tells the payload directories that a container's configuration names,
// as Locate takes them; nil = none are configured. It is asked whenever a
// container's files are opened, while the Set is locked: it must answer at
// once, from memory.
type Dirs func(runtime.Ref) []string

// Set keeps the Readers of many containers from tick to tick. Its methods may
// be called from several goroutines at once.
type Set struct {
	fs   FS
	dirs Dirs
	now  func() time.Time

	mu      sync.Mutex
	closed  bool
	mounts  Mounts
	mounted bool // mounts were read
	fresh   bool // mounts were read in this round
	round   uint64
	entries map[runtime.Ref]*entry
	buf     kernfile.Buffer
}

// entry is what a Set knows of one container.
type entry struct {
	reader *Reader
	pid    int
	err    error // why there is no reader; reported until the next try
	retry  time.Time
	pause  time.Duration
	round  uint64 // the last round it was asked for
}

// A container that cannot be opened is tried again after a pause, so that it
// costs the others nothing. Another pid is tried at once.
const (
	firstPause = time.Second
	lastPause  = 16 * time.Second
)

// NewSet makes an empty Set; dirs may be nil.
func NewSet(fs FS, dirs Dirs) *Set {
	return &Set{fs: fs, dirs: dirs, now: time.Now, entries: map[runtime.Ref]*entry{}}
}

// Sample fills the Sample and Err of every Reading; Batch.Host is not its
// business. A container whose pid changed is opened anew, one that is not in
// the batch any more is let go. Once the containers are known and open nothing
// is allocated.
//
// Errors of a Reading are *runtime.Error and wrap runtime.ErrNotFound,
// ErrNoCgroup, ErrPermission or ErrGone where one fits; its Sample is then
// zero. The error of Sample itself is that of a context that ended first: the
// Readings that were not reached keep their Samples and hold that error.
func (s *Set) Sample(ctx context.Context, b *runtime.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("sample: %w", errClosed)
	}
	s.round++
	s.fresh = false
	var late error
	for i := range b.Readings {
		q := &b.Readings[i]
		if late == nil {
			if err := ctx.Err(); err != nil {
				late = fmt.Errorf("sample: %d of %d containers read: %w", i, len(b.Readings), err)
			}
		}
		e := s.entry(q.Ref)
		if late != nil {
			q.Err = late
			continue
		}
		q.Err = s.read(e, q)
	}
	s.drop()
	return late
}

var errClosed = errors.New("the sampler is closed")

// Close lets go of all descriptors. A Sample after it fails.
func (s *Set) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.round++
	s.drop()
}

// entry finds or makes the entry of a container and marks it as wanted.
func (s *Set) entry(ref runtime.Ref) *entry {
	e := s.entries[ref]
	if e == nil {
		e = &entry{}
		s.entries[ref] = e
	}
	e.round = s.round
	return e
}

// drop lets go of the containers that this round did not ask for.
func (s *Set) drop() {
	for ref, e := range s.entries {
		if e.round != s.round {
			e.close()
			delete(s.entries, ref)
		}
	}
}

func (e *entry) close() {
	if e.reader != nil {
		e.reader.Close()
		e.reader = nil
	}
}

// read fills one Reading.
func (s *Set) read(e *entry, q *runtime.Reading) error {
	if e.reader != nil && e.pid != q.InitPID {
		e.close()
	}
	if e.reader == nil {
		if !s.open(e, q) {
			q.Sample = runtime.Sample{}
			return e.err
		}
	}
	err := e.reader.Read(q.Tier, &q.Sample)
	if err == nil {
		return nil
	}
	// The cgroup, or one of its controllers, went away. If the process lives
	// the next round finds what there is now.
	e.close()
	e.err, e.retry, e.pause = &runtime.Error{Op: "sample", Ref: q.Ref, Err: err}, time.Time{}, 0
	return e.err
}

// open makes the Reader of an entry, if it is time to try.
func (s *Set) open(e *entry, q *runtime.Reading) bool {
	if e.err != nil && e.pid == q.InitPID && s.now().Before(e.retry) {
		return false
	}
	if e.pid != q.InitPID {
		e.pause = 0
	}
	e.pid = q.InitPID
	reader, err := s.openReader(q)
	if err == nil {
		e.reader, e.err, e.pause = reader, nil, 0
		return true
	}
	e.pause = min(max(2*e.pause, firstPause), lastPause)
	e.retry = s.now().Add(e.pause)
	e.err = &runtime.Error{Op: "sample", Ref: q.Ref, Err: err}
	return false
}

func (s *Set) openReader(q *runtime.Reading) (*Reader, error) {
	if q.InitPID <= 0 {
		return nil, fmt.Errorf("no init process is known: %w", runtime.ErrNotFound)
	}
	var dirs []string
	if s.dirs != nil {
		dirs = s.dirs(q.Ref)
	}
	if !s.mounted {
		if err := s.mount(); err != nil {
			return nil, err
		}
	}
	t := target{mounts: s.mounts, pid: q.InitPID, name: q.Ref.Name, dirs: dirs, buf: &s.buf, now: s.now}
	reader, err := s.fs.open(t)
	if err == nil || s.fresh || !errors.Is(err, errNoFiles) {
		return reader, err
	}
	// Perhaps a hierarchy was mounted since: once a round at most.
	if merr := s.mount(); merr != nil {
		return nil, merr
	}
	t.mounts = s.mounts
	return s.fs.open(t)
}

func (s *Set) mount() error {
	m, err := s.fs.Mounts()
	if err != nil {
		return err
	}
	s.mounts, s.mounted, s.fresh = m, true, true
	return nil
}
