package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/alert"
	"lxcdeck/runtime/audit"
	"lxcdeck/runtime/events"
	"lxcdeck/tui/settings"
	"lxcdeck/views"
)

const (
	// newsEvery is how often figures are read for what they tell of: more often
	// nobody asks in words.
	newsEvery = 10 * time.Second
	// newsTime is how long a question may be put off by a look at what has happened.
	newsTime = 2 * time.Second
	// newsMost is how much of it is told before a question.
	newsMost = 12
)

// news is what happens to containers while nobody is told of it: it is watched, and
// kept until the next question.
type news struct {
	d     *deck
	mu    sync.Mutex // also one List at a time
	seq   uint64     // of the event that was told last
	watch *alert.Watch
	rules alert.Rules
	last  map[runtime.Ref]runtime.Sample

	keep    string                  // where what was seen is kept for the next run, as the screen does; "" = nowhere
	alarm   func(alert.Alert) error // nil = no command is run
	wrong   error                   // what went wrong with it, until it is told
	tracker *events.Tracker
	problem error // why nothing is known of what happened before
}

// newNews begins to watch until the context ends.
func (d *deck) newNews(ctx context.Context) *news {
	n := &news{d: d, rules: alert.Rules{}, last: map[runtime.Ref]runtime.Sample{}}
	var seen events.Memory
	if dir := settings.StateDir(d.Getenv); dir != "" && !d.rt.About().Demo {
		if seen, n.problem = d.Places.LoadSeen(dir); n.problem == nil {
			n.keep = dir
		}
	}
	n.tracker = events.New(settings.BootID(), seen)
	for k, v := range d.settings.Alerts {
		if v.Value > 0 {
			n.rules[k] = v.Value
		}
	}
	if len(n.rules) > 0 {
		n.watch = alert.New(n.rules)
	}
	if argv := d.settings.AlertCommand.Value; len(argv) > 0 && !d.settings.ReadOnly.Value && !d.rt.About().Demo {
		n.alarm = alert.NewCommand(argv, d.Places.CheckCommand).Run
	}
	spawn(func() { n.run(ctx) }, func(error) {})
	return n
}

// run looks when something has changed, and at figures now and then.
func (n *news) run(ctx context.Context) {
	hints, err := n.d.rt.Watch(ctx)
	if err != nil {
		hints = nil // each question looks for itself
	}
	tick := time.NewTicker(newsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-hints:
			if !ok {
				hints = nil
				continue
			}
			n.look(ctx)
		case <-tick.C:
			n.figures(ctx)
		}
	}
}

// look compares a list with the one before.
func (n *news) look(ctx context.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	began := time.Now()
	l, err := n.d.rt.List(ctx)
	if err == nil {
		n.tracker.Look(&l, began, time.Now())
	}
}

// figures tell of limits that were hit and of thresholds.
func (n *news) figures(ctx context.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	began := time.Now()
	l, err := n.d.rt.List(ctx)
	if err != nil {
		return
	}
	n.tracker.Look(&l, began, time.Now())
	batch := &runtime.Batch{Host: &runtime.HostSample{}}
	for i := range l.Containers {
		if c := &l.Containers[i]; c.Counted() {
			batch.Readings = append(batch.Readings, runtime.Reading{Ref: c.Ref, InitPID: c.InitPID, Tier: runtime.Full, Sample: n.last[c.Ref]})
		}
	}
	if n.d.rt.Sample(ctx, batch) != nil {
		return
	}
	n.tracker.Sampled(batch, time.Now())
	var all []alert.Reading
	now := map[runtime.Ref]runtime.Sample{}
	for i := range batch.Readings {
		r := &batch.Readings[i]
		if r.Err != nil {
			continue
		}
		one := alert.Reading{Ref: r.Ref, Sample: &r.Sample}
		if before, ok := n.last[r.Ref]; ok {
			u := runtime.Between(&before, &r.Sample, batch.Host.CPUs)
			one.Usage = &u
		}
		now[r.Ref] = r.Sample
		all = append(all, one)
	}
	n.last = maps.Clone(now)
	if n.watch == nil {
		return
	}
	path := ""
	if paths := n.d.rt.About().Paths; len(paths) > 0 {
		path = paths[0]
	}
	for _, c := range n.watch.Look(all, batch.Host, path, newsEvery, time.Now()) {
		if c.Began {
			n.tracker.Tell(events.AlertBegan, c.Ref, c.String(), time.Now())
			n.ring(c.Alert)
			continue
		}
		text := c.Kind.String() + " is below its threshold"
		if c.Why != "" {
			text = c.Kind.String() + ": " + c.Why
		}
		n.tracker.Tell(events.AlertEnded, c.Ref, text, time.Now())
	}
}

// ring runs the alert command. n.mu is held.
func (n *news) ring(a alert.Alert) {
	if n.alarm == nil {
		return
	}
	failed := func(err error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if err != nil && n.wrong == nil {
			n.wrong = fmt.Errorf("alert command: %w", err)
		}
	}
	spawn(func() { failed(n.alarm(a)) }, failed)
}

// amiss is what went wrong with it since that was asked last.
func (n *news) amiss() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.wrong
	n.wrong = nil
	return err
}

