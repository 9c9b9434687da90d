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
// once, from memory, and may be asked of several containers at the same time.
type Dirs func(runtime.Ref) []string

// Set keeps the Readers of many containers from tick to tick. Its methods may
// be called from several goroutines at once.
type Set struct {
	fs   FS
	dirs Dirs
	now  func() time.Time

	mu      sync.Mutex
	closed  bool
	round   uint64
	entries map[runtime.Ref]*entry
	wanted  []*entry // of this round's Readings, in their order
	buf     kernfile.Buffer

	hostMu  sync.Mutex // guards what follows, which readNew's workers share
	mounts  Mounts
	mounted bool  // mounts were read
	fresh   bool  // mounts were read in this round
	own     *self // as it was in this round; nil = not looked at yet
	devices deviceNames
}

// entry is what a Set knows of one container.
type entry struct {
	reader *Reader
	pid    int
	err    error // why there is no reader; reported until the next try
	retry  time.Time
	pause  time.Duration
	round  uint64 // the last round it was asked for

	claimed uint64           // the last round in which readNew took it on
	served  *runtime.Reading // that readNew has read in this round
}

// A container that cannot be opened is tried again after a pause, so that it
// costs the others nothing. Another pid is tried at once.
const (
	firstPause = time.Second
	lastPause  = 16 * time.Second
)

// NewSet makes an empty Set; dirs may be nil. For this machine's own files it
// makes room for their descriptors, in the background (see ReserveFDs).
func NewSet(fs FS, dirs Dirs) *Set {
	if fs.real() {
		spawn(ReserveFDs)
	}
	return &Set{fs: fs, dirs: dirs, now: time.Now, entries: map[runtime.Ref]*entry{}}
}

// Sample fills the Sample and Err of every Reading; Batch.Host is not its
// business. A container whose pid changed is opened anew, one that is not in
// the batch any more is let go. Once the containers are known and open nothing
// is allocated. Files opened for the Totals tier are closed again at once: who
// asks for totals lists, and does not come back.
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
	s.forgetHost()
	s.readNew(ctx, b.Readings)
	var late error
	for i := range b.Readings {
		q := &b.Readings[i]
		if late == nil {
			if err := ctx.Err(); err != nil {
				late = fmt.Errorf("sample: %d of %d containers read: %w", i, len(b.Readings), err)
			}
		}
		e := s.wanted[i]
		switch {
		case e.served == q:
			e.served = nil
		case late != nil:
			q.Err = late
		default:
			q.Err = s.read(e, q, &s.buf)
		}
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

// ReadLimits lets the next Full reading of a container read its limits too, as they
// were changed just now.
func (s *Set) ReadLimits(ref runtime.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[ref]; e != nil && e.reader != nil {
		e.reader.limitsAt = time.Time{}
	}
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

// fits says whether an entry's Reader can serve a Reading: one of the same life.
func (e *entry) fits(q *runtime.Reading) bool {
	return e.reader != nil && e.pid == q.InitPID
}

// due says whether it is time to open a Reader.
func (e *entry) due(q *runtime.Reading, now time.Time) bool {
	return e.err == nil || e.pid != q.InitPID || !now.Before(e.retry)
}

// read fills one Reading. Files are opened, and read for the first time, with buf.
func (s *Set) read(e *entry, q *runtime.Reading, buf *kernfile.Buffer) error {
	if !e.fits(q) {
		e.close()
		if !s.open(e, q, buf) {
			q.Sample = runtime.Sample{}
			return e.err
		}
	}
	if q.Parts != nil && q.Tier == runtime.Full {
		q.Parts.Reset()
		e.reader.state.parts = q.Parts
	}
	err := e.reader.Read(q.Tier, &q.Sample)
	e.reader.state.parts = nil
	if err == nil {
		s.complete(q)
		if e.reader.totals {
			e.close()
		}
		return nil
	}
	// The cgroup, or one of its controllers, went away. If the process lives
	// the next round finds what there is now.
	e.close()
	e.err, e.retry, e.pause = &runtime.Error{Op: "sample", Ref: q.Ref, Err: err}, time.Time{}, 0
	return e.err
}

// complete gives what was told apart its time and its names.
func (s *Set) complete(q *runtime.Reading) {
	if q.Parts == nil || q.Tier != runtime.Full {
		return
	}
	q.Parts.At, q.Parts.InitPID = q.Sample.At, q.Sample.InitPID
	s.hostMu.Lock()
	defer s.hostMu.Unlock()
	s.devices.fill(s.fs, q.Parts, s.now())
}

// open makes the Reader of an entry, if it is time to try.
func (s *Set) open(e *entry, q *runtime.Reading, buf *kernfile.Buffer) bool {
	if !e.due(q, s.now()) {
		return false
	}
	if e.pid != q.InitPID {
		e.pause = 0
	}
	e.pid = q.InitPID
	reader, err := s.openReader(q, buf)
	if err == nil {
		e.reader, e.err, e.pause = reader, nil, 0
		return true
	}
	e.pause = min(max(2*e.pause, firstPause), lastPause)
	e.retry = s.now().Add(e.pause)
	e.err = &runtime.Error{Op: "sample", Ref: q.Ref, Err: err}
	return false
}

func (s *Set) openReader(q *runtime.Reading, buf *kernfile.Buffer) (*Reader, error) {
	if q.InitPID <= 0 {
		return nil, fmt.Errorf("no init process is known: %w", runtime.ErrNotFound)
	}
	var dirs []string
	if s.dirs != nil {
		dirs = s.dirs(q.Ref)
	}
	mounts, own, err := s.host(false)
	if err != nil {
		return nil, err
	}
	t := target{mounts: mounts, own: own, pid: q.InitPID, name: q.Ref.Name, dirs: dirs,
		totals: q.Tier == runtime.Totals, buf: buf, now: s.now}
	reader, err := s.fs.open(t)
	if err == nil || !errors.Is(err, errNoFiles) {
		return reader, err
	}
	// Perhaps a hierarchy was mounted since.
	if t.mounts, t.own, err = s.host(true); err != nil {
		return nil, err
	}
	return s.fs.open(t)
}

// host gives what is the same for all containers. The mounts are read again
// when they must be fresh: once a round at most.
func (s *Set) host(fresh bool) (Mounts, *self, error) {
	s.hostMu.Lock()
	defer s.hostMu.Unlock()
	if !s.mounted || (fresh && !s.fresh) {
		m, err := s.fs.Mounts()
		if err != nil {
			return Mounts{}, nil, err
		}
		s.mounts, s.mounted, s.fresh = m, true, true
	}
	if s.own == nil {
		s.own = s.fs.self()
	}
	return s.mounts, s.own, nil
}

// forgetHost begins a new round.
func (s *Set) forgetHost() {
	s.hostMu.Lock()
	defer s.hostMu.Unlock()
	s.fresh, s.own = false, nil
}

// Locate is FS.Locate, but looks at this process's own place only once for all
// containers between two Samples. Dirs may call it.
func (s *Set) Locate(pid int, dirs ...string) (Location, error) {
	s.hostMu.Lock()
	if s.own == nil {
		s.own = s.fs.self()
	}
	own := s.own
	s.hostMu.Unlock()
	return s.fs.locate(pid, own.cgroup, dirs)
}
