package lxc

import (
	"errors"
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
	j.Facts[factDir] = []byte("another's")
	must(t, j.step(removingRoot))
	must(t, do(t, a, runtime.Snapshot, ref))
	must(t, j.end())
}
