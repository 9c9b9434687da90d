package tui

import (
	"context"
	"errors"
	"io"
	"strings"

	"lxcdeck/runtime/logfile"
)

// search gives the next line with a match that the filter keeps, from a place on, or
// the last one before it.
func (x *logText) search(ctx context.Context, ask *logAsk, from logSpot) (logLine, error) {
	if len(x.parts) > 1 {
		return x.mergeSearch(ctx, ask, from)
	}
	f := x.parts[0].file()
	to := int64(0)
	if !ask.back {
		to = x.ends().sum()
	}
	tell := x.tell(from[0], to)
	for at := from[0]; ; {
		var m logfile.Match
		var err error
		if ask.back {
			m, err = f.FindBack(ctx, ask.match, at, tell)
		} else {
			m, err = f.Find(ctx, ask.match, at, tell)
		}
		if err != nil {
			return logLine{}, err
		}
		lines, err := f.After(m.At, 1)
		if err != nil {
			return logLine{}, err
		}
		if len(lines) == 0 { // it was cut meanwhile
			return logLine{}, logfile.ErrNoMatch
		}
		l := single(lines)[0]
		if ask.filter == nil || ask.filter.Keep(l.Text) {
			return l, nil
		}
		if at = l.End; ask.back {
			at = l.At
		}
	}
}

func (x *logText) mergeSearch(ctx context.Context, ask *logAsk, from logSpot) (logLine, error) {
	m, err := x.merge(from)
	if err != nil {
		return logLine{}, err
	}
	to := int64(0)
	if !ask.back {
		to = x.ends().sum()
	}
	tell := x.tell(from.sum(), to)
	spot := from
	for k := 1; ; k++ {
		if k%mergeAttention == 0 {
			tell(spot.sum())
			if err := ctx.Err(); err != nil {
				return logLine{}, err
			}
		}
		l, err := mergeStep(m, spot, ask.back)
		if errors.Is(err, io.EOF) {
			return logLine{}, logfile.ErrNoMatch
		}
		if err != nil {
			return logLine{}, err
		}
		if spot = l.then; ask.back {
			spot = l.at
		}
		if ask.match.Match(l.Text) && (ask.filter == nil || ask.filter.Keep(l.Text)) {
			return l, nil
		}
	}
}

// logPattern makes a matcher of what was typed: a regular expression as in less(1),
// else the text itself; asText = it was meant as one and is none. Without a capital
// letter case does not count.
func logPattern(typed string) (m *logfile.Matcher, asText bool, err error) {
	p := logfile.Pattern{Text: typed, Fold: strings.ToLower(typed) == typed, Regexp: strings.ContainsAny(typed, `\.+*?()|[]{}^$`)}
	if m, err = p.Compile(); err == nil || !p.Regexp {
		return m, false, err
	}
	p.Regexp = false
	m, err = p.Compile()
	return m, true, err
}

// noPattern is said of what could not be looked for as it was meant.
const noPattern = "it is no pattern, and is looked for as text"
