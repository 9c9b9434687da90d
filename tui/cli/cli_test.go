package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/tui/settings"
)

const path = "/var/lib/lxc"

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// testHost is a small host by a clock that stands still.
func testHost() *fake.Runtime {
	uid := 1000
	clock := fake.NewClock(start)
	return fake.New(fake.Options{Paths: []string{path}, Clock: clock},
		fake.Spec{
			Container: runtime.Container{
				Ref: runtime.Ref{Name: "web-1"}, State: runtime.Running, InitPID: 4121, Started: start.Add(-2 * time.Hour),
				IPs: []netip.Addr{netip.MustParseAddr("10.0.3.21"), netip.MustParseAddr("2001:db8::21")}, IPsRead: true,
				Config: &runtime.Config{Autostart: true, Groups: []string{"web", "prod"}, Unprivileged: true},
			},
			Load: fake.Load{CPU: 0.5, Memory: 812 << 20, Cache: 100 << 20, Limit: 2 << 30, Swap: 4096, Rx: 1000, Tx: 500, Read: 10, Write: 20, Pids: 42, PidsMax: 512},
		},
		fake.Spec{Container: runtime.Container{
			Ref: runtime.Ref{Name: "db"}, State: runtime.Stopped, IPsRead: true, Config: &runtime.Config{},
		}},
		fake.Spec{Container: runtime.Container{
			Ref: runtime.Ref{Name: "東京\x1b[31m"}, State: runtime.Frozen, InitPID: 77, Started: start.Add(-time.Minute),
			Foreign: &uid, Problem: runtime.ErrForeign,
		}, Load: fake.Load{Memory: 1 << 20}},
	)
}

type result struct {
	code     int
	out, err string
}

// lxcdeck runs the command line without any terminal.
func lxcdeck(t *testing.T, rt runtime.Runtime, args ...string) result {
	t.Helper()
	return lxcdeckWith(t, rt, nil, args...)
}

func lxcdeckWith(t *testing.T, rt runtime.Runtime, change func(*Options), args ...string) result {
	t.Helper()
	dir := t.TempDir()
	file := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	o := Options{
		Args: args, Version: "1.2.3", Stdin: file("in"), Stdout: file("out"), Stderr: file("err"),
		Getenv: func(k string) string { return map[string]string{"TERM": "xterm", "XDG_STATE_HOME": dir}[k] },
		Known:  settings.Known{Columns: []string{"name"}, Themes: []string{"default"}},
		Audit:  filepath.Join(dir, "state", "audit.jsonl"),
		Open:   func([]string, bool, bool) (runtime.Runtime, error) { return keep{rt}, nil },
		RunScreen: func(context.Context, runtime.Runtime, settings.Settings, *settings.Live, string) int {
			t.Error("the screen was run without a terminal")
			return 1
		},
		Now: func() time.Time { return start },
	}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code := Main(ctx, o)
	read := func(f *os.File) string {
		if isTerminal(f) {
			return "" // the test reads its other end
		}
		if _, err := f.Seek(0, io.SeekStart); errors.Is(err, syscall.ESPIPE) {
			return "" // a pipe: likewise
		} else if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return result{code, read(o.Stdout), read(o.Stderr)}
}

// keep lets a test use its fake after the command line has closed it.
type keep struct{ runtime.Runtime }

func (keep) Close() error { return nil }

func TestWrongUse(t *testing.T) {
	tests := []struct {
		args []string
		says string
	}{
		{[]string{"--bogus"}, "unknown flag: --bogus"},
		{[]string{"ls", "--bogus"}, "unknown flag: --bogus"},
		{[]string{"-x", "ls"}, "unknown shorthand flag: 'x'"},
		{[]string{"bogus"}, `unknown verb "bogus"`},
		{[]string{"help", "bogus"}, `unknown verb "bogus"`},
		{[]string{"start"}, "start needs the NAME"},
		{[]string{"start", "--timeout", "soon", "db"}, "--timeout"},
		{[]string{"start", "--timeout", "-1s", "db"}, "negative"},
		{[]string{"shell"}, "shell needs the NAME"},
		{[]string{"shell", "web-1", "ls"}, "a command stands behind --"},
		{[]string{"console"}, "console needs the NAME"},
		{[]string{"console", "web-1", "db"}, "one container, not 2"},
		{[]string{"console", "web-1", "-t", "-2"}, "-t -2: a tty is"},
		{[]string{"console", "web-1", "-t", "one"}, "invalid argument"},
		{[]string{"console", "web-1"}, "needs a terminal"},
		{[]string{"top"}, "top needs one of --json and --csv"},
		{[]string{"top", "--json", "--csv"}, "top needs one of --json and --csv"},
		{[]string{"top", "--json", "-n", "0"}, "COUNT of at least 1"},
		{[]string{"-n", "3", "top", "--json"}, "put the COUNT behind it"},
		{[]string{"--interval", "1ms", "ls"}, "a duration from 200ms"},
		{[]string{"-P", "", "ls"}, "the path is empty"},
		{[]string{"--config", "", "ls"}, "the path is empty"},
		{[]string{"shell", "web-1", "--user", "", "--", "id"}, "--user is empty"},
		{[]string{"shell", "web-1", "--cwd="}, "--cwd is empty"},
		{[]string{"-n", "web-1"}, "-n needs a verb"},
		{[]string{"--lxcpath"}, "flag needs an argument"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			r := lxcdeck(t, testHost(), tt.args...)
			if r.code != 2 || r.out != "" {
				t.Errorf("status %d, output %q; want 2 and none", r.code, r.out)
			}
			if !strings.Contains(r.err, tt.says) || !strings.Contains(r.err, "\nUsage: lxcdeck") {
				t.Errorf("errors = %q, want %q and the usage", r.err, tt.says)
			}
		})
	}
}

