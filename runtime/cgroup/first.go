package cgroup

import (
	"context"
	goruntime "runtime"
	"sync"
	"sync/atomic"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

const (
	// fewNew containers are opened one after another: to share them out costs
	// more than it saves.
	fewNew = 8
	// maxWorkers opens with more workers would only wait for each other in the
	// kernel, which locks a hierarchy to look up a file.
	maxWorkers = 4
)

// newcomer is a Reading whose files must be opened.
type newcomer struct {
	e *entry
	q *runtime.Reading
}

// readNew finds the entries of all Readings, and serves those whose files must
// be opened first where there are many: a first look is dear, and a machine
// with several cores shall use them. What is left undone, because the context
// ended or a worker panicked, Sample does afterwards.
func (s *Set) readNew(ctx context.Context, readings []runtime.Reading) {
	s.wanted = s.wanted[:0]
	var all []newcomer
	for i := range readings {
		q := &readings[i]
		e := s.entry(q.Ref)
		e.served = nil
		s.wanted = append(s.wanted, e)
		// A container that is listed twice must not be given to two workers.
		if !e.fits(q) && e.claimed != s.round && e.due(q, s.now()) {
			e.claimed = s.round
			all = append(all, newcomer{e, q})
		}
	}
	if workers := min(goruntime.GOMAXPROCS(0), maxWorkers); workers > 1 && len(all) >= fewNew {
		s.share(ctx, all, workers)
	}
}

// share reads newcomers with several workers, each with a buffer of its own.
// Meanwhile the Set is locked, and every entry is one worker's.
func (s *Set) share(ctx context.Context, all []newcomer, workers int) {
	var next atomic.Int64
	work := func(buf *kernfile.Buffer) {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= len(all) {
				return
			}
			e, q := all[i].e, all[i].q
			q.Err = s.read(e, q, buf)
			if e.reader != nil {
				e.reader.buf = &s.buf
			}
			e.served = q
		}
	}
	var wg sync.WaitGroup
	for i := range workers {
		buf := &s.buf
		if i > 0 {
			buf = &kernfile.Buffer{}
		}
		wg.Add(1)
		spawn(func() { defer wg.Done(); work(buf) })
	}
	wg.Wait()
}
