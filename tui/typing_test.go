package tui

import (
	"context"
	"fmt"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// TestBytesTypedInOneReadReachTheShell types as a fast hand, a slow link or
// a script does: escape and what follows it in one read.
func TestBytesTypedInOneReadReachTheShell(t *testing.T) {
	rt := fake.New(fake.Options{}, some()...)
	sessions := make(chan *fake.Session, 1)
	rt.OnAttach(func(sh runtime.Shell) (runtime.Session, error) {
		s := fake.NewSession(sh.Cols, sh.Rows)
		sessions <- s
		return s, nil
	})
	x := startRun(context.Background(), t, Options{Runtime: rt, Hostname: "h"})
	x.await("delta")
	_, _ = x.master.Write([]byte("s"))
	s := <-sessions
	s.Feed([]byte("inside"))
	x.await("inside")
	for i, c := range []struct{ in, want string }{
		{"\x1b:wq\r", "\x1b:wq\r"}, {"abc\x1b[A\x1b[1;5C\x7f\t\r", "abc\x1b[A\x1b[1;5C\x7f\t\r"},
		{"é日\x01\x00\x1f\x1c", "é日\x01\x00\x1f\x1c"}, {"\x1bOP", "\x1bOP"}, {"\x1bf\x1b\x7f", "\x1bf\x1b\x7f"},
		{"Gg!\"%", "Gg!\"%"}, {"\x1b[200~p\nq\x1b[201~", "p\rq"}, {"\x1b[5~\x1b[Z", "\x1b[5~\x1b[Z"},
	} {
		before := len(s.Typed())
		end := fmt.Sprintf("#%d#", i)
		_, _ = x.master.Write([]byte(c.in + end))
		if err := s.AwaitTyped(patient(t), end); err != nil {
			t.Fatalf("%q: typed %q", c.in, s.Typed()[before:])
		}
		if got := string(s.Typed()[before:]); got != c.want+end {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.want+end)
		}
	}
	_, _ = x.master.Write([]byte("\x1dd"))
	x.await("delta")
	_, _ = x.master.Write([]byte("q"))
	x.await("Quit lxcdeck?")
	x.await("y yes") // after the grace
	_, _ = x.master.Write([]byte("y"))
	if err := x.end(); err != nil {
		t.Fatal(err)
	}
}
