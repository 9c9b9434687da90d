package tui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// manyFiles is a deck whose host has a folder of so many files.
func manyFiles(t *testing.T, n int) *deck {
	t.Helper()
	var all []runtime.FileEntry
	for i := range n {
		all = append(all, runtime.FileEntry{Name: fmt.Sprintf("f%05d", i), Kind: runtime.FileRegular, Size: runtime.Of(1)})
	}
	o := Options{HostFiles: func(_ context.Context, dir string) (runtime.Folder, error) {
		return runtime.Folder{Path: dir, Entries: all}, nil
	}}
	d := newDeck(t, 120, 40, o, some()...)
	d.m.files.host = "/many"
	d.press("B", "tab")
	return d
}

// TestFilesMany: thousands are asked about, and unmarked, without a pause. It took
// minutes to lay out the command that does the same, and seconds to take the marks.
func TestFilesMany(t *testing.T) {
	d := manyFiles(t, runtime.MaxSources)
	began := time.Now()
	d.press("*", "c")
	d.sees("Copy 10000 entries into alpha?")
	d.seesNo("lxc-attach")
	x := d.m.filesOpen()
	a, why := x.wants(d.m)
	if why != "" || len(a.what) != runtime.MaxSources {
		t.Fatalf("%d, %q", len(a.what), why)
	}
	q := a.request(runtime.Refuse)
	p := &x.panes[hostSide]
	p.unmark(q.Args.(*runtime.CopyFilesArgs).From)
	if len(p.marks) > 0 || p.rows[0].Marked {
		t.Errorf("%d marks stay", len(p.marks))
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestHostFolderMany: of a folder of very many the first are listed, folders before all.
func TestHostFolderMany(t *testing.T) {
	dir := t.TempDir()
	const more = 100
	for i := range runtime.MaxEntries + more - 1 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("f%05d", i)))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if err := os.Mkdir(filepath.Join(dir, "z"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := hostFolder(t.Context(), dir)
	if err != nil || f.More != more || len(f.Entries) != runtime.MaxEntries {
		t.Fatalf("%d entries, %d more, %v", len(f.Entries), f.More, err)
	}
	for i, want := range map[int]string{0: "z", 1: "f00000", runtime.MaxEntries - 1: fmt.Sprintf("f%05d", runtime.MaxEntries-2)} {
		if f.Entries[i].Name != want {
			t.Errorf("entry %d is %s, want %s", i, f.Entries[i].Name, want)
		}
	}
}

func TestFilesTooMany(t *testing.T) {
	d := manyFiles(t, runtime.MaxSources+1)
	d.press("*", "c")
	d.sees("10,000 entries at most are copied at once: copy the folder")
	d.seesNo("Copy 10001 entries")
}

// TestFilesWaiting: what waits for its turn is not said to be copied.
func TestFilesWaiting(t *testing.T) {
	d := manyFiles(t, 1)
	x := d.m.filesOpen()
	j := &job{req: runtime.Request{Op: runtime.Push, Ref: ref("alpha")}, feed: &feed{}}
	d.m.jobs.list = append(d.m.jobs.list, j)
	if s := x.jobState(d.m); s == nil || s.Text != "push alpha: waits for its turn" {
		t.Errorf("%+v", s)
	}
	j.started = d.m.clock.Now()
	if s := x.jobState(d.m); s == nil || s.Text != "copying files to alpha" {
		t.Errorf("%+v", s)
	}
}
