package copying

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a copy of a test may take at most.
const patience = 2 * time.Minute

// source opens what a person would have named.
func source(t testing.TB, name string) Source {
	t.Helper()
	fd, err := unix.Open(name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), name)
	t.Cleanup(func() { f.Close() })
	return Source{File: f, Name: filepath.Base(name), Path: name}
}

func folder(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

type outcome struct {
	given       Given
	taken       Taken
	sent, taker error
}

func (o outcome) err() error { return First(o.sent, o.taker) }

// run copies by both sides.
func run(ctx context.Context, t testing.TB, give Give, take Take) (o outcome) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]net.Conn
	for i := range pair {
		f := os.NewFile(uintptr(pair[i]), "stream")
		if ends[i], err = net.FileConn(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	stop := context.AfterFunc(ctx, func() { ends[0].Close(); ends[1].Close() })
	defer stop()
	over := make(chan struct{})
	go func() {
		defer close(over)
		o.given, o.sent = Send(ctx, ends[0], give)
		ends[0].Close()
	}()
	o.taken, o.taker = Receive(ctx, ends[1], take)
	ends[1].Close()
	<-over
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatal("the copy did not end")
	}
	return o
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, name, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(text), 0o644))
}

func has(t testing.TB, name, want string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil || string(b) != want {
		t.Errorf("%s: %.80q, %v, want %.80q", name, b, err, want)
	}
}

// noDrafts fails when something was left that was not whole.
func noDrafts(t testing.TB, dir string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
		if len(filepath.Base(p)) > len(draftName) && filepath.Base(p)[:len(draftName)] == draftName {
			t.Errorf("%s was left", p)
		}
		return err
	}))
}
