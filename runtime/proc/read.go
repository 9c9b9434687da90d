package proc

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// maxCommands bounds the command lines of one reading in all; those beyond it
// are cut to shortCommand.
const (
	maxCommands  = 4 << 20
	shortCommand = 128
)

// reader reads one process after the other.
type reader struct {
	scratch
	c      *container
	boot   time.Time // when ticks began
	left   int       // bytes of command lines
	leader int       // of what was read last: another number than its own is a thread's
}

func (c *container) reader(now time.Time) (*reader, error) {
	up, err := c.fs.sinceBoot()
	if err != nil {
		return nil, err
	}
	return &reader{c: c, boot: now.Add(-up), left: maxCommands}, nil
}

// Read reads all processes of a container. Names of users are not its business.
func (f FS) Read(ctx context.Context, t Target, q runtime.ProcessQuery) (runtime.ProcessList, error) {
	list := runtime.ProcessList{InitPID: t.Init}
	c, err := f.resolve(ctx, t)
	if err != nil {
		return list, err
	}
	pids, total, err := c.pids()
	if err != nil {
		return list, err
	}
	list.At = time.Now()
	r, err := c.reader(list.At)
	if err != nil {
		return list, err
	}
	list.Total = total
	list.Processes = make([]runtime.Process, 0, len(pids))
	for i, pid := range pids {
		if i%64 == 0 && ctx.Err() != nil {
			return list, ctx.Err()
		}
		p := runtime.Process{PID: pid}
		ok, err := r.read(&p, q.PSS == pid || q.PSS == runtime.EveryPSS)
		if err != nil {
			return list, err
		}
		if ok {
			list.Processes = append(list.Processes, p)
		} else {
			list.Total--
		}
	}
	return list, nil
}

// Find reads one process of a container. The error wraps runtime.ErrNotFound
// when there is none, or when it is not the container's.
func (f FS) Find(ctx context.Context, t Target, pid int) (runtime.Process, error) {
	p := runtime.Process{PID: pid}
	c, err := f.resolve(ctx, t)
	if err != nil {
		return p, err
	}
	r, err := c.reader(time.Now())
	if err != nil {
		return p, err
	}
	ok, err := r.read(&p, false)
	if err == nil && !ok {
		err = fmt.Errorf("process %d: %w in %s", pid, runtime.ErrNotFound, c)
	}
	return p, err
}

// read fills in a process; ok is false when it has ended, or is not the
// container's.
func (r *reader) read(p *runtime.Process, pss bool) (ok bool, err error) {
	dir, err := r.c.fs.openProc(p.PID)
	if err != nil {
		return false, r.ended(p, err)
	}
	defer func() { _ = unix.Close(dir) }()
	text, err := r.once(dir, "cgroup", maxSmall)
	if err != nil {
		return false, r.ended(p, err)
	}
	if p.Cgroup, p.Unit, ok = r.c.holds(p.PID, text); !ok {
		return false, nil
	}
	if text, err = r.once(dir, "stat", maxSmall); err != nil {
		return false, r.ended(p, err)
	}
	if !parseStat(text, p) {
		return false, fmt.Errorf("process %d: its stat is not understood", p.PID)
	}
	if text, err = r.once(dir, "status", maxSmall); err != nil {
		return false, r.ended(p, err)
	}
	s, ok := parseStatus(text)
	if !ok {
		return false, fmt.Errorf("process %d: its status is not understood", p.PID)
	}
	r.leader = s.tgid
	r.who(p, &s)
	// The rest may be refused, or be gone, without making it less of a process.
	most := runtime.MaxCommand
	if r.left < most {
		most = shortCommand
	}
	if text, err = r.once(dir, "cmdline", most); err == nil {
		p.Command = commandOf(text, most)
		r.left -= len(p.Command)
	}
	if pss {
		if text, err = r.once(dir, "smaps_rollup", maxSmall); err == nil {
			p.PSS = pssOf(text)
		}
	}
	return true, nil
}

// ended is nil for what a process that is gone gives.
func (r *reader) ended(p *runtime.Process, err error) error {
	if gone(err) {
		return nil
	}
	return explain(fmt.Sprintf("look at process %d", p.PID), err)
}

// who fills in what the status tells.
func (r *reader) who(p *runtime.Process, s *status) {
	p.RSS, p.UID, p.InnerUID = s.rss, s.uid, insideID(r.c.ids, s.uid)
	p.Started = r.boot.Add(time.Duration(p.Begin) * tick)
	p.Init = p.PID == r.c.init
	if level := r.c.level; level < len(s.pids) {
		p.Inner, p.Depth = s.pids[level], len(s.pids)-1-level
		p.NestedOne = p.Depth > 0 && s.pids[len(s.pids)-1] == 1
	}
}
