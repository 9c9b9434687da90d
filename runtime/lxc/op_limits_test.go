package lxc

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// limitOf is one of the limits of a container.
func limitOf(t *testing.T, a *Adapter, ref runtime.Ref, name, device string) runtime.LimitState {
	t.Helper()
	rep, err := a.Limits(context.Background(), ref)
	must(t, err)
	i := slices.IndexFunc(rep.Limits, func(s runtime.LimitState) bool { return s.Name == name && s.Device == device })
	if i < 0 {
		if device != "" {
			return runtime.LimitState{}
		}
		t.Fatalf("no %s in %+v", name, rep)
	}
	return rep.Limits[i]
}

// TestSetLimits sets each limit of a running container, and looks at what LXC's own tool
// and the next start make of it.
func TestSetLimits(t *testing.T) {
	a, s, ref := running(t, "lxcdt-limits", "# mine")
	before := read(t, ref.String(), "config")
	rep, err := a.Limits(context.Background(), ref)
	must(t, err)
	if !rep.Running || len(rep.Limits) != len(runtime.LimitNames()) {
		t.Fatalf("%+v", rep)
	}
	values := map[string][2]string{ // what is set at first, and then
		runtime.LimitCPU: {"50000 100000", "30000 50000"}, runtime.LimitCPUWeight: {"50", "400"}, runtime.LimitCPUs: {"0", "0"},
		runtime.LimitMemory: {"536870912", "67108864"}, runtime.LimitMemoryHigh: {"402653184", "50331648"}, runtime.LimitSwap: {"134217728", "16777216"},
		runtime.LimitPids: {"300", "200"}, runtime.LimitIOWeight: {"50", "300"},
	}
	possible := 0
	for round := range 2 {
		for _, l := range rep.Limits {
			v, ok := values[l.Name]
			switch {
			case l.Why != "":
				t.Logf("%s: %s", l.Name, l.Why)
				if ok {
					err := change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{{Name: l.Name, Value: v[round]}}})
					if !errors.Is(err, runtime.ErrUnsupported) && !strings.Contains(err.Error(), "does not take") {
						t.Errorf("%s: %v", l.Name, err)
					}
				}
				continue
			case !ok:
				continue
			}
			possible++
			must(t, change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{{Name: l.Name, Value: v[round]}}}))
			if got := limitOf(t, a, ref, l.Name, ""); got.Live != v[round] || got.Config != v[round] {
				t.Errorf("%s: in the cgroup %q, in the config %q, want %q", l.Name, got.Live, got.Config, v[round])
			}
		}
	}
	if possible < 8 {
		t.Fatalf("only %d limits could be set", possible)
	}
	key := limitOf(t, a, ref, runtime.LimitPids, "").Key
	out, err := exec.Command("lxc-cgroup", "-P", s.Path, "-n", ref.Name, "pids.max").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "200" || !strings.Contains(read(t, ref.String(), "config"), key+" = 200\n") {
		t.Errorf("lxc-cgroup: %v, %s; config\n%s", err, out, read(t, ref.String(), "config"))
	}
	if used := limitOf(t, a, ref, runtime.LimitMemory, "").Used; used.Or(0) == 0 {
		t.Error("nothing is in use of the memory")
	}
	// Who samples sees it at once.
	q := runtime.Batch{Readings: []runtime.Reading{{Ref: ref, InitPID: find(t, list(t, a), ref.Name).InitPID, Tier: runtime.Full}}}
	must(t, a.Sample(context.Background(), &q))
	must(t, change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{{Name: runtime.LimitPids, Value: "199"}}}))
	must(t, a.Sample(context.Background(), &q))
	if got := q.Readings[0].Sample.Pids.Max; got != runtime.Of(199) {
		t.Errorf("the limit on pids is read as %v", got)
	}
	must(t, change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{{Name: runtime.LimitPids, Value: "200"}}}))
	// All at once, for a container that starts with them.
	must(t, s.Stop(ref.Name))
	must(t, s.Start(ref.Name))
	var all []runtime.LimitSetting
	for _, l := range rep.Limits {
		if v, ok := values[l.Name]; ok && l.Why == "" {
			if got := limitOf(t, a, ref, l.Name, ""); got.Live != v[1] {
				t.Errorf("%s after a start: %q, want %q", l.Name, got.Live, v[1])
			}
			all = append(all, runtime.LimitSetting{Name: l.Name})
		}
	}
	must(t, change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: all}))
	if after := read(t, ref.String(), "config"); after != before {
		t.Errorf("without limits the config is\n%s\nwas\n%s", after, before)
	}
	for _, l := range rep.Limits {
		if got := limitOf(t, a, ref, l.Name, ""); l.Why == "" && got.Live != l.Live && l.Name != runtime.LimitCPUs {
			t.Errorf("%s without a limit: %q, was %q", l.Name, got.Live, l.Live)
		}
	}
}

