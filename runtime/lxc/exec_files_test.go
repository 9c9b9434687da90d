package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Neither a file nor a directory of the host may be had in the container:
// /proc/self/fd would open the one for writing and lead from the other to the
// host's root.
func TestExecHidesOurFiles(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-files")
	dir := t.TempDir()
	file := func(name, text string) *os.File {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return f
	}
	in, out := file("in", "one\ntwo\nthree\n"), file("out", "kept\n")
	run := func(script string, std runtime.Stdio) {
		t.Helper()
		exit, err := a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"sh", "-c", script}}, std)
		if err != nil || exit.Code != 0 {
			t.Fatalf("exec: %+v, %v", exit, err)
		}
	}
	run("(: > /proc/self/fd/1); read x; echo got $x; echo said >&2; echo end", runtime.Stdio{In: in, Out: out, Err: out})
	for name, want := range map[string]string{"in": "one\ntwo\nthree\n", "out": "kept\ngot one\nsaid\nend\n"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != want {
			t.Errorf("%s is %q (%v), want %q", name, b, err, want)
		}
	}
	// What the process did not read is the next one's.
	run("read x; echo then $x", runtime.Stdio{In: in, Out: out})
	if b, _ := os.ReadFile(filepath.Join(dir, "out")); !strings.HasSuffix(string(b), "then two\n") {
		t.Errorf("the next process read %q", b)
	}
	run("echo bad > /proc/self/fd/0", runtime.Stdio{In: in})
	if b, _ := os.ReadFile(filepath.Join(dir, "in")); strings.Contains(string(b), "bad") {
		t.Errorf("the file that was input is %q now", b)
	}
	host, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	run("if ls /proc/self/fd/0/ 2>/dev/null; then echo LEAK; fi", runtime.Stdio{In: host, Out: out})
	if b, _ := os.ReadFile(filepath.Join(dir, "out")); strings.Contains(string(b), "LEAK") {
		t.Errorf("a directory of the host inside: %q", b)
	}
}

// The host's null device is one file for all: a container's root that has it
// can change its mode and owner. The same goes for a FIFO.
func TestExecHidesOurDevicesAndFIFOs(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-null")
	run := func(script string, std runtime.Stdio) {
		t.Helper()
		exit, err := a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"sh", "-c", script}}, std)
		if err != nil || exit.Code != 0 {
			t.Fatalf("exec: %+v, %v", exit, err)
		}
	}
	open := func(name string) (f *os.File, id string) {
		t.Helper()
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		var st syscall.Stat_t
		must(t, syscall.Fstat(int(f.Fd()), &st))
		return f, fmt.Sprintf("%d:%d", st.Dev, st.Ino)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	must(t, syscall.Mkfifo(fifo, 0o600))
	named, namedID := open(fifo)
	null, nullID := open(os.DevNull)
	ours := []struct {
		what, id string
		f        *os.File
	}{{"null device", nullID, null}, {"nothing", nullID, nil}, {"FIFO", namedID, named}}
	all := func(when string) {
		t.Helper()
		for _, o := range ours {
			for fd, std := range []runtime.Stdio{{In: o.f}, {Out: o.f}, {Err: o.f}} {
				r, w := pipe(t)
				tell := 1
				if std.Out = w; fd == 1 {
					std.Out, std.Err, tell = o.f, w, 2
				}
				run(fmt.Sprintf("echo lost >&%d; exec 3>&%d; stat -L -c %%d:%%i /proc/self/fd/3 >&%d", max(fd, 1), fd, tell), std)
				w.Close()
				out, err := io.ReadAll(r)
				if got := strings.TrimSpace(strings.TrimPrefix(string(out), "lost\n")); err != nil || got == o.id || !strings.Contains(got, ":") {
					t.Errorf("%s: our %s is %s, as descriptor %d inside %q (%v)", when, o.what, o.id, fd, got, err)
				}
			}
		}
	}
	all("as it is")
	run("rm /dev/null", runtime.Stdio{})
	all("without a null device inside")
}

// More input than a pipe holds, read in part.
func TestExecGivesInputBack(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-back")
	in, err := os.CreateTemp(t.TempDir(), "in")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := in.Truncate(10 << 20); err != nil {
		t.Fatal(err)
	}
	exit, err := a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"dd", "bs=1000", "count=1"}}, runtime.Stdio{In: in})
	if err != nil || exit.Code != 0 {
		t.Fatalf("exec: %+v, %v", exit, err)
	}
	if at, err := in.Seek(0, io.SeekCurrent); at != 1000 || err != nil {
		t.Errorf("the file stands at %d (%v), want 1000", at, err)
	}
}

// A named FIFO whose reader comes late takes all that a process wrote before it
// ended, and what the process left behind does not hold that up.
func TestExecLosesNoOutput(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-slow")
	path := filepath.Join(t.TempDir(), "fifo")
	must(t, unix.Mkfifo(path, 0o600))
	in, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	must(t, err)
	defer in.Close()
	out, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	defer out.Close()
	const size = 120_000 // ours and the process's pipe hold more
	got := make(chan int, 1)
	time.AfterFunc(2*drainTime, func() {
		n, _ := io.Copy(io.Discard, io.LimitReader(in, size))
		got <- int(n)
	})
	began := time.Now()
	exit, err := a.Exec(context.Background(), runtime.Shell{Ref: ref,
		Command: []string{"sh", "-c", "head -c " + strconv.Itoa(size) + " /dev/zero; sleep 600 & exit 3"}}, runtime.Stdio{Out: out})
	if err != nil || exit.Code != 3 {
		t.Fatalf("%+v, %v", exit, err)
	}
	if d := time.Since(began); d < drainTime {
		t.Errorf("it was over after %v, before anybody had read", d)
	}
	if n := <-got; n != size {
		t.Errorf("%d of %d bytes came out", n, size)
	}
}

func TestExecTellsOfOutputThatIsLost(t *testing.T) {
	a, _, ref := running(t, "lxcdt-ex-full")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	_, err = a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"echo", "x"}}, runtime.Stdio{Out: full})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want ENOSPC", err)
	}
}
