package runtimetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// terminal reads a session all the time, as a screen does.
type terminal struct {
	t       *testing.T
	session runtime.Session
	mu      sync.Mutex
	shown   []byte
	end     error
	done    chan struct{}
}

func (s *suite) attach(t *testing.T, sh runtime.Shell) *terminal {
	t.Helper()
	session, err := s.rt.Attach(s.context(t), sh)
	if err != nil {
		t.Fatal(err)
	}
	return watch(t, session)
}

// watch reads a session until its end.
func watch(t *testing.T, session runtime.Session) *terminal {
	t.Helper()
	term := &terminal{t: t, session: session, done: make(chan struct{})}
	go func() {
		defer close(term.done)
		buf := make([]byte, 4096)
		for {
			n, err := session.Read(buf)
			if bytes.Contains(buf[:n], []byte("\x1b[6n")) {
				_, _ = session.Write([]byte("\x1b[1;1R")) // busybox asks at each prompt; a session that ended needs no answer
			}
			term.mu.Lock()
			term.shown = append(term.shown, buf[:n]...)
			term.end = err
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Errorf("close of the session: %v", err)
		}
		_ = term.over() // after a close any end will do
	})
	return term
}

// want waits until text was shown, and forgets all up to it.
func (term *terminal) want(text string) {
	term.t.Helper()
	eventually(term.t, func() bool {
		term.mu.Lock()
		defer term.mu.Unlock()
		i := bytes.Index(term.shown, []byte(text))
		if i >= 0 {
			term.shown = term.shown[i+len(text):]
		}
		return i >= 0
	}, func() string {
		term.mu.Lock()
		defer term.mu.Unlock()
		return "no " + text + " in " + string(bytes.ToValidUTF8(term.shown, []byte("?")))
	})
}

func (term *terminal) enter(text string) {
	term.t.Helper()
	if _, err := term.session.Write([]byte(text)); err != nil {
		term.t.Fatalf("write: %v", err)
	}
}

// over waits for the end of the output.
func (term *terminal) over() error {
	term.t.Helper()
	select {
	case <-term.done:
	case <-time.After(Patience):
		term.t.Fatal("Read does not come back")
	}
	return term.end
}

func (term *terminal) exit() runtime.Exit {
	term.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	exit, err := term.session.Wait(ctx)
	if err != nil {
		term.t.Fatalf("wait: %v", err)
	}
	return exit
}

func testShell(t *testing.T, s *suite) {
	ref := s.make(t, "shell", runtime.Running)
	term := s.attach(t, runtime.Shell{Ref: ref, Cols: 91, Rows: 33})
	// The quotes keep the echo of what is typed from being taken for the answer.
	term.enter("echo on\"\"e two\r")
	term.want("one two")
	term.enter("stty size\r")
	term.want("33 91")
	if err := term.session.Resize(70, 20); err != nil {
		t.Fatal(err)
	}
	term.enter("stty size\r")
	term.want("20 70")
	term.enter("echo go\"\"ing; cat\r")
	term.want("going") // the shell's own line editing is off from here
	term.enter("meow\r")
	term.want("meow") // the echo
	term.want("meow") // cat's
	term.enter("\x03")
	term.want("# ") // the interrupt drops what was typed before the prompt
	term.enter("echo aft\"\"er\r")
	term.want("after")
}

func testShellExit(t *testing.T, s *suite) {
	ref := s.make(t, "exit", runtime.Running)
	term := s.attach(t, runtime.Shell{Ref: ref, Cols: 80, Rows: 24})
	term.enter("exit 7\r")
	if exit := term.exit(); exit.Code != 7 || exit.Signal != 0 || exit.Reason != "" {
		t.Errorf("exit = %+v, want status 7", exit)
	}
	if err := term.over(); !errors.Is(err, io.EOF) {
		t.Errorf("the output ended with %v, want io.EOF", err)
	}
	term = s.attach(t, runtime.Shell{Ref: ref, Command: []string{"echo", "it is", "here"}, Cols: 80, Rows: 24})
	term.want("it is here")
	if exit := term.exit(); exit.Code != 0 {
		t.Errorf("exit of a command = %+v", exit)
	}
}