// TestLimitsTheKernelRefuses changes neither cgroup nor config.
func TestLimitsTheKernelRefuses(t *testing.T) {
	a, _, ref := running(t, "lxcdt-refused", limitLine(t, "memory", "memory.limit_in_bytes = 64M", "memory.max = 64M"))
	before := read(t, ref.String(), "config")
	err := change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{
		{Name: runtime.LimitMemory, Value: "134217728"}, {Name: runtime.LimitPids, Value: "77"}, {Name: runtime.LimitCPUs, Value: "60000"},
	}})
	if err == nil || !strings.Contains(err.Error(), "does not take cpuset.cpus = 60000: ") ||
		!strings.Contains(err.Error(), unix.EINVAL.Error()) && !strings.Contains(err.Error(), unix.ERANGE.Error()) {
		t.Fatalf("%v", err)
	}
	if read(t, ref.String(), "config") != before {
		t.Error("the config was changed")
	}
	if m, p := limitOf(t, a, ref, runtime.LimitMemory, ""), limitOf(t, a, ref, runtime.LimitPids, ""); m.Live != "67108864" || m.Config != "67108864" || p.Live != "max" || p.Config != "" {
		t.Errorf("afterwards: %+v, %+v", m, p)
	}
	// A config that cannot be written leaves the cgroup as it was.
	conf := filepath.Join(ref.String(), "config")
	if out, err := exec.Command("chattr", "+i", ref.String()).CombinedOutput(); err != nil {
		t.Skipf("LEFT OUT: a directory that cannot be written: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("chattr", "-i", ref.String()).Run() })
	err = change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{{Name: runtime.LimitPids, Value: "77"}}})
	must(t, exec.Command("chattr", "-i", ref.String()).Run())
	var told *runtime.Error
	if err == nil || read(t, conf) != before || !errors.As(err, &told) || strings.Contains(told.Hint, "as root") {
		t.Errorf("%v, hint %+v", err, told)
	}
	if p := limitOf(t, a, ref, runtime.LimitPids, ""); p.Live != "max" {
		t.Errorf("afterwards: %+v", p)
	}
}

// TestIOLimits has one line for each device.
func TestIOLimits(t *testing.T) {
	a, s, ref := running(t, "lxcdt-io")
	rep, err := a.Limits(context.Background(), ref)
	must(t, err)
	if l := limitOf(t, a, ref, runtime.LimitIO, ""); l.Why != "" || len(rep.Devices) == 0 {
		t.Skipf("LEFT OUT: no limits on I/O: %s; disks %v", l.Why, rep.Devices)
	}
	disk := rep.Devices[0].Number
	set := func(value string) error {
		return change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{{Name: runtime.LimitIO, Device: disk, Value: value}}})
	}
	before := read(t, ref.String(), "config")
	for _, v := range []string{"rbps=1048576 wiops=100", "wbps=2097152"} {
		must(t, set(v))
		if got := limitOf(t, a, ref, runtime.LimitIO, disk); got.Live != v || got.Config != v {
			t.Errorf("%+v, want %q\n%s", got, v, read(t, ref.String(), "config"))
		}
	}
	must(t, s.Stop(ref.Name))
	must(t, s.Start(ref.Name))
	if got := limitOf(t, a, ref, runtime.LimitIO, disk); got.Live != "wbps=2097152" {
		t.Errorf("after a start: %+v", got)
	}
	must(t, set(""))
	if got := limitOf(t, a, ref, runtime.LimitIO, disk); got.Live != "" || read(t, ref.String(), "config") != before {
		t.Errorf("%+v\n%s", got, read(t, ref.String(), "config"))
	}
}

