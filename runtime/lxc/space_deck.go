package lxc

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// deck looks at lxcdeck's own directory in the lxcpath: at what its records speak of,
// and what none does. Whoever else can write there could make a record say anything.
func (s *surveyor) deck() error {
	if err := s.tell(spaceTold{At: deckDir}); err != nil {
		return err
	}
	dir := filepath.Join(s.ask.Survey, deckDir)
	if _, _, err := s.in.walk.walk(s.ask.Survey); err != nil || ownDeckDir(dir) != nil {
		if !exists(dir) {
			return nil
		}
		x := s.extra("directory", dir)
		x.What = "it is called as lxcdeck's own directory is, and belongs to somebody else"
		return s.tell(spaceTold{Extra: &x})
	}
	over, cancel := context.WithCancel(context.Background())
	cancel() // it is added up later, as all is
	all, err := leftovers(over, s.ask.Survey)
	if err != nil {
		return s.tell(spaceTold{Unread: []string{fmt.Sprintf("lxcdeck's records in %s could not be read: %v", s.ask.Survey, err)}})
	}
	for _, l := range all {
		if l.Where == "" || strings.HasSuffix(l.Where, journalEnd) {
			continue
		}
		x := s.extra("kept", l.Where)
		if strings.HasSuffix(l.Where, partEnd) {
			x.Kind = "draft"
		}
		x.Kept, x.What, x.Owner, x.Changed = true, l.What, l.Ref, l.Since
		if err := s.tell(spaceTold{Extra: &x}); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return s.tell(spaceTold{Unread: []string{fmt.Sprintf("%s could not be read: %v", dir, bare(err))}})
	}
	for _, e := range entries[:min(len(entries), maxEntries)] {
		id, ok := strings.CutSuffix(e.Name(), ".d")
		if e.IsDir() && !(ok && exists(filepath.Join(dir, id+journalEnd))) {
			x := s.extra("kept", filepath.Join(dir, e.Name()))
			x.What = "in lxcdeck's own directory, and no record speaks of it"
			if err := s.tell(spaceTold{Extra: &x}); err != nil {
				return err
			}
		}
	}
	return nil
}

// snapsBeside looks for snapshots without their container in the directory beside the
// lxcpath that liblxc prefers where it is there (get_snappath_dir).
func (s *surveyor) snapsBeside(entries []fs.DirEntry) error {
	dir := s.ask.Survey + "snaps"
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	if err := s.tell(spaceTold{At: dir}); err != nil || s.seen[dir] {
		return err
	}
	names, _ := f.ReadDir(maxEntries)
	for _, e := range names {
		if !e.IsDir() || slices.ContainsFunc(entries, func(c fs.DirEntry) bool { return c.Name() == e.Name() }) {
			continue
		}
		x := s.extra("snapshot", filepath.Join(dir, e.Name()))
		x.What = "snapshots of a container that is not there"
		if err := s.tell(spaceTold{Extra: &x}); err != nil {
			return err
		}
	}
	return nil
}

// surveyCaches looks at what templates keep for the next container: an image of the
// download template (DIST/RELEASE/ARCH/VARIANT), or what another keeps under its name.
func surveyCaches(caches []string, tell func(spaceTold) error) error {
	s := surveyor{ask: &spaceAsk{}, tell: tell}
	s.readMounts()
	for _, cache := range caches {
		if err := tell(spaceTold{At: cache}); err != nil {
			return err
		}
		for _, top := range dirsIn(cache) {
			levels := 1
			if filepath.Base(top) == "download" {
				levels = 4
			}
			found := []string{top}
			for range levels {
				var below []string
				for _, dir := range found {
					inner := dirsIn(dir)
					if len(inner) == 0 {
						inner = []string{dir} // it is not laid out so
					}
					below = append(below, inner...)
				}
				found = below[:min(len(below), maxEntries)]
			}
			for _, dir := range found {
				x := s.extra("cache", dir)
				if err := tell(spaceTold{Extra: &x}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// dirsIn are the directories in a directory, without links.
func dirsIn(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(1000)
	var all []string
	for _, e := range entries {
		if e.IsDir() {
			all = append(all, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(all)
	return all
}

// usersPaths says which users may have containers of their own, whose configs are not
// read.
func usersPaths(used []string) []string {
	all, whole, err := userPaths(used)
	if err != nil {
		return []string{fmt.Sprintf("which users have containers is not known: %v", err)}
	}
	var why []string
	for _, u := range all {
		why = append(why, fmt.Sprintf("%s may have containers in %s, which is not one of the lxcpaths in use", u.user, u.path))
	}
	if !whole {
		why = append(why, "there are too many users with subordinate ids to look for their containers")
	}
	return why
}
