package lxc

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
	"lxcdeck/runtime/lxctest"
)

// ownBox makes a container with a root of its own, and starts it if it is to run.
func ownBox(t *testing.T, name string, run bool, lines ...string) (*Adapter, *lxctest.Scratch, runtime.Ref) {
	t.Helper()
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	must(t, s.AddOwn(name, lines...))
	if run {
		must(t, s.Start(name))
	}
	return a, s, runtime.Ref{Path: s.Path, Name: name}
}

// inBox is a path of the host for one inside.
func inBox(ref runtime.Ref, name string) string { return filepath.Join(rootOfBox(ref), name) }

// logsOf lists the logs of a container by name.
func logsOf(t *testing.T, a *Adapter, ref runtime.Ref) map[string]runtime.LogSource {
	t.Helper()
	all, err := a.Logs(t.Context(), ref)
	must(t, err)
	out := map[string]runtime.LogSource{}
	for _, s := range all {
		out[s.Name()] = s
	}
	return out
}

// openLogOf opens a log, and closes it at the test's end.
func openLogOf(t *testing.T, a *Adapter, ref runtime.Ref, source runtime.LogSource) *runtime.Log {
	t.Helper()
	log, err := a.OpenLog(t.Context(), ref, source)
	must(t, err)
	t.Cleanup(func() { must(t, log.Close()) })
	return log
}

func fileLog(name string) runtime.LogSource {
	return runtime.LogSource{Kind: runtime.LogFile, Path: name}
}

// readLog reads all that is in a log now.
func readLog(t *testing.T, log *runtime.Log) []byte {
	t.Helper()
	f, err := log.Open()
	must(t, err)
	text, err := io.ReadAll(f)
	must(t, errors.Join(err, f.Close()))
	return text
}

// logHas waits until a log holds a mark.
func logHas(t *testing.T, log *runtime.Log, mark string) {
	t.Helper()
	within(t, mark+" in the log", func() bool { return bytes.Contains(readLog(t, log), []byte(mark)) })
}

