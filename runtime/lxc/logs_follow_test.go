package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
)

// The end of 2 GB, and what is in a file now, whatever it is called then.
func TestLogsOfAnySize(t *testing.T) {
	a, _, ref := ownBox(t, "lxcdt-lo-big", true)
	name := inBox(ref, "var/log/big")
	put(t, name, "the first line\n")
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("\nthe last line\n"), 2<<30)
	must(t, errors.Join(err, f.Close()))
	began := time.Now()
	log := openLogOf(t, a, ref, fileLog("/var/log/big"))
	opened := time.Since(began)
	file, err := logfile.Open(log.Open)
	must(t, err)
	defer file.Close()
	size, err := file.Size()
	must(t, err)
	lines, err := file.Before(size, 1)
	must(t, err)
	took := time.Since(began)
	if len(lines) != 1 || string(lines[0].Text) != "the last line" {
		t.Fatalf("%+v", lines)
	}
	t.Logf("open after %v, the last line after %v", opened, took)
	if took > 2*time.Second { // 100 ms are promised
		t.Errorf("the end of 2 GB takes %v", took)
	}
	const times = 200
	began = time.Now()
	for range times {
		f, err := log.Open()
		must(t, err)
		must(t, f.Close())
	}
	t.Logf("opened again in %v", time.Since(began)/times)
}

// followedLog reads a log to its end as it is followed.
type followedLog struct {
	t    *testing.T
	w    *logfile.Follower
	text bytes.Buffer
	what logfile.What // all that was told
}

func followLog(t *testing.T, log *runtime.Log) *followedLog {
	t.Helper()
	w, err := logfile.Follow(log.Open, 0)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	return &followedLog{t: t, w: w}
}

// until looks until it is true.
func (f *followedLog) until(what string, ok func() bool) {
	f.t.Helper()
	within(f.t, what, func() bool {
		c, err := f.w.Look()
		must(f.t, err)
		f.what |= c.What
		if c.Old != nil {
			must(f.t, c.Old.Close())
		}
		if c.What&logfile.Grown != 0 {
			_, err := c.File.Copy(context.Background(), &f.text, c.From, c.To)
			must(f.t, err)
		}
		return ok()
	})
}

func (f *followedLog) has(mark string) {
	f.t.Helper()
	f.until(mark, func() bool { return strings.HasSuffix(f.text.String(), mark) })
}

// addTo appends to a log as a program would.
func addTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, errors.Join(err, f.Close()))
}

func TestLogsAreFollowed(t *testing.T) {
	a, s, ref := ownBox(t, "lxcdt-lo-follow", true)
	name := inBox(ref, "var/log/app")
	put(t, name, "one\n")
	log := openLogOf(t, a, ref, fileLog("/var/log/app"))
	f := followLog(t, log)
	f.has("one\n")
	must(t, os.Rename(name, name+".1"))
	addTo(t, name+".1", "late\n")
	f.has("late\n")
	addTo(t, name, "two\n")
	f.has("late\ntwo\n")
	if f.what&logfile.Rotated == 0 {
		t.Error("it was not told of the rotation")
	}
	must(t, os.Truncate(name, 0))
	f.until("the cut", func() bool { return f.what&logfile.Truncated != 0 })
	addTo(t, name, "three\n")
	f.has("two\nthree\n")
	// What comes in its place is no log, and then there is one again.
	must(t, os.Remove(name))
	must(t, os.Symlink("/etc/passwd", name))
	f.until("no log", func() bool { return f.what&logfile.Gone != 0 })
	must(t, os.Remove(name))
	addTo(t, name, "four\n")
	f.has("three\nfour\n")
	// It goes on when the container ends, and when it runs again.
	must(t, s.Stop(ref.Name))
	addTo(t, name, "five\n")
	f.has("five\n")
	must(t, s.Start(ref.Name))
	list(t, a)
	f.has("five\n")
	// Nor does it end with a root that is not there for a while.
	must(t, s.Stop(ref.Name))
	f.what = 0
	must(t, os.Rename(rootOfBox(ref), rootOfBox(ref)+".away"))
	f.until("no root", func() bool { return f.what&logfile.Gone != 0 })
	must(t, os.Rename(rootOfBox(ref)+".away", rootOfBox(ref)))
	f.until("the root is back", func() bool { return f.what&logfile.Back != 0 })
	must(t, s.Start(ref.Name))
	addTo(t, name, "six\n")
	must(t, os.Rename(name, name+".2"))
	addTo(t, name, "seven\n")
	f.has("six\nseven\n")
}

