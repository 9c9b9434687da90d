package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
)

// Steps of a pack's journal, which there is only while the container stands still
// for it.
const (
	packFreezing = "freezing"
	packReading  = "reading"
	packThawing  = "thawing"
)

// pack writes the container into an archive. One that runs is frozen meanwhile, so
// that no file changes while others are read; what its programs had not written
// yet is not in it, as after a power failure.
func (o *operation) pack() error {
	a, ok := o.q.Args.(*runtime.PackArgs)
	if !ok {
		a = &runtime.PackArgs{}
	}
	ctx, stop := cancellable()
	defer stop()
	allowFiles()
	if err := o.open(); err != nil {
		return err
	}
	defer o.close()
	po, err := o.packOptions(a)
	if err != nil {
		return err
	}
	defer func() { _ = po.Root.Close() }()
	o.step("measuring " + o.q.Ref.Name)
	total, err := archive.Measure(ctx, po.Root)
	if err != nil {
		return shipErr(err, "")
	}
	still, err := o.standStill(po.Meta.State)
	if err != nil {
		return err
	}
	po.Progress = o.gauge("packing "+o.q.Ref.Name, total)
	out, err := archive.Pack(ctx, &impatient{f: o.file, ctx: ctx}, po)
	if err == nil {
		err = still.unmoved()
	}
	err = shipErr(err, "The file system that the archive is written to is full.")
	if err := alsoThen(err, still.goOn()); err != nil {
		return err
	}
	o.leftOut(out.Skipped, out.Left)
	o.tell(runtime.Progress{Done: out.Read, Total: total, Shipped: &runtime.Shipped{
		SHA256: out.SHA256, Size: out.Written, Entries: out.Entries, Bytes: out.Read, Left: out.Left,
	}})
	return nil
}

// alsoThen is the error of an operation, with the words of what came after it: the
// hint of that counts, since it is what is left to do.
func alsoThen(err, after error) error {
	switch {
	case err == nil:
		return after
	case after == nil:
		return err
	}
	told := runtime.Error{Err: err}
	var first, second *runtime.Error
	if errors.As(err, &first) {
		told = *first
	}
	if errors.As(after, &second) {
		told.Hint = second.Hint
		after = second.Err
	}
	told.Err = fmt.Errorf("%w; %s", told.Err, after.Error())
	return &told
}

// packOptions looks at all that goes into the archive.
func (o *operation) packOptions(a *runtime.PackArgs) (archive.PackOptions, error) {
	file := filepath.Join(o.q.Ref.String(), "config")
	var st unix.Stat_t
	if err := lstat(file, &st); err != nil {
		return archive.PackOptions{}, err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		var err error
		if file, err = filepath.EvalSymlinks(file); err == nil {
			err = lstat(file, &st)
		}
		if err != nil {
			return archive.PackOptions{}, fileErr(err)
		}
	}
	text, err := readRegular(file, idOf(file, &st))
	if err != nil {
		return archive.PackOptions{}, err
	}
	ids, err := parseIDMaps(o.c.ConfigItem("lxc.idmap"))
	if err != nil {
		return archive.PackOptions{}, err
	}
	if err := mayRead(os.Geteuid(), ids); err != nil {
		return archive.PackOptions{}, err
	}
	state := o.state()
	root, err := o.openPackRoot(text, state)
	if err != nil {
		return archive.PackOptions{}, err
	}
	po := archive.PackOptions{
		Meta: archive.Meta{
			Version: archive.Version, Name: o.q.Ref.Name, Created: time.Now().UTC().Truncate(time.Second),
			Arch: o.arch(), State: state.String(), IDs: ids.users(),
		},
		Config: text, Root: root, Except: o.file, Level: a.Level,
	}
	if len(ids) > 0 && !o.mappedMount() {
		po.Inner = ids.inner
	}
	return po, nil
}

// mayRead refuses a user's container whose files belong to the ids of a user
// namespace: some of them are for their owners alone, and half a root is none.
func mayRead(uid int, ids hostIDs) error {
	if uid == 0 {
		return nil
	}
	for _, m := range ids {
		if !m.Group && (m.Host != uint64(uid) || m.Count != 1) {
			return &runtime.Error{
				Err:  fmt.Errorf("%w: its files belong to ids of a user namespace, which you cannot read from outside", runtime.ErrPermission),
				Hint: "lxc-usernsexec runs a program inside such a namespace, such as tar; or give the container to root.",
			}
		}
	}
	return nil
}

