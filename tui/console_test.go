package tui

import (
	"strings"
	"testing"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/views"
)

func TestConsole(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.press("a")
	d.shows("alpha login:")
	d.sees("console alpha")
	d.press("ctrl+]", "d", "a")
	if n := len(d.m.shells.all); n != 1 {
		t.Fatalf("%d consoles", n)
	}
	d.press("ctrl+]", "d", "s")
	d.shows("shell alpha")
	d.press("ctrl+]", "1", "ctrl+]", "k")
	d.sees("End the console in alpha?", "The login stays")
}

func TestConsoleIsLeftAsLXCConsole(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	sessions := make(chan *fake.Session, 1)
	d.rt.OnConsole(func(c runtime.Console) (runtime.Session, error) {
		s := fake.NewSession(c.Cols, c.Rows)
		sessions <- s
		return s, nil
	})
	d.press("a")
	s := <-sessions
	d.press("q", "ctrl+a", "ctrl+a", "ctrl+a", "x", "ctrl+a", "q")
	if err := s.AwaitTyped(patient(t), "q\x01\x01x"); err != nil || d.m.focus != views.ListPane {
		t.Fatalf("%q, focus %v", s.Typed(), d.m.focus)
	}
}

func TestConsoleShowsTheBootLog(t *testing.T) {
	spec := box("alpha", runtime.Running)
	d := newDeck(t, 120, 40, Options{}, spec)
	log, err := d.rt.BootLog(patient(t), ref("alpha"))
	if err != nil || len(log) == 0 {
		t.Fatalf("%q, %v", log, err)
	}
	d.press("a")
	d.shows("alpha login:")
	first, _, _ := strings.Cut(strings.TrimSpace(string(log)), "\r\n")
	d.sees(first)
}

func TestConsoleThatIsTaken(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.rt.Fail(fake.Console, ref("alpha"), fake.Fault{Err: runtime.ErrNoTTY})
	d.press("a")
	d.shows(runtime.ErrNoTTY.Error())
}

func TestConsoleIsLeftAsLXCConsoleByThePrefix(t *testing.T) {
	keys, err := keymap.New("", nil, "ctrl+a")
	if err != nil {
		t.Fatal(err)
	}
	d := newDeck(t, 120, 40, Options{Keys: keys}, some()...)
	d.press("a")
	d.shows("alpha login:")
	d.press("ctrl+a", "q")
	d.seesNo("Quit lxcdeck?")
	if d.m.focus != views.ListPane {
		t.Fatal("the console is not left")
	}
}

func TestQuitCountsConsolesAsSessions(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.press("a")
	d.shows("alpha login:")
	d.press("ctrl+]", "d", "q")
	d.sees("1 session will end")
}
