package cgroup

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"lxcdeck/runtime"
)

func TestCutPayload(t *testing.T) {
	for _, c := range []struct {
		path, own string
		dirs      []string
		want      string
	}{
		{path: "/lxc.payload.web", want: "/lxc.payload.web"},
		{path: "/lxc.payload.web-1", want: "/lxc.payload.web-1"},
		{path: "/lxc.payload.web/init.scope", want: "/lxc.payload.web"},
		{path: "/lxc.payload.web/.lxc", want: "/lxc.payload.web"},
		{path: "/lxc.payload.web/system.slice/ssh.service", want: "/lxc.payload.web"},
		{path: "/user.slice/a.scope/lxc.pivot/lxc.payload.x", want: "/user.slice/a.scope/lxc.pivot/lxc.payload.x"},
		{path: "/my/dir/lxc.payload.x/init.scope", want: "/my/dir/lxc.payload.x"},
		{path: "/lxc.payload.out/lxc.payload.fake", want: "/lxc.payload.out"}, // a container hiding from its host
		{path: "/lxc.payload.out/lxc.payload.in", own: "/lxc.payload.out/user.slice", want: "/lxc.payload.out/lxc.payload.in"},
		{path: "/lxc.payload.out/user.slice", own: "/lxc.payload.out/user.slice", want: ""},
		{path: "/lxc.payload.out2/x", own: "/lxc.payload.out", want: "/lxc.payload.out2"},
		{path: "/", want: ""},
		{path: "/user.slice/session-1.scope", want: ""},
		{path: "/lxc.payload.", want: ""},
		{path: "/lxc.monitor.web", want: ""},
		{path: "/xlxc.payload.web", want: ""},
		{path: "/pay/x", want: ""},
		{path: "/pay/x/.inner/init.scope", dirs: []string{"pay/x"}, want: "/pay/x"},
		{path: "/user.slice/pay/x", dirs: []string{"/pay/x/"}, want: "/user.slice/pay/x"},
		{path: "/pay/x-2/init.scope", dirs: []string{"pay/x"}, want: "/pay/x-2"},
		{path: "/pay/xy/pay/x", dirs: []string{"pay/x"}, want: "/pay/xy/pay/x"},
		{path: "/pay/x-y", dirs: []string{"pay/x"}, want: ""},
		{path: "/pay/x-", dirs: []string{"pay/x"}, want: ""},
		{path: "/a/lxc.payload.x", dirs: []string{"", "/", "other"}, want: "/a/lxc.payload.x"},
	} {
		if got := cutPayload(c.path, c.own, c.dirs); got != c.want {
			t.Errorf("cutPayload(%q, %q, %q) = %q, want %q", c.path, c.own, c.dirs, got, c.want)
		}
	}
}

func TestBelongs(t *testing.T) {
	for _, c := range []struct {
		payload, name string
		dirs          []string
		want          bool
	}{
		{"/lxc.payload.web", "web", nil, true},
		{"/a/lxc.payload.web-12", "web", nil, true},
		{"/lxc.payload.web-1", "web-1", nil, true},
		{"/lxc.payload.web-x", "web", nil, false},
		{"/lxc.payload.web2", "web", nil, false},
		{"/lxc.payload.db", "web", nil, false},
		{"/pay/x", "web", nil, false},
		{"/pay/x-3", "web", []string{"pay/x"}, true},
	} {
		if got := belongs(c.payload, c.name, c.dirs); got != c.want {
			t.Errorf("belongs(%q, %q, %q) = %v", c.payload, c.name, c.dirs, got)
		}
	}
}

func TestLocate(t *testing.T) {
	loc, err := FS{Root: "testdata/v1"}.Locate(320)
	want := Location{V1: map[string]string{"pids": "/lxc.payload.idle", "blkio": "/lxc.payload.idle", "memory": "",
		"cpu": "/lxc.payload.idle", "cpuacct": "/lxc.payload.idle"}}
	if err != nil || !reflect.DeepEqual(loc, want) {
		t.Errorf("got %+v, %v", loc, err)
	}
	if loc, err = (FS{Root: "testdata/v2"}).Locate(5000); !errors.Is(err, runtime.ErrNoCgroup) || loc.Any() != "" {
		t.Errorf("got %+v, %v", loc, err)
	}
	if _, err = (FS{}).Locate(1 << 30); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("a pid beyond all pids: %v", err)
	}
}

