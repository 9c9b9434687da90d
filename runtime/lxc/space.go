package lxc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// spaceTells is how often a report is told while something changes.
const spaceTells = 200 * time.Millisecond

// spaceRun is one Space. All but what its workers do happens in one goroutine, the
// loop, which owns the report.
type spaceRun struct {
	a      *Adapter
	ctx    context.Context
	q      runtime.SpaceQuery
	told   func(runtime.SpaceReport)
	queue  *spaceQueue
	events chan func()
	left   chan struct{} // closed when the loop is over

	report   runtime.SpaceReport
	all      map[runtime.Ref]*runtime.ContainerSpace
	extras   []*foundSpace
	systems  map[string]*runtime.FileSystem // by mount point
	named    map[string][]runtime.Ref       // paths that configs name, and who does
	dirs     map[string]runtime.Ref         // directories of containers, which may be links
	roots    map[treeID]sharedRoot          // whose root something is, the first of several
	words    map[string]runtime.Ref         // in scripts of hooks, and whose
	now      *spaceJob
	nowFiles uint64
	used     map[string]bool // keys of the cache
	passed   map[string]int  // entries that did not answer, by lxcpath
}

// sharedRoot is a part that is the root of a container.
type sharedRoot struct {
	ref  runtime.Ref
	part *runtime.SpacePart
}

// foundSpace is a SpaceExtra and what the verdict on it is made of.
type foundSpace struct {
	runtime.SpaceExtra
	found  foundExtra
	free   bool      // no config and no sign speaks for it: what is in it has the last word
	walked bool      // that was looked at
	newest time.Time // when something in it was changed last
}

// Space measures what containers take.
func (a *Adapter) Space(ctx context.Context, q runtime.SpaceQuery, told func(runtime.SpaceReport)) (runtime.SpaceReport, error) {
	for _, ref := range q.Refs {
		if err := ref.Check(); err != nil {
			return runtime.SpaceReport{}, fail("space", ref, err)
		}
	}
	// What is still under way ends with the Space.
	inner, stop := context.WithCancel(ctx)
	defer stop()
	r := &spaceRun{
		a: a, ctx: inner, q: q, told: told, queue: newSpaceQueue(), events: make(chan func()), left: make(chan struct{}),
		all: map[runtime.Ref]*runtime.ContainerSpace{}, systems: map[string]*runtime.FileSystem{}, named: map[string][]runtime.Ref{},
		dirs: map[string]runtime.Ref{}, words: map[string]runtime.Ref{}, roots: map[treeID]sharedRoot{},
		used: map[string]bool{}, passed: map[string]int{},
	}
	defer close(r.left)
	r.begin()
	r.loop(ctx)
	r.report.At, r.report.Now = time.Now(), ""
	if err := ended(ctx); err != nil {
		return r.copied(), fail("space", runtime.Ref{}, err)
	}
	if len(q.Refs) == 0 {
		a.space.keep(r.used)
	}
	if told != nil {
		told(r.copied())
	}
	return r.copied(), r.missing()
}

// missing are those that were asked for and are not there.
func (r *spaceRun) missing() error {
	var errs []error
	for _, ref := range r.q.Refs {
		if r.all[ref] == nil && !slices.ContainsFunc(r.report.Problems, func(p string) bool { return strings.HasPrefix(p, ref.Path+": ") }) {
			errs = append(errs, fail("space", ref, fmt.Errorf("%w in %s", runtime.ErrNotFound, ref.Path)))
		}
	}
	return errors.Join(errs...)
}

// event lets the loop do something, and waits for that: who works is there until then.
func (r *spaceRun) event(f func()) {
	done := make(chan struct{})
	select {
	case r.events <- func() { f(); close(done) }:
	case <-r.left:
		return
	}
	<-done
}

// loop does what the workers say until there are none, or the context ends, and tells
// of it now and then. A report of very many containers is told less often.
func (r *spaceRun) loop(ctx context.Context) {
	every, news := spaceTells, false
	tick := time.NewTicker(every)
	defer tick.Stop()
	defer r.queue.change(func() { r.queue.stop = true })
	for {
		select {
		case f := <-r.events:
			f()
			news = true
		case <-tick.C:
			if !news || r.told == nil {
				continue
			}
			began := time.Now()
			r.told(r.copied())
			news = false
			const share = 20
			if took := time.Since(began) * share; took > every {
				every = took
				tick.Reset(every)
			}
		case <-r.queue.over:
			return
		case <-ctx.Done():
			return
		}
	}
}

// copied is the report as others may keep it.
func (r *spaceRun) copied() runtime.SpaceReport {
	out := r.report
	if out.At.IsZero() {
		out.At = time.Now()
	}
	if r.now != nil {
		out.Now, out.NowFiles = r.now.name, r.nowFiles
	}
	for _, c := range r.all {
		one := *c
		one.Parts = slices.Clone(c.Parts)
		out.Containers = append(out.Containers, one)
	}
	slices.SortFunc(out.Containers, func(x, y runtime.ContainerSpace) int { return order(x.Ref, y.Ref) })
	for _, x := range r.extras {
		out.Extras = append(out.Extras, x.SpaceExtra)
	}
	slices.SortFunc(out.Extras, func(x, y runtime.SpaceExtra) int { return cmp.Compare(x.Path, y.Path) })
	for _, f := range r.systems {
		one := *f
		one.Paths = slices.Clone(f.Paths)
		out.FileSystems = append(out.FileSystems, one)
	}
	slices.SortFunc(out.FileSystems, func(x, y runtime.FileSystem) int {
		return cmp.Or(cmp.Compare(len(y.Paths), len(x.Paths)), cmp.Compare(x.Mount, y.Mount))
	})
	out.Unread, out.Problems = slices.Clone(r.report.Unread), slices.Clone(r.report.Problems)
	return out
}

