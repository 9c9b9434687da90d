package runtime

import (
	"context"
	"io"
	"os"
	"strconv"
)

// Shell asks for a process in a running container.
type Shell struct {
	Ref     Ref
	Command []string // nil = the login shell of User in the container's own passwd, else /bin/sh
	User    string   // name or uid inside the container; "" = root
	Cwd     string   // inside the container; "" = the user's home, else /
	Env     []string // KEY=VALUE, added to the cleared environment
	Term    string   // TERM inside; "" = xterm-256color
	Cols    int
	Rows    int
	// Record is the audit log's number of an Exec, under which its result is written
	// where lxcdeck has died. "" = nothing is recorded.
	Record string
}

// Console asks for a tty of a running container, on which a getty or a shell of
// its own waits. Closing its Session leaves the tty and frees it; what runs on
// it runs on, as with lxc-console. Wait then gives the zero Exit, and one with a
// Reason when the container ended first.
type Console struct {
	Ref  Ref
	TTY  int // as lxc-console -t: -1 = the first free one, 0 = /dev/console, n = /dev/ttyN
	Cols int
	Rows int
}

// Which ttys a Console may ask for.
const (
	FreeTTY    = -1
	ConsoleTTY = 0
)

// MaxBootLog is how much of a boot log is given, in bytes.
const MaxBootLog = 1 << 20

// Session is a process in a container on a pty of its own, or one of the
// container's ttys. Read gives its output and io.EOF at its end; Write types.
// Read, Write, Resize and Close may be called from different goroutines.
type Session interface {
	io.ReadWriter
	// Resize sets the size of the pty in cells.
	Resize(cols, rows int) error
	// Wait blocks until the process has ended.
	Wait(context.Context) (Exit, error)
	// Close hangs up (SIGHUP to the session) and lets go of everything; it never
	// blocks for long. A console is left, without a hang-up.
	Close() error
	// Notice is a sentence for the user about how the session came to be, such
	// as the pty having to be the host's; "" = nothing to say.
	Notice() string
}

// Exit is how a process ended.
type Exit struct {
	Code   int    // exit status; 128+Signal if a signal ended it
	Signal int    // 0 = none
	Reason string // set when something else ended it, such as the container being stopped
}

// String is "exit status 0" or "signal 9".
func (e Exit) String() string {
	s := "exit status " + strconv.Itoa(e.Code)
	if e.Signal != 0 {
		s = "signal " + strconv.Itoa(e.Signal)
	}
	if e.Reason != "" {
		s += ", " + e.Reason
	}
	return s
}

// Stdio are the descriptors of a process without a pty; bytes pass unchanged.
// Pipes and sockets are handed to the process as they are; for /dev/null it gets
// the container's own. Of files, FIFOs, directories and terminals it gets a pipe,
// since it could reach or change the host through them.
type Stdio struct{ In, Out, Err *os.File }
