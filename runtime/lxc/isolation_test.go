package lxc

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
	"lxcdeck/runtime/proc"
)

// idle is an init that does nothing: that of busybox would ask for an address on
// whatever network it finds.
const idle = "lxc.init.cmd = /bin/sleep 1000000"

// isolationOf reads after the init has begun: LXC calls a container running before
// the execve that changes its capabilities for the last time.
func isolationOf(t *testing.T, a *Adapter, ref runtime.Ref) runtime.Isolation {
	t.Helper()
	begun := false
	for until := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		i, err := a.Isolation(context.Background(), ref)
		must(t, err)
		if i.InitPID == 0 || begun {
			return i
		}
		name, err := os.ReadFile("/proc/" + strconv.Itoa(i.InitPID) + "/comm")
		must(t, err)
		if begun = string(name) != "lxc-start\n"; !begun && time.Now().After(until) {
			t.Fatalf("the init of %s does not begin", ref.Name)
		}
	}
}

// marks are the weak points by their names.
func marks(i *runtime.Isolation) (ids []string) {
	for _, w := range i.Weaknesses() {
		ids = append(ids, w.ID)
	}
	return ids
}

// TestIsolationIsTheKernels compares what is told of containers of several kinds
// with the kernel's own files.
func TestIsolationIsTheKernels(t *testing.T) {
	a, s, ref := running(t, "lxcdt-plain", idle)
	for name, lines := range map[string][]string{
		"lxcdt-net":   {idle, "lxc.net.0.type = none", "lxc.mount.auto = proc:rw sys:rw"},
		"lxcdt-keep":  {idle, "lxc.cap.drop =", "lxc.cap.keep = chown kill setuid setgid sys_module", "lxc.no_new_privs = 1", "lxc.cgroup.devices.deny = a", "lxc.cgroup.devices.allow = c 1:3 rwm"},
		"lxcdt-share": {idle, "lxc.namespace.share.ipc = lxcdt-plain", "lxc.namespace.share.net = lxcdt-plain"},
	} {
		must(t, s.Add(name, lines...))
		must(t, s.Start(name))
	}
	all := map[string]runtime.Isolation{}
	_, err := a.List(context.Background())
	must(t, err)
	for _, name := range []string{"plain", "net", "keep", "share"} {
		i := isolationOf(t, a, runtime.Ref{Path: s.Path, Name: "lxcdt-" + name})
		all[name] = i
		likeKernel(t, name, &i)
	}

	plain, share := all["plain"], all["share"]
	own, err := proc.FS{}.Isolation(context.Background(), proc.Target{Init: os.Getpid()}, nil)
	must(t, err)
	here, _ := own.Caps.Dropped()                 // what this host's root has not got itself
	const dropped = 1<<16 | 1<<25 | 1<<32 | 1<<33 // sys_module sys_time mac_override mac_admin
	if got, ok := plain.Caps.Dropped(); !ok || got != here|dropped {
		t.Errorf("dropped %v, and here %v", runtime.CapabilityNames(got), runtime.CapabilityNames(here))
	}
	// Its directory is told as it is on its own file system, which may be that of /tmp.
	if plain.Root.Dir == "/" || !strings.HasSuffix(s.Path+"/.root", plain.Root.Dir) || plain.Root.At != "/" || plain.Root.Host != runtime.No || plain.Mapped() != runtime.No || !plain.UIDs.Identity() {
		t.Errorf("root %+v, ids %+v", plain.Root, plain.UIDs)
	}
	for _, kind := range []string{"ipc", "net"} {
		if n := plain.Namespace(kind); len(n.With) != 1 || n.With[0].Name != "lxcdt-share" {
			t.Errorf("%+v", n)
		}
		if n := share.Namespace(kind); n.ID != plain.Namespace(kind).ID || len(n.With) != 1 || n.With[0] != ref {
			t.Errorf("%+v", n)
		}
	}
	if n := plain.Namespace("pid"); n.With != nil {
		t.Errorf("%+v", n)
	}
	if plain.Mounts.ProcSys != runtime.No || plain.Mounts.Sys != runtime.No || plain.Mounts.Cut || len(plain.Mounts.Host) != 0 {
		t.Errorf("mounts %+v", plain.Mounts)
	}

	net := all["net"]
	if net.Namespace("net").Host != runtime.Yes || net.Mounts.ProcSys != runtime.Yes || net.Mounts.Sys != runtime.Yes {
		t.Errorf("%+v %+v", net.Namespaces, net.Mounts)
	}
	for _, id := range []string{"privileged", "host-net", "host-net-admin", "proc-writable", "sys-writable", "cap-sys_admin"} {
		if !slices.Contains(marks(&net), id) {
			t.Errorf("no mark %s in %v", id, marks(&net))
		}
	}

	keep := all["keep"]
	if keep.Confined.NoNewPrivs != runtime.Yes || bits.OnesCount64(keep.Caps.Bounding.Or(0)) != 5 || !keep.Caps.Has("sys_module") || !slices.Contains(marks(&keep), "cap-sys_module") {
		t.Errorf("%+v %+v %v", keep.Confined, keep.Caps, marks(&keep))
	}
	if v := keep.Config.Values("lxc.cap.keep"); len(v) != 1 || v[0] != "chown kill setuid setgid sys_module" || keep.Config.Values("lxc.cap.drop") != nil {
		t.Errorf("configuration %+v", keep.Config)
	}
	if v := plain.Config.Values("lxc.cap.drop"); len(v) != 1 || plain.Config.Values("lxc.cap.keep") != nil {
		t.Errorf("configuration %+v", plain.Config)
	}
	if v := keep.Config.Values("lxc.cgroup.devices.allow"); !slices.Equal(v, []string{"c 1:3 rwm"}) {
		t.Errorf("configuration %+v", keep.Config)
	}
	if d := keep.Devices; d.Why == "" && (d.All != runtime.No || !slices.Equal(d.Rules, []string{"c 1:3 rwm"})) {
		t.Errorf("devices %+v", d)
	}
	if d := plain.Devices; d.Why == "" && (d.All != runtime.Yes || !slices.Contains(marks(&plain), "all-devices")) {
		t.Errorf("devices %+v", d)
	}

}

