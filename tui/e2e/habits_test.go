package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lxcdeck/tui/drive"
)

// login starts a bash, as a person has it around lxcdeck.
func login(t *testing.T) *drive.Term {
	t.Helper()
	cmd := exec.Command("bash", "--norc", "--noprofile", "-i")
	// What bash itself switches on is not for us to leave on.
	inputrc := filepath.Join(t.TempDir(), "inputrc")
	want(t, os.WriteFile(inputrc, []byte("set enable-bracketed-paste off\n"), 0o600))
	cmd.Env = env(t, "PS1=PROMPT> ", "HISTFILE=", "INPUTRC="+inputrc)
	term := start(t, cmd, 120, 40)
	want(t, term.Wait("PROMPT>", patience))
	return term
}

// settings reads the terminal's settings through stty, below a marker of its own.
// What the terminal has answered to a program that was killed stands on the shell's
// line by then: ctrl+u takes it away.
func settings(t *testing.T, term *drive.Term, marker string) string {
	t.Helper()
	want(t, term.Type(fmt.Sprintf("\x15clear; echo %s-$((1+1)); stty -g\r", marker)))
	var found string
	want(t, term.WaitFunc("the settings", patience, func(screen string) bool {
		lines := strings.Split(screen, "\n")
		for i, l := range lines {
			if strings.HasPrefix(l, marker+"-2") && i+2 < len(lines) && strings.HasPrefix(lines[i+2], "PROMPT>") {
				found = lines[i+1]
				return true
			}
		}
		return false
	}))
	return found
}

// pid waits for the one lxcdeck on the terminal and gives its pid.
func deckPID(t *testing.T) int {
	t.Helper()
	var pid int
	eventually(t, "lxcdeck runs", func() bool {
		out, err := exec.Command("pgrep", "-of", bin).Output()
		_, serr := fmt.Sscan(string(out), &pid)
		return err == nil && serr == nil
	})
	return pid
}

// However lxcdeck ends, the terminal is as it was found.
func TestTerminalIsLeftAsFound(t *testing.T) {
	s := host(t, "lxcdt-web")
	term := login(t)
	before := settings(t, term, "before")
	for _, end := range []struct {
		name string
		do   func()
	}{
		{"q", func() { want(t, term.Type("q")) }},
		{"SIGTERM", func() { want(t, syscall.Kill(deckPID(t), syscall.SIGTERM)) }},
		{"SIGKILL", func() { want(t, syscall.Kill(deckPID(t), syscall.SIGKILL)) }},
		{"SIGSEGV", func() { want(t, syscall.Kill(deckPID(t), syscall.SIGSEGV)) }},
	} {
		want(t, term.Type("clear; "+bin+" -P "+s.Path+"\r"))
		want(t, term.Wait("lxcdt-web", patience))
		if !term.Modes().AltScreen {
			t.Errorf("%s: not on the alternate screen", end.name)
		}
		end.do()
		// The guard may leave the other screen after the shell has written to it.
		noneLeft(t, end.name)
		if after := settings(t, term, "after"); after != before {
			t.Errorf("%s: terminal settings are %s, were %s", end.name, after, before)
		}
		if m := term.Modes(); m.AltScreen || m.BracketedPaste || m.Mouse != 0 || !term.Cursor().Visible {
			t.Errorf("%s: modes are left on: %+v, cursor %+v", end.name, m, term.Cursor())
		}
	}
}

func TestSuspendAndForeground(t *testing.T) {
	s := host(t, "lxcdt-web")
	term := login(t)
	want(t, term.Type(bin+" -P "+s.Path+"\r"))
	want(t, term.Wait("lxcdt-web", patience))
	want(t, term.Type("\x1a"))
	want(t, term.Wait("Stopped", patience))
	want(t, term.Type("echo still-$((1+1))\r"))
	want(t, term.Wait("still-2", patience))
	want(t, term.Type("fg\r"))
	want(t, term.Wait("1/2", patience))
	want(t, term.Type("?"))
	want(t, term.Wait("Help on the list", patience))
	want(t, term.Type("\x1b"))
	want(t, term.WaitGone("Help on the list", patience))
	want(t, term.Type("q"))
	want(t, term.Wait("PROMPT>", patience))
	// The prompt is on the main screen as soon as lxcdeck leaves its own: its
	// shell must not be hung up before it has ended.
	noneLeft(t, "q")
}

