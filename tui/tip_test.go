package tui

import (
	"errors"
	"sync/atomic"
	"testing"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// newcomer is a deck with the line for who is new, and how often it was kept that it
// is not wanted any more.
func newcomer(t *testing.T, w, h int, o Options) (*deck, *atomic.Int32) {
	t.Helper()
	kept := &atomic.Int32{}
	o.FirstSteps = true
	if o.EndFirstSteps == nil {
		o.EndFirstSteps = func() error { kept.Add(1); return nil }
	}
	return newDeck(t, w, h, o, some()...), kept
}

func TestTipFitsTheSelectedRow(t *testing.T) {
	d, kept := newcomer(t, 120, 40, Options{})
	d.at("alpha")
	d.sees("New here?", "s for a shell in alpha", ": to find all by name", "? for help", "q to quit", "x hides this")
	d.press("j")
	d.at("bravo")
	d.sees("S to start bravo")
	d.seesNo("for a shell in")
	d.press("j")
	d.sees("F to thaw charlie")
	d.press("k", "S") // its advice, and there is more to tell then
	d.until("the start", func() bool { return d.m.byRef(ref("bravo")).State == runtime.Running })
	d.sees("s for a shell in bravo")
	if kept.Load() != 0 {
		t.Error("it was put away by a start")
	}
	d.press("x")
	d.seesNo("New here?", "hides this")
	if kept.Load() != 1 {
		t.Errorf("kept %d times", kept.Load())
	}
	d.press("x", "?", "esc")
	if kept.Load() != 1 {
		t.Errorf("kept %d times", kept.Load())
	}
}

func TestTipGoesOnceItWasFollowed(t *testing.T) {
	for _, key := range []string{"s", ":", "?", "u", "esc"} {
		d, kept := newcomer(t, 80, 24, Options{})
		d.press(key, "esc")
		d.press("esc")
		d.seesNo("hides this")
		if kept.Load() != 1 {
			t.Errorf("%s: kept %d times", key, kept.Load())
		}
	}
	d, kept := newcomer(t, 80, 24, Options{})
	d.press("/")
	d.typed("al")
	d.press("enter", "esc")
	if d.m.filter.Text != "al" || kept.Load() != 1 {
		t.Errorf("the first esc went further: filter %q, kept %d times", d.m.filter.Text, kept.Load())
	}
	d.press("esc")
	if d.m.filter.Text != "" {
		t.Error("the second esc does nothing")
	}
}

func TestTipNamesTheKeysThatAreBound(t *testing.T) {
	keys, err := keymap.New("", map[string][]string{"shell": {"E"}, "events": {"x"}, "help": {"f1"}, "palette": {}}, "")
	if err != nil {
		t.Fatal(err)
	}
	d, kept := newcomer(t, 120, 40, Options{Keys: keys})
	d.sees("E for a shell in alpha", "f1 for help", "esc hides this")
	d.seesNo("to find all by name")
	d.press("x")
	if kept.Load() != 0 {
		t.Error("x has a meaning of its own, and put the line away")
	}
	d.sees("Events")
	d.press("esc", "esc")
	d.seesNo("hides this")
}

func TestTipLeavesOutWhatIsRefused(t *testing.T) {
	d, _ := newcomer(t, 120, 40, Options{ReadOnly: true})
	d.sees("New here?", "down to the next row", "? for help")
	d.seesNo("for a shell in")
}

func TestTipYieldsWhereThereIsNoRoom(t *testing.T) {
	d, kept := newcomer(t, 40, 10, Options{})
	d.seesNo("hides this")
	d.press("x")
	d.press("esc")
	if kept.Load() != 0 {
		t.Error("a key for what is not there put it away")
	}
	d.sees("alpha", "bravo", "charlie", "delta")
	d, _ = newcomer(t, 40, 15, Options{})
	d.sees("x hides this")
}

func TestTipThatCannotBeKeptSaysSo(t *testing.T) {
	d, _ := newcomer(t, 120, 40, Options{EndFirstSteps: func() error { return errors.New("keep that: disk full") }})
	d.press("x")
	d.sees("keep that: disk full", "at the next start")
	d.seesNo("hides this")

	d = newDeck(t, 120, 40, Options{FirstSteps: true}, some()...) // as in the demo
	d.press("x")
	d.seesNo("hides this")
}
