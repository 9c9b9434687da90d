package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// destroyable says whether nobody else needs what a destroy would remove.
func destroyable(ref runtime.Ref, paths, roots []string) error {
	dirs := append([]string{ref.String()}, rootDirs(roots)...)
	if err := ownRoots(ref, dirs[1:]); err != nil {
		return err
	}
	needed, err := dependantsOf(ref)
	if err != nil {
		return err
	}
	snaps, err := snapshotNames(ref)
	if err != nil {
		return err
	}
	for _, s := range snaps {
		more, err := dependantsOf(runtime.Ref{Path: snapsDir(ref), Name: s})
		if err != nil {
			return err
		}
		needed = append(needed, more...)
	}
	all := append(rootLine(ref), roots...) // liblxc leaves out the store (get_config_rootfs_path)
	for _, s := range snaps {
		all = append(all, rootLine(runtime.Ref{Path: snapsDir(ref), Name: s})...)
	}
	var volumes, unknown []string
	for _, root := range all {
		volumes = append(volumes, storeOf(root).path)
		inside, err := insideSet(root)
		if err != nil {
			return err
		}
		for _, name := range inside {
			unknown = append(unknown, "data set "+name)
		}
		if s := storeOf(root); s.kind == storeZFS {
			needed = append(needed, sameSet(ref, append(slices.Clone(paths), ref.Path), s.path)...)
		}
		with, err := goesWith(root)
		if err != nil {
			return err
		}
		for _, v := range with {
			path := storeOf(v.value()).path
			volumes = append(volumes, path)
			if len(sharing(ref, paths, nil, []string{path})) == 0 {
				unknown = append(unknown, "volume "+v.String())
			}
		}
	}
	needed = append(needed, sharing(ref, paths, dirs, volumes)...)
	// Its own snapshots go with it.
	needed = slices.DeleteFunc(needed, func(r runtime.Ref) bool { return r.Path == snapsDir(ref) })
	if len(needed)+len(unknown) == 0 {
		return nil
	}
	slices.SortFunc(needed, order)
	needed = slices.Compact(needed)
	names, missing := unknown, false
	for _, r := range needed {
		name := r.Name
		if r.Path != ref.Path {
			name = r.String()
		}
		missing = missing || !exists(r.String())
		names = append(names, name)
	}
	hint := "They have its root for theirs, or for what theirs is made of: destroy them first."
	if missing {
		hint += " " + goneForGood(filepath.Join(ref.String(), dependantsFile))
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: %s", runtime.ErrInUse, strings.Join(names, ", ")),
		Hint: hint,
	}
}

// rootDirs are the directories that liblxc would remove with a root: of an
// overlay the upper one alone (ovl_destroy).
func rootDirs(roots []string) []string {
	var out []string
	for _, r := range roots {
		if kind, _, ok := strings.Cut(r, ":"); ok && (kind == "overlay" || kind == "overlayfs") {
			parts := strings.Split(r, ":")
			out = append(out, parts[len(parts)-1])
			continue
		}
		if kind, path, ok := strings.Cut(r, ":"); ok && slices.Contains([]string{"dir", "btrfs", "loop", "nbd"}, kind) {
			r = path
		}
		if filepath.IsAbs(r) {
			out = append(out, r)
		}
	}
	return out
}

// ownRoots refuses a root that is more than a container's: liblxc would remove
// the host's own files if a config said lxc.rootfs.path = /.
func ownRoots(ref runtime.Ref, roots []string) error {
	for _, root := range roots {
		real, err := filepath.EvalSymlinks(root)
		if err != nil {
			continue // not there
		}
		for _, keep := range append([]string{ref.Path, "/usr", "/etc", "/home", "/root", "/boot", "/proc", "/sys", "/dev", "/run", "/var/lib", "/tmp", "/srv", "/opt"}, os.TempDir()) {
			if keep, err = filepath.EvalSymlinks(keep); err == nil && encloses(real, keep) {
				return &runtime.Error{
					Err:  fmt.Errorf("%w: its root is %s, which holds %s too", runtime.ErrInUse, root, keep),
					Hint: "It would be removed with the container: take lxc.rootfs.path out of its config first.",
				}
			}
		}
	}
	return nil
}

// encloses says whether dir is path, or above it.
func encloses(dir, path string) bool {
	return dir == "/" || path == dir || strings.HasPrefix(path, dir+"/")
}

// forgetGone removes lists of dependants that are all gone: liblxc counts lines
// (has_fs_snapshots), and would never destroy what they are of.
func forgetGone(ref runtime.Ref, snaps []string) error {
	refs := []runtime.Ref{ref}
	for _, s := range snaps {
		refs = append(refs, runtime.Ref{Path: snapsDir(ref), Name: s})
	}
	for _, r := range refs {
		needed, err := dependantsOf(r)
		if err != nil {
			return err
		}
		if len(needed) > 0 {
			continue // its own snapshots, which go first
		}
		if err := os.Remove(filepath.Join(r.String(), dependantsFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileErr(err)
		}
	}
	return nil
}

// sharing are the other containers of some lxcpaths whose root is, or is made
// of, or holds one of these directories, or is one of these volumes. What cannot be
// read says nothing.
func sharing(ref runtime.Ref, paths, dirs, volumes []string) []runtime.Ref {
	if !slices.Contains(paths, ref.Path) {
		paths = append(slices.Clone(paths), ref.Path)
	}
	mine, devices := resolved(dirs), make([]string, len(volumes))
	for i, path := range volumes {
		devices[i] = deviceOf(path)
	}
	var out []runtime.Ref
	for _, path := range paths {
		found, _ := readPath(path)
		for _, other := range found {
			if other == ref || sameDir(other.String(), ref.String()) {
				continue
			}
			lines := rootLines(other)
			if slices.ContainsFunc(lines, func(l string) bool { return slices.Contains(devices, deviceOf(storeOf(l).path)) }) ||
				slices.ContainsFunc(resolved(roots(lines)), func(theirs string) bool { return touches(mine, theirs) }) {
				out = append(out, other)
			}
		}
	}
	return out
}

// touches says whether one of these directories is, holds, or lies in a root of
// another. Whoever has the host's own root for theirs shares everything with
// everybody, and loses nothing that is not theirs.
func touches(mine []string, theirs string) bool {
	return theirs != "/" && slices.ContainsFunc(mine, func(d string) bool { return encloses(d, theirs) || encloses(theirs, d) })
}

func sameDir(x, y string) bool {
	a, err1 := os.Stat(x)
	b, err2 := os.Stat(y)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// resolved are directories without links on the way, as far as they are there.
func resolved(dirs []string) []string {
	out := make([]string, 0, len(dirs))
	for _, d := range dirs {
		if real, err := filepath.EvalSymlinks(d); err == nil {
			d = real
		}
		out = append(out, filepath.Clean(d))
	}
	return out
}

// rootLine is the one of rootLines that counts, the last; none without any, or if that
// takes the others back.
func rootLine(ref runtime.Ref) []string {
	lines := rootLines(ref)
	if len(lines) == 0 || lines[len(lines)-1] == "" {
		return nil
	}
	return lines[len(lines)-1:]
}

// rootLines are the values of lxc.rootfs.path in a container's config, read as
// text: it may be somebody else's, and is not loaded.
func rootLines(ref runtime.Ref) []string {
	path := filepath.Join(ref.String(), "config")
	var st unix.Stat_t
	if lstat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > maxConfig {
		return nil
	}
	text, err := readRegular(path, idOf(path, &st))
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if key, value, ok := setting(line); ok && key == "lxc.rootfs.path" {
			out = append(out, value)
		}
	}
	return out
}
