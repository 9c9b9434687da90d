package lxc

import (
	"context"
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

const packFull = "The file system that the archive is written to is full."

// pack writes the container into an archive. One that runs is frozen meanwhile, so
// that no file changes while others are read; what its programs had not written
// yet is not in it, as after a power failure.
func (o *operation) pack() (err error) {
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
	draft := o.beginDraft()
	defer func() { o.endDraft(draft, err) }()
	po, err := o.packOptions(a)
	if err != nil {
		return err
	}
	root, err := o.packRoot(&po)
	if err != nil {
		return err
	}
	defer root.close()
	o.step("measuring " + o.q.Ref.Name)
	total, err := root.measure(ctx)
	if err != nil {
		return shipErr(err, "")
	}
	still, err := o.standStill(po.state, draft)
	if err != nil {
		return err
	}
	out, err := root.pack(ctx, o.gauge("packing "+o.q.Ref.Name, total))
	if err == nil {
		err = still.unmoved()
	}
	err = shipErr(err, packFull)
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

// packing is all that goes into an archive but the root itself.
type packing struct {
	meta   archive.Meta
	state  runtime.State
	config []byte
	level  int
	ids    hostIDs // of the container's files on the host; nil = their own
	at     rootSource
}

// packOptions looks at what goes into the archive.
func (o *operation) packOptions(a *runtime.PackArgs) (packing, error) {
	file := filepath.Join(o.q.Ref.String(), "config")
	var st unix.Stat_t
	if err := lstat(file, &st); err != nil {
		return packing{}, err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		var err error
		if file, err = filepath.EvalSymlinks(file); err == nil {
			err = lstat(file, &st)
		}
		if err != nil {
			return packing{}, fileErr(err)
		}
	}
	text, err := readRegular(file, idOf(file, &st))
	if err != nil {
		return packing{}, err
	}
	ids, err := parseIDMaps(o.c.ConfigItem("lxc.idmap"))
	if err != nil {
		return packing{}, err
	}
	at, err := o.packSource(text)
	if err != nil {
		return packing{}, err
	}
	state := o.state()
	p := packing{
		meta: archive.Meta{
			Version: archive.Version, Name: o.q.Ref.Name, Created: time.Now().UTC().Truncate(time.Second),
			Arch: o.arch(), State: state.String(), IDs: ids.users(),
		},
		state: state, config: text, level: a.Level, at: at,
	}
	if !o.mappedMount() {
		p.ids = ids
	}
	return p, nil
}

// packRoot opens the root that is packed, in the user namespace of its owners where
// this user may not read it.
func (o *operation) packRoot(p *packing) (packedRoot, error) {
	opts := archive.PackOptions{Meta: p.meta, Config: p.config, Level: p.level, Except: o.file}
	if needsInside(p.ids) {
		in, err := goInside(p.ids, o.file, nil, "")
		if err != nil {
			return nil, err
		}
		return &rootInside{in: in, at: p.at, o: opts}, nil
	}
	if len(p.ids) > 0 {
		opts.Inner = p.ids.inner
	}
	var err error
	opts.Root, err = o.openPackRoot(p.at, p.state)
	return &rootHere{o: opts, file: o.file}, err
}

// packedRoot is a root that is packed.
type packedRoot interface {
	measure(ctx context.Context) (uint64, error)
	pack(ctx context.Context, tell func(uint64)) (archive.Packed, error)
	close()
}

type rootHere struct {
	o    archive.PackOptions
	file *os.File
}

func (r *rootHere) measure(ctx context.Context) (uint64, error) {
	return archive.Measure(ctx, r.o.Root)
}

func (r *rootHere) pack(ctx context.Context, tell func(uint64)) (archive.Packed, error) {
	r.o.Progress = tell
	return archive.Pack(ctx, &impatient{f: r.file, ctx: ctx}, r.o)
}

func (r *rootHere) close() { _ = r.o.Root.Close() }

type rootInside struct {
	in *insider
	at rootSource
	o  archive.PackOptions
}

func (r *rootInside) measure(ctx context.Context) (uint64, error) { return r.in.measure(ctx, r.at) }

func (r *rootInside) pack(ctx context.Context, tell func(uint64)) (archive.Packed, error) {
	r.o.Progress = tell
	return r.in.pack(ctx, r.o)
}

func (r *rootInside) close() { r.in.close() }

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
	stays bool     // the journal is not over once it is thawed
}

// standStill freezes a container that runs. The journal is on disk before: if this
// process is killed, the next start can thaw it.
// draft, if not nil, is the journal that there is already.
func (o *operation) standStill(state runtime.State, draft *journal) (*stillness, error) {
	s := &stillness{o: o, state: runtime.Stopped, stays: draft != nil}
	if state == runtime.Stopped {
		return s, nil
	}
	s.state, s.init = runtime.Frozen, o.c.InitPid()
	if state == runtime.Frozen {
		return s, nil // by somebody else: it stays so
	}
	var err error
	j := draft
	if j != nil {
		if err = j.step(packFreezing); err != nil {
			j.Step = packWriting
		}
	} else {
		j, err = openJournal(runtime.Pack, o.q.Ref, packFreezing, nil)
	}
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
	if err := s.o.thawAgain(); err != nil {
		return err
	}
	if s.stays {
		_ = s.j.step(packWriting) // it ends soon, and whoever reads it before looks whether it is frozen
		return nil
	}
	return s.j.end()
}

// thawAgain thaws a container that was frozen to be packed. One that was stopped or
// thawed by somebody else is owed nothing.
func (o *operation) thawAgain() error {
	switch o.state() {
	case runtime.Frozen, runtime.Freezing:
		if err := o.as(runtime.Thaw).thaw(); err != nil && o.state() != runtime.Stopped {
			return &runtime.Error{Err: fmt.Errorf("it could not be thawed again: %w", err),
				Hint: "It stands frozen still: thaw it."}
		}
	}
	return nil
}
