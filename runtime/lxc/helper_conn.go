package lxc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// maxMessage is the largest message between helper and caller, in bytes.
const maxMessage = 4 << 20

// msgConn carries JSON messages, each behind its length, over a unix stream
// socket. Descriptors travel with a message's first byte (unix(7), SCM_RIGHTS).
type msgConn struct{ u *net.UnixConn }

// newMsgConn takes the descriptor over, also when it fails.
func newMsgConn(fd int) (*msgConn, error) {
	f := os.NewFile(uintptr(fd), "helper socket")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("descriptor %d is no unix socket", fd)
	}
	return &msgConn{u}, nil
}

// Close lets go of the socket; a receive that waits returns.
func (c *msgConn) Close() { _ = c.u.Close() }

// hangUp tells the other side that no more is sent; it can still answer.
func (c *msgConn) hangUp() { _ = c.u.CloseWrite() }

// waits waits for the first byte of another message; false = none came in time,
// or the other side has hung up.
func (c *msgConn) waits(limit time.Duration) bool {
	raw, err := c.u.SyscallConn()
	if err != nil || c.u.SetReadDeadline(time.Now().Add(limit)) != nil {
		return false
	}
	more := false
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		more = err == nil && n > 0
		return !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
	})
	return err == nil && more && c.u.SetReadDeadline(time.Time{}) == nil
}

// gone says whether nobody has the other end any more. A hang-up of one direction
// alone is none (POLLHUP of poll(2)).
func (c *msgConn) gone() bool {
	raw, err := c.u.SyscallConn()
	if err != nil {
		return true
	}
	is := false
	err = raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(fds, 0)
		is = err == nil && n > 0 && fds[0].Revents&unix.POLLHUP != 0
	})
	return is || err != nil
}

// peer is the process that has made the pair of sockets.
func (c *msgConn) peer() (pid int, err error) {
	raw, err := c.u.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	cerr := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err := errors.Join(cerr, err); err != nil {
		return 0, err
	}
	return int(cred.Pid), nil
}

func (c *msgConn) send(v any, fds []int) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(body) > maxMessage {
		return fmt.Errorf("message of %d bytes (%d at most)", len(body), maxMessage)
	}
	msg := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	n, _, err := c.u.WriteMsgUnix(msg, oob, nil)
	if err != nil {
		return err
	}
	if n < len(msg) {
		_, err = c.u.Write(msg[n:])
	}
	return err
}

// receive reads one message into v and gives the descriptors that came with
// it, close-on-exec. They are the caller's also when there is an error.
func (c *msgConn) receive(v any) ([]int, error) {
	var head [4]byte
	oob := make([]byte, unix.CmsgSpace(4*4))
	n, oobn, _, _, err := c.u.ReadMsgUnix(head[:], oob)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.EOF
	}
	fds, err := parseRights(oob[:oobn])
	if err != nil {
		return fds, err
	}
	if _, err := io.ReadFull(c.u, head[n:]); err != nil {
		return fds, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxMessage {
		return fds, fmt.Errorf("message of %d bytes (%d at most)", size, maxMessage)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.u, body); err != nil {
		return fds, err
	}
	return fds, json.Unmarshal(body, v)
}

func parseRights(oob []byte) ([]int, error) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var fds []int
	for i := range msgs {
		got, err := unix.ParseUnixRights(&msgs[i])
		if err != nil {
			return fds, err
		}
		fds = append(fds, got...)
	}
	return fds, nil
}
