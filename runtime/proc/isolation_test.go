package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// apart is a tree of kernel files with an init 7 in it.
type apart struct {
	t    *testing.T
	root string
}

func (a apart) put(name, text string) {
	a.t.Helper()
	file := filepath.Join(a.root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		a.t.Fatal(err)
	}
}

func (a apart) link(name, to string) {
	a.t.Helper()
	file := filepath.Join(a.root, name)
	_ = os.Remove(file)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.Symlink(to, file)); err != nil {
		a.t.Fatal(err)
	}
}

func (a apart) read(others map[runtime.Ref]int) runtime.Isolation {
	a.t.Helper()
	i, err := FS{Root: a.root}.Isolation(context.Background(), Target{Init: 7}, others)
	if err != nil {
		a.t.Fatal(err)
	}
	return i
}

const (
	hostMounts = "22 1 8:2 / / rw - ext4 /dev/sda2 rw\n23 22 0:6 / /dev rw - devtmpfs udev rw\n24 22 0:20 / /run rw - tmpfs tmpfs rw\n25 22 0:21 / /proc rw - proc proc rw\n"
	ownMounts  = "90 66 8:2 /lxc/x / rw shared:1 - ext4 /dev/sda2 rw\n91 90 0:40 / /proc rw - proc proc rw\n92 91 0:40 /sys /proc/sys ro - proc proc rw\n93 90 0:41 / /sys rw - sysfs sysfs ro\n"
)

func newApart(t *testing.T) apart {
	a := apart{t, t.TempDir()}
	a.put("proc/7/status", "Name:\tx\nGroups:\t"+strings.Repeat("4294967294 ", 65536)+"\nCapInh:\t0000000000000000\nCapPrm:\t00000000000000ff\nCapEff:\t00000000000000f0\n"+
		"CapBnd:\t00000000000000ff\nCapAmb:\t0000000000000001\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\nlast:\tx\n")
	for _, kind := range runtime.NamespaceKinds() {
		a.link("proc/1/ns/"+kind, kind+":[10]")
		a.link("proc/7/ns/"+kind, kind+":[20]")
	}
	a.put("proc/sys/kernel/cap_last_cap", "40\n")
	a.put("proc/1/mountinfo", hostMounts)
	a.put("proc/7/mountinfo", ownMounts)
	a.put("proc/7/uid_map", "         0     100000      65536\n")
	a.put("proc/7/cgroup", "3:devices:/lxc.payload.x\n0::/lxc.payload.x/init.scope\n")
	a.put("proc/self/cgroup", "0::/\n")
	a.put("proc/self/mountinfo", "30 22 0:30 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n")
	a.put("sys/fs/cgroup/devices/lxc.payload.x/devices.list", "c *:* m\nc 1:3 rwm\n")
	a.link("proc/7/root", "/")
	return a
}

func TestIsolationOfFiles(t *testing.T) {
	a := newApart(t)
	a.link("proc/7/ns/user", "user:[10]")
	a.link("proc/8/ns/ipc", "ipc:[20]")
	a.link("proc/9/ns/user", "user:[10]")
	if err := os.Remove(filepath.Join(a.root, "proc/7/ns/time")); err != nil {
		t.Fatal(err)
	}
	one, two := runtime.Ref{Path: "/l", Name: "one"}, runtime.Ref{Path: "/l", Name: "two"}
	i := a.read(map[runtime.Ref]int{one: 8, two: 9})
	c := &i.Caps
	if c.Bounding != runtime.Of(0xff) || c.Effective != runtime.Of(0xf0) || c.Ambient != runtime.Of(1) || c.Last != runtime.Of(40) || c.Why != "" {
		t.Errorf("behind 65536 groups: %+v", c)
	}
	if f := i.Confined; f.NoNewPrivs != runtime.Yes || f.Seccomp != runtime.Of(2) || f.Filters != runtime.Of(3) || f.LabelWhy != "it is not there" || f.Why != "" {
		t.Errorf("%+v", f)
	}
	if n := i.Namespace("user"); n.Host != runtime.Yes || n.With != nil {
		t.Errorf("%+v", n)
	}
	if n := i.Namespace("ipc"); n.ID != 20 || n.Host != runtime.No || !slices.Equal(n.With, []runtime.Ref{one}) {
		t.Errorf("%+v", n)
	}
	if n := i.Namespace("time"); n.ID != 0 || n.Host != runtime.NotKnown || n.Why == "" || n.Why == "this kernel has none" {
		t.Errorf("%+v", n)
	}
	if err := os.Remove(filepath.Join(a.root, "proc/1/ns/time")); err != nil {
		t.Fatal(err)
	}
	if i = a.read(nil); i.Namespace("time").Why != "this kernel has none" || i.Peer != "pid 1" {
		t.Errorf("%+v", i.Namespaces)
	}
	if i.UIDs.Ranges[0] != (runtime.IDRange{Inside: 0, Outside: 100000, Count: 65536}) || i.GIDs.Why == "" {
		t.Errorf("%+v %+v", i.UIDs, i.GIDs)
	}
	if d := i.Devices; d.Why != "" || d.All != runtime.No || !slices.Equal(d.Rules, []string{"c *:* m", "c 1:3 rwm"}) {
		t.Errorf("%+v", d)
	}
	if len(i.Cgroups) != 2 || !i.Cgroups[0].Own || i.Cgroups[1] != (runtime.CgroupPlace{Path: "/lxc.payload.x/init.scope", Own: true}) {
		t.Errorf("%+v", i.Cgroups)
	}
	for list, want := range map[string]runtime.Answer{"a *:* rwm\n": runtime.Yes, "b *:* rwm\nc *:* rwm\n": runtime.Yes, "c *:* rwm\n": runtime.No, "": runtime.No, strings.Repeat("c 1:3 rwm\n", 200): runtime.No} {
		a.put("sys/fs/cgroup/devices/lxc.payload.x/devices.list", list)
		if d := a.read(nil).Devices; d.All != want || d.More != (len(list) > 1000) || len(d.Rules) > runtime.MaxDeviceRules {
			t.Errorf("%.40q: %+v", list, d)
		}
	}
	a.put("proc/7/cgroup", "0::/lxc.payload.x\n")
	if d := a.read(nil).Devices; d.All != runtime.NotKnown || !strings.Contains(d.Why, "v2") {
		t.Errorf("%+v", d)
	}
}

