package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"

	"lxcdeck/keymap"
	"lxcdeck/runtime/conf"
	"lxcdeck/tui/record"
)

const (
	// editorGrace is how long an editor may take to end after a hang-up, such as to
	// write what it has in memory. Then it is killed.
	editorGrace = time.Second
	// cldStopped is CLD_STOPPED of sigaction(2).
	cldStopped = 5
)

// editedMsg is the end of an editor.
type editedMsg struct {
	x    *confView
	was  []byte // what it was given
	path string // of its file; "" = there is none
	text []byte // what stands there now; nil = it could not be read
	// on is what the text is made of from now on: of a merge what somebody else has
	// saved. nil = what it was made of before.
	on     *confBase
	beside string // what the editor has not written to the file; "" = nothing
	err    error  // why it did not begin, or how it failed
}

// editFile names the file of an edit that begins at an instant.
func (x *confView) editFile(at time.Time) string {
	name := "default"
	if x.of.Default == "" {
		name = x.of.Ref.Name
	}
	return record.Name("edit-"+name, "conf", at)
}

// editPattern finds such files, whenever they began.
func (x *confView) editPattern() string {
	const stamp = "0001-01-01-000000.conf"
	name := x.editFile(time.Time{})
	return name[:len(name)-len(stamp)] + "????-??-??-??????.conf"
}

// confBase is what a draft is made of.
type confBase struct {
	text    []byte
	version string
}

// edit gives the draft to an editor, or another text that becomes it, which is made
// of on.
func (x *confView) edit(m *Model, text []byte, on *confBase) tea.Cmd {
	if m.editor == nil || m.saveDir == "" {
		m.say(noteWarn, x.name+" is not edited: there is no terminal for an editor, or no home directory for its file", m.keyDoes(keymap.ConfSet, "changes one key"))
		return nil
	}
	if text == nil {
		text = x.text()
	}
	now, dir, places, run, ctx := m.clock.Now(), m.saveDir, m.savePlaces(), m.editor, m.out.ctx
	m.leaving = true // what is typed is the editor's
	return cmd("editor", func() tea.Msg {
		m.pace.hush(settleTime)
		msg := editedMsg{x: x, was: text, on: on}
		f, err := record.Create(filepath.Join(dir, x.editFile(now)), places)
		for i := 1; i < 60 && errors.Is(err, record.ErrExists); i++ { // one of this second is kept
			f, err = record.Create(filepath.Join(dir, x.editFile(now.Add(time.Duration(i)*time.Second))), places)
		}
		if err == nil {
			msg.path = f.Name()
			_, err = f.Write(text)
			err = errors.Join(err, f.Close())
		}
		if err == nil {
			err = run(ctx, msg.path)
			msg.beside = unwritten(msg.path)
		}
		msg.err = err
		if got, err := conf.Open(msg.path); err == nil && msg.path != "" {
			msg.text = append([]byte{}, got.Text...)
		}
		return msg
	})
}

// arrive takes the screen back, and what was written.
func (msg editedMsg) arrive(m *Model) tea.Cmd {
	m.leaving = false
	m.pace.speak()
	acts := []tea.Cmd{tea.ClearScreen, m.restarted()}
	if m.sizer != nil {
		m.sizer.ask()
	}
	x, same := msg.x, string(msg.text) == string(msg.was)
	x.kept = ""
	switch {
	case msg.beside != "":
		m.say(noteWarn, "the editor did not come to its end; "+recovery(msg.path, msg.beside), "")
		return tea.Batch(acts...)
	case msg.err != nil && (msg.path == "" || msg.text != nil && same):
		m.say(noteError, x.name+" is not edited: "+msg.err.Error(), "VISUAL or EDITOR names the editor")
		return tea.Batch(append(acts, removing(msg.path))...)
	case msg.err != nil:
		m.say(noteError, "the editor failed: "+msg.err.Error()+"; the text is kept in "+msg.path, "")
		return tea.Batch(acts...)
	case msg.text == nil:
		m.say(noteError, "what was edited of "+x.name+" cannot be read: "+msg.path, "look at that file: it is not removed")
		return tea.Batch(acts...)
	case m.configOpen() != x:
		m.say(noteWarn, "the text is kept in "+msg.path, "")
		return tea.Batch(acts...)
	case same && !x.drafted && string(msg.was) == string(x.base):
		m.say(noteInfo, x.name+": nothing was changed", "")
		return tea.Batch(append(acts, removing(msg.path))...)
	}
	x.kept = msg.path
	if msg.on != nil {
		x.base, x.version = msg.on.text, msg.on.version
	}
	return tea.Batch(append(acts, x.take(m, msg.text))...)
}

// leftEdits names the newest file of an edit that never ended, and how many more there
// are; "" = there is none. One whose text was saved all the same is none, unless the
// editor has kept something beside it.
func leftEdits(dir, pattern string, now []byte) string {
	all, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return ""
	}
	slices.Sort(all)
	said, more := "", 0
	for _, path := range slices.Backward(all) {
		beside := unwritten(path)
		got, err := conf.Open(path)
		switch {
		case beside == "" && (err != nil || got.Dir || bytes.Equal(got.Text, now)):
		case said != "":
			more++
		case beside != "":
			said = "an edit of it never ended; " + recovery(path, beside)
		default:
			said = "an edit of it that never ended lies in " + path
		}
	}
	if more > 0 {
		said += fmt.Sprintf("; %d older beside it", more)
	}
	return said
}