// suspended is lxcdeck below a login shell, and that it stopped.
func suspended(t *testing.T) *drive.Term {
	t.Helper()
	s := host(t, "lxcdt-web")
	term := login(t)
	want(t, term.Type(bin+" -P "+s.Path+"\r"))
	want(t, term.Wait("lxcdt-web", patience))
	want(t, term.Type("\x1a"))
	want(t, term.Wait("Stopped", patience))
	return term
}

// What a shell sends to a stopped job ends it: the terminal is the shell's
// then, and is left alone.
func TestSuspendedIsEndedByItsShell(t *testing.T) {
	term := suspended(t)
	before := settings(t, term, "before")
	want(t, term.Type("clear; kill %1; wait; echo over-$((1+1))\r"))
	want(t, term.Wait("over-2", patience))
	noneLeft(t, "kill %1")
	if after := settings(t, term, "after"); after != before || term.Modes().AltScreen {
		t.Errorf("terminal settings are %s, were %s; modes: %+v", after, before, term.Modes())
	}
}

func TestHangUpEndsASuspendedLxcdeck(t *testing.T) {
	term := suspended(t)
	want(t, term.HangUp())
	noneLeft(t, "the hang-up")
}

func TestBackgroundStopsAgainUntilForeground(t *testing.T) {
	term := suspended(t)
	before := settings(t, term, "before")
	want(t, term.Type("clear; bg; echo on-$((1+1))\r"))
	want(t, term.Wait("on-2", patience))
	eventually(t, "lxcdeck is stopped again", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", deckPID(t)))
		want(t, err)
		return strings.Contains(string(stat), ") T ")
	})
	if after := settings(t, term, "after"); after != before || term.Modes().AltScreen {
		t.Errorf("terminal settings are %s, were %s; modes: %+v", after, before, term.Modes())
	}
	want(t, term.Type("clear; fg\r"))
	want(t, term.Wait("1/2", patience))
	want(t, term.Type("q"))
	noneLeft(t, "q")
}

// As below "ssh -t host lxcdeck": no shell is there that fg could be typed to.
func TestSuspendIsRefusedWithoutJobControl(t *testing.T) {
	s := host(t, "lxcdt-web")
	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("1/2 running", patience))
	want(t, term.Type("\x1a"))
	want(t, term.Wait("not suspended: no shell with job control", patience))
	want(t, term.Type("?"))
	want(t, term.Wait("Help on the list", patience))
}

func TestHangUpEndsShellsNotContainers(t *testing.T) {
	s := host(t, "lxcdt-web")
	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("1/2 running", patience))
	want(t, term.Type("s"))
	want(t, term.Wait("#", patience))
	want(t, term.Type("sleep 4242\r"))
	eventually(t, "the command runs", func() bool { return strings.Contains(inside(t, s, "lxcdt-web", "ps"), "sleep 4242") })
	want(t, term.HangUp())
	_, err := term.WaitExit(patience)
	want(t, err)
	noneLeft(t, "the hang-up")
	eventually(t, "the shell is gone", func() bool { return !strings.Contains(inside(t, s, "lxcdt-web", "ps"), "sleep 4242") })
	if st := state(t, s, "lxcdt-web"); st != "RUNNING" {
		t.Errorf("the container is %s", st)
	}
}

func TestOddTerminals(t *testing.T) {
	s := host(t, "lxcdt-web")
	for _, c := range []struct{ name, term string }{{"dumb", "TERM=dumb"}, {"unset", "X=1"}} {
		cmd := exec.Command(bin, "-P", s.Path)
		for _, e := range env(t) {
			if !strings.HasPrefix(e, "TERM=") {
				cmd.Env = append(cmd.Env, e)
			}
		}
		cmd.Env = append(cmd.Env, c.term)
		term := start(t, cmd, 100, 30)
		want(t, term.WaitFunc("the plain list and a word on TERM", patience, func(screen string) bool {
			return strings.Contains(screen, "lxcdt-web") && strings.Contains(screen, "TERM")
		}))
		if term.Modes().AltScreen {
			t.Errorf("%s: escapes were written", c.name)
		}
	}
	cmd := exec.Command(bin, "-P", s.Path)
	cmd.Env = env(t)
	out, err := cmd.CombinedOutput()
	want(t, err)
	if !strings.Contains(string(out), "lxcdt-web") || !strings.Contains(string(out), "ssh -t") {
		t.Errorf("without a terminal: %s", out)
	}
}
