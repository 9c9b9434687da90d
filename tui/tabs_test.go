package tui

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/views"
)

func TestAnotherShellInTheSameContainer(t *testing.T) {
	d, first, all := inShell(t, 120, 40)
	d.press("ctrl+]", "o")
	second := <-all
	d.sees("1 alpha", "[2 alpha]")
	d.typed("two")
	d.press("ctrl+]", "1")
	d.sees("[1 alpha]")
	d.typed("one")
	d.press("ctrl+]", "p")
	d.sees("[2 alpha]")
	d.press("ctrl+]", "9")
	d.sees("no such tab: 2 tabs here")
	if first.AwaitTyped(patient(t), "one") != nil || second.AwaitTyped(patient(t), "two") != nil {
		t.Fatalf("%q %q", first.Typed(), second.Typed())
	}
	d.press("ctrl+]", "d", "s") // the one used last
	d.typed("!")
	if second.AwaitTyped(patient(t), "two!") != nil {
		t.Fatalf("%q %q", first.Typed(), second.Typed())
	}
}

func TestSplitBesideAndBelow(t *testing.T) {
	d, first, all := inShell(t, 120, 40)
	whole := d.m.layout.Shell
	d.press("ctrl+]", "|")
	second := <-all
	left, right := d.m.layout.Shell, d.m.layout.Shell2
	if left.Dx()+right.Dx()+1 != whole.Dx() || left.Dy() != whole.Dy() || right.Dy() != whole.Dy() {
		t.Fatalf("%v becomes %v and %v", whole, left, right)
	}
	if c, r := second.Size(); c != right.Dx() || r != right.Dy() {
		t.Fatalf("the new one is %dx%d in %v", c, r, right)
	}
	d.pass(resizeDelay)
	if err := first.AwaitSize(patient(t), left.Dx(), left.Dy()); err != nil {
		t.Fatal(first.Size())
	}
	first.Feed([]byte("left side"))
	second.Feed([]byte("right side"))
	d.until("both on screen", func() bool {
		for _, row := range strings.Split(d.screen(), "\n") {
			if strings.HasPrefix(row, "left side") && strings.Contains(row, "│right side") {
				return true
			}
		}
		return false
	})
	d.typed("b")
	d.press("ctrl+]", "tab")
	d.typed("a")
	if first.AwaitTyped(patient(t), "a") != nil || second.AwaitTyped(patient(t), "b") != nil {
		t.Fatalf("%q %q", first.Typed(), second.Typed())
	}
	d.press("ctrl+]", "-")
	d.sees("split already")
	d.press("ctrl+]", "!")
	if d.m.layout.Shell.Dx() != whole.Dx() || !d.m.layout.Shell2.Empty() {
		t.Fatal(d.m.layout.Shell)
	}
	d.sees("1 alpha", "2 alpha")
	d.press("ctrl+]", "-")
	<-all
	if d.m.layout.Shell2.Dx() != whole.Dx() || d.m.layout.Shell2.Dy() >= whole.Dy() {
		t.Fatal(d.m.layout.Shell2)
	}
}

// What ends in a split leaves the pane to its other half.
func TestHalfThatEnds(t *testing.T) {
	d, first, all := inShell(t, 120, 40)
	d.press("ctrl+]", "|")
	second := <-all
	second.End(runtime.Exit{Code: 3})
	d.shows("exit status 3")
	d.press("q")
	d.seesNo("exit status 3")
	if d.m.focus != views.ShellPane || len(d.m.shells.all) != 1 {
		t.Fatal("the other half has lost the pane")
	}
	d.typed("x")
	if first.AwaitTyped(patient(t), "x") != nil {
		t.Fatalf("%q", first.Typed())
	}
}

// What is dismissed makes room for the next tab, which gets no keys.
func TestDismissedTab(t *testing.T) {
	d, first, all := inShell(t, 120, 40)
	d.press("ctrl+]", "o")
	second := <-all
	first.Feed([]byte("still here"))
	second.End(runtime.Exit{Code: 3})
	d.shows("exit status 3")
	d.press("q", "j")
	d.shows("still here")
	d.at("bravo")
	if len(first.Typed()) > 0 || d.quit {
		t.Fatalf("%q", first.Typed())
	}
}

func TestNarrowSplitShowsTheHalfInFocus(t *testing.T) {
	d, _, all := inShell(t, 40, 12)
	d.press("ctrl+]", "|")
	<-all
	if d.m.layout.Shell.Empty() == d.m.layout.Shell2.Empty() {
		t.Fatalf("%v %v", d.m.layout.Shell, d.m.layout.Shell2)
	}
	d.press("ctrl+]", "tab")
	if d.m.layout.Shell.Empty() {
		t.Fatal("the half in focus is not shown")
	}
	d.sees("alpha half 1/2")
}

func TestOpenAgain(t *testing.T) {
	d, s, all := inShell(t, 120, 40)
	d.press("ctrl+]", "r")
	d.typed("build")
	d.press("enter", "esc")
	d.sees("shell alpha build")
	s.End(runtime.Exit{})
	d.shows("ended")
	d.press("q")
	d.seesNo("build")
	d.press("r")
	<-all
	d.sees("shell alpha build")
	d.press("ctrl+]", "u")
	d.sees("no session was closed")
}

