package lxc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
)

// The root of a user's container belongs to ids of that user's subordinate ones:
// the user itself can neither read nor make, nor remove, what is for their owners
// alone. That is done by another process, inside a user namespace in which these
// ids are mapped as in the container, and the user's own besides, so that
// lxcpath and archive are within reach. lxc-usernsexec(1) makes it, as it does for
// lxc-create. All else, lock and journal and liblxc, stays out here.

// Its descriptors, behind the socket: the archive, the staging directory, and the
// program itself.
const (
	insideFile = helperFiles + iota
	insideDir
	insideSelf
)

// insideEnd is how long the process in there may take to end once nothing more is
// asked of it.
const insideEnd = 10 * time.Second

// insider is that process.
type insider struct {
	conn *msgConn
	ids  hostIDs
	cmd  *exec.Cmd
	out  *os.File // its standard error, and lxc-usernsexec's
	once sync.Once
	err  error // of its end
}

// needsInside says whether the owners of a root are others than this user.
func needsInside(ids hostIDs) bool {
	uid := os.Geteuid()
	if uid == 0 {
		return false
	}
	for _, m := range ids {
		if !m.Group && (m.Host != uint64(uid) || m.Count != 1) {
			return true
		}
	}
	return false
}

// mayGoInside says whether what makes such a user namespace is here.
func mayGoInside() error {
	for _, program := range []string{"lxc-usernsexec", "newuidmap", "newgidmap"} {
		if os.Geteuid() != 0 && findProgram(program, helperPath) == "" {
			return &runtime.Error{
				Err:  fmt.Errorf("%w: %s is not here: without it the container's files, which belong to other ids, are out of your reach", runtime.ErrUnsupported, program),
				Hint: insideHint,
			}
		}
	}
	return nil
}

const insideHint = "lxc-usernsexec (package lxc) and newuidmap (package uidmap) must be installed, and /etc/subuid and /etc/subgid give you the ids."

// goInside starts it. file, the archive, and dir, the staging directory, may be nil.
// mark names the journal that it works for; "" = none.
func goInside(ids hostIDs, file, dir *os.File, mark string) (*insider, error) {
	return goInsideBy(ids, file, dir, mark, false)
}

// goInsideBy is goInside, if root is to make the user namespace itself: then it has no
// other ids, and needs no program for it.
func goInsideBy(ids hostIDs, file, dir *os.File, mark string, root bool) (*insider, error) {
	if err := mayGoInside(); err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "helper socket")
	defer theirs.Close()
	conn, err := newMsgConn(pair[0])
	if err != nil {
		return nil, err
	}
	in := &insider{conn: conn, ids: ids}
	if in.out, err = memFile("words from inside"); err != nil {
		conn.Close()
		return nil, err
	}
	self, err := os.Open(selfExe)
	if err != nil {
		in.close()
		return nil, fmt.Errorf("%w: %w", runtime.ErrHelper, err)
	}
	defer self.Close()
	program := fmt.Sprintf("/proc/self/fd/%d", insideSelf)
	if root {
		in.cmd = exec.Command(program, insideArg)
		in.cmd.SysProcAttr = insideOfRoot(ids)
	} else {
		args := insideMaps(ids, uint64(os.Geteuid()), uint64(os.Getegid()))
		in.cmd = exec.Command("lxc-usernsexec", append(args, "--", program, insideArg)...)
	}
	in.cmd.Dir, in.cmd.Env = "/", append(os.Environ(), markKey+"="+mark)
	in.cmd.Stdout, in.cmd.Stderr = in.out, in.out
	in.cmd.ExtraFiles = []*os.File{theirs, file, dir, self} // nil = closed
	if err := in.cmd.Start(); err != nil {
		in.close()
		return nil, fmt.Errorf("%w: a user namespace for its owners: %w", runtime.ErrHelper, err)
	}
	theirs.Close()
	if _, err := in.next(); err != nil { // that it is ready
		err = in.lost(err)
		in.close()
		return nil, err
	}
	return in, nil
}

// insideOfRoot makes such a user namespace as root, who needs nobody for that. It has
// the ids of the container and no others.
func insideOfRoot(ids hostIDs) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER, GidMappingsEnableSetgroups: true,
		Credential: &syscall.Credential{Uid: 0, Gid: 0},
	}
	for _, m := range ids {
		one := syscall.SysProcIDMap{ContainerID: int(m.Inner), HostID: int(m.Host), Size: int(m.Count)}
		if m.Group {
			attr.GidMappings = append(attr.GidMappings, one)
		} else {
			attr.UidMappings = append(attr.UidMappings, one)
		}
	}
	return attr
}

// insideMaps are the arguments by which lxc-usernsexec maps the ids of a container
// as they are there, and the user's own to the next that is free.
func insideMaps(ids hostIDs, uid, gid uint64) []string {
	var args []string
	for _, own := range []struct {
		kind  string
		group bool
		id    uint64
	}{{"u", false, uid}, {"g", true, gid}} {
		free, has := uint64(0), false
		for _, m := range ids {
			if m.Group != own.group {
				continue
			}
			args = append(args, "-m", fmt.Sprintf("%s:%d:%d:%d", own.kind, m.Inner, m.Host, m.Count))
			free = max(free, m.Inner+m.Count)
			has = has || own.id >= m.Host && own.id-m.Host < m.Count
		}
		if !has {
			args = append(args, "-m", fmt.Sprintf("%s:%d:%d:1", own.kind, free, own.id))
		}
	}
	return args
}