// Of a log that is written to at 20 MB/s nothing is lost, also when it is rotated.
// Who follows a log of a container that is destroyed and made anew is in the new one.
func TestLogsOfARootThatWasMadeAnew(t *testing.T) {
	a, _, ref := ownBox(t, "lxcdt-lo-anew", false)
	name := inBox(ref, "var/log/app")
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	put(t, name, "of the dead\n")
	log := openLogOf(t, a, ref, fileLog("/var/log/app"))
	f := followLog(t, log)
	f.has("of the dead\n")
	must(t, os.RemoveAll(rootOfBox(ref)))
	f.until("it is told to be gone", func() bool { return f.what&logfile.Gone != 0 })
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	put(t, name, "of the new one\n")
	f.has("of the new one\n")
}

func TestLogsLoseNothing(t *testing.T) {
	a, _, ref := ownBox(t, "lxcdt-lo-fast", true)
	name := inBox(ref, "var/log/fast")
	put(t, name, "")
	f := followLog(t, openLogOf(t, a, ref, fileLog("/var/log/fast")))
	const lines, line, each, every = 400_000, 100, 1000, 5 * time.Millisecond // 20 MB/s
	done := make(chan error, 1)
	began := time.Now()
	go func() {
		done <- func() error {
			pace := time.NewTicker(every / 5)
			defer pace.Stop()
			out, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
			for i := 0; i < lines && err == nil; i += each {
				text := make([]byte, 0, each*line)
				for k := range each {
					text = fmt.Appendf(text, "%0*d\n", line-1, i+k)
				}
				_, err = out.Write(text)
				if err == nil && i == lines/2 {
					if err = errors.Join(out.Close(), os.Rename(name, name+".1")); err == nil {
						out, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
					}
				}
				for due := began.Add(time.Duration(i/each+1) * every); time.Now().Before(due); {
					<-pace.C
				}
			}
			return errors.Join(err, out.Close())
		}()
	}()
	f.has(fmt.Sprintf("%0*d\n", line-1, lines-1))
	must(t, <-done)
	t.Logf("%.0f MB/s", lines*line/1e6/time.Since(began).Seconds())
	if f.what&logfile.Rotated == 0 || f.text.Len() != lines*line {
		t.Errorf("%d bytes of %d, told %b", f.text.Len(), lines*line, f.what)
	}
	for i := range lines {
		got, err := strconv.Atoi(string(f.text.Next(line)[:line-1]))
		if err != nil || got != i {
			t.Fatalf("line %d says %d, %v", i, got, err)
		}
	}
}

// children are the processes that this one has started.
func children(t *testing.T) int {
	t.Helper()
	n := 0
	eachPID(func(pid int) {
		if f, err := statFields(pid); err == nil && f[1] == strconv.Itoa(os.Getpid()) { // field 4, ppid
			n++
		}
	})
	return n
}

