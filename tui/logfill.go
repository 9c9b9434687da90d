package tui

import (
	"context"
	"errors"
	"slices"

	"lxcdeck/runtime/logfile"
	"lxcdeck/views"
)

// textOf is a line as it is laid out.
func (x *logText) textOf(ask *logAsk, l *logLine) views.LogText {
	text := l.Text
	if ask.bare && l.Cut&logfile.Continues == 0 {
		if from, to := logfile.Stamp(text); to > from {
			text = slices.Concat(text[:from], text[to:])
		}
	}
	t := views.LogText{Text: string(text), Begun: l.Cut&logfile.Continues != 0, More: l.Cut&logfile.GoesOn != 0}
	if l.Cut&logfile.Hole != 0 {
		t.Hole = l.End - l.At
	}
	if ask.match != nil {
		t.Hits = ask.match.Spans(text, logHits)
	}
	return t
}

// height is how many rows a line takes.
func (x *logText) height(ask *logAsk, l *logLine) int {
	if !ask.shape.Wrap {
		return 1
	}
	t := x.textOf(ask, l)
	t.Hits = nil
	_, n := views.LogRows(&t, ask.shape, 0, 0)
	return n
}

// fill reads the rows on screen: the last ones where it follows, else those from the
// first on.
func (x *logText) fill(ctx context.Context, ask *logAsk, p *logPage) error {
	ask.shape.Left = p.left
	if x.follow {
		lines, err := x.tail(ctx, ask.filter, ask.page)
		x.lay(ask, p, x.underGone(ask.filter, lines, ask.page))
		return err
	}
	lines, done, err := x.after(ctx, ask.filter, x.top, ask.page)
	if err != nil && !stopped(err) {
		return err
	}
	if len(lines) > 0 {
		x.sub = min(x.sub, x.height(ask, &lines[0])-1) // without its time it has fewer
		if lines[0].at.sum() < x.top.sum() {           // within a line, since the file was cut
			x.top = lines[0].at
		}
	}
	have := -x.sub
	for i := range lines {
		if have += x.height(ask, &lines[i]); have >= ask.page {
			break
		}
	}
	if done && err == nil && have < ask.page {
		// The end is nearer than a screen: what stands before it fills that up.
		if err := x.stepUp(ctx, ask, ask.page-max(0, have)); err != nil && !stopped(err) {
			return err
		}
		if lines, _, err = x.after(ctx, ask.filter, x.top, ask.page); err != nil && !stopped(err) {
			return err
		}
	}
	x.lay(ask, p, lines)
	return err
}

// underGone puts what was last in a file that was moved away above the lines of the
// one in its place, until those fill the screen.
func (x *logText) underGone(t *logfile.Filter, lines []logLine, page int) []logLine {
	if len(x.parts) > 1 { // the others have lines
		return lines
	}
	at := x.ends()
	if len(lines) > 0 {
		at = lines[0].at
	}
	var out []logLine
	for _, l := range slices.Backward(x.parts[0].kept) {
		if len(out)+len(lines) >= page {
			break
		}
		if t == nil || t.Keep(l.Text) {
			out = append(out, logLine{Line: l, at: at, then: at, gone: true})
		}
	}
	slices.Reverse(out)
	return append(out, lines...)
}

// lay makes rows of lines.
func (x *logText) lay(ask *logAsk, p *logPage, lines []logLine) {
	if x.follow { // the last ones count
		first, room := len(lines), ask.page
		for first > 0 && room > 0 {
			first--
			room -= x.height(ask, &lines[first])
		}
		lines, x.sub = lines[first:], max(0, -room)
		x.top = x.ends()
		if len(lines) > 0 {
			x.top = lines[0].at
		}
	}
	p.rows, p.lines, p.at = make([]views.LogRow, 0, ask.page), 0, x.top.sum()
	from := x.sub
	x.below = x.top
	if len(lines) > 0 && lines[0].gone { // the place is in the file that is there
		x.sub = 0
	}
	for i := range lines {
		l := &lines[i]
		if len(p.rows) >= ask.page {
			break
		}
		t := x.textOf(ask, l)
		rows, _ := views.LogRows(&t, ask.shape, from, ask.page-len(p.rows))
		found := x.hit != nil && !l.gone && *x.hit == logHit{l.part, l.At}
		level := views.LogLevel(logfile.LevelOf(l.Text))
		for k, bits := range rows {
			p.rows = append(p.rows, views.LogRow{Bits: bits, Level: level, From: l.part, Goes: from+k > 0, Found: found})
		}
		from, x.below = 0, l.then
		if l.gone {
			p.gone++
		} else {
			p.lines++
		}
	}
}

