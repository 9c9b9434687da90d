package lxc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// hostNameMax is how long a host name may be (HOST_NAME_MAX of limits.h); liblxc
// does not load a longer lxc.uts.name.
const hostNameMax = 64

func tooLongForHost(name string) error {
	return fmt.Errorf("%w: a host name has %d bytes at most, and %q has %d", runtime.ErrInvalid, hostNameMax, name, len(name))
}

// clonePlan is a copy of a container that is to be made.
type clonePlan struct {
	from, to  runtime.Ref
	cow       bool
	backing   string // of the new one; never ""
	keepMAC   bool
	keepName  bool
	ephemeral bool

	kind  string   // backing store of the old one
	paths []string // in its lxc.rootfs.path
	group string   // volume group of the new one; "" = it is not on lvm
	place string   // data set in which that of the new one lies; "" = it is not on zfs
	thin  bool     // the old one is a thin volume
}

// Facts of a clone's journal.
const (
	toPath = "to-path"
	toName = "to-name"
)

// clone copies a container. What it has made is taken back when it fails.
func (o *operation) clone() error {
	a, ok := o.q.Args.(*runtime.CloneArgs)
	if !ok {
		return fmt.Errorf("%w: clone takes other arguments", runtime.ErrInvalid)
	}
	p := &clonePlan{from: o.q.Ref, to: a.To, cow: a.CoW, backing: a.Backing, keepMAC: a.KeepMAC, keepName: a.KeepName, ephemeral: a.Ephemeral}
	if err := p.check(); err != nil {
		return err
	}
	j, err := openJournal(runtime.Clone, p.from, stepCopy, map[string]string{toPath: p.to.Path, toName: p.to.Name})
	if err != nil {
		return err
	}
	if err := o.copyTo(j, p); err != nil {
		return withUndo(err, o.undoCopy(j))
	}
	// It is whole: what comes now does not undo it.
	if err := j.end(); err != nil {
		return err
	}
	j.releaseVolumes()
	if a.Ephemeral || a.Start {
		return o.startClone(p)
	}
	return nil
}

// startClone starts what was cloned. One that is to go when it stops, and did
// not start, goes now.
func (o *operation) startClone(p *clonePlan) error {
	o.step("starting " + p.to.Name)
	s := &operation{q: o.q, info: runtime.Start.Info(), conn: o.conn}
	s.q.Ref, s.q.Timeout = p.to, runtime.Start.Info().Timeout
	err := loadableHere(p.to)
	if err == nil {
		err = s.open()
	}
	if err == nil {
		err = s.start()
		o.log = s.log
		defer s.close()
	}
	switch {
	case err == nil:
		return nil
	case p.ephemeral && (s.c == nil || s.lxcState() == runtime.Stopped):
		return withUndo(fmt.Errorf("the clone did not start, and was removed: %w", err), o.removeCopy(p.to, p.from))
	default:
		return fmt.Errorf("it was cloned, but did not start: %w", err)
	}
}

// withUndo is the error of what failed, and was undone or not.
func withUndo(failed, undo error) error {
	if undo != nil {
		return fmt.Errorf("%w; and what it has made could not be removed: %w", failed, undo)
	}
	return failed
}

// check completes a plan, and refuses what liblxc would fail at after it has
// made half of it.
func (p *clonePlan) check() error {
	if err := loadableHere(p.from); err != nil {
		return err
	}
	if err := safePlace(p.to.Path); err != nil {
		return err
	}
	if !p.keepName && len(p.to.Name) > hostNameMax {
		return tooLongForHost(p.to.Name)
	}
	if strings.ContainsAny(p.to.String(), "\n\r\x00") {
		return fmt.Errorf("%w: name %q with a line break in it", runtime.ErrInvalid, p.to.Name)
	}
	value, err := rootValue(p.from)
	if err != nil {
		return err
	}
	p.kind, p.paths = backing(value)
	if err := p.chooseBacking(); err != nil {
		return err
	}
	if err := p.chooseVolume(); err != nil {
		return err
	}
	if err := p.chooseSet(); err != nil {
		return err
	}
	if (p.kind == "overlay" || p.backing == "overlay") && strings.ContainsAny(p.to.String()+p.from.String(), ":,") {
		return fmt.Errorf("%w: overlays cannot lie in paths with a colon or a comma", runtime.ErrInvalid)
	}
	if p.copiesFiles() {
		if _, err := exec.LookPath("rsync"); err != nil {
			return &runtime.Error{Op: "clone", Ref: p.from, Err: fmt.Errorf("%w: rsync is not installed, and LXC copies roots with it", runtime.ErrUnsupported),
				Hint: "Install the package rsync, or clone with copy on write."}
		}
	}
	return nil
}

