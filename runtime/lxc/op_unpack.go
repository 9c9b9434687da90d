package lxc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
)

// Steps of an unpack's journal.
const (
	unpackMaking = "making"
	unpackMoving = "moving"
)

// factStage is the identity of the directory that an unpack fills: what is removed is
// what was made.
const factStage = "stage"

// stageDir is where an unpack makes the container: beside the journal, in a
// directory that only root can reach, until all of it was verified.
func (j *journal) stageDir() string { return filepath.Join(string(j.Path), deckDir, j.ID+".d") }

// unpack makes a container of an archive. Nothing has its name before all of it is
// there and verified.
func (o *operation) unpack() error {
	a, ok := o.q.Args.(*runtime.UnpackArgs)
	if !ok {
		return fmt.Errorf("%w: it is not said how to unpack", runtime.ErrInvalid)
	}
	ctx, stop := cancellable()
	defer stop()
	allowFiles()
	own := *a
	if err := o.placeable(&own); err != nil {
		return err
	}
	ids := hostIDs(own.IDMap)
	j, err := openJournal(runtime.Unpack, o.q.Ref, unpackMaking, map[string]string{factIDMap: ids.String()})
	if err != nil {
		return shipErr(err, o.unpackFull())
	}
	o.reached(unpackMaking)
	u := &unpacking{o: o, a: &own, ctx: ctx, j: j, ids: ids}
	defer u.close()
	shipped, err := u.stage()
	if err == nil {
		err = u.place()
	}
	if err != nil {
		o.step("removing what was made")
		u.close()
		return alsoThen(shipErr(err, "Nothing was kept. "+o.unpackFull()), undoUnpack(j))
	}
	if err := j.end(); err != nil {
		return fmt.Errorf("%s is complete, but: %w", o.q.Ref.Name, err)
	}
	o.tell(runtime.Progress{Shipped: shipped})
	return nil
}

func (o *operation) unpackFull() string { return "Make room in " + o.q.Ref.Path + "." }

// placeable says whether a container of that name can be made here, and finds the id
// map of a user who has named none: that of the user's new containers.
func (o *operation) placeable(a *runtime.UnpackArgs) error {
	if strings.ContainsFunc(o.q.Ref.String(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%w: %q has a control character in it, which a config cannot hold", runtime.ErrInvalid, o.q.Ref)
	}
	if os.Geteuid() == 0 {
		return nil
	}
	base, err := baseLines(&runtime.CreateArgs{})
	if err != nil {
		return err
	}
	lines := idMaps(&runtime.CreateArgs{IDMap: a.IDMap}, base)
	if err := mayMap(lines, ownTrust()); err != nil {
		return err
	}
	ids, err := parseIDMaps(lines)
	if err == nil && needsInside(ids) {
		err = mayGoInside()
	}
	a.IDMap = ids
	return err
}

// unpacking is one unpack under way.
type unpacking struct {
	o   *operation
	a   *runtime.UnpackArgs
	ctx context.Context
	j   *journal
	ids hostIDs
	dir *os.File // the staging directory
	in  *insider // makes what belongs to others than this user; nil = nothing does

	config archive.Config
	name   string // of the container that was packed
}

func (u *unpacking) close() {
	if u.dir != nil {
		u.dir.Close()
		u.dir = nil
	}
	if u.in != nil {
		u.in.close()
		u.in = nil
	}
}

// stage makes root and config in the staging directory, and verifies them.
func (u *unpacking) stage() (*runtime.Shipped, error) {
	if err := u.makeStage(); err != nil {
		return nil, err
	}
	opts, err := u.room()
	if err != nil {
		return nil, err
	}
	opts.Config, opts.Progress = u.judge, u.o.gauge("unpacking "+u.o.q.Ref.Name, archiveSize(u.o.file))
	out, read, err := u.tree(opts)
	if err != nil {
		return nil, err
	}
	u.o.leftOut(out.Skipped, out.Left)
	if want := strings.ToLower(u.a.SHA256); want != "" && out.SHA256 != want {
		return nil, fmt.Errorf("%w: its SHA-256 is %s, not the one that was given", archive.ErrDamaged, out.SHA256)
	}
	if err := u.dress(); err != nil {
		return nil, err
	}
	// One that liblxc cannot load could neither be started nor destroyed.
	if err := loads(runtime.Ref{Path: filepath.Dir(u.j.stageDir()), Name: filepath.Base(u.j.stageDir())}); err != nil {
		return nil, &runtime.Error{
			Err:  fmt.Errorf("its config cannot be loaded here: %w", err),
			Hint: "Mend the config where it was packed, and pack it again.",
		}
	}
	return &runtime.Shipped{SHA256: out.SHA256, Size: read, Entries: out.Entries, Bytes: out.Made}, nil
}

// tree makes the root. Its Progress is of the archive: read is how much of that was.
func (u *unpacking) tree(opts archive.UnpackOptions) (out archive.Unpacked, read uint64, err error) {
	if needsInside(u.ids) {
		if u.in, err = goInside(u.ids, u.o.file, u.dir, u.j.ID); err != nil {
			return out, 0, err
		}
		return u.in.unpack(u.ctx, opts, "Nothing was kept. "+u.o.unpackFull())
	}
	in, tell := &impatient{f: u.o.file, ctx: u.ctx}, opts.Progress
	opts.Progress = func(uint64) { tell(in.read) }
	if len(u.ids) > 0 {
		opts.Host = u.ids.host
	}
	out, err = archive.Unpack(u.ctx, in, u.dir, opts)
	return out, in.read, err
}

// makeStage makes the staging directory, and notes which one it is.
func (u *unpacking) makeStage() error {
	path := u.j.stageDir()
	if err := os.Mkdir(path, 0o700); err != nil {
		return fmt.Errorf("staging directory: %w", fileErr(err))
	}
	dir, err := openStage(path)
	if err != nil {
		return err
	}
	u.dir = dir
	// In a directory with the set-group-id bit it has another group, which is none of
	// those that the process inside knows.
	if err := dir.Chown(-1, os.Getegid()); err != nil {
		return fmt.Errorf("staging directory: %w", fileErr(err))
	}
	id, err := stageID(path)
	if err != nil {
		return err
	}
	u.j.Facts[factStage] = []byte(id)
	return u.j.step(unpackMaking)
}

// stageID is a directory's identity as text.
func stageID(path string) (string, error) {
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		return "", err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return "", &fs.PathError{Op: "lstat", Path: path, Err: unix.ENOTDIR}
	}
	return fmt.Sprintf("%d:%d", st.Dev, st.Ino), nil
}

