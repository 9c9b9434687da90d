package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

var web = runtime.Ref{Path: "/var/lib/lxc", Name: "web"}

func place(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "lxcdeck", "audit.jsonl")
}

func host() *fake.Runtime {
	return fake.New(fake.Options{}, fake.Spec{Container: runtime.Container{Ref: web, State: runtime.Running, Config: &runtime.Config{}}})
}

func records(t *testing.T, path string) []Record {
	t.Helper()
	all, err := Read(path, 1000)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

func TestIntentBeforeResultAfter(t *testing.T) {
	path := place(t)
	inner := &peek{Runtime: host(), t: t, path: path}
	rt := Wrap(inner, New(Options{Path: path, SudoUser: "ann"}))
	q := runtime.Request{Op: runtime.Stop, Ref: web}
	if err := rt.Do(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	if err := rt.Do(t.Context(), q); !errors.Is(err, runtime.ErrWrongState) {
		t.Fatalf("second stop: %v", err)
	}
	all := records(t, path)
	if len(all) != 4 || len(inner.seen) != 2 {
		t.Fatalf("%d records, %d operations: %+v", len(all), len(inner.seen), all)
	}
	first, done, second, failed := all[0], all[1], all[2], all[3]
	if first.Phase != Intent || first.What != "stop" || first.Path != web.Path || first.Name != "web" ||
		first.LXC != "lxc-stop -P /var/lib/lxc -n web" || first.UID != os.Getuid() || first.PID != os.Getpid() || first.SudoUser != "ann" || first.OK != nil {
		t.Errorf("intent = %+v", first)
	}
	if done.Phase != Result || done.ID != first.ID || done.OK == nil || !*done.OK || done.Error != "" || done.Unattended {
		t.Errorf("result = %+v", done)
	}
	if failed.ID != second.ID || second.ID == first.ID || failed.OK == nil || *failed.OK || !strings.Contains(failed.Error, "it is STOPPED") {
		t.Errorf("failure = %+v after %+v", failed, second)
	}
	if want := []string{first.ID, second.ID}; !slices.Equal(inner.seen, want) {
		t.Errorf("the requests had the records %v, want %v", inner.seen, want)
	}
}

// peek sees what is in the log when an operation begins.
type peek struct {
	runtime.Runtime
	t    *testing.T
	path string
	seen []string
}

func (p *peek) Do(ctx context.Context, q runtime.Request) error {
	all := records(p.t, p.path)
	if last := all[len(all)-1]; last.Phase != Intent || last.ID != q.Record {
		p.t.Errorf("when the operation begins the last record is %+v, and its number %q", last, q.Record)
	}
	p.seen = append(p.seen, q.Record)
	return p.Runtime.Do(ctx, q)
}

func TestShellsAndConsoles(t *testing.T) {
	path := place(t)
	rt := Wrap(host(), New(Options{Path: path}))
	exit, err := rt.Exec(t.Context(), runtime.Shell{Ref: web, Command: []string{"sh", "-c", "exit 7"}, User: "ann", Cwd: "/srv", Env: []string{"TOKEN=abc"}},
		runtime.Stdio{In: devNull(t), Out: devNull(t), Err: devNull(t)})
	if err != nil || exit.Code != 7 {
		t.Fatalf("exec: %v, %v", exit, err)
	}
	s, err := rt.Attach(t.Context(), runtime.Shell{Ref: web})
	if err != nil {
		t.Fatal(err)
	}
	if got := records(t, path); len(got) != 3 || got[2].Phase != Intent || got[2].What != "shell" {
		t.Errorf("while the session runs: %+v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_ = s.Close() // twice makes no second result
	c, err := rt.Console(t.Context(), runtime.Console{Ref: web, TTY: runtime.FreeTTY})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if _, err := rt.Attach(t.Context(), runtime.Shell{Ref: runtime.Ref{Path: web.Path, Name: "nope"}}); err == nil {
		t.Fatal("attached to nothing")
	}
	all := records(t, path)
	var got []string
	for _, r := range all {
		got = append(got, r.What+" "+r.Phase)
	}
	want := []string{"exec intent", "exec result", "shell intent", "shell result", "console intent", "console result", "shell intent", "shell result"}
	if !slices.Equal(got, want) {
		t.Fatalf("records = %v, want %v", got, want)
	}
	if r := all[0]; !slices.Equal(r.Argv, []string{"sh", "-c", "exit 7"}) || r.User != "ann" || r.Cwd != "/srv" || !slices.Equal(r.Env, []string{"TOKEN"}) {
		t.Errorf("exec = %+v", r)
	}
	if r := all[1]; r.Code == nil || *r.Code != 7 {
		t.Errorf("its result = %+v", r)
	}
	if r := all[7]; r.OK == nil || *r.OK || !strings.Contains(r.Error, "no such container") {
		t.Errorf("refused shell = %+v", r)
	}
}

func devNull(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestArgsAreKeptAndSecretsAreNot(t *testing.T) {
	path := place(t)
	rt := Wrap(host(), New(Options{Path: path}))
	_ = rt.Do(t.Context(), runtime.Request{Op: runtime.Create, Ref: runtime.Ref{Path: web.Path, Name: "n\xff"}, Args: &runtime.CreateArgs{
		Template: "download", Args: []string{"-d", "alpine", "--auth-token", "hush", "--password=hush"},
		Limits: runtime.Limits{Memory: 1 << 30}, Auto: &runtime.AutostartArgs{Auto: true, Delay: 3 * time.Second, Groups: []string{"web"}},
		IDMap: []runtime.IDMap{{Host: 100000, Count: 65536}},
	}})
	raw, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(raw), "hush") {
		t.Errorf("%v: a secret is in %s", err, raw)
	}
	r := records(t, path)[0]
	want := map[string]any{
		"template": "download", "args": []any{"-d", "alpine", "--auth-token", "***", "--password=***"},
		"limits": map[string]any{"memory": 1073741824.0}, "auto": map[string]any{"auto": true, "delay": 3.0, "groups": []any{"web"}},
		"id_map": []any{"u 0 100000 65536"},
	}
	if r.Name != `n\xff` || !reflect.DeepEqual(r.Args, want) {
		t.Errorf("name %q, args %v, want %v", r.Name, r.Args, want)
	}
	if !strings.Contains(r.LXC, "--auth-token '***'") {
		t.Errorf("lxc = %s", r.LXC)
	}
}

func TestMaskedWords(t *testing.T) {
	for in, want := range map[string]string{
		"ls -l /srv":                              "ls -l /srv",
		"env FOO=1 BAR=2 prog a=3 B=3":            "env FOO=*** BAR=*** prog a=3 B=***",
		"dd if=/dev/zero of=/x":                   "dd if=/dev/zero of=/x",
		"prog --password hush -v":                 "prog --password *** -v",
		"prog --password=hush":                    "prog --password=***",
		"prog --db-pass hush":                     "prog --db-pass ***",
		"mysql -uroot -phush db":                  "mysql -uroot -p*** db",
		"/usr/bin/mysql -p db":                    "/usr/bin/mysql -p db",
		"sshpass -p hush ssh host":                "sshpass -p *** ssh host",
		"curl -u ann:hush http://x/":              "curl -u *** http://x/",
		"git clone https://ann:hush@example.com/": "git clone https://ann:***@example.com/",
		"curl|-H|Authorization: Bearer hush":      "curl|-H|Authorization: ***",
		"sh|-c|PASSWORD=hush FOO=hush make && x":  "sh|-c|PASSWORD=*** FOO=*** make && x",
		"sh|-c|export API_KEY='hu sh'; run":       "sh|-c|export API_KEY=***; run",
		"sh|-c|prog --token hush; ls":             "sh|-c|prog --token ***; ls",
		`sh|-c|echo '{"password": "hush"}'`:       `sh|-c|echo '{"password": ***}'`,
		"cp a\xff b":                              `cp a\xff b`,
	} {
		sep := " "
		if strings.Contains(in, "|") {
			sep = "|"
		}
		if got := strings.Join(maskWords(strings.Split(in, sep)), sep); got != want {
			t.Errorf("%s\n became %s\n want   %s", in, got, want)
		}
	}
	long := maskWords(slices.Repeat([]string{strings.Repeat("x", 10000)}, 1000))
	if n := len(strings.Join(long, "")); n > 2*maxLine || long[len(long)-1] != "... 992 more" {
		t.Errorf("%d words, %d bytes, the last %q", len(long), n, long[len(long)-1])
	}
	if short := maskWords(slices.Repeat([]string{"x"}, 1000)); len(short) != maxWords+1 || short[maxWords] != "... 744 more" {
		t.Errorf("%d short words", len(short))
	}
}

func TestModes(t *testing.T) {
	path := place(t)
	defer unix.Umask(unix.Umask(0o077))
	if err := New(Options{Path: path}).Check(); err != nil {
		t.Fatal(err)
	}
	file, dir := fs.FileMode(0o600), fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		file, dir = 0o640, 0o750
	}
	for p, want := range map[string]fs.FileMode{path: file, filepath.Dir(path): dir} {
		info, err := os.Stat(p)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", p, info.Mode(), err, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	for _, tt := range []struct {
		uid         int
		state, want string
	}{
		{0, "/root/.local/state/lxcdeck", "/var/log/lxcdeck/audit.jsonl"},
		{1000, "/home/ann/.local/state/lxcdeck", "/home/ann/.local/state/lxcdeck/audit.jsonl"},
		{1000, "", ""},
	} {
		if got := Place(tt.uid, tt.state); got != tt.want {
			t.Errorf("Place(%d, %q) = %q, want %q", tt.uid, tt.state, got, tt.want)
		}
	}
}

func TestUnwritableIsSaidOnceBeforeAndTheWorkIsDone(t *testing.T) {
	for name, spoil := range map[string]func(string) error{
		"directory that others can write": func(p string) error {
			return errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.Chmod(filepath.Dir(p), 0o777))
		},
		"link": func(p string) error {
			return errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.Symlink("/etc/passwd", p))
		},
		"fifo": func(p string) error {
			return errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), unix.Mkfifo(p, 0o600))
		},
		"no place":    func(p string) error { return nil },
		"file as dir": func(p string) error { return os.WriteFile(filepath.Dir(p), nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			path := place(t)
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			if name == "no place" {
				path = ""
			}
			inner := host()
			var told []int
			rt := Wrap(inner, New(Options{Path: path, Failed: func(err error) {
				if !strings.Contains(err.Error(), "audit log") {
					t.Errorf("told %v", err)
				}
				told = append(told, len(inner.Requests()))
			}}))
			for _, op := range []runtime.Op{runtime.Freeze, runtime.Thaw} {
				if err := rt.Do(t.Context(), runtime.Request{Op: op, Ref: web}); err != nil {
					t.Errorf("%s: %v", op, err)
				}
			}
			if !slices.Equal(told, []int{0}) {
				t.Errorf("told after %v operations, want once, before the first", told)
			}
		})
	}
}