// mappedMount says whether the ids are those of the container on disk too, and its
// root is mounted with a map (mount_setattr(2), lxc.rootfs.options).
func (o *operation) mappedMount() bool {
	for _, v := range o.c.ConfigItem("lxc.rootfs.options") {
		for word := range strings.SplitSeq(v, ",") {
			if word == "idmap=container" {
				return true
			}
		}
	}
	return false
}

// arch is lxc.arch, or what this host's kernel says of itself.
func (o *operation) arch() string {
	if v := o.c.ConfigItem("lxc.arch"); len(v) > 0 && v[0] != "" {
		return v[0]
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Machine[:])
}

// stillness keeps a container from changing while it is packed.
type stillness struct {
	o     *operation
	state runtime.State // while it is packed
	init  int
	j     *journal // nil = it is owed nothing
}

// standStill freezes a container that runs. The journal is on disk before: if this
// process is killed, the next start can thaw it.
func (o *operation) standStill(state string) (*stillness, error) {
	s := &stillness{o: o, state: runtime.Stopped}
	if state == runtime.Stopped.String() {
		return s, nil
	}
	s.state, s.init = runtime.Frozen, o.c.InitPid()
	if state == runtime.Frozen.String() {
		return s, nil // by somebody else: it stays so
	}
	j, err := openJournal(runtime.Pack, o.q.Ref, packFreezing, nil)
	if err != nil {
		return nil, shipErr(fmt.Errorf("it must not be frozen without a record of it: %w", err),
			"Make room in "+o.q.Ref.Path+", or stop the container first.")
	}
	s.j = j
	o.reached(packFreezing)
	o.step("freezing " + o.q.Ref.Name)
	if err := o.as(runtime.Freeze).freeze(); err != nil {
		return nil, alsoThen(fmt.Errorf("freeze: %w", err), s.goOn())
	}
	_ = j.step(packReading) // what matters of it is written: that it may be frozen
	o.reached(packReading)
	return s, nil
}

// as is this operation with the deadlines of another.
func (o *operation) as(op runtime.Op) *operation {
	other := &operation{q: o.q, info: op.Info(), conn: o.conn, c: o.c, log: o.log}
	other.q.Timeout = other.info.Timeout
	return other
}

// unmoved says whether nobody else has let it go on meanwhile.
func (s *stillness) unmoved() error {
	if is := s.o.state(); is != s.state || s.state == runtime.Frozen && s.o.c.InitPid() != s.init {
		return fmt.Errorf("%w: it was %s and is %s now: somebody let it go on while it was packed, and the archive would be of two minds",
			runtime.ErrWrongState, s.state, is)
	}
	return nil
}

// goOn thaws what was frozen for this.
func (s *stillness) goOn() error {
	if s.j == nil {
		return nil
	}
	_ = s.j.step(packThawing) // a full file system must not keep it from being thawed
	s.o.reached(packThawing)
	return s.o.thawAgain(s.j)
}

// thawAgain thaws the container of a pack's journal, which ends with it. One that
// was stopped or thawed by somebody else is owed nothing.
func (o *operation) thawAgain(j *journal) error {
	switch o.state() {
	case runtime.Frozen, runtime.Freezing:
		if err := o.as(runtime.Thaw).thaw(); err != nil && o.state() != runtime.Stopped {
			return &runtime.Error{Err: fmt.Errorf("it could not be thawed again: %w", err),
				Hint: "It stands frozen still: thaw it."}
		}
	}
	return j.end()
}

// leftPack describes a pack that did not come to its end.
func leftPack(*journal) (string, []runtime.RecoverWay) {
	return "packing it was interrupted; the container may stand frozen, and is thawed by this", []runtime.RecoverWay{runtime.Undo}
}

// recoverPack thaws a container that was frozen to be packed.
func recoverPack(o *operation, j *journal, _ runtime.RecoverWay) error {
	if err := loadableHere(j.ref()); err != nil {
		if errors.Is(err, runtime.ErrNotFound) {
			return j.end()
		}
		return err
	}
	if err := o.open(); err != nil {
		return err
	}
	defer o.close()
	return o.thawAgain(j)
}
