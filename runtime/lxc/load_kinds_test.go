package lxc

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
	"lxcdeck/runtime/lxctest"
)

// Containers whose cgroup does not lie where that of an ordinary one does: the same
// load in each, and the same files of the kernel, found by what the kernel says of the
// container's init and by what its config asks for, not by the code that is tested.

// placed reads a running container whose cgroup is called so.
func placed(t *testing.T, a *Adapter, s *lxctest.Scratch, ref runtime.Ref, dir string) *loaded {
	t.Helper()
	l := &loaded{t: t, s: s, ref: ref, a: a, pid: find(t, list(t, a), ref.Name).InitPID}
	l.batch.Readings = []runtime.Reading{{Ref: ref, InitPID: l.pid, Tier: runtime.Full, Parts: &runtime.Parts{}}}
	var err error
	l.mount, err = cgroup.FS{}.Mounts()
	must(t, err)
	l.where = cgroup.Location{V1: map[string]string{}}
	// One that was there already gets a number (CGROUP_CREATE_RETRY of liblxc).
	called := regexp.MustCompile("(/" + regexp.QuoteMeta(dir) + "(?:-[0-9]+)?)(?:/|$)")
	// hierarchy:controllers:path (cgroups(7)).
	for line := range strings.Lines(read(t, "/proc", strconv.Itoa(l.pid), "cgroup")) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		at := called.FindStringSubmatchIndex(f[2])
		if at == nil {
			continue
		}
		place := f[2][:at[3]]
		if f[1] == "" {
			l.where.Unified = place
		}
		for controller := range strings.SplitSeq(f[1], ",") {
			if controller != "" {
				l.where.V1[controller] = place
			}
		}
	}
	if l.where.Unified == "" && len(l.where.V1) == 0 {
		t.Fatalf("its init is in no %s: %s", dir, read(t, "/proc", strconv.Itoa(l.pid), "cgroup"))
	}
	return l
}

// usageFile is where the kernel says how long all in the cgroup have run, and in which
// unit. cpu.stat of v2 is there beside v1, and finer.
func (l *loaded) usageFile() (path, key string, scale uint64) {
	l.t.Helper()
	path = filepath.Join(l.mount.Dir("", l.where.Unified), "cpu.stat")
	if _, err := os.Stat(path); err == nil && l.where.Unified != "" {
		return path, "usage_usec", 1000
	}
	return l.file("cpuacct", "cpuacct.usage", ""), "", 1
}

// figures puts a burner, some tasks and some memory into the container, and holds what
// is told of it against that and against the kernel. What others do meanwhile, such as
// to boot, is theirs: so are their figures.
func (l *loaded) figures(others ...*loaded) {
	l.t.Helper()
	const tasks, anon, slack = 7, 24 << 20, 3 << 20
	before := *l.sample()
	hold := "/tmp/hold-" + l.ref.Name
	script := fmt.Sprintf("for i in 1 2 3 4 5 6 7; do sleep 1000 & done; rm -f %[1]s; mkfifo %[1]s; exec 3<>%[1]s; dd if=/dev/zero of=%[1]s bs=24576k count=1 & while :; do :; done", hold)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = l.a.Exec(ctx, runtime.Shell{Ref: l.ref, Command: []string{"/bin/sh", "-c", script}}, runtime.Stdio{})
	}()
	end := sync.OnceFunc(func() { cancel(); <-ended })
	l.t.Cleanup(end)
	defer end()
	within(l.t, "300 ms of CPU time", func() bool {
		return l.sample().CPU.Usage.Or(0) >= before.CPU.Usage.Or(0)+uint64(300*time.Millisecond)
	})
	path, key, scale := l.usageFile()
	l.between("CPU time", path, key, scale, func(s *runtime.Sample) runtime.Value { return s.CPU.Usage })
	if before.Pids.Current.Absent() || before.Memory.Anon.Absent() {
		l.t.Skipf("LEFT OUT: tasks %v, memory %v: %s", before.Pids.Current, before.Memory.Anon, before.Controls)
	}
	// The shell, its sleepers, dd, and init.
	within(l.t, "its tasks", func() bool { return l.sample().Pids.Current.Or(0) >= tasks+3 && l.countsTasks() })
	stat, anonKey := l.file("memory", "memory.stat", "memory.stat"), "anon"
	if l.where.V1["memory"] != "" {
		anonKey = "total_rss"
	}
	within(l.t, "24 MiB of memory, as the kernel has it", func() bool {
		now := l.sample().Memory.Anon.Or(0)
		grown := now - min(now, before.Memory.Anon.Or(0))
		return grown >= anon && grown < anon+slack && now == l.kernel(stat, anonKey)
	})
	for _, o := range others {
		path, key, scale := o.usageFile()
		o.between("CPU time of "+o.ref.Name, path, key, scale, func(s *runtime.Sample) runtime.Value { return s.CPU.Usage })
		within(l.t, "the tasks of "+o.ref.Name, o.countsTasks)
	}
}

// countsTasks says whether as many tasks are told as the kernel counts.
func (l *loaded) countsTasks() bool {
	l.t.Helper()
	return l.sample().Pids.Current == runtime.Of(l.kernel(l.file("pids", "pids.current", "pids.current"), ""))
}