// Neither descriptors nor processes stay, however a log ends.
func TestLogsLeaveNothing(t *testing.T) {
	a, s, ref := ownBox(t, "lxcdt-lo-leak", true)
	put(t, inBox(ref, "var/log/app"), "one\n")
	put(t, inBox(ref, "usr/bin/journalctl"), "#!/bin/sh\nexec sleep 600\n")
	must(t, os.Chmod(inBox(ref, "usr/bin/journalctl"), 0o755))
	journal := runtime.LogSource{Kind: runtime.LogJournal}
	round := func() {
		logsOf(t, a, ref)
		for _, source := range []runtime.LogSource{fileLog("/var/log/app"), journal} {
			log, err := a.OpenLog(t.Context(), ref, source)
			must(t, err)
			readLog(t, log)
			must(t, log.Close())
			must(t, log.Close())
			if _, err := log.Open(); err == nil {
				t.Errorf("%s opens after its Close", source.Name())
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Millisecond, cancel)
		if log, err := a.OpenLog(ctx, ref, fileLog("/var/log/app")); err == nil {
			must(t, log.Close())
		}
		if _, err := a.OpenLog(t.Context(), ref, fileLog("/var/log/absent")); err == nil {
			t.Error("an absent log opens")
		}
	}
	round()
	var files, routines, procs int
	within(t, "a quiet beginning", func() bool {
		was := files
		files, routines, procs = openFiles(t), goruntime.NumGoroutine(), children(t)
		return was == files && procs == 0
	})
	for range 10 {
		round()
	}
	// A helper that dies is noticed, and another takes its place.
	log := openLogOf(t, a, ref, fileLog("/var/log/app"))
	readLog(t, log)
	eachPID(func(pid int) {
		if f, err := statFields(pid); err == nil && f[1] == strconv.Itoa(os.Getpid()) {
			must(t, unix.Kill(pid, unix.SIGKILL))
		}
	})
	if _, err := log.Open(); !errors.Is(err, runtime.ErrHelper) {
		t.Errorf("without its helper: %v", err)
	}
	within(t, "it opens again", func() bool {
		f, err := log.Open()
		return err == nil && f.Close() == nil
	})
	// And so is the end of the container.
	stream := openLogOf(t, a, ref, journal)
	must(t, s.Stop(ref.Name))
	within(t, "the journal's end", func() bool { return stream.Ended() != nil })
	if why := stream.Ended().Error(); !strings.Contains(why, "stopped") {
		t.Errorf("the journal ended: %s", why)
	}
	must(t, errors.Join(log.Close(), stream.Close()))
	const slack = 5
	within(t, "all let go of", func() bool {
		return openFiles(t) <= files+slack && goruntime.NumGoroutine() <= routines+slack && children(t) == 0
	})
}

// A journal is bounded, ends with journalctl, and says why.
func TestLogsOfAJournal(t *testing.T) {
	a, _, ref := ownBox(t, "lxcdt-lo-journal", true)
	program := inBox(ref, "usr/bin/journalctl")
	source := runtime.LogSource{Kind: runtime.LogJournal}
	ends := func(script string, once bool) (*runtime.Log, error) {
		put(t, program, "#!/bin/sh\n"+script+"\n")
		must(t, os.Chmod(program, 0o755))
		source.Once = once
		log := openLogOf(t, a, ref, source)
		within(t, "the end of "+script, func() bool { return log.Ended() != nil })
		return log, log.Ended()
	}
	log, err := ends("echo all of it", true)
	if !errors.Is(err, io.EOF) || string(readLog(t, log)) != "all of it\n" {
		t.Errorf("once: %v, %q", err, readLog(t, log))
	}
	if _, err = ends("echo some; echo it is bad >&2; exit 3", false); err == nil || !strings.Contains(err.Error(), "status 3: it is bad") {
		t.Errorf("failed: %v", err)
	}
	log, err = ends("exec yes lxcdt-flood-mark", false)
	if err == nil || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("a flood: %v", err)
	}
	if f, err := log.Open(); err != nil {
		t.Error(err)
	} else {
		st, err := f.Stat()
		if must(t, err); st.Size() != maxStream {
			t.Errorf("%d bytes are kept", st.Size())
		}
		if _, err := f.WriteString("x"); err == nil {
			t.Error("what is streamed can be written to")
		}
		must(t, f.Close())
	}
	within(t, "the flood is over", func() bool { return inside(t, a, ref, "lxcdt-flood-mark") == 0 })
	must(t, os.Remove(program))
	log = openLogOf(t, a, ref, source)
	within(t, "no journalctl", func() bool { return log.Ended() != nil })
	if err := log.Ended(); !strings.Contains(err.Error(), "journalctl") {
		t.Errorf("without journalctl: %v", err)
	}
	if _, ok := logsOf(t, a, ref)["journal"]; ok {
		t.Error("a journal is listed without journalctl")
	}
	ro := newAdapter(t, Options{Paths: []string{ref.Path}, ReadOnly: true})
	if _, err := ro.OpenLog(t.Context(), ref, source); !errors.Is(err, runtime.ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
}

// This host's own journalctl takes the arguments that it is given.
func TestLogsAreAskedForAsJournalctlWants(t *testing.T) {
	if _, err := exec.LookPath("journalctl"); err != nil {
		t.Skipf("LEFT OUT: %v", err)
	}
	args := append(runtime.JournalCommand(true)[1:], "--directory", t.TempDir())
	out, err := exec.Command("journalctl", args...).CombinedOutput()
	if err != nil && !bytes.Contains(out, []byte("No journal files")) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestLogsOfARingBuffer(t *testing.T) {
	a, s, ref := running(t, "lxcdt-lo-ring", "lxc.console.buffer.size = 1MB")
	ring := runtime.LogSource{Kind: runtime.LogRing}
	say(t, a, ref, "echo first-mark")
	bootLogWith(t, a, ref, "first-mark")
	log := openLogOf(t, a, ref, ring)
	say(t, a, ref, "echo second-mark")
	logHas(t, log, "second-mark\r\n")
	if text := readLog(t, log); bytes.Count(text, []byte("first-mark")) != 1 || bytes.Count(text, []byte("second-mark")) != 1 || log.Ended() != nil {
		t.Errorf("%q, %v", text, log.Ended())
	}
	ring.Once = true
	if once := openLogOf(t, a, ref, ring); !errors.Is(once.Ended(), io.EOF) || !bytes.Contains(readLog(t, once), []byte("second-mark")) {
		t.Errorf("once: %v, %q", once.Ended(), readLog(t, once))
	}
	must(t, s.Stop(ref.Name))
	within(t, "its end", func() bool { return log.Ended() != nil })
	if err := log.Ended(); !errors.Is(err, runtime.ErrNoBootLog) {
		t.Errorf("it ended: %v", err)
	}
	if _, err := a.OpenLog(t.Context(), ref, ring); !errors.Is(err, runtime.ErrNoLog) || !strings.Contains(err.Error(), "kept only while it runs") {
		t.Errorf("of a stopped one: %v", err)
	}
}