func TestDiskFull(t *testing.T) {
	var told error
	dir := filepath.Join(t.TempDir(), "full")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: not root: a small file system cannot be mounted")
	}
	if err := unix.Mount("lxcdt", dir, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	path := filepath.Join(dir, "audit.jsonl")
	rt := Wrap(host(), New(Options{Path: path, Failed: func(err error) { told = err }}))
	for i := 0; told == nil && i < 10000; i++ {
		op := []runtime.Op{runtime.Freeze, runtime.Thaw}[i%2]
		if err := rt.Do(t.Context(), runtime.Request{Op: op, Ref: web}); err != nil {
			t.Fatal(err)
		}
	}
	if !errors.Is(told, unix.ENOSPC) {
		t.Fatalf("told %v", told)
	}
	if got := records(t, path); len(got) < 100 {
		t.Errorf("%d records of a full disk can be read", len(got))
	}
	if err := os.Truncate(path, 1<<15); err != nil { // somebody makes room, in the middle of a line
		t.Fatal(err)
	}
	before := len(records(t, path))
	if err := rt.Do(t.Context(), runtime.Request{Op: runtime.Kill, Ref: web}); err != nil {
		t.Fatal(err)
	}
	if got := records(t, path); len(got) != before+2 || got[len(got)-1].What != "kill" {
		t.Errorf("%d records after %d and a torn line", len(got), before)
	}
}