func TestVersionAndHelp(t *testing.T) {
	if r := lxcdeck(t, testHost(), "--version"); r.code != 0 || r.out != "lxcdeck 1.2.3\n" {
		t.Errorf("--version = %+v", r)
	}
	r := lxcdeck(t, testHost(), "--help")
	for _, want := range []string{"ls", "top", "shell", "console", "start", "thaw", "--read-only", "--lxcpath", "--demo", "--config", "Exit status"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("--help does not name %s:\n%s", want, r.out)
		}
	}
	if r := lxcdeck(t, testHost(), "stop", "--help"); r.code != 0 || !strings.Contains(r.out, "lxc-stop -P PATH -n NAME") {
		t.Errorf("stop --help = %+v", r)
	}
}

func TestFlagsReachOpenWhereverTheyStand(t *testing.T) {
	for _, args := range [][]string{
		{"-P", "/a", "--read-only", "--demo", "ls", "-P", "/b"},
		{"ls", "-P", "/a", "--lxcpath=/b/", "--demo", "--read-only"},
		{"--demo", "-P", "/a", "-P", "/b", "ls", "--read-only"},
	} {
		var paths []string
		var ro, demo bool
		r := lxcdeckWith(t, testHost(), func(o *Options) {
			o.Open = func(p []string, r, d bool) (runtime.Runtime, error) {
				paths, ro, demo = p, r, d
				return testHost(), nil
			}
		}, args...)
		if r.code != 0 || !slices.Equal(paths, []string{"/a", "/b"}) || !ro || !demo {
			t.Errorf("%v: status %d, paths %v, read-only %v, demo %v", args, r.code, paths, ro, demo)
		}
	}
}

func TestRelativePathIsMadeAbsolute(t *testing.T) {
	var paths []string
	lxcdeckWith(t, testHost(), func(o *Options) {
		o.Open = func(p []string, _, _ bool) (runtime.Runtime, error) { paths = p; return testHost(), nil }
	}, "-P", "x/../y", "ls")
	if len(paths) != 1 || !filepath.IsAbs(paths[0]) || filepath.Base(paths[0]) != "y" {
		t.Errorf("paths = %v", paths)
	}
}

func TestOpenFails(t *testing.T) {
	r := lxcdeckWith(t, nil, func(o *Options) {
		o.Open = func([]string, bool, bool) (runtime.Runtime, error) {
			return nil, &runtime.Error{Op: "open", Err: runtime.ErrPermission, Hint: "Run it as root."}
		}
	}, "ls")
	if r.code != 1 || !strings.Contains(r.err, "open: permission denied") || !strings.Contains(r.err, "Run it as root.") {
		t.Errorf("result = %+v", r)
	}
}

