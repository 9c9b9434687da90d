package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/views"
)

// inShell opens a shell in the selected container.
func inShell(t *testing.T, w, h int) (*deck, *fake.Session, chan *fake.Session) {
	t.Helper()
	d := newDeck(t, w, h, Options{}, some()...)
	all := d.session()
	d.press("s")
	return d, <-all, all
}

// shows waits until the screen holds the text.
func (d *deck) shows(text string) {
	d.t.Helper()
	d.until(fmt.Sprintf("%q on screen", text), func() bool { return strings.Contains(d.screen(), text) })
}

func TestShellTypesInOrder(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	var want strings.Builder
	for i := range 300 {
		word := fmt.Sprintf("echo %d", i)
		d.typed(word)
		d.press("enter")
		want.WriteString(word + "\r")
		if i%50 == 0 {
			d.send(tea.PasteMsg{Content: "pasted"})
			want.WriteString("pasted")
		}
	}
	if err := s.AwaitTyped(patient(t), want.String()); err != nil {
		t.Fatal("keystrokes are lost or out of order")
	}
	s.Feed([]byte("hello from inside"))
	d.shows("hello from inside")
}

func TestShellGetsEveryKeyButThePrefix(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	d.press("q", "ctrl+c", "ctrl+z", "esc", "?", "ctrl+p", "up", "S")
	if err := s.AwaitTyped(patient(t), "q\x03\x1a\x1b?\x10\x1b[AS"); err != nil {
		t.Fatalf("typed %q", s.Typed())
	}
	if d.m.overlay != nil || d.quit {
		t.Fatal("a key for the shell acted on the list")
	}
	d.press("ctrl+]", "ctrl+]")
	d.press("ctrl+5", "ctrl+5")
	if err := s.AwaitTyped(patient(t), "AS\x1d\x1d"); err != nil {
		t.Fatalf("typed %q", s.Typed())
	}
	d.press("ctrl+]")
	d.sees("leave", "zoom", "kill")
	d.press("d")
	if d.m.focus != views.ListPane {
		t.Fatal("the prefix and d do not leave")
	}
	d.sees("shell alpha") // it runs on
	d.press("enter")
	if d.m.focus != views.ShellPane {
		t.Fatal("enter does not go back in")
	}
	d.press("ctrl+]", "?")
	d.sees("Help")
	d.press("esc", "x")
	if err := s.AwaitTyped(patient(t), "\x1d\x1dx"); err != nil {
		t.Fatalf("typed %q", s.Typed())
	}
}

// The pty waits for the window to stand still; what is typed does not.
func TestShellKeysComeAfterTheSize(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	d.send(tea.WindowSizeMsg{Width: 110, Height: 38})
	d.press("x")
	if err := s.AwaitTyped(patient(t), "x"); err != nil {
		t.Fatal(err)
	}
	cols, rows := s.Size()
	if box := d.m.layout.Shell; cols != box.Dx() || rows != box.Dy() || cols != 110 {
		t.Errorf("the key meets %dx%d, the pane is %dx%d", cols, rows, box.Dx(), box.Dy())
	}
}

func TestShellModesReachTheKeys(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	s.Feed([]byte("\x1b[?1h\x1b[?2004hready"))
	d.shows("ready")
	d.press("up")
	d.send(tea.PasteMsg{Content: "a\nb\x1b[201~c"})
	if err := s.AwaitTyped(patient(t), "\x1bOA\x1b[200~a"); err != nil {
		t.Fatalf("typed %q", s.Typed())
	}
	d.until("the paste", func() bool { return strings.HasSuffix(string(s.Typed()), "\x1b[201~") })
	if n := strings.Count(string(s.Typed()), "\x1b[201~"); n != 1 {
		t.Fatalf("the paste can end itself: %q", s.Typed())
	}
}

func TestShellAnswersQueries(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	s.Feed([]byte("\x1b[6n"))
	if err := s.AwaitTyped(patient(t), "\x1b[1;1R"); err != nil {
		t.Fatalf("typed %q", s.Typed())
	}
	d.settle()
}

func TestShellCursorIsTheRealOne(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	s.Feed([]byte("abc"))
	d.shows("abc")
	r := d.m.layout.Shell
	c := d.m.View().Cursor
	if c == nil || c.X != r.Min.X+3 || c.Y != r.Min.Y {
		t.Fatalf("%+v in %v", c, r)
	}
	s.Feed([]byte("\x1b[?25l!"))
	d.shows("abc!")
	if d.m.View().Cursor != nil {
		t.Fatal("a hidden cursor is shown")
	}
	d.press("ctrl+]", "d")
	if d.m.View().Cursor != nil {
		t.Fatal("a cursor without focus")
	}
}