// seek goes to the first line of a moment or after it.
func (x *logText) seek(ctx context.Context, ask *logAsk, p *logPage) error {
	to, none := x.ends(), 0
	for i, part := range x.parts {
		at, err := part.file().SeekTime(ctx, &part.clock, ask.at)
		switch {
		case errors.Is(err, logfile.ErrNoTime):
			none++
		case err != nil:
			return err
		default:
			to[i] = at
		}
	}
	switch {
	case none == len(x.parts):
		p.note = "no line of it says when it was written"
		return nil
	case to.sum() >= x.ends().sum():
		p.note = "all of it was written before that"
	case to.sum() == 0:
		p.note = "all of it was written after that"
	}
	x.leaveEnd()
	x.top, x.sub = to, 0
	return nil
}

// find goes to the next match from the line that was found last, if it is on screen,
// else from the screen.
func (x *logText) find(ctx context.Context, ask *logAsk, p *logPage) error {
	quick := context.WithoutCancel(ctx)
	var shown []logLine
	if ask.filter == nil {
		shown, _, _ = x.after(quick, nil, x.top, ask.page)
	} else {
		shown = x.window.at(x.top, ask.page)
	}
	shown = shown[:min(len(shown), x.page.lines)]
	from, last := x.top, x.top
	if x.follow {
		last = x.ends()
	} else if n := len(shown); n > 0 {
		last = shown[n-1].then
	}
	if ask.back {
		from = last
	}
	for i := range shown {
		if l := &shown[i]; x.hit != nil && *x.hit == (logHit{l.part, l.At}) {
			if from = l.then; ask.back {
				from = l.at
			}
		}
	}
	l, err := x.search(ctx, ask, from)
	if errors.Is(err, logfile.ErrNoMatch) && ask.turns { // somebody wants to see it, wherever it is
		ask.back = !ask.back
		if from = x.top; ask.back {
			from = last
		}
		if l, err = x.search(ctx, ask, from); err == nil {
			p.turned, p.note = true, "it is further down"
			if ask.back {
				p.note = "it is further up"
			}
		}
	}
	switch {
	case errors.Is(err, logfile.ErrNoMatch) && ask.turns:
		p.note = "not found"
		return nil
	case errors.Is(err, logfile.ErrNoMatch):
		p.note = "not found further down"
		if ask.back {
			p.note = "not found further up"
		}
		return nil
	case err != nil:
		return err
	}
	x.leaveEnd()
	x.hit = &logHit{l.part, l.At}
	x.toHit(ctx, ask, p, &l, slices.ContainsFunc(shown, func(s logLine) bool { return s.part == l.part && s.At == l.At }))
	return nil
}

// toHit brings what was found into sight, with what stands around it.
func (x *logText) toHit(ctx context.Context, ask *logAsk, p *logPage, l *logLine, inSight bool) {
	t := x.textOf(ask, l)
	row := 0
	if len(t.Hits) > 0 {
		col := views.LogCells(t.Text[:t.Hits[0][0]])
		switch {
		case ask.shape.Wrap:
			row = col / max(1, ask.shape.Width)
		case col < p.left || col+views.LogCells(t.Text[t.Hits[0][0]:t.Hits[0][1]]) > p.left+ask.shape.Width:
			p.left = max(0, col-ask.shape.Width/2)
		}
	}
	if inSight && row < ask.page/2 {
		return
	}
	x.top, x.sub = l.at, row
	// What stands above it may be far away where a filter leaves lines out.
	if ask.filter == nil {
		_ = x.stepUp(ctx, ask, ask.page/3)
	}
}
