package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

func TestChoices(t *testing.T) {
	a := newAdapter(t, Options{Paths: []string{t.TempDir()}})
	c, err := a.Choices(t.Context())
	must(t, err)
	if len(c.Backings) == 0 || c.Backings[0] != "dir" || c.BackingOut["overlay"] == "" || c.MustMap != (os.Geteuid() != 0) {
		t.Errorf("%+v", c)
	}
	for _, b := range []string{"btrfs", "zfs", "lvm", "loop", "rbd"} {
		if slices.Contains(c.Backings, b) == (c.BackingOut[b] != "") {
			t.Errorf("%s: usable or not? %v, %q", b, c.Backings, c.BackingOut[b])
		}
	}
	if (len(c.IDMaps) == 0) == (c.IDMapsWhy == "") {
		t.Errorf("id maps %v, why none: %q", c.IDMaps, c.IDMapsWhy)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Choices(ctx); err != nil && !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTemplates(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	for name, mode := range map[string]os.FileMode{
		"lxc-busybox": 0o755, "lxc-oci": 0o755, "lxc-mine": 0o755, "lxc-notes": 0o644, "other": 0o755, "lxc-": 0o755, "lxc-local": 0o755,
	} {
		put(t, filepath.Join(dir, name), "#!/bin/sh\n")
		must(t, os.Chmod(filepath.Join(dir, name), mode))
	}
	must(t, os.Mkdir(filepath.Join(dir, "lxc-directory"), 0o755))
	put(t, filepath.Join(dir, "lxc-download"), "#!/bin/sh\nfor bin in tar xz wget; do :; done\n")
	must(t, os.Chmod(filepath.Join(dir, "lxc-download"), 0o755))
	for _, p := range []string{"jq", "tar", "xz"} {
		put(t, filepath.Join(bin, p), "")
		must(t, os.Chmod(filepath.Join(bin, p), 0o755))
	}
	all, err := templates([]string{"/nowhere", dir, dir}, "/nowhere:"+bin)
	must(t, err)
	got := map[string]string{}
	for _, tpl := range all {
		got[tpl.Name] = tpl.Missing
	}
	want := map[string]string{
		"busybox": "busybox is not installed", "oci": "skopeo and umoci are not installed", "mine": "", "local": "",
		"download": "wget is not installed",
	}
	if len(got) != len(want) || len(all) != len(want) {
		t.Errorf("%v", all)
	}
	for name, missing := range want {
		if got[name] != missing {
			t.Errorf("%s: %q, want %q", name, got[name], missing)
		}
	}
}

func TestDefaultNet(t *testing.T) {
	dir := t.TempDir()
	net := filepath.Join(dir, "net")
	must(t, os.MkdirAll(filepath.Join(net, "br0", "bridge"), 0o755))
	must(t, os.MkdirAll(filepath.Join(net, "eth0"), 0o755))
	if got := bridges(net); !slices.Equal(got, []string{"br0"}) {
		t.Errorf("bridges %v", got)
	}
	for _, c := range []struct {
		text string
		want runtime.DefaultNet
	}{
		{"", runtime.DefaultNet{}},
		{"lxc.net.0.type = veth\nlxc.net.0.link=br0\nlxc.net.1.link = none0\n", runtime.DefaultNet{Type: "veth", Link: "br0"}},
		{"lxc.net.0.type = veth\nlxc.net.0.link = none0\n", runtime.DefaultNet{Type: "veth", Link: "none0", Missing: true}},
		{"lxc.net.0.type = empty\n", runtime.DefaultNet{Type: "empty"}},
		{"lxc.net.0.type = veth\nlxc.net =\n", runtime.DefaultNet{}},
		{"lxc.include = " + dir + "/more\n#lxc.net.0.link = none0\n", runtime.DefaultNet{Type: "macvlan", Link: "eth0"}},
	} {
		put(t, dir+"/conf", c.text)
		put(t, dir+"/more/x.conf", "lxc.net.0.type = \"macvlan\"\nlxc.net.0.link = eth0\n")
		put(t, dir+"/more/x.not", "lxc.net.0.link = none0\n")
		if got := defaultNet(dir+"/conf", net); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.text, got, c.want)
		}
	}
	if os.Geteuid() == 0 {
		must(t, os.Chown(dir+"/conf", 4_000_000, 0))
		if got := defaultNet(dir+"/conf", net); got != (runtime.DefaultNet{}) {
			t.Errorf("somebody else's config was read: %+v", got)
		}
	}
}

