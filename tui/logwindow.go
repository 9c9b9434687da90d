package tui

import (
	"context"
	"errors"
	"io"
	"slices"

	"lxcdeck/runtime/logfile"
)

const (
	// tailNear is how much may have come for the last lines to be looked for in that
	// alone, in bytes; else they are looked for from the end on.
	tailNear = 64 << 20
	// windowLines is how many lines that a filter keeps are remembered.
	windowLines = 2000
	// tailBatch is how many of them are taken at once.
	tailBatch = 500
	// mergeAttention is after how many lines a context is looked at.
	mergeAttention = 256
)

// logWindow is what a filter has kept between two places, so that nothing is looked
// through twice: of 2 GB it may keep three lines.
type logWindow struct {
	filter     *logfile.Filter // nil = it is empty
	lines      []logLine
	from, upto logSpot
}

// index is where in the lines a place is; negative = not in the window.
func (w *logWindow) index(at logSpot) int {
	if w.filter == nil {
		return -1
	}
	for i := range w.lines {
		if slices.Equal(w.lines[i].at, at) {
			return i
		}
	}
	switch {
	case slices.Equal(w.upto, at):
		return len(w.lines)
	case slices.Equal(w.from, at):
		return 0
	}
	return -1
}

// at are the lines from a place on that are known.
func (w *logWindow) at(at logSpot, n int) []logLine {
	i := w.index(at)
	if i < 0 {
		return nil
	}
	return w.lines[i:min(len(w.lines), i+n)]
}

// begin makes a window at a place, if that is in none.
func (w *logWindow) begin(t *logfile.Filter, at logSpot) int {
	if w.filter == t {
		if i := w.index(at); i >= 0 {
			return i
		}
	}
	*w = logWindow{filter: t, from: slices.Clone(at), upto: slices.Clone(at)}
	return 0
}

// reopen takes the last line back if it was written in part only: it comes again.
func (w *logWindow) reopen() {
	if n := len(w.lines); n > 0 && w.lines[n-1].Cut&logfile.Unended != 0 {
		w.upto = w.lines[n-1].at
		w.lines = w.lines[:n-1]
	}
}

// grow looks for lines behind the window, at most n; done = there is no more by now.
func (x *logText) grow(ctx context.Context, n int) (done bool, err error) {
	w := &x.window
	ends := x.ends().sum()
	if ends <= w.upto.sum() {
		return true, nil
	}
	w.reopen()
	lines, upto, err := x.selectAfter(ctx, w.filter, w.upto, n)
	w.lines, w.upto = append(w.lines, lines...), upto
	return upto.sum() >= ends, err
}

// after gives lines from a place on, at most n; done = there is no more by now.
func (x *logText) after(ctx context.Context, t *logfile.Filter, at logSpot, n int) (lines []logLine, done bool, err error) {
	if t == nil {
		lines, upto, err := x.selectAfter(ctx, nil, at, n)
		return lines, upto.sum() >= x.ends().sum(), err
	}
	w := &x.window
	for i := w.begin(t, at); len(w.lines)-i < n && !done && err == nil; {
		was := w.upto
		done, err = x.grow(ctx, n-(len(w.lines)-i))
		if !done && slices.Equal(was, w.upto) {
			break
		}
	}
	i := min(max(0, w.index(at)), len(w.lines))
	lines = slices.Clone(w.lines[i:min(len(w.lines), i+n)])
	done = i+n >= len(w.lines) && w.upto.sum() >= x.ends().sum()
	if more := len(w.lines) - windowLines; more > 0 && i > more {
		w.lines = slices.Clone(w.lines[more:])
		w.from = w.lines[0].at
	}
	return lines, done, err
}

// before gives the last lines before a place, at most n.
func (x *logText) before(ctx context.Context, t *logfile.Filter, at logSpot, n int) ([]logLine, error) {
	if t == nil {
		lines, _, err := x.selectBefore(ctx, nil, at, n)
		return lines, err
	}
	w := &x.window
	i := w.begin(t, at)
	var err error
	if i < n && w.from.sum() > 0 {
		var lines []logLine
		lines, w.from, err = x.selectBefore(ctx, t, w.from, n-i)
		w.lines = slices.Concat(lines, w.lines)
		i += len(lines)
	}
	lines := slices.Clone(w.lines[max(0, i-n):i])
	if len(w.lines) > windowLines && i < windowLines/2 {
		w.lines = slices.Clone(w.lines[:windowLines])
		w.upto = w.lines[windowLines-1].then
	}
	return lines, err
}

