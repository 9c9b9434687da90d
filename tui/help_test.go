package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/views"
)

// Help begins with the view it was asked from, and names keys as they are bound.
func TestHelpKnowsWhereItIs(t *testing.T) {
	keys, err := keymap.New("", map[string][]string{"process-signal": {"ctrl+k"}, "help": {"?", "f1", "f12"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	d := newDeck(t, 80, 24, Options{Keys: keys}, some()...)
	d.press("?")
	d.sees("Help on the list", "Start or stop, by state")
	d.press("f1")
	d.seesNo("Help on")
	for key, want := range map[string][]string{
		"t": {"Help on processes", "ctrl+k"}, "n": {"Help on the network map", "This container alone"},
		"f": {"Help on room on disk", "Sort by size"}, "I": {"Help on isolation", "Isolation and its weak points"},
		"J": {"Help on jobs and history", "Take it back"}, "m": {"Help on messages", "the newest"},
		"p": {"Help on snapshots", "OLD ROOTS"}, "l": {"Help on logs", "Follow the end"},
		"B": {"Help on files", "Owner of what goes in"}, "e": {"Help on a config", "Edit in $EDITOR"}, "h": {"Help on graphs", "Shorter span"},
	} {
		d.press(key)
		before := strings.SplitN(d.screen(), "\n", 2)[0]
		d.press("?")
		d.sees(want...)
		d.press("esc")
		if got := strings.SplitN(d.screen(), "\n", 2)[0]; strings.Contains(d.screen(), "Help on") || key != "h" && got != before {
			t.Errorf("%s: help does not lead back:\n%s\nwas\n%s", key, got, before)
		}
		for range 3 {
			d.press("esc")
		}
	}
}

// Where text is typed ? is text, and f1 helps; what was typed stays.
func TestHelpWhereTextIsTyped(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("/")
	d.typed("al?")
	if d.m.prompt.line.String() != "al?" {
		t.Fatalf("typed %q", d.m.prompt.line.String())
	}
	d.press("f1")
	d.sees("Help on the filter", "state:run")
	d.press("esc", "backspace")
	if !d.m.prompt.open || d.m.prompt.line.String() != "al" {
		t.Errorf("the filter being typed is %q, open %v", d.m.prompt.line.String(), d.m.prompt.open)
	}
	d.press("esc")

	d.press(":")
	d.typed("shut?")
	d.press("f1")
	d.sees("Help on the command palette", "who 4711")
	d.press("esc")
	d.sees("shut?")
	d.press("esc")

	d.press("u") // a form
	d.sees("f1 helps")
	d.typed("www?")
	d.press("f1")
	d.sees("Help on a form", "next field")
	d.press("f1")
	d.sees("www?")
	d.press("esc")
	d.seesNo("www?")

	d.press("j", "M") // a form that measures meanwhile
	d.press("f1")
	d.sees("Help on a form")
	d.pass(2 * d.m.interval)
	d.press("esc")
	d.sees("Rename")
	d.press("esc")

	d.press("k", "t", "/")
	d.typed("ng?")
	d.press("f1")
	d.sees("Help on processes")
	d.press("esc")
	d.sees("ng?")
}

func TestHelpSearches(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("?", "/")
	d.sees("a word of what it does")
	d.typed("shell")
	d.sees("1/", "enter keeps")
	d.press("enter")
	d.sees("n N 1/", "shell")
	h, ok := d.m.overlay.(*help)
	if !ok {
		t.Fatal("enter has closed the help")
	}
	hits := d.m.theme.HelpHits(d.m.helpState(h), 80)
	if len(hits) < 3 {
		t.Fatalf("%d hits of restart", len(hits))
	}
	for range len(hits) + 1 { // around the end
		d.press("n")
		if y := hits[h.hit-1]; y < h.top || y >= h.top+d.m.helpRows() {
			t.Fatalf("hit %d in line %d is not in sight from line %d on", h.hit, y, h.top)
		}
	}
	if h.hit != 2 {
		t.Errorf("at hit %d after one more than all", h.hit)
	}
	d.press("N", "N")
	if h.hit != len(hits) {
		t.Errorf("at hit %d before the first", h.hit)
	}
	d.press("/")
	d.typed("no such word")
	d.sees("not found")
	d.press("n", "esc") // n is text, esc ends the search alone
	d.sees("Help on the list")
	d.seesNo("not found")
	d.press("n", "esc")
	d.seesNo("Help on")

	d.press("?", "/")
	d.send(tea.PasteMsg{Content: "Owner of what"})
	d.sees("Owner of what goes in")
}

// What is measured for a form goes on while its help is read.
func TestHelpKeepsWhatIsMeasured(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, box("alpha", runtime.Stopped))
	d.rt.Fail(fake.Survey, runtime.Ref{}, fake.Fault{Stuck: true, Times: 1})
	d.stuck = 1
	n := d.rt.Calls(fake.Survey)
	d.press("C")
	d.until("the measuring", func() bool { return d.rt.Calls(fake.Survey) > n })
	owner := d.m.gauge.owner
	d.press("f1")
	if owner == nil || d.m.gauge.owner != owner || d.m.readUnder() != owner {
		t.Errorf("measured for %T, was for %T", d.m.gauge.owner, owner)
	}
	d.stuck = 0 // closing ends it
	d.press("esc", "esc")
	if d.m.overlay != nil || d.m.gauge.owner != nil {
		t.Error("the form stays")
	}
	if views.TopicOf(keymap.List) != views.HelpList {
		t.Error("the list has another topic")
	}
}
