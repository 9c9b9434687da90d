package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

func TestHostFolder(t *testing.T) {
	dir := hostTree(t, map[string]string{"b": "12345", "a/x": "", "z\n": ""})
	for _, err := range []error{
		os.Symlink("b", filepath.Join(dir, "link")), unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600),
		unix.Chmod(filepath.Join(dir, "b"), 0o4751), os.Symlink("a", filepath.Join(dir, "toa")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := hostFolder(patient(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range f.Entries {
		size := "-"
		if n, ok := e.Size.Get(); ok {
			size = fmt.Sprint(n)
		}
		got = append(got, fmt.Sprintf("%q %s %s %s", e.Name, e.Kind, size, e.Target))
		if e.Changed.IsZero() || e.UID != uint32(os.Getuid()) || e.Mount {
			t.Errorf("%+v", e)
		}
	}
	want := []string{`"a" folder - `, `"b" file 5 `, `"link" link - b`, `"pipe" fifo - `, `"toa" link - a`, `"z\n" file 0 `}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if b := f.Entries[1]; b.Mode != fs.ModeSetuid|0o751 {
		t.Errorf("mode %s", b.Mode)
	}
	if n, ok := f.Free.Get(); !ok || n == 0 || f.Path != dir {
		t.Errorf("%v free in %s", f.Free, f.Path)
	}
	if f, err = hostFolder(patient(t), filepath.Join(dir, "toa")); err != nil || f.Path != filepath.Join(dir, "a") || len(f.Entries) != 1 {
		t.Errorf("through a link: %+v, %v", f, err)
	}
	for name, want := range map[string]error{"pipe": unix.ENOTDIR, "b": unix.ENOTDIR, "none": fs.ErrNotExist} {
		if _, err := hostFolder(patient(t), filepath.Join(dir, name)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if proc, err := hostFolder(patient(t), "/"); err != nil {
		t.Error(err)
	} else if i := slices.IndexFunc(proc.Entries, func(e runtime.FileEntry) bool { return e.Name == "proc" }); i < 0 || !proc.Entries[i].Mount || proc.Entries[i].Owner != "root" {
		t.Errorf("/proc is no mount of root's")
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := hostFolder(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
