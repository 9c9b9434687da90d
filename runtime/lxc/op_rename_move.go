package lxc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// move is a container's directory that has changed its name, or is about to:
// what names one path in it is to name the other.
type move struct {
	at       runtime.Ref // where it is while it is corrected
	was, now runtime.Ref
	root     string // lxc.rootfs.path under one of the names
}

// correct corrects it all. What is correct already stays as it is.
func (m *move) correct() error {
	snaps, err := snapshotDirs(m.at)
	if err != nil {
		return err
	}
	for _, ref := range append([]runtime.Ref{m.at}, snaps...) {
		if err := m.correctConfig(ref); err != nil {
			return err
		}
		if err := m.correctBooks(ref); err != nil {
			return err
		}
	}
	if m.root == "" || os.Geteuid() != 0 {
		return nil
	}
	root := m.root
	for _, other := range []runtime.Ref{m.was, m.now} {
		for _, dir := range spellings(other) {
			root = replacePath(root, dir, m.at.String(), ":")
		}
	}
	err = inRootOf(root, func(r *inRoot) error { return renameHost(r, false, []string{m.was.Name}, m.now.Name) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a root that is not there has no host name
	}
	return err
}

// correctConfig corrects the configuration of the container, or of one of its
// snapshots.
func (m *move) correctConfig(ref runtime.Ref) error {
	c, err := readConfOf(ref)
	if err != nil {
		return err
	}
	before := c.String()
	was, now := spellings(m.was), spellings(m.now)
	for i := range was {
		c.replacePath(was[i], now[min(i, len(now)-1)])
	}
	if slices.Contains(c.values("lxc.uts.name"), m.was.Name) {
		if err := c.set("lxc.uts.name", m.now.Name); err != nil {
			return err
		}
	}
	for _, file := range c.values("lxc.mount.fstab") {
		if err := m.correctFstab(file); err != nil {
			return err
		}
	}
	if c.String() == before {
		return nil
	}
	return c.write()
}

// correctFstab corrects the fstab(5) that a config names, if it lies in the
// container's directory: another is not its own.
func (m *move) correctFstab(file string) error {
	rel, ok := "", false
	for _, dir := range spellings(m.now) {
		if after, found := strings.CutPrefix(file, dir+"/"); found {
			rel, ok = after, true
		}
	}
	if !ok {
		return nil
	}
	c, err := readConf(filepath.Join(m.at.String(), rel))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text := c.String()
	was, now := spellings(m.was), spellings(m.now)
	for i := range was {
		text = replaceInFstab(text, was[i], now[min(i, len(now)-1)])
	}
	if text == c.String() {
		return nil
	}
	return replaceFile(c.path, c.id, []byte(text))
}

// correctBooks corrects liblxc's books of who lies upon whom: those of the
// container, or of one of its snapshots, and those of what it lies upon.
func (m *move) correctBooks(ref runtime.Ref) error {
	bases, err := basesOf(ref)
	if err != nil {
		return err
	}
	errs := []error{changePairs(ref, dependantsFile, m.follow), changePairs(ref, basesFile, m.follow)}
	for _, base := range bases {
		if base != m.was && base != m.now && exists(base.String()) {
			errs = append(errs, changePairs(base, dependantsFile, m.follow))
		}
	}
	return errors.Join(errs...)
}

// follow is where a container is that lay in the directory under its old name.
func (m *move) follow(r runtime.Ref) (runtime.Ref, bool) {
	home, below := homeOf(r)
	switch {
	case sameRef(r, m.was):
		return m.now, true
	case filepath.Dir(below) == filepath.Join(m.was.Name, "snaps") && (home == m.was.Path || sameDir(home, m.was.Path)):
		return runtime.Ref{Path: filepath.Join(m.now.String(), "snaps"), Name: r.Name}, true
	}
	return r, true
}
