package fake

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// screen collects what a session shows.
type screen struct {
	t *testing.T
	s runtime.Session
	b bytes.Buffer
}

func attach(t *testing.T, r *Runtime, sh runtime.Shell) *screen {
	t.Helper()
	s, err := r.Attach(soon(t), sh)
	if err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(time.Minute, func() { _ = s.Close() }) // ends a Read that nothing comes for
	t.Cleanup(func() { watchdog.Stop(); _ = s.Close() })
	return &screen{t: t, s: s}
}

func (sc *screen) want(text string) string {
	sc.t.Helper()
	buf := make([]byte, 1024)
	for {
		if i := strings.Index(sc.b.String(), text); i >= 0 {
			return string(sc.b.Next(i + len(text)))
		}
		n, err := sc.s.Read(buf)
		if err != nil {
			sc.t.Fatalf("%v before %q; shown: %q", err, text, sc.b.String())
		}
		sc.b.Write(buf[:n])
	}
}

func (sc *screen) enter(text string) {
	sc.t.Helper()
	if _, err := sc.s.Write([]byte(text)); err != nil {
		sc.t.Fatal(err)
	}
}

func TestScriptedShell(t *testing.T) {
	r := host(nil, spec("web", runtime.Running, Load{CPU: 0.5, Memory: 1 << 20}))
	sc := attach(t, r, runtime.Shell{Ref: ref("web"), Cols: 80, Rows: 24})
	prompt := "\x1b[1;32mroot@web\x1b[0m:\x1b[1;34m~\x1b[0m# "
	sc.want(prompt)
	for _, step := range []struct{ in, out string }{
		{"uname -a\r", "Linux web "},
		{"echo 'a  b' c\"\"d\r", "\r\na  b cd\r\n"},
		{"ecXX\x7f\x7fho ok\r", "\r\nok\r\n"},
		{"nonsense\x15echo fresh\r", "\r\nfresh\r\n"},
		{"nosuch\r", "sh: nosuch: not found"},
		{"stty size\r", "24 80\r\n"},
		{"ps\r", "/sbin/getty"},
		{"colours\r", "\x1b[48;5;16m"},
		{"sleep 1000\r\x03", "^C"},
	} {
		sc.enter(step.in)
		sc.want(step.out)
		sc.want(prompt)
	}
	if err := sc.s.Resize(100, 30); err != nil {
		t.Fatal(err)
	}
	sc.enter("stty size\r")
	sc.want("30 100\r\n")
	sc.enter("top\r")
	sc.want("\x1b[?1049h")
	sc.want("up ")
	sc.want("\x1b[H") // a second frame
	sc.enter("q")
	sc.want("\x1b[?1049l")
	sc.want(prompt)
	sc.enter("flood 5000\r")
	if n := strings.Count(sc.want("5000: the quick"), "\r\n"); n < 5000 {
		t.Errorf("%d lines of 5000", n)
	}
	sc.want(prompt)
	sc.enter("exit 7\r")
	if exit, err := sc.s.Wait(soon(t)); err != nil || exit.Code != 7 {
		t.Errorf("exit %+v, %v", exit, err)
	}
}

func TestInterruptEndsAFloodThatNobodyReads(t *testing.T) {
	r := host(nil, spec("web", runtime.Running, Load{}))
	sc := attach(t, r, runtime.Shell{Ref: ref("web")})
	sc.want("# ")
	sc.enter("flood 100000000\r")
	sc.want("1000: ")
	sc.enter("\x03")
	sc.want("^C")
	sc.want("# ")
	sc.enter("\x04")
	sc.want("logout")
	if exit, err := sc.s.Wait(soon(t)); err != nil || exit.Code != 130 {
		t.Errorf("exit %+v, %v; want the status of what was interrupted", exit, err)
	}
}

func TestSessionOfATest(t *testing.T) {
	r := host(nil, spec("web", runtime.Running, Load{}), spec("off", runtime.Stopped, Load{}))
	s := NewSession(80, 24)
	s.SetNotice("a notice")
	r.OnAttach(func(runtime.Shell) (runtime.Session, error) { return s, nil })
	if _, err := r.Attach(t.Context(), runtime.Shell{Ref: ref("off")}); !errors.Is(err, runtime.ErrWrongState) {
		t.Errorf("attach to a stopped container: %v", err)
	}
	sc := attach(t, r, runtime.Shell{Ref: ref("web")})
	s.Feed([]byte("hello"))
	sc.want("hello")
	sc.enter("a\x03b")
	if err := s.AwaitTyped(soon(t), "a\x03b"); err != nil || sc.s.Notice() != "a notice" {
		t.Errorf("%v; typed %q, notice %q", err, s.Typed(), sc.s.Notice())
	}
	s.Feed([]byte("rest"))
	s.End(runtime.Exit{Code: 3})
	s.End(runtime.Exit{Code: 4})
	sc.want("rest")
	if _, err := sc.s.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read at the end: %v", err)
	}
	if exit, err := sc.s.Wait(soon(t)); err != nil || exit.Code != 3 {
		t.Errorf("exit %+v, %v", exit, err)
	}
}
