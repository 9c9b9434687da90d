package lxc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Every running container's monitor listens on an abstract unix socket
// (liblxc's commands.c). lxcdeck asks it the two questions that liblxc's own
// State and InitPid ask, in the same words, but from Go: such a question has a
// deadline, pins no thread while a stopped monitor leaves it open, needs no
// configuration to be loaded, and tells who holds the socket. A reply that
// is not understood is left to liblxc (state.go).

// command is a number of liblxc's lxc_cmd_t. Both have been what they are
// since LXC 1.0.
type command int32

const (
	cmdGetState   command = 3
	cmdGetInitPID command = 4
)

const (
	// wireSize is sizeof(struct lxc_cmd_req) and sizeof(struct lxc_cmd_rsp) on
	// 64-bit machines: two ints and a pointer. On others replies are not
	// understood and liblxc is asked.
	wireSize = 16
	// sunPathMax is what an abstract name may have after its NUL, less one that
	// liblxc keeps for itself (lxc_make_abstract_socket_name).
	sunPathMax = len(unix.RawSockaddrUnix{}.Path) - 2
)

// Outcomes of asking a monitor, beside an answer.
var (
	errNoMonitor  = errors.New("nobody listens on the command socket")
	errNotOurs    = errors.New("the monitor refuses this user")
	errGarbled    = errors.New("the monitor's reply is not understood")
	errSilent     = fmt.Errorf("%w in time", runtime.ErrNoAnswer)
	errManyAsking = fmt.Errorf("%w: its queue is full", runtime.ErrNoAnswer)
)

// socketName is the abstract name of a container's command socket in the
// spelling of package net: "@" stands for the NUL.
func socketName(ref runtime.Ref) string {
	full := ref.Path + "/" + ref.Name
	if len(full)+len("/command") <= sunPathMax {
		return "@" + full + "/command"
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, full) // never fails: hash.Hash
	return fmt.Sprintf("@lxc/%016x/command", h.Sum64())
}

// question is one request to a monitor whose answer may still be out.
type question struct {
	conn *net.UnixConn
	at   time.Time
	peer unix.Ucred // of whoever made the socket listen
}

// askMonitor connects and sends a request. errNoMonitor means that the
// container has no monitor, which is to say that it is stopped.
func askMonitor(ref runtime.Ref, cmd command) (*question, error) {
	return askSocket(socketName(ref), cmd)
}

// askSocket is askMonitor for a socket's name, in the spelling of package net.
func askSocket(name string, cmd command) (*question, error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: name})
	switch {
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENOENT):
		return nil, errNoMonitor
	case errors.Is(err, unix.EAGAIN):
		return nil, errManyAsking
	case err != nil:
		return nil, fmt.Errorf("connect to the command socket: %w", bare(err))
	}
	q := &question{conn: conn, at: time.Now()}
	err = q.send(cmd)
	if err == nil {
		return q, nil
	}
	_ = conn.Close()
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
		return nil, errNoMonitor // it ended in between
	}
	return nil, err
}

func (q *question) send(cmd command) error {
	raw, err := q.conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("command socket: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return fmt.Errorf("command socket: %w", err)
	}
	if credErr != nil {
		return fmt.Errorf("command socket: peer: %w", credErr)
	}
	q.peer = *cred
	var req [wireSize]byte
	binary.NativeEndian.PutUint32(req[:], uint32(cmd))
	own := unix.UnixCredentials(&unix.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())})
	if _, _, err := q.conn.WriteMsgUnix(req[:], own, nil); err != nil {
		return fmt.Errorf("command socket: send: %w", bare(err))
	}
	return nil
}

// answer waits for the reply until the deadline: struct lxc_cmd_rsp is an int
// ret, an int datalen and a pointer, in which state and pid travel.
func (q *question) answer(until time.Time) (ret int, data uint64, err error) {
	if err := q.conn.SetReadDeadline(until); err != nil {
		return 0, 0, err
	}
	var rsp [wireSize]byte
	if _, err := io.ReadFull(q.conn, rsp[:]); err != nil {
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return 0, 0, errSilent
		case errors.Is(err, io.EOF), errors.Is(err, unix.ECONNRESET), errors.Is(err, unix.EPIPE):
			return 0, 0, errNoMonitor
		default:
			return 0, 0, fmt.Errorf("%w: %w", errGarbled, bare(err))
		}
	}
	ret = int(int32(binary.NativeEndian.Uint32(rsp[0:])))
	if ret == -int(unix.EPERM) || ret == -int(unix.EACCES) {
		return 0, 0, errNotOurs
	}
	return ret, binary.NativeEndian.Uint64(rsp[8:]), nil
}

// dropAfter is how long an answer is waited for that nobody needs.
const dropAfter = time.Second

// drop hangs up once the answer is there, or does not come: a monitor that nobody hears
// out writes "Broken pipe" into the container's own log (__lxc_cmd_rsp_send).
func (q *question) drop() {
	_, _, _ = q.answer(time.Now().Add(dropAfter))
	_ = q.conn.Close()
}

// monitorState reads the answer to cmdGetState: an lxc_state_t, whose STOPPED is 0.
func monitorState(ret int, data uint64) (runtime.State, error) {
	if ret != 0 || data > uint64(runtime.Thawed-runtime.Stopped) {
		return runtime.Unknown, fmt.Errorf("%w: state %d, %d", errGarbled, ret, data)
	}
	return runtime.Stopped + runtime.State(data), nil
}

// bare takes the address off an error of package net: names are foreign text
// and stand in the Ref already.
func bare(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// until is the deadline of a question: d from now, or the context's if that is earlier.
func until(ctx context.Context, d time.Duration) time.Time {
	t := time.Now().Add(d)
	if c, ok := ctx.Deadline(); ok && c.Before(t) {
		return c
	}
	return t
}
