package alert

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// script is a program that runs these lines.
func script(t *testing.T, lines string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "notify")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+lines+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWhatACommandGets(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	// A descriptor that somebody forgot to close.
	fd, err := unix.FcntlInt(0, unix.F_DUPFD, 60) // a number that no shell takes
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	t.Setenv("SECRET", "x")
	c := NewCommand([]string{script(t, `{ env; echo "args $*"; echo "cwd $(pwd)"; echo "sid $(cut -d' ' -f6 /proc/$$/stat) $$"; for f in 0 1 2; do readlink /proc/$$/fd/$f; done; ls /proc/$$/fd | tr '\n' ' '; } >"$1" 2>&1`), out, "a b;$(c)"}, nil)
	a := Alert{Kind: Pids, Ref: web, Value: 95.04, Threshold: 90}
	a.Ref.Name = "we\x1b[31mb\n"
	if err := c.Run(a); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for _, want := range []string{
		"LXCDECK_ALERT=pids\n", "LXCDECK_CONTAINER=we?[31mb?\n", "LXCDECK_LXCPATH=/var/lib/lxc\n", "LXCDECK_VALUE=95\n", "LXCDECK_THRESHOLD=90\n",
		"PATH=/usr/local/sbin:", "args " + out + " a b;$(c)\n", "cwd /\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "SECRET") || strings.Contains(got, "HOME=") {
		t.Errorf("our environment is in\n%s", got)
	}
	if strings.Count(got, "/dev/null\n") < 1 {
		t.Errorf("standard input is not /dev/null:\n%s", got)
	}
	_, rest, _ := strings.Cut(got, "sid ")
	sid := strings.Fields(rest)
	if len(sid) < 2 {
		t.Fatalf("no session in\n%s", got)
	}
	if sid[0] != sid[1] {
		t.Errorf("it is in session %s, not its own %s", sid[0], sid[1])
	}
	if fds := strings.Fields(got[strings.LastIndex(got, "\n")+1:]); len(fds) == 0 || slices.Contains(fds, strconv.Itoa(fd)) {
		t.Errorf("it has descriptors %v, and ours was %d", fds, fd)
	}
}

func TestCommandsAreBounded(t *testing.T) {
	// Its group is killed at the deadline, with what it has begun.
	pid := filepath.Join(t.TempDir(), "pid")
	c := NewCommand([]string{script(t, `sleep 1000 & echo $! >`+pid+`.new; mv `+pid+`.new `+pid+`; sleep 1000`)}, nil)
	c.limit = 2 * time.Second
	if err := c.Run(Alert{Ref: web}); err == nil || !strings.Contains(err.Error(), "killed after 2s") {
		t.Errorf("%v", err)
	}
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(time.Minute); unix.Kill(child, 0) == nil; time.Sleep(10 * time.Millisecond) {
		stat, _ := os.ReadFile("/proc/" + strconv.Itoa(child) + "/stat")
		if strings.Contains(string(stat), ") Z ") { // whose parent is nobody who reaps
			break
		}
		if time.Now().After(until) {
			t.Fatalf("process %d goes on", child)
		}
	}
	// At most so many at a time.
	c = NewCommand([]string{script(t, "sleep 1000")}, nil)
	c.limit = 3 * time.Second
	ends := make(chan error, 2*atOnce)
	for range 2 * atOnce {
		go func() { ends <- c.Run(Alert{Ref: web}) }()
	}
	many := 0
	for range 2 * atOnce {
		if errors.Is(<-ends, ErrTooMany) {
			many++
		}
	}
	if many != atOnce {
		t.Errorf("%d of %d were refused", many, 2*atOnce)
	}
	// And in a minute.
	c = NewCommand([]string{"/bin/true"}, nil)
	now := noon
	for i := range 2 * perMinute {
		if got := c.mayBegin(now.Add(time.Duration(i) * time.Millisecond)); got != (i < perMinute) {
			t.Fatalf("number %d: %v", i, got)
		}
	}
	if !c.mayBegin(now.Add(2 * time.Minute)) {
		t.Error("none any more")
	}
}

func TestCommandsThatFail(t *testing.T) {
	bad := errors.New("others can write it")
	for name, c := range map[string]*Command{
		"refused": NewCommand([]string{"/bin/true"}, func(string) error { return bad }),
		"missing": NewCommand([]string{"/nonexistent/notify"}, nil),
		"failing": NewCommand([]string{"/bin/false"}, nil),
	} {
		if err := c.Run(Alert{Ref: web}); err == nil || !strings.HasPrefix(err.Error(), "alert command") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
