package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// container looks at a container. What belongs to somebody else is not read by root:
// neither config nor snapshots.
func (s *surveyor) container(ref runtime.Ref) error {
	c := foundContainer{Name: ref.Name, Hidden: strings.HasPrefix(ref.Name, ".")}
	if err := s.in.inspect(ref).err; err != nil {
		c.Why = err.Error()
		c.Unread = fmt.Sprintf("the config of %s is not read: %v", ref.Name, err)
		return s.tell(spaceTold{Container: &c})
	}
	conf := newSpaceConf()
	if err := conf.read(filepath.Join(ref.String(), "config")); err != nil {
		c.Why, c.Unread = err.Error(), fmt.Sprintf("the config of %s could not be read: %v", ref.Name, err)
	}
	c.Root = withLower(conf.root, conf.options)
	err := s.snapshots(ref, &c, conf)
	for _, book := range []string{basesFile, dependantsFile} {
		p, perr := readPairs(filepath.Join(ref.String(), book))
		if perr != nil {
			err = errors.Join(err, perr)
			continue
		}
		if p != nil {
			for _, other := range p.refs {
				err = errors.Join(err, conf.name(other.String()))
			}
		}
	}
	if err != nil && c.Unread == "" {
		c.Unread = fmt.Sprintf("not all of %s could be read: %v", ref.Name, err)
	}
	c.Names, c.Words = conf.names, conf.words
	s.logs(ref, &c)
	if snapsDir(ref) == filepath.Join(ref.String(), "snaps") {
		c.Skip = append(c.Skip, "snaps")
	}
	if unit := storeOf(c.Root).unit(); unit != "" && liesIn(ref.String(), unit) && unit != ref.String() {
		rel, _ := filepath.Rel(ref.String(), unit)
		first, _, _ := strings.Cut(rel, "/")
		c.Skip = append(c.Skip, first)
	}
	return s.tell(spaceTold{Container: &c})
}

// snapshots looks at the snapshots, the oldest first, and what their configs need.
func (s *surveyor) snapshots(ref runtime.Ref, c *foundContainer, conf *spaceConf) error {
	all, err := snapshotDirs(ref)
	var errs []error
	if err != nil {
		errs = append(errs, err)
	}
	if err := s.dangling(ref, all); err != nil {
		return err
	}
	for _, snap := range all {
		if len(c.Snaps) == maxParts {
			c.More = true
			errs = append(errs, fmt.Errorf("it has more than %d snapshots", maxParts))
			break
		}
		found := foundSnap{Name: snap.Name, Taken: takenAt(snap)}
		one := &spaceConf{seen: conf.seen}
		if err = s.in.inspect(snap).err; err == nil {
			err = one.read(filepath.Join(snap.String(), "config"))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("snapshot %s: %w", snap.Name, err))
		}
		found.Root = withLower(one.root, one.options)
		if conf.size += one.size; conf.size > maxNamed {
			errs = append(errs, fmt.Errorf("%w: its snapshots name too many paths", runtime.ErrConfig))
			break
		}
		conf.names = append(conf.names, one.names...)
		c.Snaps = append(c.Snaps, found)
	}
	slices.SortStableFunc(c.Snaps, func(a, b foundSnap) int {
		if n := a.Taken.Compare(b.Taken); n != 0 {
			return n
		}
		return snapNumber(a.Name) - snapNumber(b.Name)
	})
	return errors.Join(errs...)
}

// dangling tells of what lies among the snapshots and is none to liblxc, which goes by
// the config.
func (s *surveyor) dangling(ref runtime.Ref, snaps []runtime.Ref) error {
	if s.ask.Names {
		return nil
	}
	entries, _ := os.ReadDir(snapsDir(ref)) // who cannot read them has said so of the snapshots
	for _, e := range entries[:min(len(entries), maxEntries)] {
		if !e.IsDir() || slices.ContainsFunc(snaps, func(r runtime.Ref) bool { return r.Name == e.Name() }) {
			continue
		}
		x := s.extra("snapshot", filepath.Join(snapsDir(ref), e.Name()))
		x.What = "among the snapshots of " + ref.Name + ", without a config: LXC does not list it"
		x.Busy = x.Busy || held(ref)
		if err := s.tell(spaceTold{Extra: &x}); err != nil {
			return err
		}
	}
	return nil
}

// logs adds up what liblxc has logged: in the container's directory, or where it logs of
// the system's lxcpath (build_log_path of log.c).
func (s *surveyor) logs(ref runtime.Ref, c *foundContainer) {
	add := func(path string) bool {
		var st unix.Stat_t
		if lstat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			return false
		}
		c.Logs += st.Blocks * 512
		c.LogAt = path
		c.LogNum++
		return true
	}
	dir, err := os.Open(ref.String())
	if err == nil {
		defer dir.Close()
		entries, _ := dir.ReadDir(maxEntries)
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".log") && add(filepath.Join(ref.String(), e.Name())) {
				c.Skip = append(c.Skip, e.Name())
			}
		}
	}
	if os.Geteuid() == 0 && ref.Path == confPath(systemConf) {
		add(filepath.Join(systemLogs, ref.Name+".log"))
	}
	if c.LogNum > 1 {
		c.LogAt = ""
	}
}
