package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers.

const (
	// maxOverlay is how long the options of one mount may be: a page, mount(2),
	// less what liblxc adds.
	maxOverlay = 3500
	// baseAnswer is how long a base's monitor may take to say how it is.
	baseAnswer = 10 * time.Second
)

// base is a root that an application container lies on.
type base struct {
	named runtime.Base
	ref   runtime.Ref   // whose root it is: the container, or its snapshot
	under []runtime.Ref // containers whose roots it is made of; none of a snapshot that is a copy
	dirs  []string      // its layers, the uppermost first; one unless it is an overlay itself
	idmap []string
}

// bases looks at all of a request. looked keeps them from being changed or started
// by another lxcdeck until the new container is entered as their dependant, and
// lower for as long as the command runs: what is changed below an overlay that is
// mounted makes it undefined (filesystems/overlayfs.rst).
func (o *operation) bases(a *runtime.RunArgs) (all []base, looked, lower *holds, err error) {
	looked, lower = &holds{}, &holds{}
	defer func() {
		if err != nil {
			looked.release()
			lower.release()
		}
	}()
	dir, err := holdDir()
	if err != nil {
		return nil, looked, lower, err
	}
	for _, from := range a.From {
		if err := looked.add(dir, from.Ref, o.q.Op, unix.F_RDLCK); err != nil {
			return nil, looked, lower, fmt.Errorf("%s: %w", from, err)
		}
		b, err := lookAtBase(from)
		if err != nil {
			return nil, looked, lower, err
		}
		for _, under := range b.under {
			if err := lower.add(dir, lowerOf(under), o.q.Op, unix.F_RDLCK); err != nil {
				return nil, looked, lower, fmt.Errorf("%s: %w", from, err)
			}
		}
		all = append(all, b)
	}
	for _, b := range all[1:] {
		if !slices.Equal(b.idmap, all[0].idmap) {
			return nil, looked, lower, fmt.Errorf("%w: the id maps differ: %s has %s, %s has %s", runtime.ErrInvalid,
				all[0].named, mapWords(all[0].idmap), b.named, mapWords(b.idmap))
		}
	}
	return all, looked, lower, nil
}

func mapWords(m []string) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(m, ", ")
}

// lookAtBase finds out what a base is made of, and refuses what cannot be one.
func lookAtBase(from runtime.Base) (base, error) {
	b := base{named: from, ref: from.Ref}
	if from.Snap != "" {
		b.ref = runtime.Ref{Path: snapsDir(from.Ref), Name: from.Snap}
	}
	var err error
	in := inspector{walk: newWalker(ownTrust()), cache: newConfigCache()}
	found := in.inspect(b.ref)
	switch {
	case errors.Is(found.err, runtime.ErrNotFound) && from.Snap != "" && exists(from.Ref.String()):
		return b, fmt.Errorf("%w: %s", runtime.ErrNoSnapshot, from)
	case errors.Is(found.err, runtime.ErrNotFound):
		return b, fmt.Errorf("%w: %s in %s", runtime.ErrNotFound, from.Ref.Name, from.Ref.Path)
	case found.err != nil:
		return b, &runtime.Error{Op: runtime.Run.String(), Ref: b.ref, Err: fmt.Errorf("%s: %w", from, found.err), Hint: hint(found.err, "")}
	}
	if m := newManagers().of(from.Ref, found.manager); m != "" {
		return b, fmt.Errorf("%w: %s is %s's", runtime.ErrManaged, from, m)
	}
	// lxc_rdepends has the next below alone, and that one's has the next again.
	if b.under, err = allLedTo(b.ref, basesOf); err != nil {
		return b, fmt.Errorf("%s: %w", from, err)
	}
	if from.Snap == "" {
		b.under = append(b.under, from.Ref)
	}
	if err := b.atRest(); err != nil {
		return b, err
	}
	value, err := rootValue(b.ref)
	if err != nil {
		return b, fmt.Errorf("%s: %w", from, err)
	}
	of, err := handle(b.ref, func(c *golxc.Container) ([2][]string, error) {
		return [2][]string{items(c, "lxc.idmap"), items(c, "lxc.rootfs.options")}, nil
	})
	if err != nil {
		return b, err
	}
	b.idmap = of[0]
	slices.Sort(b.idmap)
	if b.dirs, err = layers(value, strings.Join(of[1], ",")); err == nil {
		err = plainForOverlay(b.ref.String())
	}
	if err != nil {
		return b, fmt.Errorf("%s: %w", from, err)
	}
	return b, nil
}

