package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// copyRoot gives a container a root file system of its own, in its directory.
func copyRoot(t *testing.T, s *lxctest.Scratch, name string, lines ...string) (ref runtime.Ref, root string) {
	t.Helper()
	must(t, s.Add(name, append(lines, "lxc.rootfs.path = dir:"+filepath.Join(s.Path, name, "rootfs"))...))
	ref = runtime.Ref{Path: s.Path, Name: name}
	root = filepath.Join(ref.String(), "rootfs")
	must(t, os.CopyFS(root, os.DirFS(filepath.Join(s.Path, ".root"))))
	return ref, root
}

func TestDoctorMendsAnInit(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref, root := copyRoot(t, s, "lxcdt-init", "lxc.init.cmd = /boot/init")
	put(t, filepath.Join(root, "boot", "init"), "#!/bin/sh\nexec /sbin/init\n")
	d, _ := ill(t, s, a, ref.Name, nil)
	wantCause(t, d, "Its init /boot/init is not executable", "chmod +x")
	file := filepath.Join(root, "boot", "init")
	if d.Fix == nil || d.Fix.ID != "chmod-x:"+file || !slices.Equal(d.Fix.Command, []string{"chmod", "a+x", file}) {
		t.Fatalf("fix = %+v", d.Fix)
	}
	mend := func(id string) error { return askFor(t, a, runtime.Mend, ref, &runtime.MendArgs{Fix: id}) }
	// What is not in the way is not touched, inside or out.
	outside := filepath.Join(s.Path, ".outside")
	put(t, outside, "")
	must(t, os.Symlink(outside, filepath.Join(root, "boot", "link")))
	for _, id := range []string{
		"chmod-x:" + outside, "chmod-x:" + ref.String() + "/../.outside", "chmod-x:" + filepath.Join(ref.String(), "config"),
		"chmod-x:" + filepath.Join(root, "boot", "link"), "chmod-x:", "chmod-x:relative",
	} {
		if err := mend(id); !errors.Is(err, runtime.ErrWrongState) {
			t.Errorf("mend %q: %v", id, err)
		}
	}
	if st, err := os.Stat(outside); err != nil || st.Mode() != 0o644 {
		t.Errorf("a file outside: %v, %v", st.Mode(), err)
	}
	must(t, mend(d.Fix.ID))
	if st, err := os.Stat(file); err != nil || st.Mode() != 0o755 {
		t.Errorf("mended: %v, %v", st.Mode(), err)
	}
	if err := mend(d.Fix.ID); !errors.Is(err, runtime.ErrWrongState) {
		t.Errorf("mended again: %v", err)
	}
	must(t, do(t, a, runtime.Start, ref))
	must(t, do(t, a, runtime.Kill, ref))
	// As somebody else it would run for everybody: not one safe step.
	must(t, os.Chmod(file, 0o644|os.ModeSetuid))
	if err := mend(d.Fix.ID); !errors.Is(err, runtime.ErrWrongState) {
		t.Errorf("a setuid file: %v", err)
	}
	ro := newAdapter(t, Options{Paths: []string{s.Path}, ReadOnly: true})
	if err := askFor(t, ro, runtime.Mend, ref, &runtime.MendArgs{Fix: d.Fix.ID}); !errors.Is(err, runtime.ErrReadOnly) {
		t.Errorf("mend, read-only: %v", err)
	}
}

func TestDoctorMendsAHook(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	file := filepath.Join(s.Path, "lxcdt-hook", "hook")
	must(t, s.Add("lxcdt-hook", "lxc.hook.pre-start = "+file+" an argument"))
	put(t, file, "#!/bin/sh\nexit 0\n")
	d, _ := ill(t, s, a, "lxcdt-hook", nil)
	wantCause(t, d, "not executable: "+file, "chmod +x")
	if d.Fix == nil {
		t.Fatal("no fix is offered")
	}
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-hook"}
	must(t, askFor(t, a, runtime.Mend, ref, &runtime.MendArgs{Fix: d.Fix.ID}))
	must(t, do(t, a, runtime.Start, ref))
}

func TestDoctorMendsTheWayToTheRoot(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	idmap, first := rootMap(t)
	ref, root := copyRoot(t, s, "lxcdt-way", idmap...)
	must(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, first, first))
	}))
	must(t, os.Chmod(ref.String(), 0o750))
	d, _ := ill(t, s, a, ref.Name, nil)
	wantCause(t, d, fmt.Sprintf("uid %d of the host) may not pass through %s.", first, ref), "setfacl")
	if d.Fix == nil {
		t.Fatal("no fix is offered")
	}
	must(t, askFor(t, a, runtime.Mend, ref, &runtime.MendArgs{Fix: d.Fix.ID}))
	if st, err := os.Stat(ref.String()); err != nil || st.Mode().Perm() != 0o751 {
		t.Errorf("mended: %v, %v", st.Mode(), err)
	}
	must(t, do(t, a, runtime.Start, ref))
	must(t, do(t, a, runtime.Kill, ref))
	// A directory above the container's is not the doctor's to open.
	must(t, os.Chmod(s.Path, 0o700))
	d, _ = ill(t, s, a, ref.Name, nil)
	wantCause(t, d, "may not pass through "+s.Path+".", "chmod o+x")
	if d.Fix != nil {
		t.Errorf("a fix is offered: %+v", d.Fix)
	}
	if err := askFor(t, a, runtime.Mend, ref, &runtime.MendArgs{Fix: "chmod-x:" + s.Path}); !errors.Is(err, runtime.ErrWrongState) {
		t.Errorf("mend outside: %v", err)
	}
	must(t, os.Chmod(s.Path, 0o755))
}
