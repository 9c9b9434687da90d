package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"lxcdeck/runtime/lxctest"
	"lxcdeck/tui/vt"
)

// Keys of lxcdeck's screen. The prefix is ctrl+].
const (
	keyShell = "s"       // in the list: into a shell of the selected container
	keyOther = "\x1do"   // in a shell: one more in the same container
	keyLeave = "\x1dd"   // in a shell: back to the list
	keyZoom  = "\x1dz"   // in a shell: the whole screen for it
	keyDown  = "\x1b[B"  // in the list
	keyUp    = "\x1b[A"  // in the list
	ctrlC    = "\x03"    // for the program inside
	rubOut   = "\x7f"    // for the shell inside
	killLine = "\x15"    // for the shell inside: away with all that was typed
	listHead = "MEM/LIM" // a column of the list, as long as there is one
)

// rootPrompt is in what the shells inside show at first, prompt what they are
// told to show. Neither stands anywhere else on the screen.
const (
	rootPrompt = " #"
	prompt     = "go>"
)

// The ways to a shell that are compared, in the order in which they take turns.
const (
	viaNsenter = iota
	viaAttach
	viaTmux
	viaPane
	viaZoom
	wayCount
)

// stage is one running container. All ways lead to the same shell in it,
// busybox ash.
type stage struct {
	bin     string
	scratch *lxctest.Scratch
	name    string
	end     []func() error
}

// onStage sets a stage up, lets do measure on it, and takes everything away.
func (b *bench) onStage(do func(*stage) error) (err error) {
	scratch, err := lxctest.Make()
	if err != nil {
		return err
	}
	s := &stage{bin: b.bin, scratch: scratch, end: []func() error{scratch.Remove}}
	defer func() {
		for _, end := range slices.Backward(s.end) {
			err = errors.Join(err, end())
		}
	}()
	names, err := scratch.AddMany(1)
	if err != nil {
		return err
	}
	s.name = names[0]
	return do(s)
}

// onWays gives measure all ways, each with a shell at its prompt. They stay
// open while they take turns.
func (b *bench) onWays(measure func(ways [wayCount]*line) error) error {
	return b.onStage(func(s *stage) error {
		var ways [wayCount]*line
		for i, open := range [wayCount]func() (*line, error){s.openNsenter, s.openAttach, s.openTmux, s.openPane, s.openZoom} {
			l, err := open()
			if err != nil {
				return err
			}
			if err := l.settle(); err != nil {
				return err
			}
			ways[i] = l
		}
		return measure(ways)
	})
}

// start puts a program on a line that is closed with the stage.
func (s *stage) start(cmd *exec.Cmd) (*line, error) {
	l, err := lineOf(cmd)
	if err == nil {
		s.end = append(s.end, l.close)
	}
	return l, err
}

// attach is the shell as LXC's own tool opens it.
func (s *stage) attach() []string {
	return []string{"lxc-attach", "-P", s.scratch.Path, "-n", s.name, "--", "/bin/sh", "-l"}
}

// openNsenter is the floor: a bare pty and the shell, with nothing between.
func (s *stage) openNsenter() (*line, error) {
	out, err := exec.Command("lxc-info", "-P", s.scratch.Path, "-n", s.name, "-p", "-H").Output()
	if err != nil {
		return nil, fmt.Errorf("ask for the init of %s: %w", s.name, err)
	}
	pid := strings.TrimSpace(string(out))
	return s.start(exec.Command("nsenter", "-t", pid, "-m", "-u", "-i", "-n", "-p", "/bin/sh", "-l"))
}

// openAttach is lxc-attach in a bare pty: what a person has without lxcdeck. It
// gives the shell a terminal of the container and copies between the two.
func (s *stage) openAttach() (*line, error) {
	cmd := s.attach()
	return s.start(exec.Command(cmd[0], cmd[1:]...))
}

// openTmux is a tmux without settings, with a server and sockets of its own.
func (s *stage) openTmux() (*line, error) {
	dir, err := os.MkdirTemp("", lxctest.Prefix+"tmux-")
	if err != nil {
		return nil, fmt.Errorf("make a place for tmux: %w", err)
	}
	s.end = append(s.end, func() error { return os.RemoveAll(dir) })
	run := func(args ...string) *exec.Cmd {
		cmd := exec.Command("tmux", append([]string{"-L", "bench", "-f", "/dev/null"}, args...)...)
		cmd.Env = append(environment(), "TMUX_TMPDIR="+dir)
		return cmd
	}
	l, err := s.start(run(append([]string{"new-session"}, s.attach()...)...))
	if err != nil {
		return nil, err
	}
	l.stop = func() error {
		if out, err := run("kill-server").CombinedOutput(); err != nil {
			return fmt.Errorf("end tmux: %w: %s", err, out)
		}
		return nil
	}
	return l, nil
}

// openPane is a shell below the list.
func (s *stage) openPane() (*line, error) {
	l, err := s.start(exec.Command(s.bin, "-P", s.scratch.Path))
	if err != nil {
		return nil, err
	}
	if err := l.shows("", "1/1"); err != nil {
		return nil, err
	}
	return l, l.press(keyShell)
}

// openZoom is the same with the whole screen.
func (s *stage) openZoom() (*line, error) {
	l, err := s.openPane()
	if err != nil {
		return nil, err
	}
	if err := l.shows("", rootPrompt); err != nil {
		return nil, err
	}
	_, err = l.send("the zoomed shell", keyZoom, func(s *vt.Terminal, _ []byte) bool { return !contains(s, listHead) })
	if err != nil {
		return nil, err
	}
	_, err = l.quiet(500 * time.Millisecond)
	return l, err
}

// blanks go before what is typed at a prompt of busybox: it asks there where the
// cursor is, and throws away what it reads together with the answer, 16 bytes
// at most.
const blanks = "                "

// order is what is typed for a shell to do something.
func order(text string) string { return blanks + text + "\r" }

// answers waits for the shell inside. What is waited for is not in what is
// typed.
func (l *line) answers(id string) error {
	return l.shows(order("echo up-$((1+1))-"+id), "up-2-"+id)
}

// settle leaves the shell with an empty screen and our prompt, and notes where
// its input begins.
//
// A shell that starts throws away what was typed before, so its own prompt is
// awaited. It is gone with the screen, so that in the next session on the same
// screen it can be awaited again.
func (l *line) settle() error {
	if err := l.shows("", rootPrompt); err != nil {
		return err
	}
	if err := l.answers("1"); err != nil {
		return err
	}
	promptAt := func(s *vt.Terminal, rest string) int {
		return rowOf(s, func(row string) bool {
			after, ok := strings.CutPrefix(row, prompt)
			return ok && strings.TrimSpace(after) == rest
		})
	}
	for _, step := range []struct{ what, keys, shows string }{
		{"an empty screen", order("PS1='" + prompt + " '; clear"), ""},
		{"a shell that listens", blanks + "Q", "Q"},
		{"an empty prompt", killLine, ""},
	} {
		_, err := l.send(step.what, step.keys, func(s *vt.Terminal, _ []byte) bool {
			l.x, l.y = len(prompt)+1, promptAt(s, step.shows)
			return l.y >= 0 && !contains(s, "up-")
		})
		if err != nil {
			return err
		}
		// The shell asks where the cursor is, and loses what comes with the answer.
		if _, err := l.quiet(200 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