// begin starts all who work.
func (r *spaceRun) begin() {
	paths := r.a.about.Paths
	if len(r.q.Refs) > 0 {
		paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
			return !slices.ContainsFunc(r.q.Refs, func(ref runtime.Ref) bool { return ref.Path == p })
		})
	}
	var asks []*spaceAsk
	for i, path := range paths {
		if !slices.ContainsFunc(paths[:i], func(p string) bool { return p == path }) {
			asks = append(asks, &spaceAsk{Survey: path})
		}
	}
	if len(r.q.Refs) == 0 {
		for _, path := range r.elsewhere() {
			asks = append(asks, &spaceAsk{Survey: path, Names: true})
		}
		asks = append(asks, &spaceAsk{Users: r.a.about.Paths}, &spaceAsk{Caches: imageCaches(os.Geteuid(), homeDir())})
	}
	r.queue.change(func() { r.queue.filling, r.queue.surveys = len(asks), len(asks) })
	lost := func(err error) { r.event(func() { r.report.Problems = append(r.report.Problems, err.Error()) }) }
	// One more than there is, so that nobody is over before all have begun.
	r.queue.worker("space", lost, func() {
		for _, ask := range asks {
			r.queue.worker("survey", func(err error) { lost(err); r.filled(ask, err) }, func() { r.survey(ask) })
		}
		r.queue.worker("volumes", lost, r.asks)
		r.startWalks()
	})
}

func (r *spaceRun) startWalks() {
	r.queue.worker("walk", func(err error) {
		r.event(func() { r.report.Problems = append(r.report.Problems, err.Error()) })
	}, r.walks)
}

// elsewhere are LXC's own lxcpaths that are not in use: their containers may need what
// lies in those that are.
func (r *spaceRun) elsewhere() []string {
	var out []string
	for _, path := range append(defaultPaths(os.Geteuid()), confPath(systemConf)) {
		if !slices.Contains(r.a.about.Paths, path) && !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	return out
}

// survey looks through one lxcpath, or at one of the other places. What does not answer
// in it is passed over: a new helper begins behind it.
func (r *spaceRun) survey(ask *spaceAsk) {
	var err error
	for {
		at := ""
		var p *helperProc
		if p, err = spaceHelper(); err == nil {
			err = talk(r.ctx, p, ask, func(t *spaceTold) {
				if t.At != "" {
					at = t.At
					ask.Seen = append(ask.Seen, at)
				}
				r.event(func() { r.hear(ask, t) })
			}, func(since time.Time) bool { return time.Since(since) < r.a.space.times.survey })
			endSpace(p)
		}
		if !errors.Is(err, errMute) || ask.Survey == "" || at == "" || len(ask.Seen) > maxEntries {
			break
		}
		over := make(chan bool, 1)
		r.event(func() {
			r.passOver(ask, at)
			over <- r.passed[ask.Survey] < maxPassed
		})
		select {
		case goOn := <-over:
			if !goOn {
				r.filled(ask, err)
				return
			}
		case <-r.ctx.Done():
		}
	}
	r.filled(ask, err)
}

// passOver notes an entry of an lxcpath that does not answer.
func (r *spaceRun) passOver(ask *spaceAsk, at string) {
	r.passed[ask.Survey]++
	what := filepath.Join(ask.Survey, at)
	if filepath.IsAbs(at) {
		what = at
	}
	why := fmt.Sprintf("no answer in %s", r.a.space.times.survey)
	r.report.Unread = append(r.report.Unread, what+" gives "+why)
	ref := runtime.Ref{Path: ask.Survey, Name: at}
	if ask.Names || at == deckDir || ref.Check() != nil || !r.wanted(ref) {
		return
	}
	r.all[ref] = &runtime.ContainerSpace{Ref: ref, StoreWhy: why, Parts: []runtime.SpacePart{{
		Kind: runtime.SpaceWhole, Path: ref.String(), Room: runtime.Room{Why: why},
	}}}
}

func (r *spaceRun) wanted(ref runtime.Ref) bool {
	return len(r.q.Refs) == 0 || slices.Contains(r.q.Refs, ref)
}

// filled notes the end of a survey; the last one judges what was found.
func (r *spaceRun) filled(ask *spaceAsk, err error) {
	r.event(func() { r.surveyed(ask, err) })
	last := false
	r.queue.change(func() { r.queue.surveys--; last = r.queue.surveys == 0 })
	// The verdicts need all, and come before the last walk may end the Space.
	if last && len(r.q.Refs) == 0 && r.ctx.Err() == nil {
		r.verdicts()
	}
	r.queue.change(func() { r.queue.filling-- })
}

// surveyed notes what could not be looked at.
func (r *spaceRun) surveyed(ask *spaceAsk, err error) {
	if err == nil || r.ctx.Err() != nil {
		return
	}
	if errors.Is(err, errMute) {
		err = fmt.Errorf("no answer in %s", r.a.space.times.survey)
	}
	switch {
	case ask.Users != nil:
		r.report.Unread = append(r.report.Unread, fmt.Sprintf("which users have containers is not known: %v", err))
	case ask.Survey == "":
		r.report.Problems = append(r.report.Problems, fmt.Sprintf("what templates keep: %v", err))
	default:
		r.report.Unread = append(r.report.Unread, fmt.Sprintf("%s could not be read: %v", ask.Survey, err))
		if !ask.Names {
			r.report.Problems = append(r.report.Problems, fmt.Sprintf("%s: %v", ask.Survey, err))
		}
	}
}
