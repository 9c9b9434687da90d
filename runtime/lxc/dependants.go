package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// liblxc keeps who is an overlay on whom in two files of a container's
// directory, pairs of lines of lxcpath and name: lxc_snapshots names those that
// lie upon it, lxc_rdepends those that it lies upon (mod_rdep, add_rdepends in
// lxccontainer.c). A container with a lxc_snapshots that is not empty is not
// destroyed ("has clones").
const (
	dependantsFile = "lxc_snapshots"
	basesFile      = "lxc_rdepends"
)

// dependantsOf are the containers, or snapshots (their lxcpath then ends in
// NAME/snaps), that lie upon a container's root. What is surely gone is left out.
func dependantsOf(ref runtime.Ref) ([]runtime.Ref, error) { return pairsOf(ref, dependantsFile, true) }

// basesOf are the containers that a container lies upon.
func basesOf(ref runtime.Ref) ([]runtime.Ref, error) { return pairsOf(ref, basesFile, false) }

// allLedTo are all containers that those books lead to from one, itself left out.
func allLedTo(from runtime.Ref, next func(runtime.Ref) ([]runtime.Ref, error)) ([]runtime.Ref, error) {
	all := []runtime.Ref{from}
	for i := 0; i < len(all); i++ {
		refs, err := next(all[i])
		if err != nil {
			return nil, err
		}
		for _, r := range refs {
			if !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
	}
	return all[1:], nil
}

func pairsOf(ref runtime.Ref, file string, present bool) ([]runtime.Ref, error) {
	p, err := readPairs(filepath.Join(ref.String(), file))
	if err != nil || p == nil {
		return nil, err
	}
	var out []runtime.Ref
	for _, r := range p.refs {
		there := true
		if present {
			r, there = stillThere(r, ref)
		}
		if there && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	if p.count > 0 && len(out) == 0 {
		return nil, fmt.Errorf("%w: %s counts %d of them, in the way of an old LXC, without their names", runtime.ErrInUse, p.path, p.count)
	}
	return out, nil
}

// pairs is one of those files.
type pairs struct {
	path  string
	id    fileID
	refs  []runtime.Ref
	count int // LXC before 1.1 kept only their number
}

func readPairs(path string) (*pairs, error) {
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFREG || st.Size > maxConfig {
		return nil, fmt.Errorf("%w: %s is %s, or too large", runtime.ErrConfig, path, kindName(kind))
	}
	p := &pairs{path: path, id: idOf(path, &st)}
	text, err := readRegular(path, p.id)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) == 1 {
		if n, err := strconv.Atoi(strings.TrimSpace(lines[0])); err == nil {
			p.count = n
			return p, nil
		}
	}
	for pair := range slices.Chunk(lines, 2) {
		if len(pair) == 2 {
			if r := (runtime.Ref{Path: pair[0], Name: pair[1]}); r.Check() == nil {
				p.refs = append(p.refs, r)
			}
		}
	}
	return p, nil
}

// changePairs writes such a file anew; one without pairs goes, as liblxc does it.
func changePairs(ref runtime.Ref, file string, change func(runtime.Ref) (to runtime.Ref, keep bool)) error {
	path := filepath.Join(ref.String(), file)
	if !exists(path) {
		return nil
	}
	unlock, err := diskLock(ref)
	if err != nil {
		return err
	}
	defer unlock()
	p, err := readPairs(path)
	if err != nil || p == nil || p.count > 0 {
		return err
	}
	var refs []runtime.Ref
	for _, was := range p.refs {
		if to, keep := change(was); keep {
			refs = append(refs, to)
		}
	}
	switch {
	case slices.Equal(refs, p.refs):
		return nil
	case len(refs) == 0:
		if err := os.Remove(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileErr(err)
		}
		return nil
	}
	return replaceFile(p.path, p.id, pairsText(refs))
}

// pairsText is such a file's text.
func pairsText(refs []runtime.Ref) []byte {
	var text []byte
	for _, r := range refs {
		text = fmt.Appendf(text, "%s\n%s\n", r.Path, r.Name)
	}
	return text
}

// dependOn enters an overlay in the book of what it lies upon, as lxc-copy -s does.
func dependOn(base, overlay runtime.Ref) error {
	unlock, err := diskLock(base)
	if err != nil {
		return err
	}
	defer unlock()
	path := filepath.Join(base.String(), dependantsFile)
	p, err := readPairs(path)
	switch {
	case err != nil:
		return err
	case p == nil:
		return writeAtomically(path, pairsText([]runtime.Ref{overlay}), 0o644)
	case p.count > 0:
		return &runtime.Error{
			Err:  fmt.Errorf("%w: %s only counts the overlays on it, as LXC before 1.1 did", runtime.ErrUnsupported, path),
			Hint: "Destroy those overlays, or make a copy of it and use that.",
		}
	case slices.Contains(p.refs, overlay):
		return nil
	}
	return replaceFile(path, p.id, pairsText(append(p.refs, overlay)))
}

// forget takes a container that is gone out of the books of those it lay upon.
func forget(gone runtime.Ref, upon ...runtime.Ref) error {
	var errs []error
	for _, base := range upon {
		errs = append(errs, changePairs(base, dependantsFile, func(r runtime.Ref) (runtime.Ref, bool) { return r, !sameRef(r, gone) }))
	}
	return errors.Join(errs...)
}

// snapshotDirs are the directories of a container's snapshots, as the containers
// that they are to liblxc.
func snapshotDirs(ref runtime.Ref) ([]runtime.Ref, error) {
	dir := snapsDir(ref)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("snapshots of %s: %w", ref.Name, fileErr(err))
	}
	var out []runtime.Ref
	for _, e := range entries {
		if snap := (runtime.Ref{Path: dir, Name: e.Name()}); exists(filepath.Join(snap.String(), "config")) {
			out = append(out, snap)
		}
	}
	return out, nil
}

// backing is the backing store of a value of lxc.rootfs.path, and the paths in
// it: dir:/path, overlay:/lower:/upper, lvm:/dev/vg/lv, or a bare path, whose
// kind liblxc finds out by looking (storage_query).
func backing(value string) (kind string, paths []string) {
	kind, rest, ok := strings.Cut(value, ":")
	if s := storeOf(value); s.kind == storeZFS { // whose name may have colons in it
		return s.kind, []string{s.path}
	}
	if !ok || strings.Contains(kind, "/") {
		return bareBacking(value), []string{value}
	}
	if kind == "overlayfs" {
		kind = "overlay"
	}
	return kind, strings.Split(rest, ":")
}

func bareBacking(path string) string {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return "dir"
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFBLK:
		return "lvm"
	case unix.S_IFREG:
		return "loop"
	}
	if isSubvolume(path) {
		return "btrfs"
	}
	return "dir"
}

// isSubvolume says whether a directory is a subvolume of btrfs: those have
// inode 256 (BTRFS_FIRST_FREE_OBJECTID of btrfs_tree.h).
func isSubvolume(path string) bool {
	var st unix.Stat_t
	var sfs unix.Statfs_t
	return unix.Stat(path, &st) == nil && st.Ino == 256 && unix.Statfs(path, &sfs) == nil && sfs.Type == unix.BTRFS_SUPER_MAGIC
}
