package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/copying"
)

// This file runs in helpers, and in the worker inside a user namespace.

// filesAsk is the container's side of a copy.
type filesAsk struct {
	Push         bool // files come
	From         []string
	To           string
	Alone        bool // the other side is one file that somebody has opened
	Exists       runtime.Exists
	Verify, Sums bool
}

// filesDone is what came of it.
type filesDone struct {
	Given *copying.Given // of a pull
	Taken *copying.Taken // of a push
}

// do carries it out. chown: this process may give files away.
func (q *filesAsk) do(ctx context.Context, root *os.File, stream io.ReadWriter, chown bool) (filesDone, error) {
	at := filesPlace{open: func(name string, flags uint64) (int, error) { return openBelow(root, name, flags) }}
	if q.Push {
		n := len(q.From)
		taken, err := at.receive(ctx, stream, q.To, n, copying.Take{
			Exists: q.Exists, Chown: chown, Verify: q.Verify, Reserve: unpackReserve,
		})
		return filesDone{Taken: &taken}, copyErr(err)
	}
	at.follow = q.Alone
	given, err := at.send(ctx, stream, q.From, copying.Give{Skip: q.Exists == runtime.Skip, Verify: q.Verify, Sums: q.Sums})
	return filesDone{Given: &given}, copyErr(err)
}

// filesPlace is where paths lead: on the host, or below a container's root.
type filesPlace struct {
	open   func(name string, flags uint64) (int, error)
	follow bool        // a source that is a link is what it leads to
	never  *copying.ID // a folder below which nothing is written
}

// openHost opens what a person named on the host.
func openHost(name string, flags uint64) (int, error) {
	fd, err := unix.Open(name, int(flags)|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return fd, nil
}

// send opens the sources and sends them.
func (p *filesPlace) send(ctx context.Context, stream io.ReadWriter, from []string, give copying.Give) (copying.Given, error) {
	defer func() {
		for _, src := range give.Sources {
			_ = src.File.Close()
		}
	}()
	for _, name := range from {
		flags := uint64(unix.O_PATH)
		if !p.follow && !strings.HasSuffix(name, "/") {
			flags |= unix.O_NOFOLLOW
		}
		fd, err := p.open(name, flags)
		if err != nil {
			return copying.Given{}, err
		}
		f := os.NewFile(uintptr(fd), name)
		give.Sources = append(give.Sources, copying.Source{File: f, Name: path.Base(name), Path: name})
	}
	return copying.Send(ctx, stream, give)
}

// receive finds the target, as cp(1) does, and fills it. n is how many sources there are.
func (p *filesPlace) receive(ctx context.Context, stream io.ReadWriter, to string, n int, take copying.Take) (copying.Taken, error) {
	if take.Out != nil {
		return copying.Receive(ctx, stream, take)
	}
	const how = unix.O_RDONLY | unix.O_DIRECTORY
	fd, err := p.open(to, how)
	switch {
	case err == nil && n == 0:
		_ = unix.Close(fd)
		return copying.Taken{}, fmt.Errorf("%w: %s is a folder: name the file", runtime.ErrInvalid, to)
	case err == nil:
	case !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR):
		return copying.Taken{}, err
	case n > 1, strings.HasSuffix(to, "/"):
		return copying.Taken{}, fmt.Errorf("%s is to be a folder that is there: %w", to, err)
	default:
		take.Name = path.Base(to)
		if take.Name == "." || take.Name == ".." || take.Name == "/" {
			return copying.Taken{}, err
		}
		if fd, err = p.open(path.Dir(to), how); err != nil {
			return copying.Taken{}, err
		}
	}
	take.Dir = os.NewFile(uintptr(fd), to)
	defer take.Dir.Close()
	if p.never != nil {
		if err := notBelow(take.Dir, *p.never); err != nil {
			return copying.Taken{}, err
		}
	}
	return copying.Receive(ctx, stream, take)
}

// notBelow refuses a folder that is, or is below, another.
func notBelow(dir *os.File, never copying.ID) error {
	fd, err := unix.Openat(int(dir.Fd()), ".", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	var last copying.ID
	for range 4096 {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
		id := copying.ID{Dev: st.Dev, Ino: st.Ino}
		if id == never {
			return fmt.Errorf("%w: %s is inside of the container's own root: nothing is written there from outside", runtime.ErrInvalid, dir.Name())
		}
		if id == last {
			return nil
		}
		last = id
		up, err := unix.Openat(fd, "..", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil // what is above may not be searched by this user
		}
		_ = unix.Close(fd)
		fd = up
	}
	return nil
}

// copyFiles is the container's side, with the stream that came in place of an archive.
func (w *insideWorker) copyFiles(q insideRequest) (*filesDone, error) {
	if q.Copy == nil {
		return nil, fmt.Errorf("%w: nothing to copy", runtime.ErrHelper)
	}
	root, err := w.rootOf(q.Root)
	if err != nil {
		return nil, err
	}
	conn, err := net.FileConn(w.file)
	if err != nil {
		return nil, err
	}
	_ = w.file.Close() // so that the other side sees the end of this one
	defer conn.Close()
	stop := context.AfterFunc(w.ctx, func() { _ = conn.Close() })
	defer stop()
	out, err := q.Copy.do(w.ctx, root, conn, true)
	endStream(conn)
	var notes *[]copying.Note
	switch {
	case out.Given != nil:
		notes = &out.Given.Notes
	case out.Taken != nil:
		notes = &out.Taken.Notes
	}
	if notes != nil {
		for part := range slices.Chunk(*notes, skippedPart) {
			if err := sendGob(w.conn, insideReply{Copied: &filesDone{Given: &copying.Given{Notes: part}}}); err != nil {
				return nil, err
			}
		}
		*notes = nil
	}
	return &out, err
}

// endStream lets the other side see the end, even where lxc-usernsexec(1), which waits
// for this process, has the same socket open.
func endStream(conn net.Conn) {
	if c, ok := conn.(*net.UnixConn); ok {
		_ = c.CloseWrite()
		_ = c.CloseRead()
	}
	_ = conn.Close()
}

// notes are those that came in a part.
func (d *filesDone) notes() []copying.Note {
	if d.Given == nil {
		return nil
	}
	return d.Given.Notes
}