// TestIsolationWithoutPid1: where pid 1 tells nothing lxcdeck itself stands for the
// host, and that is said.
func TestIsolationWithoutPid1(t *testing.T) {
	a := newApart(t)
	if err := os.RemoveAll(filepath.Join(a.root, "proc/1")); err != nil {
		t.Fatal(err)
	}
	a.link("proc/self/ns/net", "net:[20]")
	i := a.read(nil)
	if i.Mounts.HostWhy != "" {
		t.Errorf("%+v", i.Mounts)
	}
	if i.Peer != "lxcdeck itself" || i.Namespace("net").Host != runtime.Yes || i.Namespace("pid").Host != runtime.NotKnown || i.Namespace("pid").ID != 20 {
		t.Errorf("%q %+v", i.Peer, i.Namespaces)
	}
	_, err := FS{Root: a.root}.Isolation(context.Background(), Target{Init: 99}, nil)
	if !errors.Is(err, runtime.ErrNotFound) {
		t.Error(err)
	}
	for kind, label := range map[string]string{"attr/current": "system_u:system_r:container_t:s0\x00", "attr/apparmor/current": "lxc (enforce)\n"} {
		a.put("proc/7/"+kind, label)
		want := map[string]string{"attr/current": "selinux", "attr/apparmor/current": "apparmor"}[kind]
		a.put("sys/fs/selinux/enforce", "1")
		if c := a.read(nil).Confined; c.Module != want || c.Label != strings.TrimRight(label, "\x00\n") {
			t.Errorf("%+v", c)
		}
		if err := os.RemoveAll(filepath.Join(a.root, "proc/7/attr")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestIsolationOfMounts(t *testing.T) {
	for _, c := range []struct {
		name, add    string
		procSys, sys runtime.Answer
	}{
		{"as LXC mounts it", "", runtime.No, runtime.No},
		{"covered anew", "95 91 0:40 / /proc rw - proc proc rw\n", runtime.Yes, runtime.No},
		{"the cover is covered", "94 92 0:40 /sys /proc/sys rw - proc proc rw\n", runtime.Yes, runtime.No},
		{"covered by something else", "94 92 0:50 / /proc/sys rw - tmpfs x rw\n", runtime.No, runtime.No},
		{"sys anew", "94 93 0:41 / /sys rw - sysfs sysfs rw\n", runtime.No, runtime.Yes},
		{"no proc of its root", "94 17 0:40 / /proc rw - proc proc rw\n95 17 0:40 / /proc/sys rw - proc proc rw\n", runtime.No, runtime.No},
		{"garbled", "x\n\n1 2 3\n94 90 0:40 / proc rw - proc proc rw\n- - -\n", runtime.No, runtime.No},
		{"too many on one place", strings.Repeat("94 90 0:41 / /proc rw - proc proc rw\n", 70), runtime.NotKnown, runtime.No},
	} {
		a := newApart(t)
		a.put("proc/7/mountinfo", ownMounts+c.add)
		m := a.read(nil).Mounts
		if m.ProcSys != c.procSys || m.Sys != c.sys || m.Cut || m.Why != "" {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
	a := newApart(t)
	a.put("proc/7/mountinfo", ownMounts+`94 90 0:6 / /h\040d ro - devtmpfs udev rw
95 90 0:20 /docker.sock /s rw - tmpfs tmpfs rw
96 90 8:2 / /all rw - ext4 /dev/sda2 rw
97 90 8:2 /etc /e rw - ext4 /dev/sda2 rw
98 90 8:3 /etc /other rw - ext4 /dev/sda3 rw
99 90 0:77 /docker.sock /foreign rw - tmpfs tmpfs rw
100 90 8:2 /lxc/x/run/docker.sock /mine rw - ext4 /dev/sda2 rw
`)
	i := a.read(nil)
	var got []string
	for _, m := range i.Mounts.Host {
		got = append(got, fmt.Sprint(m.Dir, " ", m.Is, " ", m.ReadOnly, " ", m.Socket, " ", m.Doubt))
	}
	if want := []string{
		"/h d /dev true false false", "/all / false false false", "/e /etc false false false",
		"/s docker.sock false true false", "/foreign docker.sock false true true", "/mine docker.sock false true true",
	}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if r := i.Root; r.Dir != "/lxc/x" || r.Source != "/dev/sda2" || r.FS != "ext4" || r.ReadOnly || r.Host != runtime.No || r.At != "/" {
		t.Errorf("%+v", r)
	}
	a.put("proc/7/mountinfo", hostMounts)
	if r := a.read(nil).Root; r.Host != runtime.Yes {
		t.Errorf("the host's root: %+v", r)
	}
	if err := os.Remove(filepath.Join(a.root, "proc/1/mountinfo")); err != nil {
		t.Fatal(err)
	}
	if i := a.read(nil); i.Mounts.HostWhy == "" || i.Root.Host != runtime.NotKnown || len(i.Mounts.Host) != 0 {
		t.Errorf("the host's mounts are not known: %+v", i.Mounts)
	}
	a.put("proc/7/mountinfo", "91 90 0:40 / /proc rw - proc proc rw\n")
	if i := a.read(nil); i.Root.Why == "" || i.Root.Host != runtime.NotKnown || i.Mounts.ProcSys != runtime.NotKnown {
		t.Errorf("no root: %+v", i.Root)
	}
}

// TestIsolationOfSeveralRoots: of the mounts at / it is the lowest, wherever it
// stands, and where that is not one nothing is told.
func TestIsolationOfSeveralRoots(t *testing.T) {
	above := "89 90 0:50 / / rw - tmpfs above rw\n"
	for text, want := range map[string]string{
		above + ownMounts: "/dev/sda2", ownMounts + above: "/dev/sda2",
		"89 17 0:50 / / rw - tmpfs beside rw\n" + ownMounts: "", ownMounts + strings.Repeat(above, mostAbove): "",
	} {
		a := newApart(t)
		a.put("proc/7/mountinfo", text)
		i := a.read(nil)
		if i.Root.Source != want || (i.Root.Why == "") != (want != "") || (i.Mounts.ProcSys == runtime.NotKnown) != (want == "") || (i.Mounts.ProcSysWhy == "") != (want != "") {
			t.Errorf("%.40q: %+v %+v", text, i.Root, i.Mounts)
		}
	}
}

// TestIsolationIsBounded: what is longer than is read is not told as known, and
// what a container makes long is cut.
func TestIsolationIsBounded(t *testing.T) {
	a := newApart(t)
	long := strings.Repeat("y", 4000)
	line := "99 90 0:50 / /tmp/" + long + " rw - tmpfs t rw\n"
	a.put("proc/7/mountinfo", ownMounts+strings.Repeat("97 90 0:40 / /proc/"+long+" rw - proc "+long+" rw\n", 100)+strings.Repeat(line, maxMountinfo/len(line)+1))
	i := a.read(nil)
	if m := i.Mounts; !m.Cut || m.ProcSys != runtime.NotKnown || m.Sys != runtime.NotKnown || !m.More || len(m.Kernel) != runtime.MaxMounts || len(m.Kernel[10].Dir) > maxShown+3 {
		t.Errorf("%d mounts, cut %v, %d kept", m.Total, m.Cut, len(m.Kernel))
	}
	if i.Root.Dir != "/lxc/x" {
		t.Errorf("%+v", i.Root)
	}
	a.put("proc/7/status", "Groups:\t"+strings.Repeat("1", maxStatus)+"\nCapBnd:\t00000000000000ff\n")
	if i = a.read(nil); !strings.Contains(i.Caps.Why, "longer than") || !i.Caps.Bounding.Absent() {
		t.Errorf("%+v", i.Caps)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (FS{Root: a.root}).Isolation(ctx, Target{Init: 7}, nil); err == nil {
		t.Error("it does not heed the end of its context")
	}
}
