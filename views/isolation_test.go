package views

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// someIsolation is that of a container with weak points.
func someIsolation() *runtime.Isolation {
	i := &runtime.Isolation{
		At: now, InitPID: 4121, Peer: "pid 1",
		Root: runtime.ContainerRoot{Source: "/dev/sda2", FS: "ext4", Dir: "/var/lib/lxc/web-1/rootfs", Host: runtime.No, At: "/"},
		UIDs: runtime.MappedIDs{Ranges: []runtime.IDRange{{Count: 1<<32 - 1}}}, GIDs: runtime.MappedIDs{Why: "permission denied"},
		Caps:     runtime.Capabilities{Bounding: runtime.Of(0x1fcfdfeffff), Effective: runtime.Of(0x1fcfdfeffff), Last: runtime.Of(40)},
		Confined: runtime.Confinement{NoNewPrivs: runtime.No, Seccomp: runtime.Of(2), Filters: runtime.Of(1), Module: "apparmor", Label: "unconfined", Modules: "capability,yama,apparmor"},
		Mounts: runtime.MountFacts{Total: 34, ProcSys: runtime.No, Sys: runtime.No,
			Kernel: []runtime.Mount{{Dir: "/proc", FS: "proc"}, {Dir: "/proc/sys", FS: "proc", ReadOnly: true}, {Dir: "/proc/cpuinfo", FS: "fuse.lxcfs", Source: "lxcfs"}, {Dir: "/sys", FS: "sysfs", ReadOnly: true}},
			Host:   []runtime.Mount{{Dir: "/run/docker.sock", FS: "tmpfs", Is: "docker.sock", Socket: true}},
		},
		Cgroups: []runtime.CgroupPlace{{Controllers: "cpu,cpuacct", Path: "/lxc.payload.web-1", Own: true}, {Controllers: "memory", Path: "/lxc.payload.web-1", Own: true}, {Path: "/user.slice"}},
		Devices: runtime.DeviceRules{All: runtime.No, Rules: []string{"c *:* m", "c 1:3 rwm"}},
		Config: runtime.IsolationConfig{Read: true, Changed: time.Date(2026, 11, 26, 12, 0, 0, 0, time.Local), Settings: []runtime.Setting{
			{Key: "lxc.rootfs.path", Value: "dir:/var/lib/lxc/web-1/rootfs"}, {Key: "lxc.cap.drop", Value: "sys_module sys_time mac_override mac_admin"}, {Key: "lxc.net.0.type", Value: "none"},
		}},
	}
	for n, kind := range runtime.NamespaceKinds() {
		ns := runtime.Namespace{Kind: kind, ID: 4026531834 + uint64(n)*100, Host: runtime.No}
		switch kind {
		case "user", "net":
			ns.Host = runtime.Yes
		case "ipc":
			ns.With = []runtime.Ref{{Path: "/var/lib/lxc", Name: "db-main"}}
		case "time":
			ns = runtime.Namespace{Kind: kind, Why: "this kernel has none"}
		}
		i.Namespaces = append(i.Namespaces, ns)
	}
	return i
}

func isolationState(i *runtime.Isolation) *IsolationState {
	return &IsolationState{
		Name: "web-1", Lines: IsolationLines(i, func(r runtime.Ref) string { return r.Name }), Cursor: 1, Sum: IsolationSum(i),
		Hints: []keymap.Hint{{Key: "y", Text: "copies the line's value"}, {Key: "ctrl+r", Text: "reads again"}, {Key: "q", Text: "back"}},
	}
}

// nastyIsolation has all that is hard to paint.
func nastyIsolation() *IsolationState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 3)
	i := someIsolation()
	i.Peer, i.Root.Source, i.Root.Dir, i.Root.At, i.Confined.Label, i.Confined.Modules = bad, bad, bad, bad, bad, bad
	i.Caps.Bounding, i.Caps.Effective, i.Caps.Last = runtime.Of(1<<64-1), runtime.Of(5), runtime.Value{}
	i.Caps.Ambient, i.Confined.Seccomp = runtime.Of(1<<63), runtime.Of(1<<40)
	i.Mounts.Cut, i.Mounts.More, i.Mounts.Why, i.Devices.More = true, true, bad, true
	i.Devices.Rules = []string{bad, ""}
	for n, name := range nastyNames() {
		if n == 4 {
			break
		}
		i.Mounts.Kernel = append(i.Mounts.Kernel, runtime.Mount{Dir: name, FS: bad, Source: name})
		i.Mounts.Host = append(i.Mounts.Host, runtime.Mount{Dir: bad, FS: name, Is: name, Socket: n%2 == 0})
		i.Cgroups = append(i.Cgroups, runtime.CgroupPlace{Controllers: name, Path: bad})
		i.Config.Settings = append(i.Config.Settings, runtime.Setting{Key: name, Value: bad})
		i.Namespaces = append(i.Namespaces, runtime.Namespace{Kind: name, ID: 1<<64 - 1, With: []runtime.Ref{{Path: "/", Name: bad}}})
	}
	s := isolationState(i)
	s.Name, s.Note, s.Sum = bad, bad, "9999 !!  9999 !"
	return s
}

