package lxc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"lxcdeck/runtime"
)

// spaceJob is one thing to add up.
type spaceJob struct {
	name  string // what is shown while it is done
	ask   spaceAsk
	key   string // in the cache
	anew  bool   // it is never taken from the cache
	value string // of lxc.rootfs.path: a volume, which a store is asked about; "" = a tree
	room  *runtime.Room
	after func(w *walked) // with what was found, in the loop; nil = nothing more
}

// spaceQueue hands the jobs out, what belongs to containers first.
type spaceQueue struct {
	mu      sync.Mutex
	more    *sync.Cond
	trees   []*spaceJob
	late    []*spaceJob // when there are no others
	volumes []*spaceJob
	filling int // who may still bring some
	surveys int // that are not at their end
	silent  int // walks that are waited for beside the one whose turn it is
	workers int
	stop    bool
	over    chan struct{} // closed when nobody works any more
}

func newSpaceQueue() *spaceQueue {
	q := &spaceQueue{over: make(chan struct{})}
	q.more = sync.NewCond(&q.mu)
	return q
}

func (q *spaceQueue) add(late bool, jobs ...*spaceJob) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range jobs {
		switch {
		case j.value != "":
			q.volumes = append(q.volumes, j)
		case late:
			q.late = append(q.late, j)
		default:
			q.trees = append(q.trees, j)
		}
	}
	q.more.Broadcast()
}

// next waits for a job; nil = there will be none.
func (q *spaceQueue) next(volume bool) *spaceJob {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		from := &q.trees
		if volume {
			from = &q.volumes
		} else if len(q.trees) == 0 {
			from = &q.late
		}
		switch {
		case q.stop:
			return nil
		case len(*from) > 0:
			j := (*from)[0]
			*from = (*from)[1:]
			return j
		case q.filling == 0:
			return nil
		}
		q.more.Wait()
	}
}

// change is for numbers that others wait for.
func (q *spaceQueue) change(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	f()
	q.more.Broadcast()
}

// worker runs f beside the others.
func (q *spaceQueue) worker(what string, failed func(error), f func()) {
	q.change(func() { q.workers++ })
	left := func() {
		q.change(func() {
			if q.workers--; q.workers == 0 {
				close(q.over)
			}
		})
	}
	runtime.Spawn(what, func(err error) { failed(err); left() }, func() { f(); left() })
}

// walks adds up one tree after the other. Where one does not answer, or takes long,
// another worker takes over, and this one waits for that tree alone.
func (r *spaceRun) walks() {
	var p *helperProc
	defer func() { endSpace(p) }()
	for mine := true; mine; {
		j := r.queue.next(false)
		if j == nil {
			return
		}
		if p == nil {
			var err error
			if p, err = spaceHelper(); err != nil {
				p = nil
				r.event(func() { j.failed(err); r.report.Done++ })
				continue
			}
		}
		w := &spaceWalk{r: r, j: j, mine: &mine, began: time.Now()}
		if known := r.a.space.get(j.key); !r.q.Fresh && !j.anew {
			j.ask.Known = known.ID
		}
		r.event(func() { r.now, r.nowFiles = j, 0 })
		err := talk(r.ctx, p, &j.ask, w.hear, w.waits)
		var refused *refusedError
		if err != nil && !errors.As(err, &refused) {
			endSpace(p)
			p = nil
		}
		if !mine {
			r.queue.change(func() { r.queue.silent-- })
		}
		w.end(err)
	}
}

// spaceWalk is one walk as its worker sees it.
type spaceWalk struct {
	r      *spaceRun
	j      *spaceJob
	mine   *bool // the worker goes on with the next afterwards
	began  time.Time
	silent time.Time // since when; zero = it speaks
	found  *walked
}

func (w *spaceWalk) hear(t *spaceTold) {
	if t.Walked != nil {
		w.found = t.Walked
	}
	if !w.silent.IsZero() {
		w.silent = time.Time{}
		w.r.event(func() { w.j.room.Silent = time.Time{} })
	}
	w.r.event(func() {
		if w.r.now == w.j {
			w.r.nowFiles = t.Files
		}
	})
	if time.Since(w.began) > w.r.a.space.times.turn {
		w.pass()
	}
}

