package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Steps of a create, as its journal has them.
const (
	makingDir   = "making its directory"
	makingRoot  = "making its root"
	startingNew = "starting it"
)

// Facts of a create, as its journal has them.
const (
	factDir    = "dir"    // handle of the container's directory: of ours and no other's
	factStore  = "store"  // lxc.rootfs.path of a store that lies outside that directory
	factRoot   = "root"   // directory outside it that the root is made in
	factBefore = "before" // mode and owner of that directory, when it was there before, empty
	factIDMap  = "idmap"  // lines of lxc.idmap
)

// create makes a container. Whatever stops it, what it had made is removed: by
// itself when it fails, by another helper when it is killed (takeBack), and by
// recoverCreate when nobody was left to do so.
func (o *operation) create() error {
	a, ok := o.q.Args.(*runtime.CreateArgs)
	if !ok {
		return fmt.Errorf("%w: it is not said what to make", runtime.ErrInvalid)
	}
	p, err := planCreate(o.q.Ref, a)
	if err != nil {
		return err
	}
	if !exists(o.q.Ref.Path) {
		// A user's own lxcpath is not there at first; lxc-create makes it too.
		if err := os.MkdirAll(o.q.Ref.Path, 0o755); err != nil {
			return fileErr(err)
		}
		// Fails where a container is in it.
		defer func() { _ = os.Remove(o.q.Ref.Path) }()
	}
	if err := clearOldJournals(o.q.Ref); err != nil {
		return err
	}
	j, err := openJournal(runtime.Create, o.q.Ref, makingDir, p.facts)
	if err != nil {
		return noSpaceHint(err)
	}
	if err := o.makeDir(j); err != nil {
		return noSpaceHint(errors.Join(err, j.end()))
	}
	if err := o.makeContainer(p, j); err != nil {
		o.step("removing what was made")
		if undo := undoCreate(j); undo != nil {
			return alsoFailed(err, undo)
		}
		return err
	}
	if j.fact(factGroup) != "" {
		// What a template has left running looks for programs where this helper was.
		_ = endMarked(j.ID)
	}
	err = o.startNew(p, j)
	if eerr := j.end(); eerr != nil {
		return errors.Join(err, eerr) // the tags are for its undo
	}
	j.releaseVolumes()
	return err
}

// alsoFailed is the error of an operation, with the words of what taking it back
// has met: what callers decide on is the first.
func alsoFailed(err, undo error) error {
	told := runtime.Error{Err: err}
	var e *runtime.Error
	if errors.As(err, &e) {
		told = *e
	}
	told.Err = fmt.Errorf("%w; what it had made could not be removed: %s", told.Err, undo.Error())
	told.Hint = keptHint
	return &told
}

// keptHint is for what could not be taken back.
const keptHint = "It is kept among what was left: what is in the way has to go, then it can be cleared."

// makeDir makes the container's directory, and so takes the name: liblxc goes on
// with one that is there (create_container_dir), but so does a second lxc-create.
// Its inode proves later that what is removed is what was made.
func (o *operation) makeDir(j *journal) error {
	dir := o.q.Ref.String()
	if err := os.Mkdir(dir, 0o770); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w: %s is there already", runtime.ErrExists, dir)
		}
		return fileErr(err)
	}
	// As liblxc makes them (do_create_container_dir), whatever the umask is: a
	// user's becomes that of the container's root, and the group has to get in.
	err := os.Chmod(dir, 0o770)
	if err == nil {
		var id string
		if id, err = dirID(dir); err == nil {
			j.Facts[factDir] = []byte(id)
			err = j.step(makingRoot)
		}
	}
	if err != nil {
		return errors.Join(err, os.Remove(dir))
	}
	return nil
}

// dirID is a directory's identity as text.
func dirID(path string) (string, error) {
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		return "", err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return "", &fs.PathError{Op: "lstat", Path: path, Err: unix.ENOTDIR}
	}
	// ext4 gives the number of a directory that was removed to the next that is made.
	return handleOf(path)
}

// makeContainer lets liblxc and the template do their work, in a process of their own.
func (o *operation) makeContainer(p *createPlan, j *journal) error {
	defer outliveCancel()()
	o.step("running template " + p.name)
	out, err := openOutput(func(b []byte) { o.tell(runtime.Progress{Output: b}) })
	if err != nil {
		return err
	}
	r, err := o.callMaker(p, j, out.w)
	out.end()
	if err != nil {
		return p.failure(err, lastLines(out.tail, usageMax), r.Log)
	}
	if len(p.idmap) > 0 && os.Geteuid() == 0 {
		return ownUp(o.q.Ref)
	}
	return nil
}