func TestGoldenIsolation(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	plain := theme(t, "mono", ThemeOptions{ASCII: true})
	stopped := &runtime.Isolation{Config: someIsolation().Config}
	denied := someIsolation()
	denied.Peer, denied.Caps, denied.Confined = "lxcdeck itself", runtime.Capabilities{Why: "permission denied"}, runtime.Confinement{Why: "permission denied", PrivsWhy: "permission denied", LabelWhy: "permission denied"}
	denied.Root, denied.Devices, denied.Mounts = runtime.ContainerRoot{Why: "permission denied", AtWhy: "permission denied"}, runtime.DeviceRules{Why: "permission denied"}, runtime.MountFacts{Why: "permission denied"}
	denied.UIDs, denied.Cgroups, denied.CgroupsWhy, denied.Config = denied.GIDs, nil, "permission denied", runtime.IsolationConfig{Why: "configuration belongs to another user (uid 1000)"}
	for n := range denied.Namespaces {
		denied.Namespaces[n] = runtime.Namespace{Kind: denied.Namespaces[n].Kind, Why: "permission denied"}
	}
	for name, size := range map[string][2]int{"40x10": {40, 10}, "60x15": {60, 15}, "80x24": {80, 24}, "120x40": {120, 40}, "200x60": {200, 60}} {
		w, h := size[0], size[1]
		golden(t, "isolation-"+name, th.Isolation(isolationState(someIsolation()), w, h), false)
		golden(t, "isolation-colour-"+name, th.Isolation(isolationState(someIsolation()), w, h), true)
		golden(t, "isolation-mono-"+name, plain.Isolation(isolationState(someIsolation()), w, h), true)
		end := isolationState(someIsolation())
		end.Cursor = len(end.Lines) - 1
		end.Offset = th.IsolationTop(end, w, h)
		golden(t, "isolation-end-"+name, th.Isolation(end, w, h), false)
		s := isolationState(stopped)
		s.Note = "web-1 does not run: this is what its configuration asks for"
		golden(t, "isolation-stopped-"+name, th.Isolation(s, w, h), false)
		golden(t, "isolation-denied-"+name, th.Isolation(isolationState(denied), w, h), false)
		golden(t, "isolation-empty-"+name, th.Isolation(&IsolationState{Name: "web-1", Empty: "reading ..."}, w, h), false)
	}
	for _, l := range isolationState(denied).Lines {
		if !l.Head && !strings.HasPrefix(l.Text, Absent+"  ") {
			t.Errorf("what may not be read is told: %+v", l)
		}
	}
}

func TestIsolationIsExact(t *testing.T) {
	states := []*IsolationState{isolationState(someIsolation()), nastyIsolation(), {Empty: strings.Repeat("long words ", 90), Say: &NoticeState{Text: "日本語 notice"}}}
	states[1].Say = states[2].Say
	for n, s := range states {
		th := themes(t)[n%2]
		for _, size := range sizes() {
			w, h := size[0], size[1]
			if w < 24 && h != 5 && h != 15 { // thousands of rows, of which no more would be seen
				continue
			}
			for _, s.Cursor = range []int{min(1, len(s.Lines)), max(0, len(s.Lines)-1)} {
				s.Offset = 1 << 20 * (s.Cursor % 2)
				top := th.IsolationTop(s, w, h)
				s.Offset = top
				exact(t, fmt.Sprintf("isolation %d", n), th.Isolation(s, w, h), w, h)
				spans, page := th.IsolationSpans(s, w), IsolationPage(s, h)
				if s.Cursor < len(spans) && page > 0 && (spans[s.Cursor].To <= top || spans[s.Cursor].From >= top+page) {
					t.Fatalf("%d at %v: line %d in rows %v is not in sight from %d, %d rows", n, size, s.Cursor, spans[s.Cursor], top, page)
				}
			}
		}
		for _, size := range [][2]int{{0, 0}, {-1, -1}, {0, 5}} {
			if b := th.Isolation(s, size[0], size[1]); len(b) != max(0, size[1]) {
				t.Fatalf("%v: %d rows", size, len(b))
			}
		}
	}
}

// TestIsolationLines: each fact has its words, and what is copied is what stands there.
func TestIsolationLines(t *testing.T) {
	text := ""
	for _, l := range isolationState(someIsolation()).Lines {
		text += l.Name + "|" + l.Text + "\n"
		if !l.Head && (l.Value() == "" || l.Sign != "" && l.Set != "" && l.Value() != l.Set) {
			t.Errorf("%+v is copied as %q", l, l.Value())
		}
	}
	for _, want := range []string{
		"net|4026532134  the host's", "ipc|4026532234  shared with db-main", "time|-  this kernel has none", "uid|the same inside and on the host", "gid|-  permission denied",
		"directory|/var/lib/lxc/web-1/rootfs of /dev/sda2, ext4, writable", "made by|pivot_root", "dropped|4: sys_module sys_time mac_override mac_admin", "init has|all that are kept",
		"seccomp|filter (1 filter)", "AppArmor|unconfined", "allowed|c 1:3 rwm", "/proc/sys|proc, read-only", "/proc/cpuinfo|covered by fuse.lxcfs of lxcfs, writable",
		"own|/lxc.payload.web-1  cpu,cpuacct memory", "not its own|/user.slice  v2", "|lxc.net.0.type = none", "after the start: what runs may differ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	i := someIsolation()
	i.Confined.NoNewPrivs, i.Confined.PrivsWhy = runtime.NotKnown, "this kernel does not say"
	i.Mounts.ProcSys, i.Mounts.ProcSysWhy, i.Mounts.Sys, i.Mounts.SysWhy = runtime.NotKnown, "too many", runtime.NotKnown, "too deep"
	i.Mounts.Host[0].Doubt = true
	i.Namespaces[1].WithWhy = "permission denied"
	text = ""
	for _, l := range isolationState(i).Lines {
		text += l.Name + "|" + l.Text + "\n"
	}
	for _, want := range []string{
		"seccomp|filter (1 filter)", "no_new_privs|-  this kernel does not say", "/proc/sys|-  too many", "/sys|-  too deep",
		"/run/docker.sock|a docker.sock, whose is not known", "not the host's; who else is in it is not known: permission denied",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if got := IsolationSum(someIsolation()); got != "5 !!  3 !" {
		t.Error(got)
	}
}