// atRest says whether nobody writes to what the base is made of. An lxc-start does
// not know of lxcdeck's locks.
func (b *base) atRest() error {
	for _, ref := range b.under {
		is, err := stateOf(ref)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", b.named, err)
		case is == runtime.Stopped:
		case ref == b.named.Ref:
			return &runtime.Error{Op: runtime.Run.String(), Ref: ref,
				Err:  fmt.Errorf("%w: %s is %s, and its root would change under the new container", runtime.ErrWrongState, b.named, is),
				Hint: "Stop it, or take a snapshot of it and run on that (NAME/SNAPSHOT)."}
		default:
			return &runtime.Error{Op: runtime.Run.String(), Ref: ref,
				Err:  fmt.Errorf("%w: %s is an overlay on %s, which is %s", runtime.ErrWrongState, b.named, ref.Name, is),
				Hint: "Stop that one first."}
		}
	}
	return nil
}

// stateOf asks a container's monitor how it is. No monitor means stopped.
func stateOf(ref runtime.Ref) (runtime.State, error) { return stateWithin(ref, baseAnswer) }

func stateWithin(ref runtime.Ref, answer time.Duration) (runtime.State, error) {
	q, err := askMonitor(ref, cmdGetState)
	if err == nil {
		defer func() { _ = q.conn.Close() }()
		var ret int
		var data uint64
		if ret, data, err = q.answer(time.Now().Add(answer)); err == nil {
			return monitorState(ret, data)
		}
	}
	if errors.Is(err, errNoMonitor) {
		return runtime.Stopped, nil
	}
	return runtime.Unknown, err
}

const onlyDirs = "only directories and overlays can be run on"

// layers are the directories that a root is made of, the uppermost first. Of an
// overlay they are its changes and what it lies on: a whiteout is one in a lower
// layer too (filesystems/overlayfs.rst).
func layers(value, options string) ([]string, error) {
	for opt := range strings.SplitSeq(options, ",") {
		if strings.HasPrefix(opt, "idmap=") {
			return nil, fmt.Errorf("%w: its root has an id-mapped mount (lxc.rootfs.options)", runtime.ErrUnsupported)
		}
	}
	s := storeOf(value)
	dirs := []string{s.path}
	switch s.kind {
	case storeDir, storeBtrfs:
	case storeOverlay:
		dirs = append(dirs, strings.Split(s.lower, ":")...)
	default:
		return nil, fmt.Errorf("%w: its root is %q: %s", runtime.ErrUnsupported, value, onlyDirs)
	}
	for _, dir := range dirs {
		if !filepath.IsAbs(dir) {
			return nil, fmt.Errorf("%w: its root is %q: %s", runtime.ErrUnsupported, value, onlyDirs)
		}
		var st unix.Stat_t
		if err := lstat(dir, &st); err != nil {
			return nil, fmt.Errorf("its root: %w", err)
		}
		if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return nil, fmt.Errorf("%w: its root: %s is %s: %s", runtime.ErrUnsupported, dir, kindName(st.Mode&unix.S_IFMT), onlyDirs)
		}
	}
	return dirs, plainForOverlay(dirs...)
}

// plainForOverlay refuses paths that cannot stand in the options of an overlay:
// liblxc takes them apart at colons and commas, the kernel at backslashes, and a
// config at the end of the line.
func plainForOverlay(paths ...string) error {
	for _, p := range paths {
		if strings.ContainsAny(p, ":,\\\n\r\"'") {
			return fmt.Errorf("%w: %q cannot be part of an overlay: it has one of : , \\ \" ' or a line end in it", runtime.ErrUnsupported, p)
		}
	}
	return nil
}

// allLayers are the layers of all bases, each once: kernels refuse an overlay in
// which one appears twice (ELOOP).
func allLayers(all []base) []string {
	var dirs []string
	for _, b := range all {
		for _, dir := range b.dirs {
			if !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

// layerOwner is who owns the uppermost root: the new one's is that one's, so
// that root in a user namespace can write to it.
func layerOwner(dir string) (uid, gid int, mode os.FileMode, err error) {
	var st unix.Stat_t
	if err := lstat(dir, &st); err != nil {
		return 0, 0, 0, err
	}
	return int(st.Uid), int(st.Gid), os.FileMode(st.Mode & 0o777), nil
}
