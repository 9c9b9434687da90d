package lxc

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/copying"
)

// Push and Pull. The helper does the host's side, by descriptors from what was named.
// The container's side is done below its root: by the helper too where the container
// has the host's ids, and else by a worker in a user namespace that has the
// container's, so that nothing is read or written in there that the container's own
// root could not.

// filesWatch is the time between two looks whether the container runs yet.
const filesWatch = 500 * time.Millisecond

const filesFull = "The file system is full, or a quota is used up. What was copied before is whole; free some room, and copy the rest with --skip."

// copyFiles does a Push or a Pull.
func (o *operation) copyFiles() error {
	a, ok := o.q.Args.(*runtime.CopyFilesArgs)
	if !ok {
		return fmt.Errorf("%w: nothing to copy", runtime.ErrInvalid)
	}
	soft, stop := cancellable()
	defer stop()
	ctx, cancel := context.WithCancelCause(soft)
	defer cancel(nil)
	allowFiles()
	init, err := o.initNow()
	if err != nil {
		return err
	}
	o.step("looking at what there is to copy")
	root, err := openFilesRoot(o.q.Ref, init, o.q.Op == runtime.Push)
	if err != nil {
		return err
	}
	defer root.close()
	if a.Owner != nil && len(root.ids) > 0 {
		_, u := root.ids.host(a.Owner.UID, false)
		_, g := root.ids.host(a.Owner.GID, true)
		if !u || !g {
			return fmt.Errorf("%w: %s is nobody in the container, whose ids are %s", runtime.ErrInvalid, a.Owner, strings.Join(strings.Split(strings.TrimSpace(root.ids.String()), "\n"), "; "))
		}
	}
	go root.watch(ctx, cancel)
	f := &filesCopy{o: o, a: a, root: root, ctx: ctx}
	err = f.run()
	if why := context.Cause(ctx); err != nil && why != nil && soft.Err() == nil {
		err = why // the container has stopped
	} else if err == nil && !root.alive() {
		err = errStoppedMeanwhile
	}
	return f.told(err)
}

// initNow is the container's init; 0 = it does not run.
func (o *operation) initNow() (int, error) {
	if err := o.open(); err != nil {
		return 0, err
	}
	defer o.close()
	if o.state() == runtime.Stopped {
		return 0, nil
	}
	return o.c.InitPid(), nil
}

// watch ends the copy when the container does.
func (r *filesRoot) watch(ctx context.Context, end context.CancelCauseFunc) {
	tick := time.NewTicker(filesWatch)
	defer tick.Stop()
	for r.pidfd >= 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !r.alive() {
				end(errStoppedMeanwhile)
				return
			}
		}
	}
}

// filesCopy is a copy under way.
type filesCopy struct {
	o     *operation
	a     *runtime.CopyFilesArgs
	root  *filesRoot
	ctx   context.Context
	out   runtime.Copied
	notes []copying.Note
	bad   uint64 // could not be read
	deny  uint64 // of them: may not be
}

// run has both sides done, with a stream between them.
func (f *filesCopy) run() error {
	ours, theirs, err := streamPair()
	if err != nil {
		return err
	}
	defer ours.Close()
	stop := context.AfterFunc(f.ctx, func() { _ = ours.Close() })
	defer stop()
	ask := filesAsk{
		Push: f.o.q.Op == runtime.Push, From: f.a.From, To: f.a.To, Alone: f.o.file != nil,
		Exists: f.a.Exists, Verify: f.a.Verify, Sums: f.a.Sums,
	}
	in, err := f.root.inside(theirs)
	if err != nil {
		theirs.Close()
		return err
	}
	other := make(chan error, 1)
	if in != nil {
		theirs.Close()
		defer in.close()
		runtime.Spawn("container's side of a copy", func(err error) { other <- err }, func() { other <- f.inside(in, &ask) })
	} else {
		runtime.Spawn("container's side of a copy", func(err error) { other <- err }, func() { other <- f.beside(theirs, &ask) })
	}
	err = f.host(ours)
	_ = ours.Close() // the other side learns that there is no more
	return copying.First(err, <-other)
}

