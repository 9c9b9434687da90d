package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

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

// logPattern makes a matcher of what was typed: a regular expression as in less(1), else
// the text itself. Without a capital letter case does not count.
func logPattern(typed string) (*logfile.Matcher, error) {
	fold := strings.ToLower(typed) == typed
	if m, err := (logfile.Pattern{Text: typed, Fold: fold, Regexp: strings.ContainsAny(typed, `\.+*?()|[]{}^$`)}).Compile(); err == nil {
		return m, nil
	}
	return logfile.Pattern{Text: typed, Fold: fold}.Compile()
}

// errMoment is what is said of a moment that was not understood.
var errMoment = errors.New("not a moment: 14:05, 2026-11-27 14:05, or -2h")

// moment reads when somebody wants to go to, in local time: 14:05 is the last one that
// has passed, -2h is two hours ago.
func moment(typed string, now time.Time) (time.Time, error) {
	typed = strings.TrimSpace(typed)
	if ago, ok := strings.CutPrefix(typed, "-"); ok {
		d, err := span(ago)
		if err != nil {
			return time.Time{}, err
		}
		return now.Add(-d), nil
	}
	for _, form := range [...]string{"15:04", "15:04:05"} {
		t, err := time.ParseInLocation(form, typed, now.Location())
		if err != nil {
			continue
		}
		y, m, d := now.Date()
		at := time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, now.Location())
		if at.After(now) {
			at = time.Date(y, m, d-1, t.Hour(), t.Minute(), t.Second(), 0, now.Location())
		}
		return at, nil
	}
	for _, form := range [...]string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02", time.RFC3339} {
		if t, err := time.ParseInLocation(form, typed, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q: %w", typed, errMoment)
}

// span reads 90, 2h, 30m, 1d or 1h30m; a number alone is minutes.
func span(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	var days time.Duration
	if head, rest, ok := strings.Cut(text, "d"); ok {
		d, err := time.ParseDuration(head + "h")
		if err != nil {
			return 0, fmt.Errorf("%q: %w", "-"+text, errMoment)
		}
		if days = d * 24; rest == "" {
			return days, nil
		}
		text = rest
	}
	if text != "" && strings.Trim(text, "0123456789") == "" {
		text += "m"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > 100*365*day {
		return 0, fmt.Errorf("%q: %w", "-"+text, errMoment)
	}
	return days + d, nil
}