func TestSessionList(t *testing.T) {
	d, first, all := inShell(t, 120, 40)
	d.press("ctrl+]", "d", "G", "s")
	second := <-all
	first.Feed([]byte("news\a"))
	d.until("a bell mark", func() bool { return strings.Contains(d.screen(), "1 alpha !") })
	d.press("ctrl+]", "s")
	d.sees("Sessions", "rang", "login shell", "2*")
	d.press("up", "enter")
	d.sees("[1 alpha]", "news")
	d.seesNo("1 alpha !")
	second.End(runtime.Exit{Code: 9})
	d.shows("delta: the shell has ended")
	d.press("ctrl+]", "s", "down")
	d.sees("ended: exit status 9")
	d.press("k")
	d.sees("the shell in delta has ended: x dismisses it")
	d.press("x")
	d.seesNo("exit status 9")
	d.press("k")
	d.sees("End the shell in alpha?")
	d.pass(questionGrace)
	d.press("y")
	d.until("the end", first.Closed)
}

func TestSessionListJoins(t *testing.T) {
	d, _, all := inShell(t, 120, 40)
	d.press("ctrl+]", "d", "G", "s")
	<-all
	d.press("ctrl+]", "s", "up", "|")
	if len(d.m.shells.tabs) != 1 || d.m.layout.Shell2.Empty() {
		t.Fatal("not beside each other")
	}
	d.sees("shell delta", "shell alpha")
}

func TestActivityOfAnotherTab(t *testing.T) {
	d, first, all := inShell(t, 120, 40)
	d.press("ctrl+]", "o")
	<-all
	first.Feed([]byte("x"))
	d.until("an activity mark", func() bool { return strings.Contains(d.screen(), "1 alpha +") })
	d.press("ctrl+]", "n")
	d.seesNo("1 alpha +")
}

func TestUnknownKeyBehindThePrefixSaysSo(t *testing.T) {
	d, _, _ := inShell(t, 120, 40)
	d.press("ctrl+]", "y")
	d.sees("ctrl+] y means nothing")
}

// A console is left as lxc-console is, too; ctrl+a twice is one.
// What the container's console printed before is above.
func TestOpenWithChoices(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	var asked runtime.Shell
	d.rt.OnAttach(func(sh runtime.Shell) (runtime.Session, error) {
		asked = sh
		return fake.NewSession(sh.Cols, sh.Rows), nil
	})
	d.press("u")
	d.sees("Open a shell in alpha", "the login shell")
	d.typed("dev")
	d.press("tab")
	d.typed("srv")
	d.press("enter")
	d.sees("begins with /")
	d.press("home")
	d.typed("/")
	d.press("tab")
	d.typed("tail -f 'a b'")
	d.press("tab")
	d.typed("A=1")
	d.press("enter")
	if asked.User != "dev" || asked.Cwd != "/srv" || strings.Join(asked.Command, ",") != "tail,-f,a b" || strings.Join(asked.Env, ",") != "A=1" {
		t.Fatalf("%+v", asked)
	}
	d.press("ctrl+]", "s")
	d.sees("tail -f a b as dev")
	d.press("esc", "ctrl+]", "d", "u")
	d.sees("dev", "/srv", "'a b'", "A=1") // remembered
}

func TestQuitWithSessionsAsks(t *testing.T) {
	d, _, all := inShell(t, 120, 40)
	d.press("ctrl+]", "o")
	<-all
	d.press("ctrl+]", "d", "q")
	d.sees("Quit lxcdeck?", "2 shells will end")
}

// The bell of the session on screen is the terminal's, but not as often as a
// container likes.
func TestBell(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	rung := func() int { return strings.Count(strings.Join(d.sent, " "), "tea.RawMsg") }
	s.Feed([]byte("\a"))
	d.until("a bell", func() bool { return rung() == 1 })
	for range 50 {
		s.Feed([]byte("\a."))
	}
	d.shows(strings.Repeat(".", 50))
	if n := rung(); n != 1 {
		t.Fatalf("%d bells", n)
	}
	d.pass(time.Second)
	s.Feed([]byte("\a"))
	d.until("another", func() bool { return rung() == 2 })
}

func TestChoicesOutliveTheRun(t *testing.T) {
	var kept runtime.Shell
	o := Options{
		Choices:  map[runtime.Ref]runtime.Shell{ref("alpha"): {User: "postgres", Command: []string{"psql", "-l"}}},
		Remember: func(sh runtime.Shell) error { kept = sh; return errors.New("no room on the disk") },
	}
	d := newDeck(t, 120, 40, o, some()...)
	d.press("u")
	d.sees("postgres", "psql -l")
	d.press("enter")
	if kept.Ref != ref("alpha") || kept.User != "postgres" {
		t.Fatalf("%+v", kept)
	}
	d.sees("no room on the disk")
}

// Keys never go into what is not on screen: the next of the many takes the
// place of the one that ends.
// On a screen without room for the warning nothing is typed into many.
// With its first key as the prefix, too.
// The list of sessions offers what can be done to the one under the cursor.
func TestSessionListOffersWhatWorks(t *testing.T) {
	d, s, all := inShell(t, 120, 40)
	d.press("ctrl+]", "s")
	d.sees("k ends", "esc leaves")
	d.seesNo("x dismisses", "u opens", "| - split")
	d.press("esc", "ctrl+]", "o")
	second := <-all
	d.press("ctrl+]", "s", "up")
	d.sees("| - split")
	s.End(runtime.Exit{})
	d.shows("x dismisses")
	d.seesNo("k ends")
	d.press("x", "esc")
	second.End(runtime.Exit{})
	d.shows("[ended: exit status 0]")
	d.press("q", "w")
	d.sees("no session is open", "u opens again: login shell in alpha", "esc leaves")
	d.seesNo("enter goes there")
}