// TestIsolationOfMappedIDs: what is in a user namespace of its own is marked less.
func TestIsolationOfMappedIDs(t *testing.T) {
	lines, first := rootMap(t)
	lines = append(lines, idle, "lxc.cap.drop =", "lxc.mount.auto =", "lxc.mount.auto = proc:mixed", "lxc.include = /usr/share/lxc/config/nesting.conf")
	a, _, ref := running(t, "lxcdt-ids", lines...)
	ids := isolationOf(t, a, ref)
	likeKernel(t, "ids", &ids)
	if ids.Mapped() != runtime.Yes || ids.UIDs.Ranges[0] != (runtime.IDRange{Inside: 0, Outside: uint64(first), Count: 65536}) || !ids.Caps.Has("sys_admin") {
		t.Errorf("%+v %+v", ids.UIDs, ids.Caps)
	}
	for _, w := range ids.Weaknesses() {
		if w.ID == "privileged" || strings.HasPrefix(w.ID, "cap-") || w.ID == "all-devices" {
			t.Errorf("a mapped container is marked: %+v", w)
		}
	}
	if !slices.Contains(marks(&ids), "nesting") {
		t.Errorf("no nesting in %v: %+v", marks(&ids), ids.Mounts)
	}
}

// likeKernel compares with links and lines that are read another way.
func likeKernel(t *testing.T, name string, i *runtime.Isolation) {
	t.Helper()
	dir := "/proc/" + strconv.Itoa(i.InitPID)
	for _, n := range i.Namespaces {
		link, err := os.Readlink(dir + "/ns/" + n.Kind)
		must(t, err)
		own, err := os.Readlink("/proc/self/ns/" + n.Kind) // no test runs beside the host's
		must(t, err)
		if link != fmt.Sprintf("%s:[%d]", n.Kind, n.ID) || (n.Host == runtime.Yes) != (link == own) {
			t.Errorf("%s: %+v, the kernel says %s, ours is %s", name, n, link, own)
		}
	}
	text, err := os.ReadFile(dir + "/status")
	must(t, err)
	for key, v := range map[string]runtime.Value{"CapBnd": i.Caps.Bounding, "CapEff": i.Caps.Effective, "CapPrm": i.Caps.Permitted, "CapInh": i.Caps.Inheritable, "CapAmb": i.Caps.Ambient} {
		if want := fmt.Sprintf("%s:\t%016x\n", key, v.Or(1<<63)); !strings.Contains(string(text), want) {
			t.Errorf("%s: %q is not in\n%s", name, want, text)
		}
	}
	if want := fmt.Sprintf("Seccomp:\t%d\n", i.Confined.Seccomp.Or(99)); !strings.Contains(string(text), want) {
		t.Errorf("%s: %q is not in\n%s", name, want, text)
	}
	text, err = os.ReadFile(dir + "/mountinfo")
	must(t, err)
	if n := strings.Count(string(text), "\n"); n != i.Mounts.Total {
		t.Errorf("%s: %d mounts, the kernel says %d", name, i.Mounts.Total, n)
	}
	text, err = os.ReadFile(dir + "/cgroup")
	must(t, err)
	for _, c := range i.Cgroups {
		if want := ":" + c.Controllers + ":" + c.Path + "\n"; !strings.Contains(string(text), want) || !c.Own {
			t.Errorf("%s: %+v: %q", name, c, text)
		}
	}
	if len(i.Cgroups) != strings.Count(string(text), "\n") {
		t.Errorf("%s: %+v: %q", name, i.Cgroups, text)
	}
}

