package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s", file, got, want)
	}
}

func TestLsTable(t *testing.T) {
	r := lxcdeck(t, testHost(), "ls")
	if r.code != 0 || r.err != "" {
		t.Errorf("status %d, errors %q", r.code, r.err)
	}
	golden(t, "ls.txt", r.out)
}

func TestLsJSON(t *testing.T) {
	r := lxcdeck(t, testHost(), "ls", "--json")
	if r.code != 0 || r.err != "" {
		t.Errorf("status %d, errors %q", r.code, r.err)
	}
	golden(t, "ls.json", r.out)
	var all []map[string]any
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 3 {
		t.Fatalf("%d objects, %v", len(all), err)
	}
	for _, name := range []string{"path", "name", "state", "pid", "cpu_seconds", "memory_usage_bytes", "memory_bytes",
		"memory_limit_bytes", "swap_bytes", "io_read_bytes", "io_write_bytes", "net_rx_bytes", "net_tx_bytes", "pids",
		"pids_max", "ips", "uptime_seconds", "autostart", "groups", "unprivileged"} {
		for _, o := range all {
			if _, ok := o[name]; !ok {
				t.Errorf("%v has no %q", o["name"], name)
			}
		}
	}
	if all[0]["name"] != "db" || all[0]["pid"] != nil || all[0]["cpu_seconds"] != nil || all[0]["uptime_seconds"] != nil {
		t.Errorf("a stopped container's absent figures are not null: %v", all[0])
	}
}

func TestLsEmpty(t *testing.T) {
	empty := fake.New(fake.Options{})
	if r := lxcdeck(t, empty, "ls", "--json"); r.out != "[]\n" || r.code != 0 {
		t.Errorf("json: %+v", r)
	}
	if r := lxcdeck(t, empty, "ls"); !strings.HasPrefix(r.out, "NAME ") || strings.Count(r.out, "\n") != 1 || r.code != 0 {
		t.Errorf("table: %+v", r)
	}
	if r := lxcdeck(t, empty, "ls"); !strings.Contains(r.err, "no containers in ") || !strings.Contains(r.err, "lxc-create") {
		t.Errorf("nothing said of where was looked: %+v", r)
	}
	if n := empty.Calls(fake.Sample); n != 0 {
		t.Errorf("%d samples taken of nothing", n)
	}
}

func TestLsNames(t *testing.T) {
	for _, args := range [][]string{{"ls", "db"}, {"ls", "-n", "db"}, {"-n", "db", "ls"}, {"ls", path + "/db"}} {
		r := lxcdeck(t, testHost(), args...)
		if r.code != 0 || !strings.Contains(r.out, "\ndb ") || strings.Contains(r.out, "web-1") {
			t.Errorf("%v: %+v", args, r)
		}
	}
	r := lxcdeck(t, testHost(), "ls", "nope", "db")
	if r.code != 4 || !strings.Contains(r.out, "\ndb ") || !strings.Contains(r.err, "ls nope: no such container") {
		t.Errorf("one of two unknown: %+v", r)
	}
}

func TestLsIsOneListAndOneSample(t *testing.T) {
	rt := testHost()
	lxcdeck(t, rt, "ls")
	if l, s := rt.Calls(fake.List), rt.Calls(fake.Sample); l != 1 || s != 1 {
		t.Errorf("%d lists and %d samples, want one each", l, s)
	}
}

