package lxc

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// liblxc calls a container stopped that was started by another name of its lxcpath.
func TestWhatRunsByAnotherNameIsLeftAlone(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-twice")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Restore, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}}))
	kept, err := journals(s.Path)
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(s.Path, link))
	b := adapterFor(t, link)
	as := runtime.Ref{Path: link, Name: ref.Name}
	must(t, do(t, b, runtime.Start, as))
	t.Cleanup(func() { _ = do(t, b, runtime.Kill, as) })

	back := &runtime.RecoverArgs{ID: kept[0].ID, Way: runtime.Undo}
	for _, q := range []runtime.Request{
		{Op: runtime.Start, Ref: ref},
		{Op: runtime.Snapshot, Ref: ref},
		{Op: runtime.Rename, Ref: ref, Args: &runtime.RenameArgs{To: "lxcdt-other"}},
		{Op: runtime.Restore, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}},
		{Op: runtime.Recover, Ref: ref, Args: back},
		{Op: runtime.Destroy, Ref: ref, Args: &runtime.DestroyArgs{Snapshots: true}},
	} {
		if err := a.Do(t.Context(), q); !errors.Is(err, runtime.ErrWrongState) || !strings.Contains(err.Error(), link) {
			t.Errorf("%s: %v", q.Op, err)
		}
	}
	must(t, do(t, b, runtime.Kill, as))
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Recover, Ref: ref, Args: back}))
}
