package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// tree is a /proc and a /sys/fs/cgroup of files.
type tree struct {
	t    *testing.T
	root string
}

// mounts of a host with cgroup v2 alone, v1 alone, or both.
const (
	mountV2 = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
	mountV1 = "32 23 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n33 23 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
	mountU  = "34 23 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)

func newTree(t *testing.T, mounts string) *tree {
	tr := &tree{t, t.TempDir()}
	tr.put("proc/self/mountinfo", mounts)
	tr.put("proc/self/cgroup", "0::/\n")
	tr.put("proc/uptime", "1000.00 5.0\n")
	tr.link("proc/self/ns/pid", "pid:[1]")
	tr.link("proc/self/ns/net", "net:[1]")
	return tr
}

func (tr *tree) fs() FS { return FS{Root: tr.root} }

func (tr *tree) put(name, text string) {
	tr.t.Helper()
	path := filepath.Join(tr.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tree) link(name, to string) {
	tr.t.Helper()
	path := filepath.Join(tr.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.Symlink(to, path); err != nil {
		tr.t.Fatal(err)
	}
}

// process is one of a tree.
type process struct {
	pid, ppid int
	name      string
	nspid     string // as in status; "" = one namespace
	uid       int
	cgroup    string // the whole file
	spaces    string // of ns: "pid net"
}

func (tr *tree) add(p process) {
	tr.t.Helper()
	dir := "proc/" + strconv.Itoa(p.pid) + "/"
	if p.nspid == "" {
		p.nspid = strconv.Itoa(p.pid)
	}
	tr.put(dir+"stat", statLine(p.pid, p.name, 'S', p.ppid, 100, 50, uint64(p.pid)*10))
	tr.put(dir+"status", fmt.Sprintf("Name:\t%s\nUid:\t%d\t%d\t0\t0\nNSpid:\t%s\nVmRSS:\t 400 kB\n", p.name, p.uid, p.uid, p.nspid))
	tr.put(dir+"cmdline", "/bin/"+p.name+"\x00-x\x00")
	tr.put(dir+"cgroup", p.cgroup)
	tr.put(dir+"uid_map", "0 100000 65536\n")
	pid, net, _ := strings.Cut(p.spaces, " ")
	if pid != "" {
		tr.link(dir+"ns/pid", "pid:["+pid+"]")
	}
	if net != "" {
		tr.link(dir+"ns/net", "net:["+net+"]")
	}
}

func (tr *tree) read(t Target) runtime.ProcessList {
	tr.t.Helper()
	list, err := tr.fs().Read(context.Background(), t, runtime.ProcessQuery{})
	if err != nil {
		tr.t.Fatal(err)
	}
	return list
}

func names(list runtime.ProcessList) string {
	var all []string
	for _, p := range list.Processes {
		all = append(all, p.Name)
	}
	return strings.Join(all, " ")
}

// layouts are the three kinds of hosts: mounts, and how a cgroup is written in
// /proc/PID/cgroup and where its directory is.
func layouts() map[string]struct {
	mounts string
	line   func(path string) string
	dir    string
} {
	return map[string]struct {
		mounts string
		line   func(path string) string
		dir    string
	}{
		"v2":     {mountV2, func(p string) string { return "0::" + p + "\n" }, "sys/fs/cgroup"},
		"v1":     {mountV1, func(p string) string { return "8:pids:" + p + "\n9:name=systemd:" + p + "\n" }, "sys/fs/cgroup/pids"},
		"hybrid": {mountV1 + mountU, func(p string) string { return "8:pids:" + p + "\n9:name=systemd:" + p + "\n0::" + p + "\n" }, "sys/fs/cgroup/unified"},
	}
}

func TestReadTree(t *testing.T) {
	for name, l := range layouts() {
		t.Run(name, func(t *testing.T) {
			tr := newTree(t, l.mounts)
			const home = "/lxc.payload.web"
			add := func(p process, below string, procs ...int) {
				p.cgroup = l.line(home + below)
				tr.add(p)
				text := ""
				for _, pid := range procs {
					text += strconv.Itoa(pid) + "\n"
				}
				tr.put(l.dir+home+below+"/cgroup.procs", text)
			}
			tr.put(l.dir+home+"/cgroup.procs", "")
			add(process{pid: 50, ppid: 40, name: "systemd", nspid: "50\t1", uid: 100000}, "/init.scope", 50)
			add(process{pid: 51, ppid: 50, name: "nginx", nspid: "51\t7", uid: 100033}, "/system.slice/nginx.service", 51, 99) // 99 has ended
			add(process{pid: 60, ppid: 51, name: "init", nspid: "60\t9\t1", uid: 100000}, "/lxc.payload.in/init.scope", 60)
			add(process{pid: 61, ppid: 60, name: "cron", nspid: "61\t10\t2", uid: 200000}, "/lxc.payload.in/system.slice/cron.service", 61)
			add(process{pid: 70, ppid: 33, name: "attached", uid: 0}, "/.lxc", 70)
			// It has left the container's cgroup since that was read.
			tr.add(process{pid: 80, ppid: 1, name: "stranger", cgroup: l.line("/lxc.payload.web2")})
			tr.put(l.dir+home+"/old/cgroup.procs", "80\n")
			list := tr.read(Target{Init: 50})
			if got := names(list); got != "systemd nginx init cron attached" || list.Total != 5 || list.InitPID != 50 {
				t.Fatalf("%s, %d in all, init %d", got, list.Total, list.InitPID)
			}
			for i, want := range []struct {
				inner, depth, uid int
				unit, cgroup      string
				init, nested      bool
			}{
				{1, 0, 0, "init.scope", "/init.scope", true, false},
				{7, 0, 33, "nginx.service", "/system.slice/nginx.service", false, false},
				{9, 1, 0, "init.scope", "/lxc.payload.in/init.scope", false, true},
				{10, 1, -1, "cron.service", "/lxc.payload.in/system.slice/cron.service", false, false},
				{0, 0, -1, "", "/.lxc", false, false},
			} {
				p := list.Processes[i]
				if p.Inner != want.inner || p.Depth != want.depth || p.InnerUID != want.uid || p.Unit != want.unit ||
					p.Cgroup != want.cgroup || p.Init != want.init || p.NestedOne != want.nested {
					t.Errorf("%s: %+v, want %+v", p.Name, p, want)
				}
				if p.Command != "/bin/"+p.Name+" -x" || p.RSS != runtime.Of(400<<10) || p.CPU != runtime.Of(1.5e9) {
					t.Errorf("%s: %+v", p.Name, p)
				}
				if age := list.At.Sub(p.Started); (age - (1000*time.Second - time.Duration(p.PID)*100*time.Millisecond)).Abs() > time.Second {
					t.Errorf("%s is %v old", p.Name, age)
				}
			}
			for pid, want := range map[int]error{51: nil, 80: runtime.ErrNotFound, 99: runtime.ErrNotFound, 12345: runtime.ErrNotFound} {
				if _, err := tr.fs().Find(context.Background(), Target{Init: 50}, pid); !errors.Is(err, want) {
					t.Errorf("find %d: %v, want %v", pid, err, want)
				}
			}
		})
	}
}

// TestConfiguredPlace is lxc.cgroup.dir.container.
func TestConfiguredPlace(t *testing.T) {
	tr := newTree(t, mountV2)
	tr.add(process{pid: 50, ppid: 40, name: "init", nspid: "50\t1", uid: 100000, cgroup: "0::/pay/x\n"})
	tr.put("sys/fs/cgroup/pay/x/cgroup.procs", "50\n")
	if got := names(tr.read(Target{Init: 50, Dirs: []string{"pay/x"}})); got != "init" {
		t.Error(got)
	}
}

// TestWithoutCgroup goes by the pid namespace and by descent.
func TestWithoutCgroup(t *testing.T) {
	tr := newTree(t, mountV2)
	const scope = "0::/user.slice/session-1.scope\n"
	for _, p := range []process{
		{pid: 40, ppid: 1, name: "monitor", spaces: "1 1"},
		{pid: 50, ppid: 40, name: "init", nspid: "50\t1", spaces: "5 5"},
		{pid: 51, ppid: 50, name: "child", nspid: "51\t2", spaces: "5 5"},
		{pid: 52, ppid: 51, name: "nested", nspid: "52\t3\t1", spaces: "6 5"},
		{pid: 70, ppid: 33, name: "attached", nspid: "70\t9", spaces: "5 5"},
		{pid: 90, ppid: 1, name: "other", spaces: "1 1"},
	} {
		p.cgroup = scope
		tr.add(p)
	}
	if got := names(tr.read(Target{Init: 50})); got != "init child nested attached" {
		t.Error(got)
	}
	// One that shares the host's pid namespace is told by descent alone.
	tr.add(process{pid: 55, ppid: 40, name: "shares", spaces: "1 5", cgroup: scope})
	tr.add(process{pid: 56, ppid: 55, name: "kid", spaces: "1 5", cgroup: scope})
	list := tr.read(Target{Init: 55})
	if got := names(list); got != "shares kid" || list.Processes[1].Inner != 56 {
		t.Errorf("%s, %+v", got, list.Processes)
	}
}

func TestTooMany(t *testing.T) {
	tr := newTree(t, mountV2)
	tr.add(process{pid: 50, ppid: 40, name: "init", nspid: "50\t1", cgroup: "0::/lxc.payload.many\n"})
	var text strings.Builder
	const more = runtime.MaxProcesses + 500
	for i := range more {
		fmt.Fprintln(&text, 50+i)
	}
	tr.put("sys/fs/cgroup/lxc.payload.many/cgroup.procs", text.String())
	c, err := tr.fs().resolve(context.Background(), Target{Init: 50})
	if err != nil {
		t.Fatal(err)
	}
	pids, total, err := c.pids()
	if err != nil || len(pids) != runtime.MaxProcesses || total != more {
		t.Errorf("%d of %d, %v", len(pids), total, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tr.fs().Read(ctx, Target{Init: 50}, runtime.ProcessQuery{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestOwners(t *testing.T) {
	if !littleEndian() {
		t.Skip("skipped: the words of this fixture are little-endian")
	}
	tr := newTree(t, mountV2)
	for i, name := range []string{"a", "b"} {
		init := 50 + 10*i
		group := "0::/lxc.payload." + name + "\n"
		space := fmt.Sprintf("%d %d", init, init)
		tr.add(process{pid: init, ppid: init - 5, name: "init", nspid: fmt.Sprintf("%d\t1", init), cgroup: group, spaces: space})
		tr.add(process{pid: init + 1, ppid: init, name: "master", nspid: fmt.Sprintf("%d\t2", init+1), cgroup: group, spaces: space})
		tr.add(process{pid: init + 2, ppid: init + 1, name: "worker", nspid: fmt.Sprintf("%d\t3", init+2), cgroup: group, spaces: space})
		tr.put("sys/fs/cgroup/lxc.payload."+name+"/cgroup.procs", fmt.Sprintf("%d\n%d\n%d\n", init, init+1, init+2))
		tr.put(fmt.Sprintf("proc/%d/net/tcp", init), strings.ReplaceAll(tcpText, "4711", strconv.Itoa(4700+init)))
		for _, pid := range []int{init + 1, init + 2} {
			tr.link(fmt.Sprintf("proc/%d/fd/3", pid), fmt.Sprintf("socket:[%d]", 4700+init))
		}
	}
	tr.add(process{pid: 45, ppid: 1, name: "lxc-start", cgroup: "0::/lxc.monitor.a\n", spaces: "1 1"})
	tr.put("proc/45/cmdline", "[lxc monitor] /var/lib/lxc a\x00")
	tr.add(process{pid: 20, ppid: 1, name: "sshd", cgroup: "0::/system.slice/ssh.service\n", spaces: "1 1"})
	tr.put("proc/20/net/tcp", tcpText)
	tr.link("proc/20/fd/7", "socket:[4713]")
	all := []Target{{Init: 50}, {Init: 60}, {Init: 7777}}
	ask := func(q runtime.OwnerQuery) string {
		t.Helper()
		found, err := tr.fs().Owners(context.Background(), q, all)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range found {
			word := fmt.Sprintf("%d:%s:%d", f.Target, f.Process.Name, f.Process.PID)
			if f.Monitor {
				word += ":monitor"
			}
			if f.Listens.Addr.IsValid() {
				word += ":" + f.Listens.Proto + "/" + f.Listens.Addr.String()
			}
			out = append(out, word)
		}
		return strings.Join(out, " ")
	}
	for q, want := range map[runtime.OwnerQuery]string{
		{PID: 52}:             "0:worker:52",
		{PID: 61}:             "1:master:61",
		{PID: 45}:             "0:lxc-start:45:monitor",
		{PID: 20}:             "-1:sshd:20",
		{PID: 4242}:           "",
		{Port: 8080}:          "0:master:51:tcp/127.0.0.1:8080 1:master:61:tcp/127.0.0.1:8080 -1::0:tcp/127.0.0.1:8080",
		{Port: 22}:            "0::0:tcp/0.0.0.0:22 1::0:tcp/0.0.0.0:22 -1:sshd:20:tcp/0.0.0.0:22",
		{Port: 443}:           "",
		{PID: 20, Port: 8081}: "-1:sshd:20",
	} {
		if got := ask(q); got != want {
			t.Errorf("%+v: %s\nwant %s", q, got, want)
		}
	}
	found, _ := tr.fs().Owners(context.Background(), runtime.OwnerQuery{PID: 20}, all)
	if len(found) != 1 || found[0].Process.Unit != "ssh.service" {
		t.Errorf("%+v", found)
	}
}

// TestOwnersOfSharedNetworks: a container without a network of its own has no
// more than what its processes hold open; what nobody can be seen to hold, as
// sockets of the kernel itself, is the host's.
func TestOwnersOfSharedNetworks(t *testing.T) {
	if !littleEndian() {
		t.Skip("skipped: the words of this fixture are little-endian")
	}
	tr := newTree(t, mountV2)
	add := func(init int, name, net string) {
		tr.add(process{pid: init, ppid: 1, name: "init", nspid: fmt.Sprintf("%d\t1", init), cgroup: "0::/lxc.payload." + name + "\n", spaces: fmt.Sprintf("%d %s", init, net)})
		tr.put("sys/fs/cgroup/lxc.payload."+name+"/cgroup.procs", fmt.Sprintln(init))
		tr.put(fmt.Sprintf("proc/%d/net/tcp", init), tcpText)
		tr.put(fmt.Sprintf("proc/%d/net/udp", init), udpText)
	}
	add(50, "shares", "1")
	add(60, "own", "60")
	tr.link("proc/50/fd/3", "socket:[4711]")
	tr.link("proc/50/fd/4", "socket:[4711]")
	tr.add(process{pid: 20, ppid: 1, name: "sshd", cgroup: "0::/lxc.payload.elsewhere/x\n", spaces: "1 1"})
	all := []Target{{Init: 50}, {Init: 60}}
	ask := func(q runtime.OwnerQuery) string {
		t.Helper()
		found, err := tr.fs().Owners(context.Background(), q, all)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range found {
			out = append(out, fmt.Sprintf("%d:%d:%s", f.Target, f.Process.PID, f.Listens.Proto))
		}
		return strings.Join(out, " ")
	}
	for q, want := range map[runtime.OwnerQuery]string{
		{Port: 8080}:               "0:50:tcp 1:0:tcp",
		{Port: 22}:                 "-1:0:tcp 1:0:tcp",
		{Port: 53}:                 "-1:0:udp 1:0:udp",
		{Port: 53, Proto: "tcp"}:   "",
		{Port: 22, Proto: "udp"}:   "",
		{Port: 8080, Proto: "tcp"}: "0:50:tcp 1:0:tcp",
	} {
		if got := ask(q); got != want {
			t.Errorf("%+v: %q, want %q", q, got, want)
		}
	}
	found, err := tr.fs().Owners(context.Background(), runtime.OwnerQuery{PID: 20}, all)
	if err != nil || len(found) != 1 || found[0].Process.Cgroup != "/lxc.payload.elsewhere/x" {
		t.Errorf("a process of another lxcpath: %+v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tr.fs().Owners(ctx, runtime.OwnerQuery{Port: 22}, all); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestOwnersOfThreads: /proc knows the numbers of threads, which it does not list.
func TestOwnersOfThreads(t *testing.T) {
	tr := newTree(t, mountV2)
	const group = "0::/lxc.payload.a\n"
	tr.add(process{pid: 50, ppid: 45, name: "init", nspid: "50\t1", cgroup: group, spaces: "50 50"})
	tr.add(process{pid: 51, ppid: 50, name: "java", nspid: "51\t2", cgroup: group, spaces: "50 50"})
	tr.put("sys/fs/cgroup/lxc.payload.a/cgroup.procs", "50\n51\n")
	tr.add(process{pid: 45, ppid: 1, name: "lxc-start", cgroup: "0::/lxc.monitor.a\n", spaces: "1 1"}) // in the foreground
	for pid, of := range map[int]int{52: 51, 46: 45} {
		group := map[int]string{51: group, 45: "0::/lxc.monitor.a\n"}[of]
		tr.add(process{pid: pid, ppid: 1, name: "worker", cgroup: group, spaces: "50 50"})
		name := fmt.Sprintf("proc/%d/status", pid)
		tr.put(name, fmt.Sprintf("Name:\tworker\nTgid:\t%d\nUid:\t0\t0\t0\t0\nNSpid:\t%d\t3\n", of, pid))
	}
	for pid, want := range map[int]string{51: "0:51 java false", 52: "0:51 java false", 45: "0:45 lxc-start true", 46: "0:45 lxc-start true"} {
		found, err := tr.fs().Owners(context.Background(), runtime.OwnerQuery{PID: pid}, []Target{{Init: 50}})
		if err != nil || len(found) != 1 {
			t.Fatalf("%d: %+v, %v", pid, found, err)
		}
		f := found[0]
		if got := fmt.Sprintf("%d:%d %s %v", f.Target, f.Process.PID, f.Process.Name, f.Monitor); got != want {
			t.Errorf("%d: %q, want %q", pid, got, want)
		}
	}
}