func TestShellEnd(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	s.Feed([]byte("last words"))
	s.End(runtime.Exit{Code: 7})
	d.shows("exit status 7")
	d.sees("last words")
	d.press("S", "K", "j", "ctrl+c", "enter", "s", ":", "space")
	d.send(tea.PasteMsg{Content: "rm -rf /"})
	if d.m.overlay != nil || d.m.focus != views.ShellPane || d.m.rows.selected.Name != "alpha" {
		t.Fatal("a key meant for the shell acted on the list")
	}
	d.press("q")
	d.seesNo("last words")
	if d.m.focus != views.ListPane || d.quit || len(d.m.shells.all) != 0 {
		t.Fatal("q does not close an ended shell")
	}
}

func TestShellEndsWithItsContainer(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.press("s")
	d.shows("root@alpha")
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.shows("container stopped")
	d.sees("root@alpha", "ended")
	d.press("ctrl+]", "x")
	d.seesNo("root@alpha")
}

func TestShellCannotOpen(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.rt.Fail(fake.Attach, ref("alpha"), fake.Fault{Err: errors.New("no pty left")})
	lists := d.rt.Calls(fake.List)
	d.press("s")
	d.sees("no pty left", "failed")
	if d.rt.Calls(fake.List) == lists {
		t.Error("nobody looked what became of the container")
	}
	d.press("j", "esc")
	d.at("alpha")
	if d.m.shells.shown() != nil {
		t.Fatal("esc does not close the failed shell")
	}
	d.press("j", "s")
	d.sees("bravo is stopped")
}

func TestShellThatDoesNotComeUp(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.rt.Fail(fake.Attach, ref("alpha"), fake.Fault{Stuck: true})
	d.stuck = 1
	d.press("s")
	d.sees("opening")
	d.press("ctrl+]", "d", "G") // the list goes on
	d.at("delta")
	d.press("g", "enter")
	d.pass(attachTime)
	d.stuck = 0
	d.shows("did not open within 20s")
}

func TestTypingWhileTheShellComesUp(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	all := d.session()
	c := d.m.openShell() // the session comes when the command runs; keys come first here
	d.m.Update(keyMsg("l"))
	d.m.Update(keyMsg("s"))
	d.run(c)
	d.settle()
	s := <-all
	if err := s.AwaitTyped(patient(t), "ls"); err != nil {
		t.Fatalf("typed %q", s.Typed())
	}
}

func TestSeveralShells(t *testing.T) {
	d, first, all := inShell(t, 120, 40)
	d.press("ctrl+]", "d", "G", "s")
	second := <-all
	d.sees("shell delta", "[2 delta]")
	d.press("ctrl+]", "n")
	d.sees("shell alpha", "[1 alpha]")
	d.typed("one")
	d.press("ctrl+]", "d", "G", "s") // goes back into the live one
	if len(d.m.shells.all) != 2 {
		t.Fatal("a second session in the same container")
	}
	d.typed("two")
	if first.AwaitTyped(patient(t), "one") != nil || second.AwaitTyped(patient(t), "two") != nil {
		t.Fatalf("%q %q", first.Typed(), second.Typed())
	}
	first.End(runtime.Exit{})
	d.shows("alpha: the shell has ended")
	d.press("ctrl+]", "d", "q")
	d.sees("Quit lxcdeck?", "1 shell will end")
	d.pass(questionGrace)
	d.press("enter")
	if d.quit {
		t.Fatal("enter quits")
	}
}

func TestShellKillAsks(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	d.press("ctrl+]", "k")
	d.sees("End the shell in alpha?")
	d.pass(questionGrace)
	d.press("y")
	d.shows("ended")
	if !s.Closed() {
		t.Fatal("the session is open")
	}
}

func TestShellZoomAndResize(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	r := d.m.layout.Shell
	if c, rows := s.Size(); c != r.Dx() || rows != r.Dy() {
		t.Fatalf("%dx%d in %v", c, rows, r)
	}
	d.press("ctrl+]", "z")
	if d.m.layout.Shell.Dx() != 120 || d.m.layout.Shell.Dy() != 39 {
		t.Fatal(d.m.layout.Shell)
	}
	if c, rows := s.Size(); c != r.Dx() || rows != r.Dy() {
		t.Fatalf("the pty is %dx%d at once", c, rows)
	}
	for w := 100; w < 110; w++ { // a window being dragged
		d.send(tea.WindowSizeMsg{Width: w, Height: 30})
	}
	d.pass(resizeDelay)
	if err := s.AwaitSize(patient(t), 109, 29); err != nil {
		t.Fatal(s.Size())
	}
	d.press("ctrl+]", "z")
	d.pass(resizeDelay)
	if err := s.AwaitSize(patient(t), d.m.layout.Shell.Dx(), d.m.layout.Shell.Dy()); err != nil {
		t.Fatal(s.Size())
	}
	d.send(tea.WindowSizeMsg{Width: 20, Height: 5})
	d.sees("too small")
	d.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	d.sees("shell alpha")
}

