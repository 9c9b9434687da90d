package lxc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// monitor is a stand-in for a container's monitor that answers every
// question with the same bytes.
func monitor(t testing.TB, ref runtime.Ref, reply []byte) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: socketName(ref)})
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var req [wireSize]byte
			_, _ = io.ReadFull(c, req[:])
			_, _ = c.Write(reply)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
}

func response(ret int32, data uint64) []byte {
	b := make([]byte, wireSize)
	binary.NativeEndian.PutUint32(b, uint32(ret))
	binary.NativeEndian.PutUint64(b[8:], data)
	return b
}

func TestRepliesOfMonitors(t *testing.T) {
	for _, c := range []struct {
		name  string
		reply []byte
		state runtime.State
		err   error
	}{
		{"stopped", response(0, 0), runtime.Stopped, nil},
		{"running", response(0, 2), runtime.Running, nil},
		{"thawed", response(0, 7), runtime.Thawed, nil},
		{"a state of the future", response(0, 8), runtime.Unknown, errGarbled},
		{"a number out of all bounds", response(0, ^uint64(0)), runtime.Unknown, errGarbled},
		{"refused", response(-1, 0), runtime.Unknown, errNotOurs},
		{"failed", response(-22, 0), runtime.Unknown, errGarbled},
		{"cut short", response(0, 2)[:5], runtime.Unknown, errGarbled},
		{"hung up", nil, runtime.Stopped, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ref := runtime.Ref{Path: t.TempDir(), Name: "c"}
			monitor(t, ref, c.reply)
			a := newAdapter(t, Options{Paths: []string{ref.Path}})
			v, err := a.monitorVitals(context.Background(), ref, nil)
			if v.state != c.state || !errors.Is(err, c.err) {
				t.Errorf("%s, %v", v.state, err)
			}
			if len(a.out) != 0 {
				t.Error("a question is still out")
			}
		})
	}
}

func TestLiblxcIsAskedWhenTheReplyIsNotUnderstood(t *testing.T) {
	ref := home(t)
	a := newAdapter(t, Options{Paths: []string{ref.Path}})
	monitor(t, ref, response(-22, 0))
	c := find(t, list(t, a), ref.Name)
	// liblxc makes nothing of that reply either, but it is its word that counts.
	if c.NoAnswerSince != (time.Time{}) || c.Config == nil {
		t.Errorf("%+v", c)
	}
}

func TestNobodyIsBelievedWhoIsNotTrusted(t *testing.T) {
	root := &Adapter{trust: trust{}}
	thousand := 1000
	for _, c := range []struct {
		peer    uint32
		foreign *int
		want    bool
	}{{0, nil, true}, {1000, nil, false}, {1000, &thousand, true}, {1001, &thousand, false}} {
		if root.believes(c.peer, c.foreign) != c.want {
			t.Errorf("peer %d, foreign %v: %v", c.peer, c.foreign, !c.want)
		}
	}
	if err := childOf(os.Getpid(), 4_000_000); !errors.Is(err, runtime.ErrForeign) {
		t.Errorf("a process of somebody else's monitor: %v", err)
	}
	// A child of this test, whose parent is surely a process of this user: that
	// of the test itself may be a root's sudo.
	child := exec.Command("sleep", "600")
	must(t, child.Start())
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	if err := childOf(child.Process.Pid, uint32(os.Getuid())); err != nil {
		t.Errorf("our own: %v", err)
	}
}

// Who only wants to know whether there is a monitor hears it out all the same: it logs an
// error when nobody does.
func TestMonitorsAreHeardOut(t *testing.T) {
	ref := runtime.Ref{Path: t.TempDir(), Name: "c"}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: socketName(ref)})
	must(t, err)
	defer l.Close()
	for name, ask := range map[string]func() bool{
		"hasMonitor": func() bool { return hasMonitor(ref) },
		"owner":      func() bool { _, there := (&listener{name: socketName(ref)}).owner(); return there },
	} {
		was := make(chan bool, 1)
		go func() { was <- ask() }()
		c, err := l.Accept()
		must(t, err)
		var req [wireSize + 1]byte
		_, err = io.ReadFull(c, req[:wireSize])
		must(t, err)
		must(t, c.SetReadDeadline(time.Now().Add(dropAfter/5)))
		if _, err := c.Read(req[:]); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s has hung up before the answer: %v", name, err)
		}
		if _, err := c.Write(response(0, 2)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !<-was {
			t.Errorf("%s: there is no monitor", name)
		}
		must(t, c.Close())
	}
}

func TestSilenceEndsWithTheMonitor(t *testing.T) {
	ref := runtime.Ref{Path: t.TempDir(), Name: "c"}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: socketName(ref)})
	must(t, err)
	a := newAdapter(t, Options{Paths: []string{ref.Path}, Answer: 20 * time.Millisecond})
	_, err = a.monitorVitals(context.Background(), ref, nil)
	var first, second *silence
	if !errors.As(err, &first) || !errors.Is(err, runtime.ErrNoAnswer) {
		t.Fatalf("%v", err)
	}
	if _, err = a.monitorVitals(context.Background(), ref, nil); !errors.As(err, &second) || second.since != first.since {
		t.Errorf("asked again: %v", err)
	}
	must(t, l.Close())
	eventually(t, "stopped", func() bool {
		v, err := a.monitorVitals(context.Background(), ref, nil)
		return err == nil && v.state == runtime.Stopped
	})
}

// limited is a context whose time is over when the test says so.
type limited struct {
	context.Context
	over chan struct{}
}

func (l limited) Done() <-chan struct{} { return l.over }

func (l limited) Err() error {
	select {
	case <-l.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestACallThatHangsInLiblxcIsNotRepeated(t *testing.T) {
	ref := runtime.Ref{Path: t.TempDir(), Name: "c"}
	a := newAdapter(t, Options{Paths: []string{ref.Path}, Answer: 20 * time.Millisecond})
	release := make(chan struct{})
	ctx := limited{context.Background(), make(chan struct{})}
	_, err := inLXC(ctx, a, ref, func() (int, error) { close(ctx.over); <-release; return 0, nil })
	if !errors.Is(err, runtime.ErrNoAnswer) {
		t.Errorf("%v", err)
	}
	called := false
	_, err = inLXC(context.Background(), a, ref, func() (int, error) { called = true; return 0, nil })
	if !errors.Is(err, runtime.ErrNoAnswer) || called {
		t.Errorf("called again (%v): %v", called, err)
	}
	other := runtime.Ref{Path: ref.Path, Name: "d"}
	if n, err := inLXC(context.Background(), a, other, func() (int, error) { return 7, nil }); n != 7 || err != nil {
		t.Errorf("another container: %d, %v", n, err)
	}
	close(release)
	eventually(t, "free again", func() bool {
		n, err := inLXC(context.Background(), a, ref, func() (int, error) { return 9, nil })
		return n == 9 && err == nil
	})
}

func TestSocketNames(t *testing.T) {
	short := runtime.Ref{Path: "/var/lib/lxc", Name: "web"}
	if got := socketName(short); got != "@/var/lib/lxc/web/command" {
		t.Errorf("%q", got)
	}
	long := runtime.Ref{Path: "/" + filepath.Join("a", string(make([]byte, 120))), Name: "web"}
	if got := socketName(long); len(got) != len("@lxc/0123456789abcdef/command") {
		t.Errorf("%q", got)
	}
}
