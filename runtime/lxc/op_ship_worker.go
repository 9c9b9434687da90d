package lxc

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
	"lxcdeck/runtime/copying"
)

// This file runs inside a user namespace; see insider.

// insideArg makes a process of this executable that worker, if it has the socket too.
const insideArg = "__lxcdeck_inside"

// What is asked of it.
const (
	insideMeasure = "measure"
	insidePack    = "pack"
	insideUnpack  = "unpack"
	insideGoOn    = "go on"  // answers Head
	insideRefuse  = "refuse" // so does this
	insideName    = "name"
	insideRemove  = "remove"
	insideLogs    = "logs"
	insideOpenLog = "open log" // the answer has it as a descriptor
	insideFiles   = "files"
	insideCopy    = "copy"
)

// skippedPart is how many of what is left out travel in one message.
const skippedPart = 50

// insideRequest is what it is asked. The end of the stream asks it to end, whatever it
// does.
type insideRequest struct {
	Do     string
	IDs    hostIDs // of the container: no others are its own, though the user's are mapped too
	Root   rootSource
	Name   string
	Full   string // what to do when the file system is full
	Meta   archive.Meta
	Config []byte
	Level  int
	Copy   *filesAsk

	MaxSize, MaxEntries, Room, Inodes, Reserve uint64
}

// insideReply is what it answers: any number without Last, then one with it.
type insideReply struct {
	Ready, Last, OK    bool
	Err, ErrKind, Hint string
	Head               bool // Unpacked has what the archive says of itself, to be judged
	Done               uint64
	Skipped            []archive.Skipped // a part of what is left out
	Packed             archive.Packed
	Unpacked           archive.Unpacked
	Logs               logTold
	Folder             *foundFolder
	Copied             *filesDone
	Peer               bool // Err is only that the other side of a copy has ended
}

// sendGob sends what has strings that are bytes, such as names of files.
func sendGob(c *msgConn, v any) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return err
	}
	return c.send(b.Bytes(), nil)
}

func receiveGob(c *msgConn, v any) error {
	fds, err := receiveFiles(c, v)
	closeAll(fds)
	return err
}

// receiveFiles is receiveGob with the descriptors that came too, which are the caller's
// also when there is an error.
func receiveFiles(c *msgConn, v any) ([]int, error) {
	var b []byte
	fds, err := c.receive(&b)
	if err != nil {
		return fds, err
	}
	return fds, gob.NewDecoder(bytes.NewReader(b)).Decode(v)
}

// insideWorker is the worker's life.
type insideWorker struct {
	conn  *msgConn
	ctx   context.Context
	asked chan insideRequest
	root  *os.File // that was measured
	file  *os.File // the archive
	dir   *os.File // the staging directory, or the root whose logs are read
	log   *os.File // that was opened just now
}

func serveInside() int {
	conn, err := helperConn()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lxcdeck: not to be started by hand:", err)
		return helperFailed
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	allowFiles()
	w := &insideWorker{conn: conn, ctx: ctx, asked: make(chan insideRequest), file: os.NewFile(insideFile, "archive"), dir: os.NewFile(insideDir, "staging directory")}
	go func() {
		defer cancel() // nobody wants it any more
		defer close(w.asked)
		for {
			var q insideRequest
			if receiveGob(conn, &q) != nil {
				return
			}
			w.asked <- q
		}
	}()
	if err := sendGob(conn, insideReply{Ready: true}); err != nil {
		return helperFailed
	}
	for q := range w.asked {
		r := w.serve(q)
		r.Last = true
		if err := w.send(r); err != nil {
			return helperFailed
		}
	}
	return 0
}

// send sends the last word of an answer, and what was opened.
func (w *insideWorker) send(r insideReply) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(r); err != nil {
		return err
	}
	if w.log == nil {
		return w.conn.send(b.Bytes(), nil)
	}
	defer func() { _ = w.log.Close(); w.log = nil }()
	return w.conn.send(b.Bytes(), []int{int(w.log.Fd())})
}

