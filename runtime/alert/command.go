package alert

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

const (
	// commandTime is how long a command may take before its process group is killed.
	commandTime = 30 * time.Second
	// atOnce is how many run side by side, and perMinute how many are begun in a
	// minute; what is beyond that is not run.
	atOnce    = 4
	perMinute = 30
)

// ErrTooMany is the error of a command that was not run because of others.
var ErrTooMany = errors.New("too many alert commands at once")

// Command is what is run when an alert begins: arguments, never a line for a shell.
type Command struct {
	argv  []string
	check func(file string) error
	limit time.Duration
	slots chan struct{}

	mu    sync.Mutex
	begun []time.Time // in the last minute
}

// NewCommand makes one. check says what speaks against running the file; it is
// asked each time. nil = nothing does.
func NewCommand(argv []string, check func(file string) error) *Command {
	return &Command{argv: argv, check: check, limit: commandTime, slots: make(chan struct{}, atOnce)}
}

// plain keeps what a container has made from being more than text to whoever reads
// the variable.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s)
}

// env is all of the command's environment.
func env(a *Alert) []string {
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
		"LXCDECK_ALERT=" + a.Kind.String(), "LXCDECK_CONTAINER=" + plain(a.Ref.Name), "LXCDECK_LXCPATH=" + plain(a.Ref.Path),
		"LXCDECK_VALUE=" + number(a.Value), "LXCDECK_THRESHOLD=" + number(a.Threshold),
	}
}

// Run runs it and waits for its end: in a session of its own, without a terminal,
// without our descriptors, in /.
func (c *Command) Run(a Alert) error {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	default:
		return ErrTooMany
	}
	if !c.mayBegin(time.Now()) {
		return ErrTooMany
	}
	if c.check != nil {
		if err := c.check(c.argv[0]); err != nil {
			return fmt.Errorf("alert command: %w", err)
		}
	}
	// Go opens its own descriptors so that they are closed; C may not.
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("alert command: close_range: %w", err)
	}
	cmd := exec.Command(c.argv[0], c.argv[1:]...)
	cmd.Env, cmd.Dir = env(&a), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("alert command: %w", err)
	}
	var mu sync.Mutex
	over, late := false, false
	kill := time.AfterFunc(c.limit, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			late = true
			_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) // its group, while it is not reaped
		}
	})
	// Its end is awaited without reaping it, so that its pid stays its own.
	for {
		if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	mu.Lock()
	over = true
	mu.Unlock()
	kill.Stop()
	err := cmd.Wait()
	switch {
	case late:
		return fmt.Errorf("alert command %s: killed after %s", c.argv[0], c.limit)
	case err != nil:
		return fmt.Errorf("alert command %s: %w", c.argv[0], err)
	}
	return nil
}

// mayBegin bounds how many are begun in a minute.
func (c *Command) mayBegin(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.begun) > 0 && now.Sub(c.begun[0]) >= time.Minute {
		c.begun = c.begun[1:]
	}
	if len(c.begun) >= perMinute {
		return false
	}
	c.begun = append(c.begun, now)
	return true
}