// ownUp gives directory and config of root's unprivileged container back to
// root. liblxc and the templates leave both to the container's own root
// (do_create_container_dir, chown_mapped_root), who could then write what root
// loads: such a container would be listed as another's and not be started.
func ownUp(ref runtime.Ref) error {
	dir, err := os.OpenFile(ref.String(), os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return fileErr(err)
	}
	defer dir.Close()
	// The directory first: nobody else can then put another file in place.
	if err := errors.Join(dir.Chown(0, 0), dir.Chmod(0o755)); err != nil {
		return fileErr(err)
	}
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return fileErr(err)
	}
	for _, name := range names {
		fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
		if err != nil { // a link, say: nothing that is loaded
			continue
		}
		var st unix.Stat_t
		err = unix.Fstat(fd, &st)
		if err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink == 1 && st.Uid != 0 {
			err = errors.Join(unix.Fchown(fd, 0, 0), unix.Fchmod(fd, st.Mode&0o7777&^0o022))
		}
		_ = unix.Close(fd)
		if err != nil {
			return fmt.Errorf("give %s to root: %w", name, err)
		}
	}
	return nil
}

// startNew starts what was made, if that was asked for. What does not start is
// kept: it was made as it was asked for.
func (o *operation) startNew(p *createPlan, j *journal) error {
	if !p.args.Start {
		return nil
	}
	// Until it runs, a cancel still takes it back.
	_ = j.step(startingNew)
	o.step("starting " + o.q.Ref.Name)
	err := loadableHere(o.q.Ref)
	if err == nil {
		err = o.open()
	}
	if err == nil {
		defer o.close()
		o.q.Timeout = runtime.Start.Info().Timeout
		err = o.start()
	}
	if err != nil {
		return &runtime.Error{Err: fmt.Errorf("created, but it did not start: %w", err), Log: o.log(), Hint: hint(err, o.log())}
	}
	return nil
}

// createPlan is a create that has been looked at from all sides, before
// anything is touched.
type createPlan struct {
	ref      runtime.Ref
	args     *runtime.CreateArgs
	name     string // of the template, for people
	template string // its path
	config   string
	idmap    []string
	backing  runtime.Backing
	facts    map[string]string
}

func planCreate(ref runtime.Ref, a *runtime.CreateArgs) (*createPlan, error) {
	p := &createPlan{ref: ref, args: a, facts: map[string]string{}}
	var err error
	if p.template, err = findTemplate(a.Template); err != nil {
		return nil, err
	}
	p.name = strings.TrimPrefix(filepath.Base(p.template), templatePrefix)
	for _, w := range a.Args {
		// liblxc writes the words into a comment of the config (prepend_lxc_header).
		if strings.ContainsAny(w, "\n\r\x00") {
			return nil, fmt.Errorf("%w: argument %q of the template has a line break in it, which would end up as a line of the config",
				runtime.ErrInvalid, w)
		}
	}
	base, err := baseLines(a)
	if err != nil {
		return nil, err
	}
	p.idmap = idMaps(a, base)
	if err := mayMap(p.idmap, ownTrust()); err != nil {
		return nil, err
	}
	own, err := ownLines(a)
	if err != nil {
		return nil, err
	}
	p.config = newConfig(a, base, own)
	p.facts[factIDMap] = strings.Join(p.idmap, "\n")
	p.backing, err = planBacking(ref, a.Backing, p.facts)
	return p, err
}

// clearOldJournals ends what an earlier create or destroy of the same name has
// left in writing only: its directory is gone, or this create could not begin, and
// of a destroy that goes last. Left on, it would later have the new container for
// what it may remove.
func clearOldJournals(ref runtime.Ref) error {
	dir := filepath.Join(ref.Path, deckDir)
	if err := ownDeckDir(dir); err != nil {
		return nil //nolint:nilerr // none is there, or what openJournal refuses
	}
	all, err := journals(ref.Path, ref)
	if err != nil {
		return err
	}
	for _, j := range all {
		switch {
		case !sameRef(j.ref(), ref) || j.Kept || j.Op != runtime.Create && j.Op != runtime.Destroy:
		case j.Op == runtime.Create && (j.fact(factStore) != "" || j.fact(factGroup) != "" || j.fact(factPlace) != "" || j.fact(factRoot) != ""):
			return &runtime.Error{
				Err:  fmt.Errorf("%w: an earlier create of it was interrupted and may have left something", runtime.ErrExists),
				Hint: "Clear that first: it is among what was left.",
			}
		default:
			if err := j.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

// leftCreate describes a create that did not come to its end.
func leftCreate(j *journal) (what string, ways []runtime.RecoverWay) {
	if j.Step == startingNew {
		return "it was created; lxcdeck was killed while it was started", []runtime.RecoverWay{runtime.Finish, runtime.Undo}
	}
	return "a create was interrupted while it was " + j.Step, []runtime.RecoverWay{runtime.Undo}
}

// recoverCreate undoes a create that did not come to its end; one that was
// complete but for its start can be kept too.
func recoverCreate(_ *operation, j *journal, way runtime.RecoverWay) error {
	switch {
	case way == runtime.Finish && j.Step == startingNew:
		return j.end()
	case way == runtime.Finish:
		return fmt.Errorf("%w: a create that was interrupted cannot be finished: undo it", runtime.ErrUnsupported)
	}
	return undoCreate(j)
}