func TestLimitsOfAStoppedOne(t *testing.T) {
	a, s, ref := running(t, "lxcdt-still")
	must(t, s.Stop(ref.Name))
	more := filepath.Join(s.Path, "more.conf")
	line := limitLine(t, "pids", "pids.max = 10", "pids.max = 10")
	put(t, more, line+"\n")
	conf := filepath.Join(ref.String(), "config")
	put(t, conf, read(t, conf)+"lxc.include = "+more+"\n")
	if p := limitOf(t, a, ref, runtime.LimitPids, ""); p.Live != "" || p.Config != "10" {
		t.Errorf("%+v", p)
	}
	for _, v := range []string{"99", "", "98"} { // the include sets this limit, and no other
		must(t, change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{{Name: runtime.LimitPids, Value: v}}}))
		must(t, s.Start(ref.Name))
		want := v
		if v == "" { // what the include says is taken back
			want = "max"
		}
		if p := limitOf(t, a, ref, runtime.LimitPids, ""); p.Live != want {
			t.Errorf("%q: %+v\n%s", v, p, read(t, conf))
		}
		must(t, s.Stop(ref.Name))
	}
	// An include that sets something else keeps no lines of ours, and each change a version.
	before := read(t, conf)
	for _, l := range []runtime.LimitSetting{{Name: runtime.LimitCPUs, Value: "0"}, {Name: runtime.LimitCPU, Value: "50000 100000"}, {Name: runtime.LimitMemory, Value: "67108864"}} {
		for _, v := range []string{l.Value, ""} {
			l.Value = v
			must(t, change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{l}}))
		}
		if after := read(t, conf); after != before {
			t.Errorf("without %s the config is\n%s\nwas\n%s", l.Name, after, before)
		}
	}
	if c := configText(t, a, runtime.ConfigOf{Ref: ref}); len(c.Backups) != 9 {
		t.Errorf("nine changes have kept %d versions", len(c.Backups))
	}
	for _, bad := range []runtime.LimitSetting{
		{Name: "memory.swap"}, {Name: runtime.LimitMemory, Value: "1\nlxc.hook.start = /x"}, {Name: runtime.LimitMemory, Value: "512M"}, {Name: runtime.LimitMemory, Device: "8:0", Value: "1"},
		{Name: runtime.LimitIO, Value: "rbps=1"}, {Name: runtime.LimitIO, Device: "8:0", Value: "rbps=0"}, {Name: runtime.LimitIO, Device: "8:00", Value: "rbps=1"}, {Name: runtime.LimitCPU, Value: "500"},
		{Name: runtime.LimitCPUs, Value: "3-1"}, {Name: runtime.LimitCPUs, Value: "0,"}, {Name: runtime.LimitCPUWeight, Value: "0"}, {Name: runtime.LimitCPUWeight, Value: "10001"},
	} {
		if err := change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{bad}}); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestLimitTranslation goes there and back for each limit and both versions.
func TestLimitTranslation(t *testing.T) {
	v1 := cgroup.Mounts{V1: map[string][]cgroup.Mount{}}
	dir := t.TempDir()
	put(t, filepath.Join(dir, "memory.memsw.limit_in_bytes"), "")
	for _, c := range []string{"cpu", "cpuset", "memory", "pids", "blkio"} {
		v1.V1[c] = []cgroup.Mount{{Dir: dir}}
	}
	v2 := cgroup.Mounts{Unified: []cgroup.Mount{{Dir: dir}}}
	must(t, os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("cpuset cpu io memory pids\n"), 0o644))
	memory := runtime.Of(1 << 30)
	for _, m := range []*cgroup.Mounts{&v1, &v2} {
		for _, s := range []runtime.LimitSetting{
			{Name: runtime.LimitCPU, Value: "50000 100000"}, {Name: runtime.LimitCPU, Value: "max 100000"}, {Name: runtime.LimitCPUWeight, Value: "1"}, {Name: runtime.LimitCPUWeight, Value: "100"},
			{Name: runtime.LimitCPUWeight, Value: "9999"}, {Name: runtime.LimitCPUs, Value: "0-3"}, {Name: runtime.LimitMemory, Value: "5368709120"}, {Name: runtime.LimitMemory, Value: "max"},
			{Name: runtime.LimitSwap, Value: "0"}, {Name: runtime.LimitSwap, Value: "4096"}, {Name: runtime.LimitPids, Value: "max"}, {Name: runtime.LimitPids, Value: "7"},
			{Name: runtime.LimitIO, Device: "8:0", Value: "rbps=5 wbps=6 riops=7 wiops=8"}, {Name: runtime.LimitIO, Device: "8:0", Value: "wiops=8"}, {Name: runtime.LimitIO, Device: "8:0", Value: ""},
		} {
			p := limitPlaceOf(m, s.Name)
			writes, err := p.writes(&s, memory)
			must(t, err)
			var held [][]string
			for _, file := range p.files() {
				lines := []string{"9:9 rbps=1", "9:9 1"}
				for _, w := range writes {
					if w.file == file {
						lines = append(lines, w.value)
					}
				}
				held = append(held, lines)
			}
			if got := p.said(s.Device, memory, held...); got != s.Value {
				t.Errorf("v1 %v: %+v is %q after %v", p.v1, s, got, writes)
			}
		}
	}
	for in, want := range map[string]string{"512M": "536870912", "1k": "1024", "7": "7", "max": "max", "M": "M", "-1": "-1", "99999999999T": "99999999999T", "1.5G": "1.5G"} {
		if got := plainNumber(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