// dropTop removes what liblxc leaves of a place that a config has named.
func dropTop(t *testing.T, top string) {
	t.Helper()
	mounts, err := cgroup.FS{}.Mounts()
	must(t, err)
	all := slices.Clone(mounts.Unified)
	for _, v1 := range mounts.V1 {
		all = append(all, v1...)
	}
	eventually(t, "no cgroup "+top+" is left", func() bool {
		left := 0
		for _, m := range all {
			// liblxc goes by the place of the host's init.
			deeper, _ := filepath.Glob(filepath.Join(m.Dir, "*/*", top))
			for _, dir := range append(deeper, filepath.Join(m.Dir, top)) {
				var below []string
				_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
					if err == nil && d.IsDir() {
						below = append(below, path)
					}
					return nil // gone meanwhile
				})
				for _, path := range slices.Backward(below) {
					if os.Remove(path) != nil {
						left++
					}
				}
			}
		}
		return left == 0
	})
}

// TestLoadInPlaces: the settings that say where the cgroup lies.
func TestLoadInPlaces(t *testing.T) {
	top := "lxcdt-load-" + strconv.Itoa(os.Getpid())
	t.Cleanup(func() { dropTop(t, top) })
	for _, c := range []struct {
		name, dir string
		lines     []string
	}{
		{"lxcdt-pl-dir", top + "/a/lxc.payload.lxcdt-pl-dir", []string{"lxc.cgroup.dir = " + top + "/a"}},
		{"lxcdt-pl-split", top + "/pay", []string{"lxc.cgroup.dir.container = " + top + "/pay", "lxc.cgroup.dir.monitor = " + top + "/mon",
			"lxc.cgroup.dir.monitor.pivot = " + top + "/end"}},
		{"lxcdt-pl-inner", top + "/p", []string{"lxc.cgroup.dir.container = " + top + "/p", "lxc.cgroup.dir.container.inner = in",
			"lxc.cgroup.dir.monitor = " + top + "/m", "lxc.cgroup.dir.monitor.pivot = " + top + "/e"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, s, ref := running(t, c.name, c.lines...)
			must(t, s.Add("lxcdt-pl-other"))
			must(t, s.Start("lxcdt-pl-other"))
			other := placed(t, a, s, runtime.Ref{Path: s.Path, Name: "lxcdt-pl-other"}, "lxc.payload.lxcdt-pl-other")
			placed(t, a, s, ref, c.dir).figures(other)
		})
	}
}

// TestLoadInUserNamespace: root's container whose ids are others on the host.
func TestLoadInUserNamespace(t *testing.T) {
	idmap, first := rootMap(t)
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-ld-ids", idmap...)
	must(t, os.Chmod(s.Path, 0o755))
	must(t, os.Chmod(ref.String(), 0o755))
	must(t, exec.Command("chown", "-R", fmt.Sprintf("%d:%d", first, first), rootOn(ref)).Run())
	if err := s.Start(ref.Name); err != nil {
		t.Skipf("LEFT OUT: a container with its own ids does not start here: %v", err)
	}
	l := placed(t, a, s, ref, "lxc.payload."+ref.Name)
	if uid := ownerOf(t, l.pid); uid != first {
		t.Errorf("its init is of user %d, not %d", uid, first)
	}
	l.figures()
}

// ownerOf is the user of a process on this host.
func ownerOf(t *testing.T, pid int) int {
	t.Helper()
	_, after, _ := strings.Cut(read(t, "/proc", strconv.Itoa(pid), "status"), "\nUid:\t")
	word, _, _ := strings.Cut(after, "\t")
	uid, err := strconv.Atoi(word)
	must(t, err)
	return uid
}

// TestLoadNested: a container that was started in the cgroup of another one, as one
// inside of that is. What it does counts in both, what the outer one does in that alone.
func TestLoadNested(t *testing.T) {
	a, s, out := running(t, "lxcdt-ne-out")
	outer := placed(t, a, s, out, "lxc.payload."+out.Name)
	if len(outer.where.V1) == 0 {
		t.Skip("LEFT OUT: on pure cgroup v2 what has processes has no controllers below it")
	}
	in := runtime.Ref{Path: s.Path, Name: "lxcdt-ne-in"}
	must(t, s.Add(in.Name))
	script := ""
	for controller, place := range outer.where.V1 {
		if dir := outer.mount.Dir(controller, place); dir != "" {
			script += "echo $$ >" + dir + "/cgroup.procs && "
		}
	}
	if dir := outer.mount.Dir("", outer.where.Unified); outer.where.Unified != "" && dir != "" {
		script += "echo $$ >" + dir + "/cgroup.procs && "
	}
	start := exec.Command("sh", "-c", script+"exec lxc-start -P "+s.Path+" -n "+in.Name+" -d -s lxc.cgroup.relative=1")
	if text, err := start.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	t.Cleanup(func() {
		if err := s.Stop(in.Name); err != nil {
			t.Error(err)
		}
	})
	inner := placed(t, a, s, in, "lxc.payload."+out.Name+"/lxc.payload."+in.Name)
	outer.figures(inner) // first: what ends in the inner one is missed in the outer
	before := *outer.sample()
	inner.figures(outer)
	if now := outer.sample(); now.CPU.Usage.Or(0) < before.CPU.Usage.Or(0)+uint64(300*time.Millisecond) || now.Pids.Current.Or(0) <= inner.sample().Pids.Current.Or(99) {
		t.Errorf("the load of the inner one is not in the outer: %+v", now.Pids)
	}
}
