package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// longTime is how long a test waits for what takes milliseconds, seconds on
// an emulated machine beside other work.
const longTime = time.Minute

// slowAnswer is how long a monitor may take to answer where the test is not
// about that: a machine that stands still for a second makes none silent.
const slowAnswer = 10 * time.Second

// running gives an Adapter and a container that runs.
func running(t *testing.T, name string, lines ...string) (*Adapter, *lxctest.Scratch, runtime.Ref) {
	t.Helper()
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	if err := s.Add(name, lines...); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(name); err != nil {
		t.Fatal(err)
	}
	return a, s, runtime.Ref{Path: s.Path, Name: name}
}

func adapterFor(t *testing.T, path string) *Adapter {
	t.Helper()
	a, err := New(Options{Paths: []string{path}, Answer: slowAnswer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// typist drives a session the way a person does: it types, and waits for
// what appears.
type typist struct {
	t   *testing.T
	s   runtime.Session
	eof chan error

	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func attach(t *testing.T, a *Adapter, s runtime.Shell) *typist {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longTime)
	defer cancel()
	session, err := a.Attach(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	return typing(t, session)
}

func typing(t *testing.T, session runtime.Session) *typist {
	t.Helper()
	p := &typist{t: t, s: session, eof: make(chan error, 1), more: make(chan struct{}, 1)}
	t.Cleanup(func() { _ = session.Close() })
	go func() {
		buf := make([]byte, 32<<10)
		for {
			n, err := session.Read(buf)
			p.mu.Lock()
			p.text.Write(buf[:n])
			p.mu.Unlock()
			select {
			case p.more <- struct{}{}:
			default:
			}
			if err != nil {
				p.eof <- err
				return
			}
		}
	}()
	return p
}

func (p *typist) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.s, text); err != nil {
		p.t.Fatalf("type %q: %v", text, err)
	}
}

// expect waits for text and forgets everything up to it.
func (p *typist) expect(want string) string {
	p.t.Helper()
	deadline := time.After(longTime)
	for {
		p.mu.Lock()
		got := p.text.String()
		if i := strings.Index(got, want); i >= 0 {
			p.text.Reset()
			p.text.WriteString(got[i+len(want):])
			p.mu.Unlock()
			return got[:i+len(want)]
		}
		p.mu.Unlock()
		select {
		case <-p.more:
		case <-deadline:
			p.t.Fatalf("no %q in %q", want, got)
		}
	}
}

func (p *typist) end() runtime.Exit {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longTime)
	defer cancel()
	exit, err := p.s.Wait(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	return exit
}

func (p *typist) endOfOutput() {
	p.t.Helper()
	select {
	case err := <-p.eof:
		if !errors.Is(err, io.EOF) {
			p.t.Fatalf("output ended with %v, want io.EOF", err)
		}
	case <-time.After(longTime):
		p.t.Fatal("output does not end")
	}
}

// within polls until ok, with a deadline.
func within(t *testing.T, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > longTime {
			t.Fatalf("%s: not after %v", what, longTime)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(began)
}

// inside counts the processes of a container whose command line holds mark.
func inside(t *testing.T, a *Adapter, ref runtime.Ref, mark string) int {
	t.Helper()
	init, err := a.initPID(context.Background(), ref)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", init))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	eachPID(func(pid int) {
		dir := fmt.Sprintf("/proc/%d", pid)
		if its, err := os.Readlink(dir + "/ns/pid"); err != nil || its != ns {
			return
		}
		if cmd, err := os.ReadFile(dir + "/cmdline"); err == nil && strings.Contains(string(cmd), mark) {
			n++
		}
	})
	return n
}