func testShellClose(t *testing.T, s *suite) {
	ref := s.make(t, "close", runtime.Running)
	term := s.attach(t, runtime.Shell{Ref: ref, Cols: 80, Rows: 24})
	term.enter("echo re\"\"ady\r")
	term.want("ready")
	if err := term.session.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := term.over(); err == nil {
		t.Error("Read goes on after Close")
	}
	term.exit()
	if err := term.session.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if _, err := term.session.Write([]byte("x")); err == nil {
		t.Error("Write after Close succeeds")
	}
}

func testShellStopped(t *testing.T, s *suite) {
	ref := s.make(t, "under", runtime.Running)
	term := s.attach(t, runtime.Shell{Ref: ref, Cols: 80, Rows: 24})
	term.enter("echo re\"\"ady\r")
	term.want("ready")
	s.Stop(t, ref)
	_ = term.over() // how the pty ends is the kernel's
	if exit := term.exit(); exit.Code == 0 {
		t.Errorf("the container was stopped under its shell: %+v, want no success", exit)
	}
	s.await(t, ref, runtime.Stopped)
}

func testShellRefused(t *testing.T, s *suite) {
	ref := s.make(t, "refused", runtime.Stopped)
	for _, state := range []runtime.State{runtime.Stopped, runtime.Frozen} {
		s.bring(t, ref, state)
		_, err := s.rt.Attach(s.context(t), runtime.Shell{Ref: ref, Cols: 80, Rows: 24})
		wantError(t, err, runtime.ErrWrongState, "attach", ref)
		_, err = s.rt.Exec(s.context(t), runtime.Shell{Ref: ref, Command: []string{"true"}}, runtime.Stdio{})
		wantError(t, err, runtime.ErrWrongState, "attach", ref)
	}
}

// files are a process's descriptors, as files of the test's own.
func files(t *testing.T, in []byte) (std runtime.Stdio, read func(*os.File) []byte) {
	t.Helper()
	file := func(name string, text []byte) *os.File {
		f, err := os.CreateTemp(t.TempDir(), name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		if _, err := f.Write(text); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return f
	}
	std = runtime.Stdio{In: file("in", in), Out: file("out", nil), Err: file("err", nil)}
	return std, func(f *os.File) []byte {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func testExec(t *testing.T, s *suite) {
	ref := s.make(t, "exec", runtime.Running)
	data := make([]byte, 256<<10)
	for i := range data {
		data[i] = byte(i ^ i>>8)
	}
	tests := []struct {
		command  []string
		in       []byte
		code     int
		out, err string
	}{
		{[]string{"cat"}, data, 0, string(data), ""},
		{[]string{"echo", "a  b", "$HOME"}, nil, 0, "a  b $HOME\n", ""},
		{[]string{"sh", "-c", "exit 7"}, nil, 7, "", ""},
		{[]string{"cat", "/no/such/file"}, nil, 1, "", "/no/such/file"},
		{[]string{"/no/such/program"}, nil, 127, "", ""},
	}
	for _, tt := range tests {
		std, read := files(t, tt.in)
		exit, err := s.rt.Exec(s.context(t), runtime.Shell{Ref: ref, Command: tt.command}, std)
		if err != nil || exit.Code != tt.code {
			t.Errorf("%q: %+v, %v; want status %d", tt.command, exit, err, tt.code)
		}
		if out := read(std.Out); string(out) != tt.out {
			t.Errorf("%q: %d bytes came out, want the %d that should", tt.command, len(out), len(tt.out))
		}
		if text := string(read(std.Err)); !strings.Contains(text, tt.err) {
			t.Errorf("%q: errors %q, want %q", tt.command, text, tt.err)
		}
	}
}

func testExecCancelled(t *testing.T, s *suite) {
	ref := s.make(t, "execcancel", runtime.Running)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	defer func() { _ = r.Close() }()
	std, _ := files(t, nil)
	std.In = r
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := s.rt.Exec(ctx, runtime.Shell{Ref: ref, Command: []string{"cat"}}, std)
		done <- err
	}()
	if _, err := w.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		info, err := std.Out.Stat()
		return err == nil && info.Size() == 1
	}, func() string { return "cat does not run" })
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, runtime.ErrCancelled) {
			t.Errorf("error = %v", err)
		}
	case <-time.After(Patience):
		t.Fatal("a cancelled Exec does not come back")
	}
}
