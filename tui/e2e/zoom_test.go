package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"lxcdeck/tui/drive"
	"lxcdeck/tui/vt"
)

// screen is a terminal whose waits fail the test.
type screen struct {
	t    *testing.T
	term *drive.Term
}

func (s screen) types(keys string) {
	s.t.Helper()
	want(s.t, s.term.Type(keys))
}

// fresh runs a program that gets nothing but what is typed from now on. The shell
// asks for the cursor's place behind every prompt, and what is typed in haste
// runs a program before the answer is there: that takes it for a key.
func (s screen) fresh(program string) {
	s.t.Helper()
	s.types("sh -c 'echo ready-$((1+1)); read x; exec " + program + "'\r")
	s.sees("ready-2")
	s.types("\r")
}

func (s screen) sees(text string) {
	s.t.Helper()
	want(s.t, s.term.Wait(text, patience))
}

func (s screen) gone(text string) {
	s.t.Helper()
	want(s.t, s.term.WaitGone(text, patience))
}

// zoomed opens a shell and passes it through.
func zoomed(t *testing.T) screen {
	t.Helper()
	s := host(t, "lxcdt-a")
	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("1/2 running", patience))
	want(t, term.Type("s"))
	want(t, term.Wait("#", patience))
	want(t, term.Type("\x1dz"))
	want(t, term.WaitGone("CPU%", patience))
	return screen{t, term}
}

func TestZoomIsTheWholeTerminal(t *testing.T) {
	z := zoomed(t)
	z.types("stty size\r")
	z.sees("40 120")
	z.types("until stty size | grep '^30 100'; do sleep 1; done; echo fits-$((1+1))\r")
	want(t, z.term.Resize(100, 30))
	z.sees("fits-2")

	// Programs of a full screen come and go; the screen below is right again.
	z.types("echo before-$((1+1))\r")
	z.sees("before-2")
	z.fresh("vi /tmp/z")
	z.sees("- /tmp/z 1/1")
	z.types("ihello")
	z.sees("I /tmp/z")
	z.types("\x1b")
	z.sees("- /tmp/z [Modified]")
	z.types(":wq\r")
	z.sees("before-2")

	// Back: the pane shows what happened meanwhile.
	z.types("echo meanwhile-$((1+1))\r")
	z.sees("meanwhile-2")
	z.types("\x1dz")
	z.sees("CPU%")
	z.sees("meanwhile-2")
	z.types("echo pane-$((1+1))\r")
	z.sees("pane-2")
}

// What a program leaves switched on ends with the zoom, and none of what would
// stay behind gets through.
func TestZoomLeavesNothingBehind(t *testing.T) {
	z := zoomed(t)
	z.types(`printf '\033]0;EVIL\007\033]2;EVIL\033\\\033]52;c;RVZJTA==\007\033[?1000h\033[?1006h\033[?2004h\033=\033[?1h\033[5;9r\033[4l\033(0' ; echo done-$((1+1))` + "\r")
	z.sees("2")
	if title := z.term.Title(); strings.Contains(title, "EVIL") {
		t.Errorf("the title is %q", title)
	}
	z.types("\x1dz")
	z.sees("CPU%")
	if m := z.term.Modes(); m.Mouse != vt.MouseOff || m.AppKeypad {
		t.Errorf("left behind: %+v", m)
	}
	if text := z.term.Clipboard(); text != "" {
		t.Errorf("copied without a question: %q", text)
	}
	z.types("\x1dd")
	z.types("q")
	z.sees("Quit lxcdeck?")
	z.sees("y yes")
	z.types("y")
	code, err := z.term.WaitExit(patience)
	want(t, err)
	if code != 0 {
		t.Errorf("exit status %d", code)
	}
	if m := z.term.Modes(); m.Mouse != vt.MouseOff || m.BracketedPaste || m.AppCursor || m.AppKeypad || m.KittyFlags != 0 {
		t.Errorf("after lxcdeck: %+v", m)
	}
}

// The prefix in every coding, and never inside a paste.
func TestZoomFindsThePrefix(t *testing.T) {
	z := zoomed(t)
	z.types("cat\r")
	z.types("\x1b[200~x\x1dz\x1b[93;5uy\x1b[201~\r")
	z.sees("\nxz\n") // neither of the two prefixes in it was one
	z.types("\x03\x1b[93;5uz")
	z.sees("CPU%")
	z.types("\x1dz")
	z.gone("CPU%")
	z.types("\x1b[27;5;93~")
	z.types("d")
	z.sees("CPU%")
}

// The end of the session ends the zoom; its text stays.
func TestZoomOfASessionThatEnds(t *testing.T) {
	z := zoomed(t)
	z.types("echo last-$((1+1)); exit 7\r")
	z.sees("exit status 7")
	z.sees("last-2")
}

// Hung up in a zoom: nothing stays behind.
func TestZoomAndHangUp(t *testing.T) {
	z := zoomed(t)
	want(t, z.term.HangUp())
	_, err := z.term.WaitExit(patience)
	want(t, err)
	noneLeft(t, "hang-up in a zoom")
}

