package logfile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// numbered are lines of which some say error and some of those noise.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		word := "info"
		if i%7 == 0 {
			word = "Error"
		}
		if i%14 == 0 {
			word += " noise"
		}
		fmt.Fprintf(&b, "line %d %s\n", i, word)
	}
	return b.String()
}

func filters(t *testing.T) map[string]*Filter {
	in, out := compiled(t, Pattern{Text: "ERROR", Fold: true}), compiled(t, Pattern{Text: "noise"})
	re := compiled(t, Pattern{Text: "[E]rro[r]$", Regexp: true})
	return map[string]*Filter{
		"all": {}, "in": {In: []*Matcher{in}}, "out": {Out: []*Matcher{out}}, "both": {In: []*Matcher{in}, Out: []*Matcher{out}},
		"regexp": {In: []*Matcher{re}}, "several": {In: []*Matcher{re, in}},
		"too":  {Too: func(line []byte) bool { return len(line)%3 == 0 }},
		"none": {In: []*Matcher{in}, Too: func([]byte) bool { return false }},
	}
}

func TestSelectBothWays(t *testing.T) {
	text := numbered(20000) + "last Error"
	f := logOf(t, text)
	size := int64(len(text))
	for name, filter := range filters(t) {
		t.Run(name, func(t *testing.T) {
			var want []Line
			for _, l := range all(t, f.Cursor(0).Next) {
				if filter.Keep(l.Text) {
					want = append(want, l)
				}
			}
			var forward, backward []Line
			for at, done := int64(0), false; !done; {
				got, err := f.SelectAfter(t.Context(), filter, at, 100, nil)
				must(t, err)
				if len(got.Lines) > 100 || len(got.Lines) < 100 && !got.Done {
					t.Fatalf("%d lines at once, done %v", len(got.Lines), got.Done)
				}
				forward = append(forward, got.Lines...)
				at, done = got.Upto, got.Done
			}
			for at, done := size, false; !done; {
				got, err := f.SelectBefore(t.Context(), filter, at, 100, nil)
				must(t, err)
				backward = append(got.Lines, backward...)
				at, done = got.Upto, got.Done
			}
			if !equalLines(forward, want) || !equalLines(backward, want) {
				t.Errorf("%d forward, %d backward, %d wanted", len(forward), len(backward), len(want))
			}
		})
	}
}

func TestSelectGoesOnWhereItWasStopped(t *testing.T) {
	f := logOf(t, numbered(100000))
	for name, filter := range filters(t) {
		if name == "all" || name == "out" || name == "too" {
			continue
		}
		for _, back := range []bool{false, true} {
			at := int64(0)
			if back {
				at = first(f.Size())
			}
			var got []Line
			for stops := 0; ; stops++ {
				ctx, cancel := context.WithCancel(t.Context())
				told := 0
				tell := func(int64) {
					if told++; told == 3 {
						cancel()
					}
				}
				var s Selected
				var err error
				if back {
					s, err = f.SelectBefore(ctx, filter, at, 1<<20, tell)
					got = append(s.Lines, got...)
				} else {
					s, err = f.SelectAfter(ctx, filter, at, 1<<20, tell)
					got = append(got, s.Lines...)
				}
				cancel()
				if err != nil && (!errors.Is(err, context.Canceled) || stops > 100) {
					t.Fatalf("%s, stop %d at %d: %v", name, stops, at, err)
				}
				at = s.Upto
				if s.Done {
					if stops < 3 {
						t.Errorf("%s: stopped only %d times", name, stops)
					}
					break
				}
			}
			whole, err := f.SelectAfter(t.Context(), filter, 0, 1<<20, nil)
			must(t, err)
			if !equalLines(got, whole.Lines) {
				t.Errorf("%s, back %v: %d lines in parts, %d at once", name, back, len(got), len(whole.Lines))
			}
		}
	}
}

func TestSelectFollowsAnUnendedLine(t *testing.T) {
	f, name := logAt(t, []byte("an error\nan er"))
	filter := &Filter{In: []*Matcher{compiled(t, Pattern{Text: "error"})}}
	got, err := f.SelectAfter(t.Context(), filter, 0, 10, nil)
	if err != nil || len(got.Lines) != 1 || !got.Done {
		t.Fatalf("%+v, %v", got, err)
	}
	again, err := f.SelectAfter(t.Context(), filter, got.Upto, 10, nil)
	if err != nil || len(again.Lines) != 0 || again.Upto != got.Upto {
		t.Fatalf("%+v, %v", again, err)
	}
	add(t, name, "ror\nnothing\n")
	got, err = f.SelectAfter(t.Context(), filter, again.Upto, 10, nil)
	if err != nil || len(got.Lines) != 1 || string(got.Lines[0].Text) != "an error" || got.Lines[0].At != 9 {
		t.Errorf("%+v, %v", got, err)
	}
	if before, err := f.SelectBefore(t.Context(), filter, 11, 10, nil); err != nil || len(before.Lines) != 2 || !slices.IsSortedFunc(before.Lines, func(a, b Line) int { return int(a.At - b.At) }) {
		t.Errorf("%+v, %v", before, err)
	}
}

// A search that finds nothing goes on where it was stopped, too.
func TestSelectTellsHowFarItWas(t *testing.T) {
	f := logOf(t, numbered(100000))
	size := first(f.Size())
	filter := &Filter{In: []*Matcher{compiled(t, Pattern{Text: "never"})}}
	told := 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tell := func(int64) {
		if told++; told >= 4 {
			cancel()
		}
	}
	got, err := f.SelectAfter(ctx, filter, 0, 1, tell)
	if !errors.Is(err, context.Canceled) || got.Upto < searchRoom || got.Done {
		t.Errorf("forward up to %d, %v", got.Upto, err)
	}
	told = 0
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	got, err = f.SelectBefore(ctx, filter, size, 1, tell)
	if !errors.Is(err, context.Canceled) || got.Upto > size-searchRoom || got.Done {
		t.Errorf("back to %d of %d, %v", got.Upto, size, err)
	}
}