func TestReadFromTheEnd(t *testing.T) {
	path := place(t)
	if all, err := Read(path, 10); err != nil || all != nil {
		t.Errorf("no log: %v, %v", all, err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const n = 3000
	for i := range n {
		r := Record{Time: at.Add(time.Duration(i) * time.Minute), ID: fmt.Sprint(i), Phase: Result, What: "stop", Unattended: i%1000 == 0}
		if err := Append(path, &r); err != nil {
			t.Fatal(err)
		}
		if i == 2990 {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.WriteString("{\"id\":\"torn\",\"time\n\n\x00\x00\x00\n[]\n{}\n" + strings.Repeat("y", 3*maxRecord) + "\n{\"time\":\"2026")
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := Read(path, 20)
	if err != nil || len(got) != 20 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	for i, r := range got {
		if r.ID != fmt.Sprint(n-1-i) {
			t.Errorf("record %d is %s", i, r.ID)
		}
	}
	if all, err := Read(path, n+1); err != nil || len(all) != n || all[n-1].ID != "0" {
		t.Errorf("all: %d, %v", len(all), err)
	}
	missed, err := SinceUnattended(path, at.Add(500*time.Minute))
	if err != nil || len(missed) != 2 || missed[0].ID != "2000" || missed[1].ID != "1000" {
		t.Errorf("unattended since = %+v, %v", missed, err)
	}
}

func TestManyWriters(t *testing.T) {
	path := place(t)
	var wg sync.WaitGroup
	const writers, each = 8, 50
	for range writers {
		wg.Go(func() {
			rt := Wrap(host(), New(Options{Path: path}))
			for i := range each {
				_ = rt.Do(context.Background(), runtime.Request{Op: []runtime.Op{runtime.Freeze, runtime.Thaw}[i%2], Ref: web})
			}
		})
	}
	wg.Wait()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	for line := range strings.Lines(string(raw)) {
		var r Record
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		ids[r.ID]++
	}
	if len(ids) != writers*each {
		t.Errorf("%d numbers, want %d", len(ids), writers*each)
	}
	for id, n := range ids {
		if n != 2 {
			t.Errorf("%s has %d records", id, n)
		}
	}
}

func TestAloneMarksResults(t *testing.T) {
	path := place(t)
	l := New(Options{Path: path})
	l.Alone()
	if err := Wrap(host(), l).Do(t.Context(), runtime.Request{Op: runtime.Kill, Ref: web}); err != nil {
		t.Fatal(err)
	}
	if all := records(t, path); all[0].Unattended || !all[1].Unattended {
		t.Errorf("records = %+v", all)
	}
}