func TestManySessionsInOneContainer(t *testing.T) {
	s := host(t, "lxcdt-a")
	z := screen{t, deck(t, 120, 40, "-P", s.Path)}
	z.sees("1/2")
	z.types("s")
	z.sees("#")
	z.types("echo one-$((1+1))\r")
	z.sees("one-2")
	z.types("\x1d|")
	z.sees("│── shell")
	z.types("echo two-$((1+1)); tty\r")
	z.sees("two-2")
	z.sees("/dev/")
	z.types("\x1do")
	z.sees("[2 lxcdt-a]")
	z.types("seq 1 3000; echo end-$((1+1))\r")
	z.sees("end-2")
	z.types("\x1d[/1234\r")
	z.sees("\n1234\n")
	z.types("q\x1d1")
	z.sees("one-2")
	z.sees("two-2")
	if n := strings.Count(inside(t, s, "lxcdt-a", "ps"), "sh"); n < 3 {
		t.Errorf("%d shells in the container", n)
	}
}

// However lxcdeck ends with a session in zoom and others beside it, the
// terminal is as it was found and no shell is left in the container.
func TestZoomIsLeftAsFound(t *testing.T) {
	s := host(t, "lxcdt-web")
	term := login(t)
	before := settings(t, term, "before")
	for _, end := range []struct {
		name   string
		signal syscall.Signal
	}{{"SIGTERM", syscall.SIGTERM}, {"SIGKILL", syscall.SIGKILL}, {"SIGSEGV", syscall.SIGSEGV}} {
		z := screen{t, term}
		z.types("clear; " + bin + " -P " + s.Path + "\r")
		z.sees("lxcdt-web")
		for _, open := range []string{"s", "\x1do", "\x1d|"} {
			z.types(open)
			z.sees("#")
			z.types("clear; sleep 1000 & echo up-$((1+1))\r")
			z.sees("up-2")
			z.types("clear\r")
			z.gone("up-2")
		}
		z.types("\x1dz")
		z.gone("CPU%")
		z.types(`clear; printf '\033[?1000h\033[?1006h\033[?2004h\033[?1004h\033=\033[3;9r\033[?25l\033[>1u'; echo on-$((1+1))` + "\r")
		z.sees("on-2")
		want(t, syscall.Kill(deckPID(t), end.signal))
		noneLeft(t, end.name)
		if after := settings(t, term, "after"); after != before {
			t.Errorf("%s: terminal settings are %s, were %s", end.name, after, before)
		}
		if m := term.Modes(); m.AltScreen || m.BracketedPaste || m.Mouse != 0 || m.Focus || m.AppKeypad || m.KittyFlags != 0 || !term.Cursor().Visible {
			t.Errorf("%s: modes are left on: %+v, cursor %+v", end.name, m, term.Cursor())
		}
		eventually(t, "no shell is left", func() bool { return strings.Count(inside(t, s, "lxcdt-web", "ps"), "-l") == 0 })
	}
}

// Killed in a zoom: the guard ends what a program inside has switched on.
func TestZoomAndKill(t *testing.T) {
	z := zoomed(t)
	z.types(`printf '\033[?1003h\033[?1004h\033[?1006h\033[?2004h\033[?25l\033=\033[?1h\033[5;9r\033[4h\033[>1u\033[3 q\033[3g\033(0' ; stty -echo; cat` + "\r")
	eventually(t, "the modes are set", func() bool { return z.term.Modes().Mouse == vt.MouseAny })
	want(t, z.term.Cmd.Process.Kill())
	_, err := z.term.WaitExit(patience)
	want(t, err)
	eventually(t, "the guard to have reset the terminal", func() bool {
		return z.term.Modes() == vt.New(120, 40, vt.Options{}).Modes()
	})
	noneLeft(t, "a kill in a zoom")
}

// Back in the list there is no cursor, as before.
func TestZoomTakesItsCursorAlong(t *testing.T) {
	z := zoomed(t)
	z.types("\x1dd")
	z.sees("CPU%")
	z.sees("enter to the shell")
	eventually(t, "a frame without a cursor", func() bool { return !z.term.Cursor().Visible })
}

// A key that comes to nothing says so, and the words stay for their time.
func TestZoomTellsOfKeysThatComeToNothing(t *testing.T) {
	z := zoomed(t)
	z.sees("has the whole terminal")
	for _, keys := range []struct{ typed, told string }{
		{"\x1dy", "ctrl+] y means nothing"},
		{"\x1dn", "there is no other tab"},
		{"\x1dx", "no ended shell"},
		{"\x1d!", "the pane is not split"},
	} {
		begun := time.Now()
		z.types(keys.typed)
		z.sees(keys.told)
		z.gone(keys.told)
		if stood := time.Since(begun); stood < 1900*time.Millisecond {
			t.Errorf("%q stood for %v", keys.told, stood)
		}
	}
	z.types("echo still-$((1+1))\r")
	z.sees("still-2")
	z.gone("CPU%")
}

// A terminal of any size is the program's; the screen around it would need more.
func TestZoomOnATinyTerminal(t *testing.T) {
	z := zoomed(t)
	want(t, z.term.Resize(30, 6))
	z.types("until stty size | grep '^6 30'; do sleep 1; done; echo fits-$((1+1))\r")
	z.sees("fits-2")
}
