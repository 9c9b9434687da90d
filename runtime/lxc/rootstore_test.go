package lxc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// A half-made copy has the config of what it is a copy of. When it is cleared
// away, the root that this may still name is not.
func TestClearingACopyKeepsTheOriginal(t *testing.T) {
	for name, edit := range map[string]func(t *testing.T, c *confFile, root string){
		"root in an include": func(t *testing.T, c *confFile, root string) {
			inc := filepath.Join(filepath.Dir(c.path), "root.conf")
			put(t, inc, root)
			c.lines = append([]string{"lxc.include = " + inc + "\n"}, c.lines...)
		},
		"root behind a blank": func(_ *testing.T, c *confFile, root string) { c.add(" " + root) },
	} {
		t.Run(name, func(t *testing.T) {
			s := lxctest.New(t)
			a := newAdapter(t, Options{Paths: []string{s.Path}})
			ref := ownRoot(t, s.Path, "lxcdt-a")
			c, err := readConfOf(ref)
			must(t, err)
			root := "lxc.rootfs.path = " + c.values("lxc.rootfs.path")[0] + "\n"
			c.remove("lxc.rootfs.path")
			edit(t, c, root)
			must(t, c.write())
			snap := runtime.Ref{Path: filepath.Join(ref.String(), "snaps"), Name: "snap0"}
			must(t, os.MkdirAll(snap.String(), 0o770))
			put(t, filepath.Join(snap.String(), "config"), c.String())
			handle, err := handleOf(snap.String())
			must(t, err)
			j, err := openJournal(runtime.Snapshot, ref, stepCopying, map[string]string{factSnap: snap.Name, factWay: storeDir, factMade: handle})
			must(t, err)
			must(t, change(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: j.ID, Way: runtime.Undo}))
			if exists(snap.String()) {
				t.Error("the half-made snapshot is still there")
			}
			if got := read(t, filepath.Join(ref.String(), "rootfs/etc/hostname")); got != "lxcdt-a\n" {
				t.Errorf("hostname %q", got)
			}
		})
	}
}

// What is mounted in a copy keeps it, also when its lxcpath is a link.
func TestClearingStopsAtMounts(t *testing.T) {
	rootOnly(t)
	s := lxctest.New(t)
	ref := ownRoot(t, s.Path, "lxcdt-a b")
	at := filepath.Join(ref.String(), "rootfs/data")
	must(t, os.Mkdir(at, 0o755))
	must(t, unix.Mount("lxcdt", at, "tmpfs", 0, "size=1m"))
	t.Cleanup(func() { must(t, unix.Unmount(at, 0)) })
	put(t, filepath.Join(at, "kept"), "x")
	link := filepath.Join(s.Path, ".link")
	must(t, os.Symlink(s.Path, link))
	for _, path := range []string{s.Path, link} {
		_, err := clearContainer(to(runtime.Ref{Path: path}, ref.Name))
		if err == nil || !strings.Contains(err.Error(), "mounted") {
			t.Errorf("%s: %v", path, err)
		}
		if !exists(filepath.Join(at, "kept")) {
			t.Fatalf("%s: what was mounted is emptied", path)
		}
	}
}

func TestNamesOfDataSets(t *testing.T) {
	for value, want := range map[string]string{
		"zfs:tank/lxc/web": "tank/lxc/web", "zfs:tank/a:b": "tank/a:b", "tank/lxc/web": "tank/lxc/web",
		"zfs:/var/lib/lxc/web/rootfs": "/var/lib/lxc/web/rootfs", "/var/lib/lxc/web/rootfs": "", "dir:/x": "", "rootfs": "", "-r/x": "",
	} {
		s := storeOf(value)
		if got := s.path; (s.kind == storeZFS) != (want != "") || want != "" && got != want {
			t.Errorf("%s: %s %q", value, s.kind, got)
		}
		if kind, paths := backing(value); want != "" && (kind != storeZFS || len(paths) != 1 || paths[0] != want) {
			t.Errorf("%s: %s %q", value, kind, paths)
		}
	}
	for name, want := range map[string]error{
		"tank": nil, "tank/web-1.a_b:c d": nil, "/tank": runtime.ErrUnsupported, "": runtime.ErrInvalid, "-r": runtime.ErrInvalid,
		"tank/": runtime.ErrInvalid, "tank//x": runtime.ErrInvalid, "tank/a@b": runtime.ErrInvalid, "tank/a#b": runtime.ErrInvalid, "tank/ä": runtime.ErrInvalid,
	} {
		if err := checkSet(name); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
}

func TestRenameNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	must(t, errors.Join(os.Mkdir(from, 0o755), os.Mkdir(to, 0o755)))
	if err := renameNew(from, to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over an empty directory: %v", err)
	}
	must(t, os.Remove(to))
	must(t, renameNew(from, to))
	must(t, canExchange(to))
	nothingLeft(t, to)
}