func TestLogsOfEachKind(t *testing.T) {
	dir := t.TempDir()
	lxcLog, consoleLog := filepath.Join(dir, "own.log"), filepath.Join(dir, "console.log")
	a, s, ref := ownBox(t, "lxcdt-lo-kinds", false, "lxc.log.file = "+lxcLog, "lxc.log.level = INFO", "lxc.console.logfile = "+consoleLog,
		"lxc.console.buffer.size = 1MB")
	put(t, inBox(ref, "usr/bin/journalctl"), "#!/bin/sh\necho journal-mark \"$@\"\nexec sleep 600\n")
	must(t, os.Chmod(inBox(ref, "usr/bin/journalctl"), 0o755))
	put(t, inBox(ref, "var/log/syslog"), "a line\n")
	put(t, inBox(ref, "var/log/app/deep/deeper/est.log"), "too deep\n")
	put(t, inBox(ref, "var/log/app/a.log"), "in a directory\n")
	put(t, inBox(ref, "var/log/odd \xff\n"), "its name is odd\n")
	for _, name := range []string{"var/log/old.gz", "var/log/wtmp", "var/log/journal/0/system.journal"} {
		put(t, inBox(ref, name), "no text")
	}
	must(t, os.Symlink("/etc/passwd", inBox(ref, "var/log/link")))
	must(t, unix.Mkfifo(inBox(ref, "var/log/fifo"), 0o600))

	stopped := logsOf(t, a, ref)
	for name, why := range map[string]string{"lxc": "", "console": "no such file", "ring": "only while it runs", "journal": "while the container runs",
		"/var/log/syslog": "", "/var/log/app/a.log": "", "/var/log/odd \xff\n": "", "/var/log/link": "it is a link", "/var/log/fifo": "it is a FIFO"} {
		got, ok := stopped[name]
		if name == "lxc" { // the lxc-* tools that have looked at it made it, or did not
			got.Why = ""
		}
		if !ok || why == "" && got.Why != "" || !strings.Contains(got.Why, why) {
			t.Errorf("%q, stopped: listed %v, %+v; want %q", name, ok, got, why)
		}
		delete(stopped, name)
	}
	if len(stopped) > 0 {
		t.Errorf("listed too: %+v", stopped)
	}
	must(t, s.Start(ref.Name))
	running := logsOf(t, a, ref)
	for _, name := range []string{"lxc", "console", "ring", "journal", "/var/log/syslog"} {
		if got, ok := running[name]; !ok || got.Why != "" {
			t.Errorf("%q, running: listed %v, %+v", name, ok, got)
		}
	}
	if n, ok := running["/var/log/syslog"].Size.Get(); !ok || n != 7 || running["/var/log/syslog"].Changed.IsZero() || running["lxc"].Path != lxcLog {
		t.Errorf("syslog %+v, lxc %+v", running["/var/log/syslog"], running["lxc"])
	}
	say(t, a, ref, "echo on-the-console")
	// What liblxc writes of a start depends on its version.
	f, err := os.OpenFile(lxcLog, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString("INFO of the test\n")
	must(t, errors.Join(err, f.Close()))
	for name, mark := range map[string]string{"lxc": "INFO of the test", "console": "on-the-console", "ring": "on-the-console",
		"journal": "journal-mark --no-pager --quiet -o short-iso-precise -n 10000 -f", "/var/log/syslog": "a line"} {
		logHas(t, openLogOf(t, a, ref, running[name]), mark)
	}
}

// What is not where it should be is found in its default place, or is not listed.
func TestLogsInDefaultPlaces(t *testing.T) {
	a, _, ref := ownBox(t, "lxcdt-lo-default", false)
	must(t, os.RemoveAll(inBox(ref, "var/log")))
	if all := logsOf(t, a, ref); len(all) > 0 {
		t.Errorf("listed: %+v", all)
	}
	if _, err := a.OpenLog(t.Context(), ref, runtime.LogSource{Kind: runtime.LogLXC}); !errors.Is(err, runtime.ErrNoLog) {
		t.Errorf("%v, want ErrNoLog", err)
	}
	put(t, filepath.Join(ref.String(), ref.Name+".log"), "liblxc\n")
	if text := readLog(t, openLogOf(t, a, ref, logsOf(t, a, ref)["lxc"])); string(text) != "liblxc\n" {
		t.Errorf("%q", text)
	}
	if _, err := a.OpenLog(t.Context(), ref, runtime.LogSource{Kind: runtime.LogRing}); err == nil {
		t.Error("a ring buffer that is not there opens")
	}
	// What liblxc does not take is read all the same, what may be no config is not.
	config := filepath.Join(ref.String(), "config")
	put(t, inBox(ref, "var/log/file"), "")
	put(t, config, read(t, config)+"lxc.broken = 1\n")
	if got, ok := logsOf(t, a, ref)["/var/log/file"]; !ok || got.Why != "" {
		t.Errorf("with a broken config: %+v", got)
	}
	put(t, config, "lxc.include = "+config+"\n")
	all := logsOf(t, a, ref)
	if got, ok := all["lxc"]; !ok || got.Why != "" {
		t.Errorf("lxc: %+v", all)
	}
	if got := all["/var/log"]; !strings.Contains(got.Why, "its config") {
		t.Errorf("without a config: %+v", all)
	}
}

// Of many files those are listed that were written to last, and of a root that is not
// mounted it is said why there are none.
func TestLogsAreBounded(t *testing.T) {
	a, _, ref := ownBox(t, "lxcdt-lo-many", false)
	for i := range maxLogs + 200 {
		name := inBox(ref, "var/log/many/"+strings.Repeat("x", i%200)+string(rune('a'+i%26))+string(rune('a'+i/26)))
		put(t, name, "")
		at := unix.Timeval{Sec: int64(1e9 + i)}
		must(t, unix.Utimes(name, []unix.Timeval{at, at}))
	}
	all, err := a.Logs(t.Context(), ref)
	must(t, err)
	if len(all) != maxLogs || !slices.IsSortedFunc(all, func(x, y runtime.LogSource) int { return strings.Compare(x.Path, y.Path) }) {
		t.Fatalf("%d logs, sorted or not", len(all))
	}
	for _, l := range all {
		if l.Changed.Unix() < 1e9+200 {
			t.Fatalf("an old one is listed in a newer one's place: %+v", l)
		}
	}
	for _, root := range []string{"overlay:/a:/b", "lvm:/dev/none/none", "zfs:pool/none", "/dev/null"} {
		put(t, filepath.Join(ref.String(), "config"), "lxc.rootfs.path = "+root+"\n")
		if got := logsOf(t, a, ref)[logsDir]; !strings.Contains(got.Why, "while it runs") {
			t.Errorf("%s: %+v", root, got)
		}
	}
}

// The list of logs has little room: why not is said without the path.
func TestLogWhy(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink("nowhere", dir+"/link"))
	for name, want := range map[string]string{
		dir: "it is a directory: it is no regular file", dir + "/none": "no such file or directory", dir + "/link": "it is a link: it is no regular file",
	} {
		_, err := logfile.Open(logfile.Path(name))
		if got := logWhy(name, err); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
