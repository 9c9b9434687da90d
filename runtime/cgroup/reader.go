package cgroup

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

const (
	// limitsEvery is how often limits are read again: they change by hand only.
	limitsEvery = 10 * time.Second
	// restMost is how many Cheap reads in a row may leave out the files of a
	// container that used no CPU since the read before. It has not forked or
	// asked for memory; only others can have changed its figures, by reclaim
	// and late writeback. Most containers of a host rest most of the time, and
	// a file of a cgroup that nobody touched for a second costs four times what
	// it costs in a loop.
	restMost = 4
	// renamedMost reads in a row with other interfaces are no accident.
	renamedMost = 3
)

// Reader holds the statistics files of one container open, for the life of
// one init process. It is not safe for use by several goroutines at once.
type Reader struct {
	pid      int
	totals   bool // only the files of the Totals tier are open
	files    []held
	state    state
	limitsAt time.Time
	rested   int      // Cheap reads in a row that left files out
	renamed  int      // reads in a row that found other interfaces than the one before
	missing  []string // why a controller is not there, from Open
	bad      uint64   // files that could not be read or understood, by index
	unread   uint64   // of these, those that could not be read
	buf      *kernfile.Buffer
	now      func() time.Time
}

// held is one open file.
type held struct {
	fd   int
	src  *source
	name string
	of   string // its controller's name
}

// Pid is the init process this Reader was opened for.
func (r *Reader) Pid() int { return r.pid }

// Files is how many descriptors the Reader holds.
func (r *Reader) Files() int { return len(r.files) }

// Read fills a Sample. With the Cheap tier the figures of the Full tier are
// those of the last Full read, FullAt says of when; the first Cheap read is a
// Full one if none was before it. What memory.stat tells is newer than that
// where memory in use has moved since (state.moved). A container at rest is read in part, see
// restMost. Limits are read again every 10 s of Full
// reads, and with Totals each time.
//
// The only errors are ErrGone and os.ErrClosed; the Sample is then zero, and
// the Reader of no more use but to be closed. What cannot be read or
// understood is absent, and named in Sample.Controls.
func (r *Reader) Read(tier runtime.Tier, into *runtime.Sample) error {
	if r.files == nil {
		*into = runtime.Sample{}
		return fmt.Errorf("read the cgroup of process %d: %w", r.pid, os.ErrClosed)
	}
	s := &r.state
	at := r.now()
	totals := tier == runtime.Totals
	s.full = !totals && (tier != runtime.Cheap || s.sample.FullAt.IsZero())
	withLimits := s.full && (r.limitsAt.IsZero() || at.Sub(r.limitsAt) >= limitsEvery)
	bad, unread, links, restless := r.bad, r.unread, s.sample.Links, r.restless()
	// The files of CPU time come first in the table.
	used, rests := s.sample.CPU.Usage, tier == runtime.Cheap && !s.full && r.rested < restMost
	rested := false
	for i := range r.files {
		h := &r.files[i]
		switch {
		case h.src.rests && rests && !used.Absent() && used == s.sample.CPU.Usage:
			rested = true
			continue
		case totals && h.src.total, !totals && h.src.moves && s.moved():
		case totals, h.src.level == full && !s.full, h.src.level == limits && !withLimits:
			continue
		}
		text, err := r.buf.Read(h.fd, h.src.many)
		if errors.Is(err, unix.ENODEV) {
			*into = runtime.Sample{}
			return fmt.Errorf("read %s of process %d: %w", h.name, r.pid, ErrGone)
		}
		bit := uint64(1) << i
		bad, unread = bad&^bit, unread&^bit
		if !h.src.parse(s, text) || err != nil {
			bad |= bit
		}
		if text == nil || err != nil {
			unread |= bit
		}
	}
	if rested {
		r.rested++
	} else {
		r.rested = 0
	}
	r.seeLinks(links)
	if s.sample.Memory.Usage.Absent() {
		s.sample.Memory.WorkingSet = runtime.Value{}
	}
	s.sample.At = at
	if s.full {
		s.sample.FullAt = at
	}
	if withLimits {
		r.limitsAt, s.sample.LimitsAt = at, at
	}
	if bad != r.bad || unread != r.unread || restless != r.restless() {
		r.bad, r.unread = bad, unread
		s.sample.Controls = r.controls()
	}
	*into = s.sample
	return nil
}

// seeLinks compares the interfaces with those of the read before, where both are known.
func (r *Reader) seeLinks(before uint64) {
	switch now := r.state.sample.Links; {
	case before == 0 || now == 0:
	case before != now:
		r.renamed = min(r.renamed+1, renamedMost)
	default:
		r.renamed = 0
	}
}

// restless says that a container changes its interfaces all the time: what is counted
// is never the same.
func (r *Reader) restless() bool { return r.renamed >= renamedMost }

// controls says what is missing and why.
func (r *Reader) controls() string {
	words := append([]string(nil), r.missing...)
	said := ""
	for i := range r.files {
		h := &r.files[i]
		bit, why := uint64(1)<<i, h.src.bad
		if r.unread&bit != 0 {
			why = ""
		}
		if r.bad&bit != 0 && (why == "" || why != said) {
			said = why
			words = append(words, h.of+": "+h.name+" "+cmp.Or(why, "cannot be read"))
		}
	}
	if r.restless() {
		words = append(words, "network: its interfaces change all the time, so that rates are at most of those that stay")
	}
	return strings.Join(words, "; ")
}

// Close lets go of the descriptors. It may be called again.
func (r *Reader) Close() {
	for i := range r.files {
		closeAll(r.files[i].fd)
	}
	r.files = nil
}
