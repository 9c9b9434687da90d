package tui

import (
	"errors"
	"fmt"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// batchWords is a batch by its verb: "start 100 containers".
func (m *Model) batchWords(b *batch) string {
	if b.total() == 1 {
		return m.askedFor(&b.jobs[0].req)
	}
	return plainVerb(b.op.Info().Name) + " " + plural(b.total(), "container")
}

// jobItem is a row as it is painted.
func (m *Model) jobItem(r *jobRow) views.JobItem {
	switch {
	case r.past != nil:
		return m.pastItem(r.past)
	case r.batch != nil:
		return m.batchItem(r.batch)
	case r.fan != nil:
		return m.fanItem(r.fan)
	case r.job == nil:
		return views.JobItem{}
	}
	x, now := r.job, m.clock.Now()
	it := views.JobItem{
		What: m.askedFor(&x.req), At: inDay(x.asked), Progress: x.feed.progress(), Halt: x.halting(now),
		Command: x.req.LXCCommand(),
	}
	switch {
	case x.started.IsZero() && x.ended.IsZero():
		it.Mark = views.JobWaits
	case x.ended.IsZero() && !x.ending.IsZero():
		it.Mark, it.Took = views.JobEnding, now.Sub(x.ending)
	case x.ended.IsZero():
		it.Mark, it.Took = views.JobRuns, now.Sub(x.started)
	default:
		it.Part, it.Mark, it.Took = views.JobsOver, views.JobDone, x.ended.Sub(x.started)
		if x.dropped {
			it.Took = -1
		}
		if x.wasCancelled() {
			it.Mark = views.JobCancelled
		} else if x.err != nil {
			it.Mark = views.JobFailed
		}
		it.Result, it.Exit = wholeError(x.err), x.feed.ended()
	}
	return it
}

// wholeError is an error with all of liblxc's words and what helps; "" = there
// is none, or it says no more than that it was cancelled.
func wholeError(err error) string {
	if err == nil || errors.Is(err, runtime.ErrCancelled) && hintOf(err) == "" {
		return ""
	}
	text := err.Error()
	var e *runtime.Error
	if errors.As(err, &e) {
		_, rest, _ := strings.Cut(strings.TrimSpace(e.Log), "\n")
		for line := range strings.Lines(rest) {
			text += "; " + strings.TrimSpace(line)
		}
		if e.Hint != "" {
			text += ". " + e.Hint
		}
	}
	return text
}

func (m *Model) batchItem(b *batch) views.JobItem {
	now := m.clock.Now()
	it := views.JobItem{
		What: m.batchWords(b), At: inDay(b.asked), Took: now.Sub(b.asked), Total: b.total(), Done: b.done(), Bad: b.bad,
	}
	if b.bad > 0 {
		it.Result = plural(b.bad, "failure") + ", the first: " + b.first
	}
	r := jobRow{batch: b}
	it.Command = r.command()
	if b.over() {
		it.Part, it.Mark, it.Took = views.JobsOver, views.JobDone, b.ended.Sub(b.asked)
		switch {
		case b.bad > 0:
			it.Mark = views.JobFailed
		case b.cancelled > 0:
			it.Mark = views.JobCancelled
		}
		return it
	}
	it.Mark = views.JobWaits
	for _, x := range b.jobs {
		if x.started.IsZero() || !x.ended.IsZero() {
			continue
		}
		it.Mark = views.JobRuns
		if !x.ending.IsZero() {
			it.Mark, it.Took = views.JobEnding, now.Sub(x.ending)
		}
		if h := x.halting(now); h > 0 && (it.Halt == 0 || h < it.Halt) {
			it.Halt = h
		}
	}
	return it
}

// command is the equal lxc-* command, or the first of them.
func (r *jobRow) command() string {
	cmds := r.commands()
	switch n := len(cmds) - 1; {
	case n < 0:
		return ""
	case n == 0:
		return cmds[0]
	default:
		return fmt.Sprintf("%s and %d more", cmds[0], n)
	}
}

func (m *Model) pastItem(p *runtime.Past) views.JobItem {
	it := views.JobItem{
		Part: views.JobsEarlier, Mark: views.JobFailed, What: m.pastWords(p), Who: p.Who, At: inDay(p.At), Took: p.Took,
		Result: p.Result, Command: p.Command,
	}
	if p.Took == 0 {
		it.Took = -1
	}
	switch {
	case p.Result == runtime.PastDone:
		it.Mark, it.Result = views.JobDone, ""
	case p.Result == "":
		it.Mark = views.JobLost
	case pastCancelled(p):
		it.Mark, it.Result = views.JobCancelled, ""
	}
	return it
}