// lost is the error of a process that ended before its time.
func (in *insider) lost(err error) error {
	err = errors.Join(in.end(), err)
	b := make([]byte, 8192)
	n, _ := in.out.ReadAt(b, 0)
	words := strings.Join(lastLines(b[:n], 2), "; ")
	if words == "" && err != nil {
		words = err.Error()
	}
	hint := insideHint
	var exit *exec.ExitError
	if errors.As(err, &exit) && !exit.Exited() {
		hint = "It was killed, or crashed: the kernel's log (dmesg) says so where memory ran out. Ask again."
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: the process in the user namespace of its owners has ended: %s", runtime.ErrHelper, words),
		Hint: hint,
	}
}

// end asks it to end, and waits for that.
func (in *insider) end() error {
	in.once.Do(func() {
		in.conn.Close()
		if in.cmd == nil || in.cmd.Process == nil {
			return
		}
		hard := time.AfterFunc(insideEnd, func() { _ = in.cmd.Process.Kill() })
		defer hard.Stop()
		in.err = in.cmd.Wait()
	})
	return in.err
}

func (in *insider) close() {
	_ = in.end() // what was asked of it has been answered by now
	in.out.Close()
}

// ask has work done in there. told hears what comes before the last word, and may
// answer it. When ctx ends, so does the work.
func (in *insider) ask(ctx context.Context, q insideRequest, told func(*insideReply) error) (*insideReply, error) {
	q.IDs = in.ids
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err := sendGob(in.conn, q); err != nil {
		return nil, in.lost(err)
	}
	unwatch := context.AfterFunc(ctx, func() { in.conn.hangUp() })
	defer unwatch()
	for {
		r, err := in.next()
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, in.lost(err)
		}
		if !r.Last {
			if err := told(r); err != nil {
				return nil, cmp.Or(ctx.Err(), err)
			}
			continue
		}
		if ctx.Err() != nil && !r.OK {
			return nil, ctx.Err()
		}
		reply := helperReply{OK: r.OK, Err: r.Err, ErrKind: r.ErrKind}
		if err := reply.err(); err != nil {
			return r, &runtime.Error{Err: err, Hint: r.Hint}
		}
		return r, nil
	}
}

func (in *insider) next() (*insideReply, error) {
	var r insideReply
	return &r, receiveGob(in.conn, &r)
}

// measure is archive.Measure of a root, which stays open in there.
func (in *insider) measure(ctx context.Context, at rootSource) (uint64, error) {
	r, err := in.ask(ctx, insideRequest{Do: insideMeasure, Root: at}, nil)
	if err != nil {
		return 0, err
	}
	return r.Done, nil
}

// pack is archive.Pack of the root that was measured.
func (in *insider) pack(ctx context.Context, o archive.PackOptions) (archive.Packed, error) {
	q := insideRequest{Do: insidePack, Meta: o.Meta, Config: o.Config, Level: o.Level, Full: packFull}
	var skipped []archive.Skipped
	r, err := in.ask(ctx, q, func(r *insideReply) error {
		skipped = append(skipped, r.Skipped...)
		if len(r.Skipped) == 0 {
			o.Progress(r.Done)
		}
		return nil
	})
	if err != nil {
		return archive.Packed{}, err
	}
	r.Packed.Skipped = skipped
	return r.Packed, nil
}

// unpack is archive.Unpack into the staging directory; read is how much of the archive was read.
func (in *insider) unpack(ctx context.Context, o archive.UnpackOptions, full string) (out archive.Unpacked, read uint64, err error) {
	q := insideRequest{Do: insideUnpack, MaxSize: o.MaxSize, MaxEntries: o.MaxEntries, Room: o.Room, Inodes: o.Inodes, Reserve: o.Reserve, Full: full}
	var refused error
	var skipped []archive.Skipped
	r, err := in.ask(ctx, q, func(r *insideReply) error {
		skipped = append(skipped, r.Skipped...)
		switch {
		case r.Head:
			verdict := insideRequest{Do: insideGoOn}
			if refused = o.Config(r.Unpacked.Meta, r.Unpacked.Config); refused != nil {
				verdict.Do = insideRefuse
			}
			return sendGob(in.conn, verdict)
		case len(r.Skipped) == 0:
			o.Progress(r.Done)
		}
		return nil
	})
	switch {
	case refused != nil:
		return out, 0, refused
	case err != nil:
		return out, 0, err
	}
	r.Unpacked.Skipped = skipped
	return r.Unpacked, r.Done, nil
}

// hostName is writeHostName.
func (in *insider) hostName(ctx context.Context, name string) error {
	_, err := in.ask(ctx, insideRequest{Do: insideName, Name: name}, nil)
	return err
}

// removeInside empties a directory, whichever of the ids belongs to what is in it.
func removeInside(ids hostIDs, path string) error {
	dir, err := openStage(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	in, err := goInside(ids, nil, dir, "")
	if err != nil {
		return err
	}
	defer in.close()
	_, err = in.ask(context.Background(), insideRequest{Do: insideRemove}, nil)
	return err
}
