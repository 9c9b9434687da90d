package lxc

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// liblxc enters in its books what an lxcpath was called when the overlay was made, and
// takes out only what has the same name when it is destroyed (mod_rdep): of one made
// through a symbolic link and destroyed without it, the entry stays.

// homeOf is the lxcpath that a container or snapshot lies in, and where in that.
func homeOf(ref runtime.Ref) (lxcpath, below string) {
	if filepath.Base(ref.Path) == "snaps" {
		dir := filepath.Dir(ref.Path)
		return filepath.Dir(dir), filepath.Join(filepath.Base(dir), "snaps", ref.Name)
	}
	return ref.Path, ref.Name
}

// refAt is the container or snapshot at such a place.
func refAt(lxcpath, below string) runtime.Ref {
	at := filepath.Join(lxcpath, below)
	return runtime.Ref{Path: filepath.Dir(at), Name: filepath.Base(at)}
}

// sameRef says whether two names are of one container or snapshot, which need not be
// there.
func sameRef(x, y runtime.Ref) bool {
	if x == y {
		return true
	}
	px, bx := homeOf(x)
	py, by := homeOf(y)
	return bx == by && sameDir(px, py)
}

// aliasesOf are other names that a container's lxcpath had, by the root in its config:
// what stands there below such a name is here below the lxcpath, and not there.
func aliasesOf(ref runtime.Ref) (names []string) {
	lxcpath, below := homeOf(ref)
	for _, path := range roots(rootLines(ref)) {
		name, rest, ok := strings.Cut(path, "/"+below+"/")
		if !ok || name == lxcpath || !filepath.IsAbs(name) || !exists(filepath.Join(lxcpath, below, rest)) {
			continue
		}
		if !exists(filepath.Join(name, below)) || sameDir(name, lxcpath) {
			names = append(names, name)
		}
	}
	return names
}

// stillThere says whether an overlay on a container may be there, and by which name.
// One whose lxcpath is there without it was removed by other means. Where that is not
// there, or empty, it may be on a disk that is not mounted now.
func stillThere(r, on runtime.Ref) (runtime.Ref, bool) {
	if exists(r.String()) {
		return r, true
	}
	home, below := homeOf(r)
	here, base := homeOf(on)
	if s := refAt(here, below); s != r && exists(s.String()) {
		upon, err := basesOf(s)
		if err != nil || slices.ContainsFunc(upon, func(b runtime.Ref) bool { _, at := homeOf(b); return at == base }) {
			return s, true
		}
	}
	return r, !sameDir(home, here) && !slices.Contains(aliasesOf(on), home) && !holdsAny(r.Path)
}

// holdsAny says whether a directory is there and has anything in it.
func holdsAny(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	names, _ := f.Readdirnames(1)
	return len(names) > 0
}

// goneForGood is what to do about a dependant of which nobody can know that.
func goneForGood(book string) string {
	return "If one is gone for good, take its two lines out of " + runtime.ShellQuote(book) + "."
}

// books are where a container and its snapshots are entered.
type books struct {
	aliases []string // of their lxcpath
	entries []entry
}

// entry is one of them, and what it lies upon.
type entry struct {
	ref  runtime.Ref
	upon []runtime.Ref
}

// booksWith reads them, as long as the container, or snapshot, is there.
func booksWith(ref runtime.Ref) (all books) {
	here, below := homeOf(ref)
	whose, _, _ := strings.Cut(below, "/")
	snaps, _ := snapshotDirs(ref) // what cannot be read is not in the way of a destroy
	refs := append(snaps, ref)
	for _, r := range append(refs, runtime.Ref{Path: here, Name: whose}) {
		all.aliases = append(all.aliases, aliasesOf(r)...)
	}
	for _, r := range refs {
		e := entry{ref: r}
		bases, _ := basesOf(r)
		for _, b := range bases {
			if home, below := homeOf(b); !exists(b.String()) && slices.Contains(all.aliases, home) {
				b = refAt(here, below)
			}
			e.upon = append(e.upon, b)
		}
		all.entries = append(all.entries, e)
	}
	return all
}

// forget takes those that are gone out of the books, by all names that they had. They
// are gone, whether that can be written or not: who reads an entry that stays looks
// for them.
func (all books) forget() {
	for _, e := range all.entries {
		if exists(e.ref.String()) {
			continue
		}
		for _, base := range e.upon {
			_ = changePairs(base, dependantsFile, func(r runtime.Ref) (runtime.Ref, bool) {
				home, below := homeOf(r)
				_, gone := homeOf(e.ref)
				return r, !sameRef(r, e.ref) && !(below == gone && slices.Contains(all.aliases, home))
			})
		}
	}
}