// chooseBacking says what kind of root the new one has.
func (p *clonePlan) chooseBacking() error {
	native := slices.Contains([]string{"btrfs", "zfs", "lvm", "rbd"}, p.kind)
	switch {
	case p.backing == "overlayfs":
		p.backing = "overlay"
	case p.backing != "":
	case p.cow && !native:
		p.backing = "overlay"
	case !p.cow && p.kind == "overlay":
		// An overlay that is copied is merged (ovl_clonepaths takes snapshots only).
		p.backing = "dir"
	default:
		p.backing = p.kind
	}
	if !slices.Contains(stores(), p.backing) {
		return fmt.Errorf("%w: there is no backing store %q", runtime.ErrInvalid, p.backing)
	}
	if _, out := backings(p.to.Path, runtime.Backing{}); p.backing != p.kind && p.backing != "overlay" && out[p.backing] != "" {
		return fmt.Errorf("%w: backing store %s: %s", runtime.ErrUnsupported, p.backing, out[p.backing])
	}
	switch {
	case p.backing == "overlay" && !p.cow:
		return fmt.Errorf("%w: an overlay is copy on write; a copy of all files is of kind dir", runtime.ErrInvalid)
	case p.kind == "btrfs" && (p.backing == "dir" || p.backing == storeLVM):
		// storage_copy asks for a snapshot whenever the old root is on btrfs, and
		// dir_clonepaths and lvm_clonepaths refuse.
		return fmt.Errorf("%w: LXC clones a subvolume of btrfs to btrfs only", runtime.ErrUnsupported)
	case p.cow && p.backing != "overlay" && p.backing != p.kind:
		return fmt.Errorf("%w: a root of kind %s has no copy on write of kind %s", runtime.ErrUnsupported, p.kind, p.backing)
	case p.cow && (p.backing == "dir" || p.backing == "loop"):
		return fmt.Errorf("%w: a root of kind %s has no copy on write; an overlay has", runtime.ErrUnsupported, p.backing)
	case (p.kind == "dir" || p.kind == storeLVM || p.kind == storeZFS) && !strings.Contains(p.paths[0], p.from.Name):
		// dir_new_path puts the new name in the place of the old one, and
		// storage_copy looks for it whatever the store is.
		return fmt.Errorf("%w: its root is %s, and LXC clones only roots with the container's name in their path", runtime.ErrUnsupported, p.paths[0])
	case p.cow && p.backing == "overlay" && p.kind != "dir" && p.kind != "overlay":
		return fmt.Errorf("%w: LXC lays overlays upon directories and other overlays only, and its root is of kind %s", runtime.ErrUnsupported, p.kind)
	}
	return nil
}

// copiesFiles says whether files are copied. From btrfs to btrfs liblxc always
// takes a snapshot of the subvolume; overlays on overlays copy what lies in the
// upper directory.
func (p *clonePlan) copiesFiles() bool {
	return p.kind == "overlay" || !p.cow && (p.kind != "btrfs" || p.backing != "btrfs")
}

// stores are the backing stores that a clone can have.
func stores() []string { return []string{"dir", "overlay", "btrfs", "zfs", "lvm", "loop", "rbd"} }