// TestIsolationOfHostParts: parts of the host that are mounted inside, and its
// root itself.
func TestIsolationOfHostParts(t *testing.T) {
	dir := t.TempDir()
	sock := filepath.Join(dir, "docker.sock")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(fd)
	must(t, unix.Bind(fd, &unix.SockaddrUnix{Name: sock}))
	a, _, ref := running(t, "lxcdt-parts", idle,
		"lxc.mount.entry = / mnt none bind,ro 0 0", "lxc.mount.entry = /dev srv none bind,create=dir 0 0", "lxc.mount.entry = "+sock+" tmp/docker.sock none bind,create=file 0 0")
	i := isolationOf(t, a, ref)
	found := map[string]string{}
	for _, m := range i.Mounts.Host {
		found[m.Dir] = m.Is
		if m.Socket != (m.Is == "docker.sock") {
			t.Errorf("%+v", m)
		}
	}
	if len(found) != 3 || found["/mnt"] != "/" || found["/srv"] != "/dev" || found["/tmp/docker.sock"] != "docker.sock" {
		t.Errorf("%+v", i.Mounts.Host)
	}
	if ids := marks(&i); !slices.Contains(ids, "host-socket") || !slices.Contains(ids, "host-directory") {
		t.Errorf("%v", ids)
	}
}

// TestIsolationOfStopped: what the configuration asks for, and nothing else.
func TestIsolationOfStopped(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-still"}
	must(t, s.Add(ref.Name, "lxc.net.0.type = none", idle))
	i := isolationOf(t, a, ref)
	if i.InitPID != 0 || len(i.Namespaces) != 0 || !i.Config.Changed.IsZero() || i.Config.Why != "" {
		t.Errorf("%+v", i)
	}
	if ids := marks(&i); !slices.Contains(ids, "privileged") || !slices.Contains(ids, "host-net") {
		t.Errorf("%v", ids)
	}
	// A configuration that somebody else could have written is not loaded.
	config := filepath.Join(ref.String(), "config")
	if os.Geteuid() == 0 {
		must(t, os.Chown(config, 4242, 4242))
		i = isolationOf(t, a, ref)
		if i.Config.Settings != nil || !strings.Contains(i.Config.Why, "4242") || len(i.Weaknesses()) != 0 {
			t.Errorf("%+v", i.Config)
		}
		must(t, os.Chown(config, 0, 0))
	}
}