// streamPair makes the stream.
func streamPair() (ours net.Conn, theirs *os.File, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	f := os.NewFile(uintptr(pair[0]), "stream")
	defer f.Close()
	if ours, err = net.FileConn(f); err != nil {
		_ = unix.Close(pair[1])
		return nil, nil, err
	}
	return ours, os.NewFile(uintptr(pair[1]), "stream"), nil
}

// host is the host's side.
func (f *filesCopy) host(stream io.ReadWriter) error {
	place := filesPlace{open: openHost}
	if f.o.q.Op == runtime.Push {
		give := copying.Give{
			IDs: f.root.ids.pushed, Owner: fileOwner(f.a.Owner), Skip: f.a.Exists == runtime.Skip, Verify: f.a.Verify, Sums: f.a.Sums,
		}
		give.Plan, give.Progress = f.gauges()
		if f.o.file != nil {
			give.In, give.InName = &impatient{f: f.o.file, ctx: f.ctx}, "stdin"
		}
		if f.root.root != nil {
			id, err := copying.IDOf(f.root.root)
			if err != nil {
				return err
			}
			give.Except = []copying.ID{id}
		}
		given, err := place.send(f.ctx, stream, f.a.From, give)
		f.gave(&given)
		return copyErr(err)
	}
	take := copying.Take{Exists: f.a.Exists, Chown: os.Geteuid() == 0, Drop: true, Verify: f.a.Verify, Reserve: unpackReserve}
	take.Plan, take.Progress = f.gauges()
	if f.o.file != nil {
		take.Out = &impatient{f: f.o.file, ctx: f.ctx}
	}
	if f.root.root != nil {
		id, err := copying.IDOf(f.root.root)
		if err != nil {
			return err
		}
		place.never = &id
	}
	taken, err := place.receive(f.ctx, stream, f.a.To, len(f.a.From), take)
	f.took(&taken)
	return copyErr(err)
}

// gauges tell how far it is, once it is known how much there is.
func (f *filesCopy) gauges() (plan, progress func(uint64)) {
	tell := func(uint64) {}
	return func(total uint64) { tell = f.o.gauge(f.o.info.Doing+" "+f.o.q.Ref.Name, total) }, func(done uint64) { tell(done) }
}

// beside is the container's side in this process.
func (f *filesCopy) beside(theirs *os.File, ask *filesAsk) error {
	defer theirs.Close()
	conn, err := net.FileConn(theirs)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(f.ctx, func() { _ = conn.Close() })
	defer stop()
	out, err := ask.do(f.ctx, f.root.root, conn, os.Geteuid() == 0)
	f.add(&out)
	return err
}

// inside is the container's side in a user namespace.
func (f *filesCopy) inside(in *insider, ask *filesAsk) error {
	r, err := in.ask(f.ctx, insideRequest{Do: insideCopy, Root: f.root.at, Copy: ask, Full: filesFull}, func(r *insideReply) error {
		if r.Copied != nil {
			f.notes = append(f.notes, r.Copied.notes()...)
		}
		return nil
	})
	if r != nil && r.Copied != nil {
		f.add(r.Copied)
	}
	if err != nil && r != nil && r.Peer {
		err = copying.Ended(err)
	}
	return err
}

func (f *filesCopy) add(d *filesDone) {
	if d.Given != nil {
		f.gave(d.Given)
	}
	if d.Taken != nil {
		f.took(d.Taken)
	}
}

func (f *filesCopy) gave(g *copying.Given) {
	f.notes = append(f.notes, g.Notes...)
	f.out.Left += g.Left
	f.bad += g.Unread
	f.deny += g.Denied
	f.out.Sums = append(f.out.Sums, g.Sums...)
}

