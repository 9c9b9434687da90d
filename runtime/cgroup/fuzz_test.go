package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// seed adds every fixture file of the given names, whole and cut in half.
func seed(f *testing.F, names ...string) {
	f.Helper()
	found := 0
	err := filepath.WalkDir("testdata", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, name := range names {
			if strings.HasSuffix(path, "/"+name) {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				f.Add(text)
				f.Add(text[:len(text)/2])
				found++
			}
		}
		return nil
	})
	if err != nil || found == 0 {
		f.Fatalf("%d seeds of %q: %v", found, names, err)
	}
	f.Add([]byte{})
	f.Add([]byte("99999999999999999999 -1 max\x00\xff\n\n: : 18446744073709551615\n"))
}

// FuzzSources feeds every parser of the table: none panics, none takes
// nonsense for a figure, and without content all of its figures are absent.
func FuzzSources(f *testing.F) {
	var names []string
	for i := range controllers {
		for _, src := range slices.Concat(controllers[i].v1, controllers[i].v2, controllers[i].process) {
			names = append(names, src.name)
		}
	}
	seed(f, names...)
	f.Fuzz(func(t *testing.T, text []byte) {
		for i := range controllers {
			c := &controllers[i]
			for _, src := range slices.Concat(c.v1, c.v2, c.process) {
				s := state{full: true}
				src.parse(&s, text)
				if src.parse(&s, nil) {
					t.Errorf("%s: no content is well understood", src.name)
				}
				if s.sample != (runtime.Sample{}) {
					t.Errorf("%s: without content %+v", src.name, s.sample)
				}
			}
		}
	})
}

func FuzzNetDev(f *testing.F) {
	seed(f, "net/dev")
	f.Fuzz(func(t *testing.T, text []byte) {
		head := []byte(netHead)
		sum, _, ok := netDev(append(head, text...))
		if ok == (sum == runtime.Net{}) {
			t.Errorf("ok %v with %+v", ok, sum)
		}
		if !ok {
			return
		}
		// One more interface adds exactly its own figures.
		more, _, ok := netDev(append([]byte(netHead+"x: 1 2 0 0 0 0 0 0 3 4\n"), text...))
		rx, _ := more.RxBytes.Get()
		if old, _ := sum.RxBytes.Get(); ok && rx != old+1 {
			t.Errorf("%d and one more byte are %d", old, rx)
		}
	})
}

func FuzzCPUList(f *testing.F) {
	seed(f, "cpuset.cpus.effective", "cpuset.effective_cpus")
	f.Add([]byte("0-18446744073709551615,1-0"))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, ok := cpuList(text)
		if n, is := v.Get(); is && (n == 0 || n > maxCPUs) {
			t.Errorf("%d CPUs, %v", n, ok)
		}
	})
}

func FuzzMountinfo(f *testing.F) {
	seed(f, "mountinfo")
	f.Fuzz(func(t *testing.T, text []byte) {
		m := parseMounts(text, "/r")
		for ctl, list := range m.V1 {
			for _, at := range list {
				if at.Dir != "/r" && !strings.HasPrefix(at.Dir, "/r/") {
					t.Errorf("%s leads out of the root: %+v", ctl, at)
				}
			}
		}
		if dir := find(m.Unified, "/lxc.payload.x"); dir != "" && dir != "/r" && !strings.HasPrefix(dir, "/r/") {
			t.Errorf("unified leads out of the root: %q", dir)
		}
	})
}

func FuzzLocate(f *testing.F) {
	err := filepath.WalkDir("testdata", func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == "cgroup" && !d.IsDir() {
			text, rerr := os.ReadFile(path)
			if rerr != nil {
				return rerr
			}
			f.Add(text, []byte("0::/lxc.payload.out/x\n"), "pay/x")
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, own []byte, dir string) {
		loc := locate(text, own, []string{dir})
		for _, path := range append([]string{loc.Unified}, values(loc.V1)...) {
			if path == "" {
				continue
			}
			if climbs(path) {
				t.Errorf("%q leads up", path)
			}
			if again := cutPayload(path, "", []string{dir}); again != path && !strings.Contains(string(own), payloadPrefix) {
				t.Errorf("%q is cut again to %q", path, again)
			}
		}
	})
}

func values(m map[string]string) (list []string) {
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

func FuzzStatus(f *testing.F) {
	seed(f, "status", "cgroup.procs")
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, levels := nsPid(text); levels < 0 {
			t.Error("fewer namespaces than none")
		}
		for _, pid := range parsePids(text, nil) {
			if pid <= 0 {
				t.Errorf("pid %d", pid)
			}
		}
	})
}