// TestIsolationSaysThatTheConfigChanged, and that the container is another by now.
func TestIsolationSaysThatTheConfigChanged(t *testing.T) {
	a, s, ref := running(t, "lxcdt-edit", idle)
	first := isolationOf(t, a, ref)
	if !first.Config.Changed.IsZero() {
		t.Errorf("changed at %v", first.Config.Changed)
	}
	f, err := os.OpenFile(filepath.Join(ref.String(), "config"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("lxc.cap.drop = sys_admin\n")
	must(t, errors.Join(err, f.Close()))
	i := isolationOf(t, a, ref)
	if i.Config.Changed.IsZero() || time.Since(i.Config.Changed) > longTime || !strings.HasSuffix(i.Config.Values("lxc.cap.drop")[0], "sys_admin") || !i.Caps.Has("sys_admin") {
		t.Errorf("%+v %+v", i.Config, i.Caps)
	}
	must(t, s.Stop(ref.Name))
	must(t, s.Start(ref.Name))
	within(t, "the new life is read", func() bool {
		i, err := a.Isolation(context.Background(), ref)
		return err == nil && i.InitPID != 0 && i.InitPID != first.InitPID && !i.Caps.Has("sys_admin") && i.Config.Changed.IsZero()
	})
}

// TestIsolationOfHostileContainers: neither a list of groups of 65,536 nor
// thousands of mounts hide what stands behind them.
func TestIsolationOfHostileContainers(t *testing.T) {
	groups := make([]string, 1<<16)
	for n := range groups {
		groups[n] = strconv.Itoa(1000000000 + n)
	}
	a, s, ref := running(t, "lxcdt-groups", idle, "lxc.init.groups = "+strings.Join(groups, ","))
	i := isolationOf(t, a, ref)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", i.InitPID))
	must(t, err)
	if len(text) < 10<<16 {
		t.Fatalf("a status of %d bytes: it has not got the groups", len(text))
	}
	likeKernel(t, ref.Name, &i)

	ref.Name = "lxcdt-mounts"
	must(t, s.Add(ref.Name, idle))
	must(t, s.Start(ref.Name))
	script := "mount --make-rprivate / && mkdir -p /tmp/m && mount -t tmpfs m /tmp/m && cd /tmp/m && for i in 1 2 3 4 5 6 7 8 9 a b c d; do mkdir $i && mount --rbind /tmp/m /tmp/m/$i || exit 1; done"
	must(t, s.Tool("lxc-attach", ref.Name, "--", "/bin/sh", "-c", script))
	began := time.Now()
	i = isolationOf(t, a, ref)
	took := time.Since(began)
	likeKernel(t, ref.Name, &i)
	if i.Mounts.Total < 1<<13 || i.Mounts.Cut || i.Mounts.ProcSys != runtime.No || i.Root.Dir == "" || took > isolationTime/2 {
		t.Errorf("%d mounts in %v: cut %v, root %+v", i.Mounts.Total, took, i.Mounts.Cut, i.Root)
	}
	t.Logf("%d mounts in %v", i.Mounts.Total, took)
}

// TestIsolationStuck: a reading that does not come back keeps the next from
// beginning, and nothing else.
func TestIsolationStuck(t *testing.T) {
	a, _, ref := running(t, "lxcdt-stuck", idle)
	isolationOf(t, a, ref)
	a.examiner.turns[ref] <- struct{}{}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := a.Isolation(ctx, ref); !errors.Is(err, runtime.ErrNoAnswer) || !strings.Contains(err.Error(), "isolation") {
		t.Errorf("%v", err)
	}
	processesOf(t, a, ref, runtime.ProcessQuery{})
	<-a.examiner.turns[ref]
	isolationOf(t, a, ref)
}

// TestIsolationOfChroot tells chroot(2) from pivot_root(2).
func TestIsolationOfChroot(t *testing.T) {
	_, s, _ := running(t, "lxcdt-roots", idle)
	for at, mount := range map[string]bool{"mounted": true, "plain": false} {
		root := filepath.Join(s.Path, ".root")
		if mount {
			root = filepath.Join(t.TempDir(), at)
			must(t, os.Mkdir(root, 0o755))
			must(t, unix.Mount(filepath.Join(s.Path, ".root"), root, "", unix.MS_BIND, ""))
			t.Cleanup(func() {
				if err := unix.Unmount(root, unix.MNT_DETACH); err != nil {
					t.Error(err)
				}
			})
		}
		cmd := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "1000"}, SysProcAttr: &syscall.SysProcAttr{Chroot: root, Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}}
		must(t, cmd.Start())
		i, err := proc.FS{}.Isolation(context.Background(), proc.Target{Init: cmd.Process.Pid}, nil)
		must(t, err)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if i.Root.At != root || i.Namespace("mnt").Host != runtime.No || (i.Root.Why == "") != mount || i.Root.Host == runtime.Yes {
			t.Errorf("%s: %+v", at, i.Root)
		}
		if mount && !strings.HasSuffix(s.Path+"/.root", i.Root.Dir) { // below the root of its file system
			t.Errorf("%+v", i.Root)
		}
	}
}