// removing removes the file of an edit that has come to its end: it lies among
// what is saved, and is this user's own.
func removing(path string) tea.Cmd {
	if path == "" {
		return nil
	}
	return cmd("editor", func() tea.Msg {
		if unwritten(path) == "" {
			_ = os.Remove(path)
		}
		return nil
	})
}

// unwritten is the file beside one that was edited in which an editor that did not
// come to its end has kept what was not written yet; "" = there is none. Vim's swap
// files, what emacs saves by itself, and what nano writes when it is hung up.
func unwritten(path string) string {
	dir, name := filepath.Split(path)
	for _, beside := range []string{"." + name + ".sw[a-p]", "#" + name + "#", name + ".save*", "." + name + ".save*"} {
		if all, err := filepath.Glob(dir + beside); err == nil && len(all) > 0 {
			return all[0]
		}
	}
	return ""
}

// recovery says how such a file is read.
func recovery(path, beside string) string {
	if strings.Contains(filepath.Base(beside), ".sw") {
		return "what was typed lies in " + beside + ": vi -r " + path + " reads it"
	}
	return "what was typed lies in " + beside
}

// editor is an editor on the terminal of the screen.
type editor struct {
	t      *terminal
	jobctl *suspender
	env    []string
	spawn  func(where string, work func())
	ended  chan struct{} // closed when the terminal is whole again
}

// runEditor gives the terminal to an editor until it ends. The loop goes on
// meanwhile, as it does during a zoom.
func (m *Model) runEditor(env []string) func(context.Context, string) error {
	return func(ctx context.Context, file string) (err error) {
		words, err := conf.Editor(func(name string) string { return envValue(env, name) })
		if err != nil {
			return err
		}
		e := &editor{t: m.terminal, jobctl: m.jobctl, env: env, spawn: m.out.spawn, ended: make(chan struct{})}
		m.out.editing.Store(e)
		defer func() {
			close(e.ended)
			m.out.editing.Store(nil)
		}()
		before, err := term.GetState(e.t.in.Fd())
		if err == nil {
			err = e.t.release()
		}
		if err != nil {
			return fmt.Errorf("take the terminal: %w", err)
		}
		err = e.run(ctx, append(words, file))
		select {
		case <-e.t.hungUp: // the terminal may be gone
			return errors.Join(err, errHungUp)
		default:
		}
		// What a killed editor has left of its settings is not for the shell either.
		rerr := e.t.restore()
		if rerr != nil {
			rerr = errors.Join(rerr, term.Restore(e.t.in.Fd(), before))
		}
		return errors.Join(err, rerr)
	}
}

var errHungUp = errors.New("hung up")

// run runs a command in the foreground of the terminal, in a process group of its
// own: what ctrl+c ends is the command, and not lxcdeck as well.
func (e *editor) run(ctx context.Context, words []string) error {
	tty := int(e.t.in.Fd())
	c := exec.Command(words[0], words[1:]...)
	c.Stdin, c.Stdout, c.Stderr, c.Env = e.t.in, e.t.out, e.t.out, e.env
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if pgrp, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP); err == nil && pgrp == unix.Getpgrp() {
		c.SysProcAttr.Foreground, c.SysProcAttr.Ctty = true, tty
		defer foreground(tty, pgrp) // it has it even where the program is not there
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("%s: %w", words[0], err)
	}
	over := make(chan struct{})
	e.spawn("editor", func() { e.watch(ctx, c.Process.Pid, over) })
	e.await(c.Process.Pid)
	err := c.Wait()
	close(over)
	if err != nil {
		return fmt.Errorf("%s: %w", words[0], err)
	}
	return nil
}

// await waits for the end. A stop, as by ctrl+z, stops lxcdeck too where a shell
// could bring both back; elsewhere it is undone.
func (e *editor) await(pid int) {
	for {
		var end unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &end, unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil || end.Code != cldStopped:
			return
		}
		_ = unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED, nil) // taken note of
		tty := int(e.t.in.Fd())
		if resumable() && foreground(tty, unix.Getpgrp()) {
			_ = e.jobctl.Run() // where it was not stopped, the editor goes on at once
		}
		foreground(tty, pid)
		_ = unix.Kill(-pid, unix.SIGCONT)
	}
}

// foreground gives the terminal to a process group. Whoever is in the background
// and does that is stopped by SIGTTOU, unless it ignores that (tcsetpgrp(3)).
func foreground(tty, pgrp int) bool {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	return unix.IoctlSetPointerInt(tty, unix.TIOCSPGRP, pgrp) == nil
}

// watch ends the editor with the program: it is told of the hang-up, so that it
// can keep what it has in memory, and killed if that does not end it.
func (e *editor) watch(ctx context.Context, pid int, over <-chan struct{}) {
	select {
	case <-over:
		return
	case <-ctx.Done():
	case <-e.t.hungUp:
	}
	_ = unix.Kill(-pid, unix.SIGHUP)
	_ = unix.Kill(-pid, unix.SIGCONT)
	select {
	case <-over:
	case <-time.After(editorGrace):
		_ = unix.Kill(-pid, unix.SIGKILL)
	}
}
