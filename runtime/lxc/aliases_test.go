package lxc

import (
	"errors"
	"os"
	"os/exec"
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

// What was begun by another name of the lxcpath is listed, and cleared by that name.
func TestJournalsUnderAllNamesOfAnLxcpath(t *testing.T) {
	s := lxctest.New(t)
	ref := ownRoot(t, s.Path, "lxcdt-named")
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(s.Path, link))
	as := runtime.Ref{Path: link, Name: ref.Name}
	killedAt(t, stepCopying, helperRequest{Kind: kindOp, Op: runtime.Snapshot, Ref: as, Args: &runtime.SnapshotArgs{}})
	a := adapterFor(t, s.Path)
	only := func(a *Adapter) runtime.Leftover {
		t.Helper()
		left, err := a.Leftovers(t.Context())
		if err != nil || len(left) != 1 {
			t.Fatalf("%+v, %v", left, err)
		}
		return left[0]
	}
	must(t, os.Remove(link))
	if l := only(a); len(l.Ways) != 0 || l.Ref != ref || !strings.Contains(l.What, link) {
		t.Errorf("while the name leads nowhere: %+v", l)
	}
	must(t, os.Symlink(s.Path, link))
	both := newAdapter(t, Options{Paths: []string{s.Path, link}})
	if l := only(both); l.Ref != as || len(l.Ways) == 0 {
		t.Errorf("by both names: %+v", l)
	}
	l := only(a)
	if l.Ref != as || len(l.Ways) == 0 {
		t.Fatalf("%+v", l)
	}
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Recover, Ref: l.Ref, Args: &runtime.RecoverArgs{ID: l.ID, Way: l.Ways[0], What: l.What, Since: l.Since}}))
	if exists(filepath.Join(s.Path, deckDir)) {
		t.Error("something is left")
	}
}

// A new container does not ask for locks that its own process holds, which would drop
// them, by whatever name a journal has it.
func TestOldJournalsByAnotherNameKeepTheLocks(t *testing.T) {
	s := lxctest.New(t)
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(s.Path, link))
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-new"}
	q := helperRequest{Op: runtime.Create, Ref: ref}
	for _, lead := range []bool{true, false} {
		_, err := openJournal(runtime.Destroy, runtime.Ref{Path: link, Name: ref.Name}, removingRoot, nil)
		must(t, err)
		if !lead {
			must(t, os.Remove(link))
		}
		h, err := holdAll(&q)
		must(t, err)
		must(t, clearOldJournals(ref))
		cmd := exec.Command(selfExe, "-test.run=^TestHold$") // another process
		cmd.Env = append(os.Environ(), "LXCDECK_TEST_HOLD_PATH="+s.Path, "LXCDECK_TEST_HOLD="+ref.Name)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "create (process ") {
			t.Errorf("while the link leads there (%v) the lock is lost: %v\n%s", lead, err, out)
		}
		h.release()
	}
}