// unpackReserve is how much of a file system unpacking leaves free: a sixteenth of
// what is, 64 MiB at least, so that the host's own programs do not fail for it.
const unpackReserve = 64 << 20

// room says how much may be unpacked: what was asked for, what the file system has room
// and inodes for, and how much of it has to stay free.
func (u *unpacking) room() (o archive.UnpackOptions, err error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(u.dir.Fd()), &st); err != nil {
		return o, fmt.Errorf("room in %s: %w", u.o.q.Ref.Path, err)
	}
	free := st.Bavail * uint64(st.Bsize)
	o.Reserve = min(max(unpackReserve, free/16), free/2)
	o.Room = max(1, free-o.Reserve) // 0 would be no bound
	o.MaxSize, o.MaxEntries = cmp.Or(u.a.MaxSize, math.MaxUint64), cmp.Or(u.a.MaxEntries, archive.DefaultEntries)
	if st.Files > 0 {
		o.Inodes = max(1, st.Ffree-st.Ffree/16)
	}
	return o, nil
}

// archiveSize is the size of a file, and 0 of a pipe.
func archiveSize(f *os.File) uint64 {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0
	}
	return uint64(max(0, st.Size))
}

// judge makes the new config before anything else is made, and tells what it leaves out.
func (u *unpacking) judge(m archive.Meta, config []byte) error {
	if err := u.a.Same(config); err != nil {
		return err
	}
	u.name = m.Name
	u.config = archive.Judge(config, archive.Site{
		Ref: u.o.q.Ref, IDMap: u.a.IDMap, Allow: u.a.AllowConfig, Bridge: isBridge, File: isInstalled,
	})
	for _, n := range u.config.Notes {
		u.o.line("%s", lineText(n))
	}
	for _, d := range u.config.Dropped {
		u.o.line("config left out: %s (%s)", lineText(d.String()), d.Why)
	}
	for _, l := range u.config.Allowed {
		u.o.line("config allowed: %s", lineText(l.String()))
	}
	return nil
}

// isBridge says whether an interface of the host is a bridge (net/bridge/br_sysfs_br.c).
func isBridge(name string) bool {
	_, err := os.Stat(filepath.Join("/sys/class/net", name, "bridge"))
	return err == nil
}

// isInstalled says whether LXC has a config of its own here, which may be included.
func isInstalled(path string) bool {
	in := inspector{walk: newWalker(ownTrust()), cache: newConfigCache()}
	return in.visit(path, nil, &inspection{}) == nil
}

