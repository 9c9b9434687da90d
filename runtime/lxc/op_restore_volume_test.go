package lxc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// Which of two volumes a container has its config alone tells, and that may be edited
// at any time: neither way forgets a volume.
func TestRestoreOnVolumesKnowsTheRootInAnEditedConfig(t *testing.T) {
	for _, way := range []runtime.RecoverWay{runtime.Finish, runtime.Undo} {
		t.Run(way.String(), func(t *testing.T) {
			s := lxctest.New(t)
			a := newAdapter(t, Options{Paths: []string{s.Path}})
			must(t, s.Add("lxcdt-web"))
			ref := runtime.Ref{Path: s.Path, Name: "lxcdt-web"}
			config := func(root string) string {
				return "lxc.rootfs.path = zfs:lxcdt-no-pool/" + root + "\nlxc.uts.name = lxcdt-web\n"
			}
			const edit = "lxc.start.delay = 7\n"
			id, err := dirID(ref.String())
			must(t, err)
			j, err := openJournal(runtime.Restore, ref, stepConfig, map[string]string{factDir: id, factSnap: "snap0", factOther: "lxcdt-web-2", factWay: storeZFS})
			must(t, err)
			must(t, os.MkdirAll(j.other().String(), 0o755))
			put(t, filepath.Join(j.workDir(), fileOld), config("lxcdt-web"))
			put(t, filepath.Join(j.workDir(), fileNew), config("lxcdt-web-2"))
			put(t, filepath.Join(j.other().String(), "config"), config("lxcdt-web-2"))
			put(t, filepath.Join(ref.String(), "config"), config("lxcdt-third")+edit)
			if err := goes(t, a, way); err == nil || !strings.Contains(err.Error(), "neither of the two") {
				t.Errorf("a third root: %v", err)
			}
			put(t, filepath.Join(ref.String(), "config"), config("lxcdt-web-2")+edit)
			err = goes(t, a, way)
			if way == runtime.Finish {
				must(t, err)
				if got := read(t, ref.String(), "config"); got != config("lxcdt-web-2")+edit {
					t.Errorf("config:\n%s", got)
				}
				if got := read(t, j.workDir(), fileOld); got != config("lxcdt-web") {
					t.Errorf("what is kept for an undo:\n%s", got)
				}
				if got := rootLines(j.other()); len(got) != 1 || got[0] != "zfs:lxcdt-no-pool/lxcdt-web" {
					t.Errorf("the old root is kept as %q", got)
				}
				return
			}
			// There is no such pool, so that the copy's root cannot be removed.
			if got := read(t, ref.String(), "config"); got != config("lxcdt-web")+edit {
				t.Errorf("config:\n%s", got)
			}
			if err == nil && exists(j.workDir()) {
				t.Error("it says that it is done, and something is left")
			}
		})
	}
}