// safePlace says whether something may be made in an lxcpath: it is there, and
// nobody else can write it or change what leads to it.
func safePlace(lxcpath string) error {
	real, st, err := newWalker(ownTrust()).walk(lxcpath)
	if err != nil {
		return fmt.Errorf("lxcpath: %w", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return fmt.Errorf("%w: lxcpath %s is no directory", runtime.ErrInvalid, real)
	}
	return nil
}

// rootValue is lxc.rootfs.path with the backing store before it. liblxc gives
// the path alone, wherever it was set, and so the line it came from is looked for.
// An overlay's has all of its lower layers.
func rootValue(ref runtime.Ref) (string, error) {
	c, err := golxc.NewContainer(ref.Name, ref.Path)
	if err != nil {
		return "", unloadable(ref)
	}
	defer func() { _ = c.Release() }()
	v := items(c, "lxc.rootfs.path")
	if len(v) == 0 {
		return "", fmt.Errorf("%w: it has no root of its own (lxc.rootfs.path)", runtime.ErrUnsupported)
	}
	conf, err := readConfOf(ref)
	if err != nil {
		return "", err
	}
	options := items(c, "lxc.rootfs.options")
	for _, line := range conf.values("lxc.rootfs.path") {
		if strings.HasSuffix(line, ":"+v[0]) {
			return withLower(line, options), nil
		}
	}
	if strings.Contains(v[0], ":/") {
		return withLower("overlay:"+v[0], options), nil // lower and upper directory, set in an include
	}
	return v[0], nil
}

// copyTo makes the new container, up to its host name, in a directory that its
// journal knows.
func (o *operation) copyTo(j *journal, p *clonePlan) error {
	made, err := j.reserve(p.to)
	switch {
	case err != nil:
		return p.explain(err, "")
	case !made:
		return fmt.Errorf("%w: %s is there already", runtime.ErrExists, p.to)
	}
	if p.group != "" {
		j.Facts[factGroup] = []byte(p.group)
	}
	if p.place != "" {
		j.Facts[factPlace] = []byte(p.place)
	}
	if err := j.step(stepCopy); err != nil {
		return p.explain(err, "")
	}
	o.step("copying " + p.from.Name)
	end, err := o.watchCopy(p)
	if err != nil {
		return err
	}
	log := ""
	if err = p.prepareVolume(j); err == nil {
		log, err = p.liblxc(j)
	}
	end()
	if err != nil {
		return p.explain(err, log)
	}
	if p.copiesFiles() {
		if err := stoodStill(p.from); err != nil {
			return err
		}
	}
	if err := p.finishConfig(); err != nil {
		return err
	}
	if p.keepName || os.Geteuid() != 0 {
		return nil
	}
	if err := nameHost(p.to, oldHostNames(p.from)); err != nil {
		return p.explain(err, "")
	}
	return nil
}

// liblxc lets liblxc do its part, in a process of one thread. go-lxc's Clone
// would have it fork from this one, which starts threads as it likes: liblxc's
// child changes its groups before it becomes rsync, for which glibc waits until a
// thread that was just being made is there (nptl_setxid), for ever (seen in one
// of twenty clones).
//
// The host name is left to nameHost where we are root: liblxc writes
// /etc/hostname of the new root by its path from the host
// (clone_update_rootfs), and a container may have made that a link to a file of
// the host. As a user it does so in a user namespace that can write nothing else.
func (p *clonePlan) liblxc(j *journal) (log string, err error) {
	flags := 0
	for flag, on := range map[int]bool{
		cloneSnapshot: p.cow, cloneKeepMAC: p.keepMAC, cloneKeepName: p.keepName || os.Geteuid() == 0,
	} {
		if on {
			flags |= flag
		}
	}
	backing := p.backing
	if p.cow && p.thin {
		// As lxc-copy -s without -B: with it liblxc notes a dependant (storage_copy),
		// which the snapshot of a thin volume is not.
		backing = ""
	}
	return j.clone(p.from, p.to, flags, backing)
}

// explain finds the cause in liblxc's words.
func (p *clonePlan) explain(err error, log string) error {
	e := &runtime.Error{Op: "clone", Ref: p.from, Err: err, Log: log}
	if groupFull(err, log) {
		e.Err, e.Hint = fmt.Errorf("%w: %w", err, unix.ENOSPC), noRoomInGroup
		return e
	}
	if poolFull(err, log) || p.backing == storeZFS && strings.Contains(log, "No space left on device") {
		e.Err, e.Hint = fmt.Errorf("%w: %w", err, unix.ENOSPC), noRoomInSet
		return e
	}
	if free, ferr := freeOn(p.to.Path); errors.Is(err, unix.ENOSPC) || strings.Contains(log, "No space left on device") || strings.Contains(log, "write failed") || (ferr == nil && free < 1<<20) {
		if !errors.Is(err, unix.ENOSPC) {
			e.Err = fmt.Errorf("%w: %w", err, unix.ENOSPC)
		}
		e.Hint = fmt.Sprintf("The file system of %s is full (%s free, %s left of its files' numbers). Nothing of the new container was left there.",
			p.to.Path, humanBytes(free), freeInodes(p.to.Path))
	}
	return e
}

// stoodStill refuses a copy whose files changed under it: an lxc-start does not
// know that a container is being copied.
func stoodStill(from runtime.Ref) error {
	if !hasMonitor(from) {
		return nil
	}
	return fmt.Errorf("%w: it was started while its files were copied, and the copy would be half old, half new", runtime.ErrWrongState)
}

// freeInodes is how many files can be made on a file system.
func freeInodes(path string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil || st.Files == 0 {
		return "any number"
	}
	return fmt.Sprint(st.Ffree)
}

// finishConfig corrects the configuration that liblxc has saved.
func (p *clonePlan) finishConfig() error {
	c, err := readConfOf(p.to)
	if err != nil {
		return err
	}
	if !p.keepName {
		if err := c.set("lxc.uts.name", p.to.Name); err != nil {
			return err
		}
	}
	if p.ephemeral {
		if err := c.set("lxc.ephemeral", "1"); err != nil {
			return err
		}
	}
	// Two that write one log would tell lies about each other.
	for _, key := range []string{"lxc.log.file", "lxc.console.logfile"} {
		v := c.values(key)
		for i := range v {
			v[i] = replacePath(v[i], p.from.String(), p.to.String(), "")
		}
		if len(v) > 0 {
			if err := c.set(key, v...); err != nil {
				return err
			}
		}
	}
	if err := standsAlone(c); err != nil {
		return err
	}
	return c.write()
}

// standsAlone takes the lower layers out of the config of what is no overlay: they
// would seem to be in use.
func standsAlone(c *confFile) error {
	paths, options := c.values("lxc.rootfs.path"), c.values("lxc.rootfs.options")
	if len(paths) == 0 || storeOf(paths[len(paths)-1]).kind == storeOverlay || len(options) == 0 {
		return nil
	}
	var kept []string
	for _, all := range options {
		of := slices.DeleteFunc(strings.Split(all, ","), func(opt string) bool { return strings.HasPrefix(opt, "lowerdir=") })
		if len(of) > 0 {
			kept = append(kept, strings.Join(of, ","))
		}
	}
	return c.set("lxc.rootfs.options", kept...)
}
