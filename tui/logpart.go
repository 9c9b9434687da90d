package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
)

const (
	// mostOld is how many files that were moved away are kept open for who reads them.
	mostOld = 8
	// waitBatch is how many lines that wait and that a filter keeps are taken at once.
	waitBatch = 1000
	// keptLines is how many lines of a file that was moved away stay above those of the
	// next one.
	keptLines = 200
)

var errLogClosed = errors.New("the log was closed")

// logWant is a log that is to be opened.
type logWant struct {
	ref    runtime.Ref
	name   string // what the container is called
	source runtime.LogSource
}

// logPart is one of the logs that are read.
type logPart struct {
	name  string // what its container is called
	log   *runtime.Log
	from  *logfile.Follower
	clock logfile.Clock
	// olds are the files that were moved away while somebody stood in them, the oldest
	// first, which is read instead of the newest until it is left.
	olds []*logfile.File
	// kept is what was last in the file before, for who follows.
	kept  []logfile.Line
	gone  string     // why there is no log in its place; "" = there is
	waits []*logWait // what came since the end was left: in each file since then
}

// logWait counts lines that nobody has seen yet, all or those that a filter keeps.
type logWait struct {
	f      *logfile.File
	from   int64
	all    *logfile.Tally
	filter *logfile.Filter
	kept   int64 // lines that it keeps before at
	at     int64
}

func newLogWait(f *logfile.File, from int64) *logWait {
	return &logWait{f: f, from: from, all: f.Tally(from)}
}

// upto counts to an offset; an error = there are more.
func (w *logWait) upto(ctx context.Context, t *logfile.Filter, to int64) (int64, error) {
	if t == nil {
		return w.all.Upto(ctx, to)
	}
	if w.filter != t {
		w.filter, w.kept, w.at = t, 0, w.from
	}
	for w.at < to {
		got, err := w.f.SelectAfter(ctx, t, w.at, waitBatch, nil)
		n := int64(len(got.Lines))
		if n > 0 && got.Lines[n-1].Cut&logfile.Unended != 0 { // it is counted when it is whole
			w.kept, w.at = w.kept+n-1, got.Lines[n-1].At
			return w.kept + 1, err
		}
		if w.kept += n; err != nil || got.Upto <= w.at {
			w.at = max(w.at, got.Upto)
			return w.kept, err
		}
		w.at = got.Upto
	}
	return w.kept, nil
}

// openLogPart opens a log at its end.
func openLogPart(ctx context.Context, rt runtime.Runtime, w *logWant, now time.Time) (*logPart, error) {
	log, err := rt.OpenLog(ctx, w.ref, w.source)
	if err != nil {
		return nil, err
	}
	from, err := logfile.Follow(log.Open, -1)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", w.ref.Name, err), log.Close())
	}
	p := &logPart{name: w.name, log: log, from: from, clock: logfile.Clock{Zone: time.Local}}
	if since, err := sinceBoot(); err == nil {
		p.clock.Boot = now.Add(-since)
	}
	p.clock.Near = now
	return p, nil
}

// sinceBoot is how long the kernel has been up.
func sinceBoot() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0, fmt.Errorf("clock_gettime: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

// file is the one that is read.
func (p *logPart) file() *logfile.File {
	if len(p.olds) > 0 {
		return p.olds[0]
	}
	return p.from.File()
}

// end is the offset behind all that is read of that file.
func (p *logPart) end() int64 {
	if len(p.olds) == 0 {
		return p.from.At()
	}
	n, err := p.olds[0].Size()
	if err != nil {
		return 0
	}
	return n
}

// leave counts what comes from now on.
func (p *logPart) leave() {
	p.waits, p.kept = []*logWait{newLogWait(p.from.File(), p.from.At())}, nil
}

// forget lets the files go that were moved away.
func (p *logPart) forget() {
	for _, f := range p.olds {
		_ = f.Close() // it was only read
	}
	p.olds, p.waits = nil, nil
}

// next goes on from a file that was moved away to the one after it.
func (p *logPart) next() {
	_ = p.olds[0].Close() // it was only read
	p.olds = p.olds[1:]
	if len(p.waits) > 1 {
		p.waits = p.waits[1:]
	}
}

// counted is how many lines wait that a filter keeps (nil = all), counted for a while;
// false = there are more.
func (p *logPart) counted(ctx context.Context, t *logfile.Filter) (n int64, all bool) {
	all = true
	for i, w := range p.waits {
		to := p.from.At()
		if i < len(p.waits)-1 {
			if i >= len(p.olds) {
				continue
			}
			size, err := p.olds[i].Size()
			if err != nil {
				continue
			}
			to = size
		}
		lines, err := w.upto(ctx, t, to)
		if n += lines; err != nil {
			all = false
		}
	}
	return n, all
}

func (p *logPart) close() error {
	p.forget()
	return errors.Join(p.from.Close(), p.log.Close())
}

// look takes what has become of a log. Whoever stands in a file that was moved away
// goes on reading that. anew = what stood at its offsets does not any more.
func (p *logPart) look(stands bool) (changed, anew bool, warn string, err error) {
	for range logLooks {
		c, err := p.from.Look()
		if err != nil {
			return changed, anew, warn, err
		}
		if c.What == 0 {
			break
		}
		changed = true
		if c.What&logfile.Rotated != 0 {
			if kept := p.rotated(c.Old, stands); kept {
				warn = "another file has taken its place: G goes to that"
			} else {
				anew, warn = true, "another file has taken its place: this is the new one"
			}
		}
		if c.What&logfile.Truncated != 0 {
			warn = "it was cut or written anew"
			p.kept = nil
			if len(p.olds) == 0 {
				anew = true
			}
			if n := len(p.waits); n > 0 {
				p.waits[n-1] = newLogWait(p.from.File(), 0)
			}
		}
		if c.What&logfile.Gone != 0 {
			p.gone = "it is not in its place any more: " + logCause(c.Err)
		}
		if c.What&logfile.Back != 0 {
			p.gone = ""
			if warn == "" {
				warn = "it is in its place again"
			}
		}
	}
	if changed {
		if at, err := p.from.File().Changed(); err == nil {
			p.clock.Near = at
		}
	}
	return changed, anew, warn, nil
}

// rotated takes a file over that was moved away; false = it is not read any more.
func (p *logPart) rotated(old *logfile.File, stands bool) bool {
	if !stands {
		p.keep(old)
	}
	if !stands || len(p.olds) >= mostOld {
		_ = old.Close() // it was only read
		return stands && len(p.olds) > 0
	}
	p.olds = append(p.olds, old)
	p.waits = append(p.waits, newLogWait(p.from.File(), 0))
	return true
}

// keep remembers the last lines of a file, whatever was written to it by now.
func (p *logPart) keep(old *logfile.File) {
	size, err := old.Size()
	if err != nil {
		return
	}
	lines, err := old.Before(size, keptLines)
	if err != nil { // what could not be read was seen, or is lost
		return
	}
	p.kept = append(p.kept, lines...)
	p.kept = slices.Clone(p.kept[max(0, len(p.kept)-keptLines):])
}

// logCause is what stands against a log, without the file's whole path.
func logCause(err error) string {
	switch text := innermost(err); {
	case errors.Is(err, logfile.ErrNotRegular):
		return logfile.ErrNotRegular.Error()
	case strings.TrimSpace(text) == "":
		return err.Error()
	default:
		return text
	}
}