func TestLsTellsWhatIsWrong(t *testing.T) {
	rt := testHost()
	rt.Fail(fake.List, runtime.Ref{Path: path, Name: "web-1"}, fake.Fault{Stuck: true})
	rt.Fail(fake.List, runtime.Ref{Path: path, Name: "db"}, fake.Fault{Err: runtime.ErrConfig})
	r := lxcdeck(t, rt, "ls")
	if r.code != 0 || !strings.Contains(r.out, "no answer for 0s") || !strings.Contains(r.out, "configuration cannot be loaded") {
		t.Errorf("result = %+v", r)
	}
	rt = testHost()
	rt.Fail(fake.List, runtime.Ref{Path: path}, fake.Fault{Err: errors.New("permission\x1b denied")})
	r = lxcdeck(t, rt, "ls", "--json")
	if r.code != 1 || r.out != "[]\n" || !strings.Contains(r.err, `lxcpath /var/lib/lxc: permission\x1b denied`) {
		t.Errorf("unreadable lxcpath: %+v", r)
	}
	rt = testHost()
	ref := runtime.Ref{Path: path, Name: "db"}
	rt.Fail(fake.List, ref, fake.Fault{Err: &runtime.Error{Op: "list", Ref: ref, Err: runtime.ErrConfig}})
	if r = lxcdeck(t, rt, "ls", "--json", "db"); !strings.Contains(r.out, `"problem":"configuration cannot be loaded"`) {
		t.Errorf("the problem repeats what its row says: %s", r.out)
	}
	rt = testHost()
	rt.Fail(fake.Sample, runtime.Ref{Path: path, Name: "web-1"}, fake.Fault{Err: runtime.ErrNoCgroup})
	if r = lxcdeck(t, rt, "ls"); r.code != 0 || !strings.Contains(r.out, "no figures: container has no cgroup") {
		t.Errorf("no sample: %+v", r)
	}
}

// late lists only when the time is over, as a host with silent monitors does.
type late struct{ keep }

func (l late) List(ctx context.Context) (runtime.Listing, error) {
	<-ctx.Done()
	return l.keep.List(context.WithoutCancel(ctx))
}

func TestLsTellsThatTheTimeIsOver(t *testing.T) {
	rt := testHost()
	r := lxcdeckWith(t, rt, func(o *Options) {
		o.Open = func([]string, bool, bool) (runtime.Runtime, error) { return late{keep{rt}}, nil }
	}, "ls", "--timeout", "1ms", "db")
	if r.code != 1 || !strings.Contains(r.err, "the time is over") || !strings.Contains(r.out, "\ndb ") {
		t.Errorf("result = %+v", r)
	}
}

func TestSameNameInTwoPaths(t *testing.T) {
	rt := fake.New(fake.Options{Paths: []string{"/a", "/b"}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Path: "/a", Name: "web"}, State: runtime.Stopped}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Path: "/b", Name: "web"}, State: runtime.Stopped}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Path: "/b", Name: "only"}, State: runtime.Stopped}})
	if r := lxcdeck(t, rt, "ls"); !strings.Contains(r.out, "LXCPATH") || strings.Count(r.out, "\nweb ") != 2 {
		t.Errorf("ls: %+v", r)
	}
	for _, verb := range []string{"start", "ls"} {
		r := lxcdeck(t, rt, verb, "web")
		if r.code != 2 || !strings.Contains(r.err, "web is in several lxcpaths: /a, /b; choose one with -P") {
			t.Errorf("%s: %+v", verb, r)
		}
	}
	if r := lxcdeck(t, rt, "shell", "web"); r.code != 125 || !strings.Contains(r.err, "several lxcpaths") {
		t.Errorf("shell: %+v", r)
	}
	if r := lxcdeck(t, rt, "start", "only", "/a/web"); r.code != 0 {
		t.Errorf("start: %+v", r)
	}
	for ref, want := range map[runtime.Ref]runtime.State{
		{Path: "/b", Name: "only"}: runtime.Running, {Path: "/a", Name: "web"}: runtime.Running, {Path: "/b", Name: "web"}: runtime.Stopped,
	} {
		if c, _ := rt.Get(ref); c.State != want {
			t.Errorf("%s is %s, want %s", ref, c.State, want)
		}
	}
}

func TestJSONIsPrintableAndMeansTheSame(t *testing.T) {
	for _, name := range []string{"plain", "a\u009b31mb", "\u202egnp", "\x7f", "\U000e0001tag", "<&>", "zwj\u200dx"} {
		b, err := appendObject(nil, fields(), &row{c: runtime.Container{Ref: runtime.Ref{Path: "/p", Name: name}}})
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(string(b), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q: not printable: %q", name, b)
		}
		var o map[string]any
		if err := json.Unmarshal(b, &o); err != nil || o["name"] != name {
			t.Errorf("%q came back as %q, %v", name, o["name"], err)
		}
	}
}