func TestIDMaps(t *testing.T) {
	maps, why := idMapsOf("root", []span{{100000, 65536}, {500000, 1000}}, []span{{200000, 65536}}, 0)
	want := []runtime.IDMap{
		{Host: 100000, Count: 65536}, {Inner: 65536, Host: 500000, Count: 1000}, {Group: true, Host: 200000, Count: 65536},
	}
	if why != "" || !slices.Equal(maps, want) {
		t.Errorf("%v, %q", maps, why)
	}
	if maps, why := idMapsOf("me", nil, []span{{1, 1}}, 0); maps != nil || !strings.Contains(why, "/etc/subuid has no line for me") {
		t.Errorf("%v, %q", maps, why)
	}
	if maps, why := idMapsOf("me", []span{{1, 1}}, nil, 0); maps != nil || !strings.Contains(why, "/etc/subgid") {
		t.Errorf("%v, %q", maps, why)
	}
	user := trust{uid: 1000, gid: 1001, uids: []span{{100000, 65536}}, gids: []span{{200000, 65536}}}
	for text, kind := range map[string]error{
		"": runtime.ErrInvalid, "nonsense": runtime.ErrInvalid,
		"u 0 100000 65536\ng 0 200000 65536": nil, "u 0 165535 1": nil, "u 0 1000 1": nil, "g 0 1001 1": nil,
		"u 0 100000 65537": runtime.ErrPermission, "u 0 0 1": runtime.ErrPermission, "g 0 100000 65536": runtime.ErrPermission, "u 0 1000 2": runtime.ErrPermission,
	} {
		err := mayMap(nonEmpty(text), user)
		if (err == nil) != (kind == nil) || kind != nil && !errors.Is(err, kind) {
			t.Errorf("%q: %v", text, err)
		}
		if kind != nil && text != "nonsense" && !strings.Contains(err.Error(), "/etc/sub") {
			t.Errorf("%q: %v names no file", text, err)
		}
		if err := mayMap(nonEmpty(text), trust{}); err != nil {
			t.Errorf("root: %v", err)
		}
	}
}

func TestLimitLines(t *testing.T) {
	limits := runtime.Limits{Memory: 1 << 30, CPUs: 1.5, PIDs: 10}
	v2 := [][2]string{{"lxc.cgroup2.memory.max", "1073741824"}, {"lxc.cgroup2.cpu.max", "150000 100000"}, {"lxc.cgroup2.pids.max", "10"}}
	hybrid := [][2]string{
		{"lxc.cgroup.memory.limit_in_bytes", "1073741824"}, {"lxc.cgroup.cpu.cfs_period_us", "100000"},
		{"lxc.cgroup.cpu.cfs_quota_us", "150000"}, {"lxc.cgroup2.pids.max", "10"},
	}
	for _, c := range []struct {
		mounts, controllers string
		want                [][2]string
	}{
		{"1 0 0:1 / /cg rw - cgroup2 cgroup2 rw\n", "cpu memory pids", v2},
		{"1 0 0:1 / /cg rw - cgroup2 cgroup2 rw\n2 0 0:2 / /m rw - cgroup cgroup rw,memory\n3 0 0:3 / /c rw - cgroup cgroup rw,cpu,cpuacct\n", "pids", hybrid},
		{"1 0 0:1 / /cg rw - cgroup2 cgroup2 rw\n", "cpu cpuset pids", nil},
	} {
		root := t.TempDir()
		put(t, root+"/proc/self/mountinfo", c.mounts)
		put(t, root+"/cg/cgroup.controllers", c.controllers+"\n")
		got, err := limitLines(cgroup.FS{Root: root}, limits)
		if !slices.Equal(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%v, %v", got, err)
		}
		if c.want == nil && (!errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), "memory")) {
			t.Errorf("no controller: %v", err)
		}
	}
}