func (w *insideWorker) serve(q insideRequest) (r insideReply) {
	var err error
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: panic: %v", runtime.ErrHelper, p)
		}
		if err = shipErr(err, q.Full); err == nil {
			r.OK = true
			return
		}
		failed := failedReply(err, "")
		r.Err, r.ErrKind, r.Hint = failed.Err, failed.ErrKind, failed.Hint
	}()
	switch q.Do {
	case insideMeasure:
		if w.root, err = openInside(q.Root); err == nil {
			r.Done, err = archive.Measure(w.ctx, w.root)
		}
	case insidePack:
		r.Packed, err = w.pack(q)
	case insideUnpack:
		r.Unpacked, r.Done, err = w.unpack(q)
	case insideName:
		err = writeHostName(w.dir, q.Name)
	case insideRemove:
		err = fileErr(emptyDir(w.dir))
	case insideLogs:
		r.Logs = logsInside(w.dir)
	case insideOpenLog:
		w.log, err = openLogInside(w.dir, q.Name)
	case insideFiles:
		r.Folder, err = w.files(q)
	case insideCopy:
		r.Copied, err = w.copyFiles(q)
		r.Peer = copying.IsEnded(err)
	default:
		err = fmt.Errorf("%w: unknown request %q", runtime.ErrHelper, q.Do)
	}
	return r
}

// openInside opens a root for Pack. An overlay is mounted, which takes a mount namespace
// of this user namespace: this thread gets one, and keeps it.
func openInside(at rootSource) (*os.File, error) {
	if at.overlay() {
		goruntime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return nil, fmt.Errorf("a mount namespace for its overlay: %w", err)
		}
	}
	return at.open()
}

// now and then tells how far it is.
func (w *insideWorker) now() func(done uint64) {
	last := time.Now()
	return func(done uint64) {
		if now := time.Now(); now.Sub(last) >= shipTell {
			last = now
			_ = sendGob(w.conn, insideReply{Done: done}) // who does not hear it sends no more either
		}
	}
}

// skipped tells what is left out, in parts.
func (w *insideWorker) skipped(all []archive.Skipped) error {
	for len(all) > 0 {
		n := min(len(all), skippedPart)
		if err := sendGob(w.conn, insideReply{Skipped: all[:n]}); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

func (w *insideWorker) pack(q insideRequest) (archive.Packed, error) {
	out, err := archive.Pack(w.ctx, &impatient{f: w.file, ctx: w.ctx}, archive.PackOptions{
		Meta: q.Meta, Config: q.Config, Root: w.root, Except: w.file, Level: q.Level, Progress: w.now(), Inner: q.IDs.own,
	})
	if err == nil {
		err = w.skipped(out.Skipped)
	}
	out.Skipped = nil
	return out, err
}

var errRefused = errors.New("its config was refused")

func (w *insideWorker) unpack(q insideRequest) (archive.Unpacked, uint64, error) {
	in, tell := &impatient{f: w.file, ctx: w.ctx}, w.now()
	out, err := archive.Unpack(w.ctx, in, w.dir, archive.UnpackOptions{
		Config: func(m archive.Meta, config []byte) error {
			if err := sendGob(w.conn, insideReply{Head: true, Unpacked: archive.Unpacked{Meta: m, Config: config}}); err != nil {
				return err
			}
			switch verdict, ok := <-w.asked; {
			case !ok:
				return w.ctx.Err()
			case verdict.Do != insideGoOn:
				return errRefused
			}
			return nil
		},
		MaxSize: q.MaxSize, MaxEntries: q.MaxEntries, Room: q.Room, Inodes: q.Inodes, Reserve: q.Reserve, NoDevices: true, Host: q.IDs.own,
		Progress: func(uint64) { tell(in.read) },
	})
	if err == nil {
		err = w.skipped(out.Skipped)
	}
	out.Skipped, out.Config = nil, nil
	return out, in.read, err
}