func TestSettingsFileIsUsedAndItsErrorsShown(t *testing.T) {
	name := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(name, []byte("lxcpath = [\"/srv/lxc\"]\nread_only = true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var paths []string
	var ro bool
	r := lxcdeckWith(t, testHost(), func(o *Options) {
		o.Open = func(p []string, r, _ bool) (runtime.Runtime, error) { paths, ro = p, r; return testHost(), nil }
	}, "--config", name, "ls")
	if r.code != 0 || !slices.Equal(paths, []string{"/srv/lxc"}) || !ro {
		t.Errorf("status %d (%s), paths %v, read-only %v", r.code, r.err, paths, ro)
	}
	if r := lxcdeck(t, testHost(), "--config", name, "--read-only=false", "stop", "web-1"); r.code != 0 {
		t.Errorf("the flag is above the file: %+v", r)
	}
	if err := os.WriteFile(name, []byte("theme = \"pink\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := lxcdeck(t, testHost(), "--config", name, "ls"); r.code != 2 || !strings.Contains(r.err, name+":1:9: theme:") {
		t.Errorf("result = %+v, want status 2 and the place", r)
	}
	if r := lxcdeck(t, testHost(), "--config", name+".gone", "ls"); r.code != 2 || !strings.Contains(r.err, "no such file") {
		t.Errorf("missing file: %+v", r)
	}
}

func TestWithoutTerminalTheList(t *testing.T) {
	r := lxcdeck(t, testHost())
	if r.code != 0 || !strings.HasPrefix(r.out, "NAME ") || !strings.Contains(r.err, "ssh -t") {
		t.Errorf("result = %+v", r)
	}
}

func TestStatusOf(t *testing.T) {
	tests := map[error]int{
		nil:                     0,
		errors.New("x"):         1,
		runtime.ErrHelper:       1,
		runtime.ErrPermission:   1,
		runtime.ErrNoAnswer:     1,
		runtime.ErrInvalid:      2,
		runtime.ErrReadOnly:     3,
		runtime.ErrWrongState:   3,
		runtime.ErrBusy:         3,
		runtime.ErrManaged:      3,
		runtime.ErrForeign:      3,
		runtime.ErrNotFound:     4,
		&exitError{125, io.EOF}: 125,
	}
	for err, want := range tests {
		var wrapped error
		if err != nil {
			wrapped = &runtime.Error{Op: "stop", Err: err}
		}
		if got := statusOf(wrapped); got != want {
			t.Errorf("statusOf(%v) = %d, want %d", err, got, want)
		}
	}
}

// A container's name may hold a newline: it must not make a line of its own.
func TestErrorsAreTakenApartByErrorNotByLine(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{errors.New("start a\nlxcdeck: b"), 1},
		{errors.Join(errors.New("a"), errors.New("b\nc")), 2},
		{&exitError{exitUsage, errors.Join(errors.New("a"), errors.New("b"))}, 2},
		{fmt.Errorf("%w: %w", io.EOF, io.ErrClosedPipe), 1},
		{errSaid, 0},
	} {
		if got := apart(tt.err); len(got) != tt.want {
			t.Errorf("%q: %d errors, want %d", tt.err, len(got), tt.want)
		}
	}
}

func TestVersionThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if code := Main(t.Context(), Options{Args: []string{"--version"}, Version: "x", Stdin: devNull(t), Stdout: full, Stderr: devNull(t)}); code != exitFailed {
		t.Errorf("status %d, want %d", code, exitFailed)
	}
}

// A screen without a keyboard could not be left: there is the list instead.
func TestNoScreenWithoutAKeyboard(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = slave.Close(), master.Close() }()
	got := lxcdeckWith(t, fake.New(fake.Options{Paths: []string{path}}), func(o *Options) { o.Stdout = slave })
	if got.code != exitOK || !strings.Contains(got.err, "standard input is no terminal: this is the list") {
		t.Errorf("status %d, %q", got.code, got.err)
	}
}
