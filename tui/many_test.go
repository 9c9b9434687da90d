package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/views"
)

func TestTypeIntoMany(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	all := d.session()
	d.press("*", "b")
	d.sees("Type into 2 containers at once?", "bravo", "left out", "charlie")
	d.pass(questionGrace)
	d.press("y")
	a, b := <-all, <-all
	d.sees("TYPING INTO 2 AT ONCE", "ctrl+] stops")
	d.typed("ls")
	d.send(tea.PasteMsg{Content: "pasted"})
	d.press("esc", "q")
	for _, s := range []*fake.Session{a, b} {
		if s.AwaitTyped(patient(t), "lspasted\x1bq") != nil {
			t.Fatalf("%q", s.Typed())
		}
	}
	d.press("ctrl+]")
	d.seesNo("TYPING INTO")
	d.typed("x")
	d.until("an x in one of them", func() bool {
		return strings.Count(string(a.Typed())+string(b.Typed()), "x") == 1
	})
}

func TestManyLosesOne(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	all := d.session()
	d.press("*", "b")
	d.pass(questionGrace)
	d.press("y")
	a, b := <-all, <-all
	b.End(runtime.Exit{})
	d.shows("1 shell left to type into")
	a.End(runtime.Exit{})
	d.until("the end", func() bool { return !d.m.many.on })
}

// Keys never go into what is not on screen: the next of the many takes the
// place of the one that ends.
func TestManyGoesOnWithTheNext(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	alpha, delta := make(chan *fake.Session, 1), make(chan *fake.Session, 1)
	d.rt.OnAttach(func(sh runtime.Shell) (runtime.Session, error) {
		s := fake.NewSession(sh.Cols, sh.Rows)
		map[string]chan *fake.Session{"alpha": alpha, "delta": delta}[sh.Ref.Name] <- s
		return s, nil
	})
	d.press("*", "b")
	d.pass(questionGrace)
	d.press("y")
	a, b := <-alpha, <-delta
	d.sees("ctrl+] stops typing into all", "[1 alpha >]", "2 delta >")
	d.seesNo("leave")
	a.End(runtime.Exit{})
	d.shows("1 shell left to type into")
	d.sees("[2 delta >]", "TYPING INTO 1")
	d.typed("q")
	if b.AwaitTyped(patient(t), "q") != nil {
		t.Fatalf("%q", b.Typed())
	}
}

// On a screen without room for the warning nothing is typed into many.
func TestManyIsNotTypedIntoBlindly(t *testing.T) {
	d := newDeck(t, 120, 40, Options{Mouse: true}, some()...)
	all := d.session()
	d.press("*", "b")
	d.pass(questionGrace)
	d.press("y")
	a := <-all // one of them: all get the same
	d.send(tea.MouseClickMsg{X: 4, Y: 5, Button: tea.MouseLeft})
	if d.m.focus != views.ShellPane {
		t.Error("a click went away from what is typed into")
	}
	d.send(tea.WindowSizeMsg{Width: 30, Height: 6})
	d.typed("rm")
	d.send(tea.PasteMsg{Content: "rm"})
	d.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	d.typed("x")
	if a.AwaitTyped(patient(t), "x") != nil || string(a.Typed()) != "x" {
		t.Fatalf("%q", a.Typed())
	}
	d.send(tea.WindowSizeMsg{Width: 30, Height: 6})
	d.press("ctrl+]")
	if d.m.many.on {
		t.Error("the prefix does not end it")
	}
}