// dress adds what the archive does not bring, and puts all of it on disk.
func (u *unpacking) dress() error {
	// A privileged root is reached by root alone, whatever set-id programs are in it.
	// The root of a user namespace has to pass, and owns none of this: it must not
	// write what root loads.
	dirMode, fileMode := uint32(0o770), uint32(0o640)
	if len(u.ids) > 0 {
		dirMode, fileMode = 0o755, 0o644
	}
	fd, err := unix.Openat(int(u.dir.Fd()), "config", unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, fileMode)
	if err != nil {
		return fmt.Errorf("write its config: %w", err)
	}
	f := os.NewFile(uintptr(fd), "config")
	_, err = f.Write(u.config.Text())
	if err = errors.Join(err, unix.Fchmod(fd, fileMode), f.Close()); err != nil {
		return fmt.Errorf("write its config: %w", err)
	}
	if err := u.hostName(); err != nil {
		return fmt.Errorf("write its host name: %w", err)
	}
	if err := unix.Fchmod(int(u.dir.Fd()), dirMode); err != nil {
		return fmt.Errorf("staging directory: %w", err)
	}
	// What has a name afterwards is whole, also after a crash of the host.
	if err := unix.Syncfs(int(u.dir.Fd())); err != nil {
		return fmt.Errorf("write it to disk: %w", err)
	}
	return nil
}

// hostName writes a new name into the root.
func (u *unpacking) hostName() error {
	switch name := u.o.q.Ref.Name; {
	case u.name == name:
		return nil
	case u.in != nil:
		return u.in.hostName(u.ctx, name)
	default:
		return writeHostName(u.dir, name)
	}
}

// openStage opens a staging directory.
func openStage(path string) (*os.File, error) {
	dir, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, fmt.Errorf("staging directory: %w", fileErr(err))
	}
	return dir, nil
}

// writeHostName writes a name into the root of a staging directory, where it keeps one,
// as liblxc does for its copies (clone_update_rootfs).
func writeHostName(dir *os.File, name string) error {
	fd, err := unix.Openat2(int(dir.Fd()), "rootfs/etc/hostname", &unix.OpenHow{
		Flags:   unix.O_WRONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV,
	})
	if err != nil {
		return nil // none is there, or it is a link to where the container keeps it
	}
	f := os.NewFile(uintptr(fd), "hostname")
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink > 1 {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteString(name + "\n")
	return err
}

// place gives it its name, unless that was taken meanwhile.
func (u *unpacking) place() error {
	if err := u.ctx.Err(); err != nil {
		return err
	}
	if err := u.j.step(unpackMoving); err != nil {
		return err
	}
	u.o.reached(unpackMoving)
	from, to := u.j.stageDir(), u.o.q.Ref.String()
	err := renameNew(from, to)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %s is there by now", runtime.ErrExists, u.o.q.Ref)
	case err != nil:
		return fmt.Errorf("give it its name: %w", fileErr(err))
	}
	return syncDir(u.o.q.Ref.Path)
}

// undoUnpack removes what an unpack has made, as long as it does not have its name.
func undoUnpack(j *journal) error {
	path := j.stageDir()
	id, err := stageID(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return j.end()
	case err != nil:
		return fmt.Errorf("what it had made could not be removed: %w", err)
	case j.fact(factStage) != "" && id != j.fact(factStage):
		return fmt.Errorf("%w: %s is another directory by now: it was not removed", runtime.ErrExists, path)
	}
	ids, err := parseIDMaps(nonEmpty(j.fact(factIDMap)))
	if err != nil {
		return err
	}
	if needsInside(ids) { // who was at work in there may be so still, if the helper was killed
		if err := endMarked(j.ID); err != nil {
			return fmt.Errorf("what it had made could not be removed: %w", err)
		}
	}
	// os.RemoveAll goes by descriptors and follows no link.
	err = os.RemoveAll(path)
	if errors.Is(err, fs.ErrPermission) && needsInside(ids) {
		if err := removeInside(ids, path); err != nil {
			return telling("what it had made could not be removed", err)
		}
		err = os.RemoveAll(path)
	}
	if err != nil {
		return fmt.Errorf("what it had made could not be removed: %w", fileErr(err))
	}
	return j.end()
}

// leftUnpack describes an unpack that did not come to its end.
func leftUnpack(j *journal) (string, []runtime.RecoverWay) {
	if j.whole() {
		return "it was unpacked; only the record of that was left", []runtime.RecoverWay{runtime.Finish}
	}
	return "unpacking it was interrupted: what was made of it so far has no name yet", []runtime.RecoverWay{runtime.Undo}
}

// whole says whether the container has its name already.
func (j *journal) whole() bool {
	id, err := stageID(j.ref().String())
	return err == nil && j.Step == unpackMoving && id == j.fact(factStage)
}

// recoverUnpack removes what an unpack has made. A container that has its name
// stays: it was verified before.
func recoverUnpack(_ *operation, j *journal, _ runtime.RecoverWay) error {
	if j.whole() {
		return j.end()
	}
	return undoUnpack(j)
}
