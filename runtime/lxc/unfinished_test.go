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

// What a destroy has left looks like a container for as long as its config is there.
func TestHalfDestroyedIsNotUsed(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-half")
	id, err := dirID(ref.String())
	must(t, err)
	j, err := openJournal(runtime.Destroy, ref, removingRoot, map[string]string{factDir: id, factStore: "dir:" + ref.String() + "/rootfs"})
	must(t, err)
	for _, q := range []runtime.Request{
		{Op: runtime.Start, Ref: ref},
		{Op: runtime.Snapshot, Ref: ref},
		{Op: runtime.Rename, Ref: ref, Args: &runtime.RenameArgs{To: "lxcdt-other"}},
		{Op: runtime.Clone, Ref: ref, Args: &runtime.CloneArgs{To: runtime.Ref{Path: s.Path, Name: "lxcdt-other"}}},
	} {
		if err := a.Do(t.Context(), q); !errors.Is(err, runtime.ErrWrongState) || !strings.Contains(err.Error(), "destroy was interrupted") {
			t.Errorf("%s: %v", q.Op, err)
		}
	}
	// By another name of its lxcpath, too.
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(s.Path, link))
	q := runtime.Request{Op: runtime.Rename, Ref: runtime.Ref{Path: link, Name: ref.Name}, Args: &runtime.RenameArgs{To: "lxcdt-other"}}
	if err := adapterFor(t, link).Do(t.Context(), q); !errors.Is(err, runtime.ErrWrongState) || !strings.Contains(err.Error(), "destroy was interrupted") {
		t.Errorf("by a link: %v", err)
	}
	j.Facts[factDir] = []byte("another's")
	must(t, j.step(removingRoot))
	must(t, do(t, a, runtime.Snapshot, ref))
	must(t, j.end())
}