func TestContainerWantsToCopy(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	s.Feed([]byte("\x1b]52;c;YWJj\x07"))
	d.shows("alpha wants to copy 3 B")
	d.sees("ctrl+] c allows")
	if len(d.copied) != 0 {
		t.Fatal("it has copied")
	}
	d.press("ctrl+]", "c")
	if len(d.copied) != 1 || d.copied[0] != "abc" {
		t.Fatal(d.copied)
	}
	s.Feed([]byte("\x1b]52;c;ZGVm\x07"))
	d.until("the second copy", func() bool { d.pass(copyPause); return len(d.copied) == 2 })
	if d.copied[1] != "def" {
		t.Fatal(d.copied)
	}
}

// What is typed into a frozen container gets no answer: the banner says why.
func TestShellOfAFrozenContainer(t *testing.T) {
	d, _, _ := inShell(t, 80, 24)
	d.press("ctrl+]", "d", "F")
	d.pass(questionGrace)
	d.press("y")
	d.pass(5 * time.Second)
	d.press("tab")
	d.sees("shell alpha · frozen")
	d.press("ctrl+]", "d", "F")
	d.pass(5 * time.Second)
	d.seesNo("alpha · frozen")
}

// A zoomed shell has no status line: what is told stands in its banner.
func TestNoticesInAZoomedShell(t *testing.T) {
	d, s, _ := inShell(t, 80, 24)
	d.press("ctrl+]", "z")
	s.Feed([]byte("\x1b]52;c;YWJj\x07"))
	d.shows("alpha wants to copy 3 B: ctrl+] c allows")
	d.press("ctrl+]", "z")
	d.seesNo("wants to copy")
}

func TestHostileOutputStaysInItsPane(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	s.Feed([]byte("\x1b]0;evil\x1b[2J\x07\x1b]2;\x1b[31mX\x07\x1bP+q\x1b\\\x1b[999;999H\x1b[?1049h\x90\x9b2J\xff\xfe\x1b[14tdone"))
	d.shows("done")
	frame := d.m.View().Content
	for i := 0; i < len(frame); i++ {
		switch c := frame[i]; {
		case c == 0x1b && (i+1 == len(frame) || frame[i+1] != '['):
			t.Fatalf("an escape that is no CSI: %q", frame[i:min(len(frame), i+12)])
		case c == 0x1b:
			end := i + strings.IndexFunc(frame[i+2:], func(r rune) bool { return r >= 0x40 && r <= 0x7e }) + 2
			if frame[end] != 'm' {
				t.Fatalf("a sequence that is no SGR: %q", frame[i:end+1])
			}
		case c < 0x20 && c != '\n' || c == 0x7f:
			t.Fatalf("control byte %#x", c)
		}
	}
	if n := strings.Count(frame, "\n"); n != 39 {
		t.Fatalf("%d rows", n+1)
	}
}

func TestFloodPaintsAtMostOnceAFrame(t *testing.T) {
	d, s, _ := inShell(t, 120, 40)
	paints := 0
	start := time.Now()
	chunk := []byte(strings.Repeat("0123456789 flood\r\n", 400))
	for range 200 {
		s.Feed(chunk)
	}
	s.Feed([]byte("the end"))
	d.until("the end of the flood", func() bool {
		for {
			select {
			case msg := <-d.msgs:
				if _, ok := msg.(paintMsg); ok {
					paints++
				}
				d.apply(msg)
				continue
			default:
			}
			return strings.Contains(d.screen(), "the end")
		}
	})
	if most := int(time.Since(start)/frameTime) + 3; paints > most {
		t.Fatalf("%d paints, %d would do", paints, most)
	}
}

func TestReaderThatDoesNotRead(t *testing.T) {
	o := newOutbox()
	big := make([]byte, outboxLimit)
	if err := o.put(big); err != nil {
		t.Fatal(err)
	}
	if err := o.put([]byte("x")); !errors.Is(err, errOutboxFull) {
		t.Fatalf("%v", err)
	}
	if items, ok := o.take(); !ok || len(items) != 1 {
		t.Fatal("take")
	}
	if err := o.put([]byte("x")); err != nil {
		t.Fatal(err)
	}
	o.close()
	if _, ok := o.take(); ok {
		t.Fatal("take after close")
	}
	if err := o.put([]byte("x")); err == nil {
		t.Fatal("put after close")
	}
}