// words are an event in a line.
func (n *news) words(e *events.Event) string {
	name := e.Ref.Path
	if e.Ref.Name != "" {
		name = n.d.called(e.Ref)
	}
	what := e.Kind.String()
	if e.Kind == events.OOMKilled && e.Kills > 1 {
		what += fmt.Sprintf(" (%d)", e.Kills)
	}
	now := n.d.Now()
	text := views.EventTime(e.At.Local(), now.Local()) + ", " + name + ": " + what
	cause := e.Why(events.Words{
		Bytes: func(b uint64) string { return sizeWords(views.Bytes(b)) }, Cores: views.Cores,
		Time: func(at time.Time) string { return views.EventTime(at.Local(), now.Local()) },
	})
	if cause != "" {
		text += ": " + cause
	}
	return views.Clean(text)
}

// all are all events that are known, of one container or of all.
func (n *news) all(of func(runtime.Ref) bool) (lines []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.tracker.All()
	for i := range list {
		if of(list[i].Ref) {
			lines = append(lines, n.words(&list[i]))
		}
	}
	return lines
}

// untold are those that were not told yet, and that are not of our own doing.
func (n *news) untold() (lines []string, rings bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.tracker.All()
	for i := range list {
		if e := &list[i]; e.Seq > n.seq && (e.By == "" || e.Who != "") {
			lines = append(lines, n.words(e))
			rings = rings || e.Kind == events.AlertBegan
		}
	}
	n.seq = n.tracker.Last()
	return lines, rings
}

// save keeps what was told for the next run, where it is another than before.
func (n *news) save() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.keep == "" || !n.tracker.Changed() {
		return nil
	}
	err := n.d.Places.SaveSeen(n.keep, n.tracker.Memory())
	if err != nil {
		n.keep = "" // it is said once
	}
	return err
}

// tellNews says what has happened since the last question.
func (s *session) tellNews() {
	ctx, cancel := context.WithTimeout(s.ctx, newsTime)
	s.news.look(ctx)
	cancel()
	if err := s.news.problem; err != nil {
		s.news.problem = nil
		s.fail(fmt.Errorf("what happened while lxcdeck was away is not known: %w", err))
	}
	if err := s.news.save(); err != nil {
		s.fail(fmt.Errorf("what happens while lxcdeck is away is not told by the next one: %w", err))
	}
	if err := s.news.amiss(); err != nil {
		s.fail(err)
	}
	for _, text := range s.jobs.ended() {
		s.aside(s.d, text)
	}
	lines, rings := s.news.untold()
	if n := len(lines); n > newsMost {
		s.aside(s.d, fmt.Sprintf("%d things have happened; events lists them. The last:\n", n))
		lines = lines[n-newsMost:]
	}
	for _, line := range lines {
		s.aside(s.d, "Meanwhile: "+line+"\n")
	}
	if rings && s.d.settings.AlertBell.Value && s.in.tty {
		_ = s.write("\a") // it was asked for in the settings
	}
}

// history tells what the audit log has, the newest last.
func (s *session) history(most int, of func(runtime.Ref) bool) ([]string, error) {
	if s.d.Audit == "" || s.d.rt.About().Demo {
		return nil, errors.New("there is no audit log here")
	}
	past, err := audit.Past(s.d.Audit, most)
	if err != nil {
		return nil, err
	}
	var lines []string
	for i := len(past) - 1; i >= 0; i-- { // they come with the newest first
		p := &past[i]
		if !of(p.Ref) {
			continue
		}
		lines = append(lines, s.pastWords(p))
	}
	return lines, nil
}

// pastWords are an operation of an earlier run in a line.
func (s *session) pastWords(p *runtime.Past) string {
	what := strings.ReplaceAll(p.Op, "-", " ") + " " + s.d.called(p.Ref)
	text := p.At.Local().Format("2006-01-02 15:04") + ", " + p.Who + ": " + what
	if p.To.Name != "" {
		text += " to " + p.To.Name
	}
	switch {
	case p.Result == "":
		text += ": its end is not known"
	case p.Result == runtime.PastDone && p.Took > 0:
		text += ": done, " + lasting(p.Took.Round(time.Second))
	default:
		text += ": " + strings.TrimPrefix(p.Result, what+": ")
	}
	if p.Unattended {
		text += ", unattended"
	}
	return views.Clean(text)
}

// tellEarlier tells what came of what an earlier run left alone, once, and what was
// interrupted.
func (s *session) tellEarlier() {
	dir := settings.StateDir(s.d.Getenv)
	if s.d.Audit != "" && dir != "" && !s.d.rt.About().Demo {
		past, err := audit.Missed(s.d.Audit, settings.LastLook(dir))
		if err != nil {
			s.fail(err)
		}
		if !s.d.settings.ReadOnly.Value {
			_ = settings.Look(dir) // where it cannot be kept, the same is told again
		}
		if n := len(past) - newsMost; n > 0 {
			s.aside(s.d, fmt.Sprintf("While nobody looked %d operations ended; history lists them. The last:\n", len(past)))
			past = past[:newsMost] // they come with the newest first
		}
		for i := range slices.Backward(past) {
			s.aside(s.d, "While nobody looked: "+s.pastWords(&past[i])+"\n")
		}
	}
	ctx, cancel := context.WithTimeout(s.ctx, newsTime)
	defer cancel()
	all, err := s.d.rt.Leftovers(ctx)
	if err != nil && !errors.Is(err, runtime.ErrUnsupported) {
		s.fail(err)
	}
	for i := range all {
		if !all[i].Kept {
			s.aside(s.d, "Interrupted: "+views.Clean(s.d.called(all[i].Ref)+": "+all[i].What)+"; recover lists it.\n")
		}
	}
}
