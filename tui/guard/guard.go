// Package guard gives the terminal back when lxcdeck can no longer do so
// itself: after SIGKILL, or a crash in C that no Go code can catch.
//
// A guard is a second, sleeping process of the same binary. It holds the
// terminal, the settings it was found with, and one end of a pipe whose other
// end only lxcdeck holds. A word through the pipe says that all is well; the
// pipe's end without that word says that lxcdeck died.
package guard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// arg is the hidden argument that makes the binary a guard.
const arg = "--lxcdeck-guard"

// Descriptors of the guard process.
const (
	pipeFD = 3
	ttyFD  = 4
)

// allIsWell is the word that dismisses the guard.
const allIsWell = 'q'

// Reset brings a terminal back to what a shell expects, also where a program
// in a container had it for itself. In order: end of any string and of
// synchronized output, cursor shown and of its own shape, no mouse, no focus
// reports, no bracketed paste, kitty keyboard and modifyOtherKeys off; cursor
// keys, keypad, reverse, origin, wrap, insert and line feed as at first;
// ASCII, no hyperlink, no protection, SGR reset; the whole screen scrolls and
// every eighth column is a tab stop; alternate screen left (xterm's ctlseqs; the
// kitty keyboard protocol). All of it is what the filter of a zoom lets through.
//
// The end of origin mode and of margins moves the cursor. It goes below all
// text, and is where it was if there was an alternate screen: on the main one,
// as with "lxcdeck shell", a prompt must not stand over the text.
func Reset() string {
	b := []byte("\x1b\\\x1b[?2026l\x1b[?25h\x1b[?12l\x1b[0 q\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l" +
		"\x1b[?2004l\x1b[<u\x1b[>4;0m\x1b[?1l\x1b[?66l\x1b>\x1b[?5l\x1b[?6l\x1b[?7h\x1b[4l\x1b[20l" +
		"\x0f\x1b(B\x1b)B\x1b*B\x1b+B\x1b]8;;\x1b\\\x1b[0\"q\x1b[0m\x1b[r\x1b[3g")
	for column := 9; column <= widestScreen; column += 8 {
		b = append(strconv.AppendInt(append(b, "\x1b["...), int64(column), 10), "G\x1bH"...)
	}
	// The last column has got those that are off the screen. DECST8C does all of
	// it right where it is known.
	return string(append(b, "\x1b[9999G\x1b[g\x1b[?5W\x1b[9999;1H\n\x1b7\x1b[?1049l\r"...))
}

// widestScreen is how far tab stops are set.
const widestScreen = 1000

// Guard is the handle of a running guard process.
type Guard struct {
	cmd  *exec.Cmd
	pipe *os.File
}

// Start starts a guard for tty, whose present settings it will restore.
// message is what it prints after it had to.
func Start(tty *os.File, message string) (*Guard, error) {
	found, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("start the terminal guard: read the terminal's settings: %w", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the terminal guard: %w", err)
	}
	defer func() { _ = r.Close() }()
	cmd := exec.Command("/proc/self/exe", arg, message)
	cmd.Args[0] = "lxcdeck-guard"
	cmd.Env = []string{"GOMAXPROCS=1", "GOTRACEBACK=none"}
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{r, tty}
	// Its own process group: keys that signal the foreground do not reach it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("start the terminal guard: %w", err)
	}
	g := &Guard{cmd, w}
	if err := binary.Write(w, binary.NativeEndian, found); err != nil {
		return nil, errors.Join(fmt.Errorf("start the terminal guard: %w", err), g.Dismiss())
	}
	return g, nil
}

// Dismiss tells the guard that the terminal is in order, and waits for its end.
func (g *Guard) Dismiss() error {
	_, err := g.pipe.Write([]byte{allIsWell})
	return errors.Join(err, g.pipe.Close(), g.cmd.Wait())
}

// Abandon leaves the terminal to the guard: it takes nothing now, and is put
// right as soon as it does.
func (g *Guard) Abandon() error { return g.pipe.Close() }

// Main serves as a guard and exits if this process was started as one;
// otherwise it returns at once.
func Main() {
	if len(os.Args) != 3 || os.Args[1] != arg {
		return
	}
	// A background process that sets a terminal or writes to it is stopped
	// by SIGTTOU, unless it ignores that signal (termios(3)).
	signal.Ignore(syscall.SIGTTOU, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGTSTP)
	if err := serve(os.NewFile(pipeFD, "pipe"), os.NewFile(ttyFD, "tty"), os.Args[2]); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(pipe, tty *os.File, message string) error {
	var found unix.Termios
	if err := binary.Read(pipe, binary.NativeEndian, &found); err != nil {
		return fmt.Errorf("read the terminal's settings: %w", err)
	}
	closeOthers()
	word, err := io.ReadAll(pipe)
	if len(word) > 0 && word[0] == allIsWell {
		return err
	}
	_, werr := io.WriteString(tty, Reset())
	var terr error
	if raw(tty) {
		terr = unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETSF, &found)
	}
	_, merr := io.WriteString(tty, message+"\r\n")
	return errors.Join(werr, terr, merr)
}

// closeOthers closes what was inherited beside pipe and tty: it could keep a pty open.
// The Go runtime's own event queue stays, which it has as soon as any package has
// opened a file: without it a wait for nothing is a fatal error (netpoll_epoll.go).
func closeOthers() {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, e := range open {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= ttyFD {
			continue
		}
		if what, err := os.Readlink("/proc/self/fd/" + e.Name()); err != nil || strings.HasPrefix(what, "anon_inode:[event") {
			continue // gone with the directory's own, or the runtime's
		}
		_ = unix.Close(fd)
	}
}

// raw says whether a terminal still has the settings of a screen. A shell that
// got there first has put it right, or reads a line with settings of its own,
// which are not ours to change: no line editor does without OPOST (termios(3)).
func raw(tty *os.File) bool {
	now, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	return err != nil || now.Oflag&unix.OPOST == 0
}