func TestLocateSkipsGarbage(t *testing.T) {
	got := locate([]byte("x\n:\n::\n5::/no\n0::relative\n0::/../lxc.payload.up\n3:a,b:/lxc.payload.c:d\n"), nil, nil)
	want := Location{V1: map[string]string{"a": "/lxc.payload.c:d", "b": "/lxc.payload.c:d"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestMounts(t *testing.T) {
	m := parseMounts([]byte(`short line
30 22 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro
33 30 0:29 /lxc.payload.out /sys/fs/cgroup/cpu,cpuacct rw shared:15 master:3 - cgroup cgroup rw,cpu,cpuacct
34 30 0:30 / /odd\040place\134x rw - cgroup cgroup rw,memory
35 30 0:31 /../.. /sys/fs/cgroup/up rw - cgroup2 cgroup2 rw
36 30 0:32 / /sys/fs/cgroup/unified rw - cgroup2 none rw
37 30 0:33 rel /x rw - cgroup2 none rw
`), "/r")
	if got := m.V1["memory"]; len(got) != 1 || got[0].Dir != `/r/odd place\x` {
		t.Errorf("memory %+v", got)
	}
	if !reflect.DeepEqual(m.V1["cpu"], m.V1["cpuacct"]) || len(m.Unified) != 2 {
		t.Errorf("got %+v", m)
	}
	for _, c := range []struct {
		mounts     []Mount
		path, want string
	}{
		{m.V1["cpu"], "/lxc.payload.out/lxc.payload.in", "/r/sys/fs/cgroup/cpu,cpuacct/lxc.payload.in"},
		{m.V1["cpu"], "/lxc.payload.out", "/r/sys/fs/cgroup/cpu,cpuacct"},
		{m.V1["cpu"], "/lxc.payload.out2", ""},
		{m.Unified, "/lxc.payload.a", "/r/sys/fs/cgroup/unified/lxc.payload.a"},
		{m.Unified, "/../../x", ""},
		{m.Unified, "/a/../b", ""},
		{nil, "/a", ""},
	} {
		if got := find(c.mounts, c.path); got != c.want {
			t.Errorf("find(%q) = %q, want %q", c.path, got, c.want)
		}
	}
}

func TestListPayloads(t *testing.T) {
	f := FS{Root: "testdata/v2"}
	shallow, err := f.ListPayloads(false)
	if err != nil {
		t.Fatal(err)
	}
	deep, err := f.ListPayloads(true)
	if err != nil {
		t.Fatal(err)
	}
	names := func(list []Payload) (s []string) {
		for _, p := range list {
			s = append(s, p.Name)
		}
		return s
	}
	if got := names(shallow); !slices.Equal(got, []string{"stale", "web"}) {
		t.Errorf("shallow: %q", got)
	}
	if got := names(deep); !slices.Equal(got, []string{"stale", "usr-1", "web"}) {
		t.Fatalf("deep: %q", got)
	}
	if pid, err := f.PayloadInit(deep[2]); pid != 4242 || err != nil {
		t.Errorf("init of web: %d, %v (4300 is attached, 4400 is the init of a container inside)", pid, err)
	}
	if pid, err := f.PayloadInit(deep[1]); pid != 6000 || err != nil {
		t.Errorf("init of usr-1: %d, %v", pid, err)
	}
	if _, err := f.PayloadInit(deep[0]); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("stale payload: %v", err)
	}
	both, err := FS{Root: "testdata/hybrid"}.ListPayloads(true)
	if err != nil || !slices.Equal(names(both), []string{"app"}) {
		t.Errorf("hybrid: %+v, %v", both, err)
	}
}