// tail gives the last lines, at most n.
func (x *logText) tail(ctx context.Context, t *logfile.Filter, n int) ([]logLine, error) {
	ends := x.ends()
	if t == nil {
		return x.before(ctx, nil, ends, n)
	}
	w := &x.window
	if w.filter != t || ends.sum()-w.upto.sum() > tailNear || ends.sum() < w.upto.sum() {
		w.begin(t, ends)
	}
	for {
		done, err := x.grow(ctx, tailBatch)
		if more := len(w.lines) - windowLines; more > 0 {
			w.lines = slices.Clone(w.lines[more:])
			w.from = w.lines[0].at
		}
		if err != nil {
			return slices.Clone(w.lines[max(0, len(w.lines)-n):]), err
		}
		if done {
			return x.before(ctx, t, w.upto, n)
		}
	}
}

// selectAfter looks for lines that a filter keeps (nil = all) from a place on, at most
// n, and says how far it has looked.
func (x *logText) selectAfter(ctx context.Context, t *logfile.Filter, at logSpot, n int) ([]logLine, logSpot, error) {
	if len(x.parts) > 1 {
		return x.mergeSelect(ctx, t, at, n, false)
	}
	f := x.parts[0].file()
	var got logfile.Selected
	var err error
	if t == nil {
		got.Lines, err = f.After(at[0], n)
		if got.Upto = at[0]; len(got.Lines) > 0 {
			got.Upto = got.Lines[len(got.Lines)-1].End
		}
	} else {
		got, err = f.SelectAfter(ctx, t, at[0], n, x.tell(at[0], x.ends().sum()))
	}
	return single(got.Lines), logSpot{got.Upto}, err
}

func (x *logText) selectBefore(ctx context.Context, t *logfile.Filter, at logSpot, n int) ([]logLine, logSpot, error) {
	if len(x.parts) > 1 {
		return x.mergeSelect(ctx, t, at, n, true)
	}
	f := x.parts[0].file()
	var got logfile.Selected
	var err error
	if t == nil {
		got.Lines, err = f.Before(at[0], n)
		if got.Upto = at[0]; len(got.Lines) > 0 {
			got.Upto = got.Lines[0].At
		}
	} else {
		got, err = f.SelectBefore(ctx, t, at[0], n, x.tell(at[0], 0))
	}
	return single(got.Lines), logSpot{got.Upto}, err
}

// single are lines of the only log.
func single(lines []logfile.Line) []logLine {
	out := make([]logLine, len(lines))
	for i, l := range lines {
		out[i] = logLine{Line: l, at: logSpot{l.At}, then: logSpot{l.End}}
	}
	return out
}

// tell says how far something is that goes from one place to another, of which the
// offsets are added up.
func (x *logText) tell(from, to int64) func(at int64) {
	x.done.Store(0)
	return func(at int64) {
		if to != from {
			x.done.Store(int32(max(0, min(1000, (at-from)*1000/(to-from)))))
		}
	}
}

// merge is all of the logs by time, at a place.
func (x *logText) merge(at logSpot) (*logfile.Merge, error) {
	sources := make([]logfile.Source, len(x.parts))
	for i, p := range x.parts {
		sources[i] = logfile.Source{File: p.file(), Clock: &p.clock}
	}
	return logfile.NewMerge(sources, at)
}

// mergeSelect is selectAfter, or selectBefore, of several logs.
func (x *logText) mergeSelect(ctx context.Context, t *logfile.Filter, at logSpot, n int, back bool) ([]logLine, logSpot, error) {
	m, err := x.merge(at)
	if err != nil {
		return nil, at, err
	}
	to := int64(0)
	if !back {
		to = x.ends().sum()
	}
	tell := x.tell(at.sum(), to)
	var out []logLine
	spot := at
	for k := 1; len(out) < n; k++ {
		if k%mergeAttention == 0 {
			tell(spot.sum())
			if err = ctx.Err(); err != nil {
				break
			}
		}
		var l logLine
		if l, err = mergeStep(m, spot, back); err != nil {
			break
		}
		if spot = l.then; back {
			spot = l.at
		}
		if t == nil || t.Keep(l.Text) {
			l.Text = slices.Clone(l.Text)
			out = append(out, l)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if back {
		slices.Reverse(out)
	}
	return out, spot, err
}

// mergeStep gives the next line of several logs, or the one before; its text is good
// until the merge moves.
func mergeStep(m *logfile.Merge, at logSpot, back bool) (logLine, error) {
	step := m.Next
	if back {
		step = m.Prev
	}
	got, err := step()
	if err != nil {
		return logLine{}, err
	}
	l := logLine{Line: got.Line, part: got.Source, at: at, then: m.At()}
	if back {
		l.at, l.then = l.then, l.at
	}
	return l, nil
}
