package lxc

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// linked is a base with an overlay on it that LXC's own tool has made through a
// symbolic link to the lxcpath.
func linked(t *testing.T, s *lxctest.Scratch, name string) (base, clone runtime.Ref, link string) {
	t.Helper()
	base = bootable(t, s, name)
	clone = runtime.Ref{Path: s.Path, Name: name + "-over"}
	link = filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(s.Path, link))
	tool(t, "lxc-copy", "-P", link, "-n", name, "-N", clone.Name, "-s", "-B", "overlay")
	if p, err := readPairs(filepath.Join(base.String(), dependantsFile)); err != nil || p == nil || p.refs[0].Path != link {
		t.Fatalf("LXC has noted %+v, %v: this shows nothing", p, err)
	}
	return base, clone, link
}

// Destroyed by another name than it was made by, an overlay is out of the book.
func TestOverlayIsForgottenByAllItsNames(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	for name, gone := range map[string]bool{"lxcdt-link": false, "lxcdt-nolink": true} {
		base, clone, link := linked(t, s, name)
		must(t, s.Tool("lxc-snapshot", clone.Name))
		if gone {
			must(t, os.Remove(link))
		}
		if err := do(t, a, runtime.Destroy, base); !errors.Is(err, runtime.ErrInUse) || !strings.Contains(err.Error(), clone.Name) {
			t.Errorf("%s: with an overlay on it: %v", name, err)
		}
		must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Destroy, Ref: clone, Args: &runtime.DestroyArgs{Snapshots: true}}))
		if book := filepath.Join(base.String(), dependantsFile); exists(book) {
			text, err := os.ReadFile(book)
			t.Errorf("%s: it is in the book still: %q, %v", name, text, err)
		}
		must(t, do(t, a, runtime.Destroy, base))
	}
}

// A link that leads elsewhere by now, or nowhere, says nothing of what was made by it.
func TestOverlayBehindAnotherLinkIsThere(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	base, clone, link := linked(t, s, "lxcdt-moved")
	must(t, os.Remove(link))
	must(t, os.Symlink(t.TempDir(), link))
	if deps, err := dependantsOf(base); err != nil || !slices.Equal(deps, []runtime.Ref{clone}) {
		t.Errorf("%v, %v", deps, err)
	}
	must(t, s.Tool("lxc-destroy", clone.Name)) // LXC leaves the entry
	book := filepath.Join(base.String(), dependantsFile)
	for _, to := range []string{"/lxcdt-not-mounted", t.TempDir()} {
		must(t, os.Remove(link))
		must(t, os.Symlink(to, link))
		err := do(t, a, runtime.Destroy, base)
		var e *runtime.Error
		if !errors.Is(err, runtime.ErrInUse) || !errors.As(err, &e) || !strings.Contains(e.Hint, book) {
			t.Errorf("what may be on a disk that is not mounted: %v", err)
		}
	}
	must(t, os.Remove(link))
	must(t, os.Symlink(s.Path, link)) // where that container is not
	must(t, do(t, a, runtime.Destroy, base))
}

// The base's own root by the old name says what that was.
func TestOldNameOfAnLxcpathIsKnown(t *testing.T) {
	s := lxctest.New(t)
	base := bootable(t, s, "lxcdt-old")
	link := filepath.Join(t.TempDir(), "link")
	put(t, filepath.Join(base.String(), "config"), "lxc.rootfs.path = dir:"+link+"/"+base.Name+"/rootfs\n")
	put(t, filepath.Join(base.String(), dependantsFile), link+"\nlxcdt-gone\n"+link+"/lxcdt-gone/snaps\nsnap0\n/lxcdt-not-mounted\nlxcdt-gone\n")
	deps, err := dependantsOf(base)
	if want := []runtime.Ref{{Path: "/lxcdt-not-mounted", Name: "lxcdt-gone"}}; err != nil || !slices.Equal(deps, want) {
		t.Errorf("%v, %v", deps, err)
	}
}

// What is renamed is followed under all names of its lxcpath.
func TestRenameIsFollowedInBooksThroughALink(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	base, clone, _ := linked(t, s, "lxcdt-follow")
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Rename, Ref: clone, Args: &runtime.RenameArgs{To: "lxcdt-followed"}}))
	to := runtime.Ref{Path: s.Path, Name: "lxcdt-followed"}
	if deps, err := dependantsOf(base); err != nil || !slices.Equal(deps, []runtime.Ref{to}) {
		t.Errorf("%v, %v", deps, err)
	}
	must(t, do(t, a, runtime.Destroy, to))
	must(t, do(t, a, runtime.Destroy, base))
}