// waits says whether it is worth waiting any longer.
func (w *spaceWalk) waits(since time.Time) bool {
	quiet := time.Since(since)
	if quiet < w.r.a.space.times.quiet {
		return true
	}
	if w.silent.IsZero() {
		w.silent = since
		w.r.event(func() { w.j.room.Silent = since })
	}
	return quiet < w.r.a.space.times.giveUp && w.pass()
}

// pass lets another worker go on; false = too many are waited for already.
func (w *spaceWalk) pass() bool {
	if !*w.mine {
		return true
	}
	ok := false
	w.r.queue.change(func() {
		if ok = w.r.queue.silent < maxSilent; ok {
			w.r.queue.silent++
		}
	})
	if ok {
		*w.mine = false
		w.r.startWalks()
	}
	return ok
}

// end tells what came of it.
func (w *spaceWalk) end(err error) {
	r, j, found := w.r, w.j, w.found
	r.event(func() {
		j.room.Silent = time.Time{}
		if r.now == j {
			r.now = nil
		}
		switch {
		case errors.Is(err, errMute):
			j.failed(fmt.Errorf("no answer in %s", time.Since(w.began).Round(time.Second)))
		case err != nil && r.ctx.Err() != nil:
			return // it was not its fault
		case err != nil || found == nil:
			j.failed(err)
		default:
			r.take(j, found)
		}
		r.report.Done++
	})
}

// failed says why nothing is known.
func (j *spaceJob) failed(err error) {
	j.room.Why = "it could not be read"
	if err != nil {
		j.room.Why = err.Error()
	}
}

// take takes a result over, or the one that is known.
func (r *spaceRun) take(j *spaceJob, w *walked) {
	if w.Same {
		known := r.a.space.get(j.key)
		known.FS, known.Same = w.FS, true
		*w = known
	} else {
		r.a.space.put(j.key, *w)
	}
	if w.Ended.IsZero() { // it was dropped meanwhile
		j.room.Why = "it could not be read"
		return
	}
	*j.room = runtime.Room{Bytes: runtime.Of(uint64(max(0, w.Bytes))), Files: w.Files, Least: w.Least != "", Why: w.Least, At: w.Ended}
	if j.after != nil {
		j.after(w)
	}
}

// asks asks the stores about volumes, one after the other, aside from the walks.
func (r *spaceRun) asks() {
	for {
		j := r.queue.next(true)
		if j == nil {
			return
		}
		size, err := inTime(r.ctx, volumeTime, func() (uint64, error) { return volumeSize(r.ctx, j.value) })
		r.event(func() {
			switch {
			case err != nil && r.ctx.Err() != nil:
				return
			case err != nil:
				j.failed(err)
			default:
				*j.room = runtime.Room{Bytes: runtime.Of(size), At: time.Now()}
			}
			r.report.Done++
		})
	}
}

// volumeTime is how long a store may take: longer than its program may (askTime).
const volumeTime = 15 * time.Second

// inTime does something that may never come back.
func inTime[T any](ctx context.Context, limit time.Duration, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	got := make(chan result, 1)
	runtime.Spawn("space", func(err error) { got <- result{err: err} }, func() {
		v, err := f()
		got <- result{v, err}
	})
	t := time.NewTimer(limit)
	defer t.Stop()
	var none T
	select {
	case m := <-got:
		return m.value, m.err
	case <-t.C:
		return none, fmt.Errorf("no answer in %s", limit)
	case <-ctx.Done():
		return none, ended(ctx)
	}
}

// volumeSize is what a volume or a data set takes, by its store's own word.
func volumeSize(ctx context.Context, value string) (uint64, error) {
	name, snaps := strings.CutPrefix(value, "snapshots of ")
	if snaps || storeOf(value).kind == storeZFS {
		s, err := setAt(ctx, storeOf(name).path)
		if snaps {
			return s.snaps, err
		}
		return s.own, err
	}
	v, all, err := volumeAt(ctx, storeOf(value).path)
	if err != nil {
		return 0, err
	}
	_, size, _ := v.takes(all)
	return size, nil
}