func (f *filesCopy) took(t *copying.Taken) {
	f.notes = append(f.notes, t.Notes...)
	f.out.Files, f.out.Folders, f.out.Links, f.out.Bytes, f.out.Skipped = t.Files, t.Folders, t.Links, t.Bytes, t.Skipped
	f.out.Left += t.Left
}

// told tells what came of it, and says with an error how far it was.
func (f *filesCopy) told(err error) error {
	for i, n := range f.notes {
		if i == copying.MaxNotes {
			f.o.line("... and %d more", uint64(len(f.notes)-i))
			break
		}
		f.o.line("%s: %s", lineText(n.Path), lineText(n.Why))
	}
	var b bytes.Buffer
	if gob.NewEncoder(&b).Encode(&f.out) == nil {
		_ = f.o.conn.send(helperReply{Progress: &runtime.Progress{Done: f.out.Bytes, Total: f.out.Bytes}, Copied: b.Bytes()}, nil)
	}
	switch {
	case err == nil && f.bad > 0:
		return &runtime.Error{Err: f.unread(), Hint: "The output names them."}
	case err == nil:
		return nil
	case f.out.Files+f.out.Folders+f.out.Links > 0:
		return also(err, fmt.Errorf("copied before: files %d, folders %d, links %d", f.out.Files, f.out.Folders, f.out.Links))
	}
	return err
}

// unread is the error of a copy that is whole but for what could not be read.
func (f *filesCopy) unread() error {
	err := fmt.Errorf("%d could not be read; the rest was copied", f.bad)
	if f.deny == f.bad {
		err = fmt.Errorf("%w: %w", runtime.ErrPermission, err)
	}
	return err
}

// copyErr puts what ended one side of a copy into the contract's words.
func copyErr(err error) error {
	var told *runtime.Error
	switch {
	case err == nil, errors.As(err, &told), copying.IsEnded(err):
		return err
	case errors.Is(err, context.Canceled):
		return &named{err, runtime.ErrCancelled}
	case errors.Is(err, copying.ErrNoRoom), errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return &runtime.Error{Err: err, Hint: filesFull}
	case errors.Is(err, unix.EROFS):
		return &runtime.Error{Err: err, Hint: "The file system is mounted read-only."}
	case errors.Is(err, copying.ErrDiffers):
		return &runtime.Error{Err: err, Hint: "The disk, or its memory, is not to be trusted: look at dmesg."}
	case errors.Is(err, copying.ErrClash):
		return &runtime.Error{Err: err, Hint: "Nothing was touched: a folder is not replaced by what is none, nor the reverse, and devices, FIFOs and sockets by nothing. Copy it under another name, or leave what is there with --skip."}
	case errors.Is(err, copying.ErrKernel):
		return &runtime.Error{Err: err, Hint: "To set a value there, write to it in a shell of the container."}
	case errors.Is(err, runtime.ErrExists):
		return &runtime.Error{Err: err, Hint: "Nothing of it was touched: replace it with --overwrite, or leave it as it is with --skip."}
	}
	return filesErr(err)
}

// pushed translates an owner on the host to one inside: an id that stands for one of
// the container's is that one, and else the same number.
func (ids hostIDs) pushed(uid, gid uint32) (u, g uint32, known bool) {
	if len(ids) == 0 {
		return uid, gid, true
	}
	u, okUser := ids.one(uid, false)
	g, okGroup := ids.one(gid, true)
	return u, g, okUser && okGroup
}

func (ids hostIDs) one(id uint32, group bool) (uint32, bool) {
	if in, ok := ids.inner(id, group); ok {
		return in, true
	}
	if _, ok := ids.host(id, group); ok {
		return id, true
	}
	return 0, false
}

func fileOwner(o *runtime.FileOwner) *[2]uint32 {
	if o == nil {
		return nil
	}
	return &[2]uint32{o.UID, o.GID}
}
