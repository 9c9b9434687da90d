package metrics

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Address is where to listen: a TCP address, or the path of a unix socket.
type Address struct {
	Unix string // absolute; "" = TCP
	TCP  netip.AddrPort
	Loop bool // TCP has no host: the loopback address of each family that this host has
}

// maxSocket is how long the path of a unix socket may be (unix(7), sun_path).
const maxSocket = 107

// ParseAddress reads unix:PATH, IP:PORT or :PORT, which is loopback. Names but localhost are not looked
// up: what they mean is decided elsewhere. Its errors wrap runtime.ErrInvalid.
func ParseAddress(s string) (Address, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return parseUnix(path)
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return Address{}, fmt.Errorf("%w: address %q is neither IP:PORT nor unix:PATH", runtime.ErrInvalid, s)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Address{}, fmt.Errorf("%w: port %q of address %q is no number from 0 to 65535", runtime.ErrInvalid, port, s)
	}
	var ip netip.Addr
	switch host {
	case "localhost", "":
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		if ip, err = netip.ParseAddr(host); err != nil {
			return Address{}, fmt.Errorf("%w: host %q of address %q is no IP address", runtime.ErrInvalid, host, s)
		}
	}
	return Address{TCP: netip.AddrPortFrom(ip.Unmap(), uint16(n)), Loop: host == ""}, nil
}

func parseUnix(path string) (Address, error) {
	if path == "" || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0) {
		return Address{}, fmt.Errorf("%w: address \"unix:%s\" names no file", runtime.ErrInvalid, path)
	}
	// Also what begins with @, which net takes for a name without a file.
	abs, err := filepath.Abs(path)
	if err != nil {
		return Address{}, fmt.Errorf("socket %s: %w", path, err)
	}
	if len(abs) > maxSocket {
		return Address{}, fmt.Errorf("%w: socket %s: a path of %d bytes (unix(7) allows %d)", runtime.ErrInvalid, abs, len(abs), maxSocket)
	}
	return Address{Unix: abs}, nil
}

// Local says that only this host can reach the address.
func (a Address) Local() bool { return a.Unix != "" || a.TCP.Addr().IsLoopback() }

// String is the address as ParseAddress reads it.
func (a Address) String() string {
	switch {
	case a.Unix != "":
		return "unix:" + a.Unix
	case a.Loop:
		return ":" + strconv.Itoa(int(a.TCP.Port()))
	}
	return a.TCP.String()
}

// Listen opens the address. Closing a unix socket removes its file.
func Listen(ctx context.Context, a Address) (net.Listener, error) {
	var l net.Listener
	var err error
	switch {
	case a.Unix != "":
		l, err = listenUnix(ctx, a.Unix)
	case a.Loop:
		l, err = listenLoop(ctx, a.TCP.Port())
	default:
		l, err = listenTCP(ctx, a.TCP)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", a, cause(err))
	}
	return l, nil
}

func listenTCP(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", at.String())
}

// cause is a network error without the address, which the caller names.
func cause(err error) error {
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err
	}
	return err
}

// listenUnix makes a socket beside its place, where nobody looks for it, and
// moves it there when it listens: a socket that refuses a connection is then
// one that was left, and never one that is not ready yet.
func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	// By the descriptor of its directory the name beside is never too long for a socket.
	dir, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	p := place{dir: dir, name: filepath.Base(path), beside: ".lxcdeck-" + rand.Text()[:8]}
	u, err := p.bind(ctx)
	if err != nil {
		return nil, err
	}
	u.SetUnlinkOnClose(false) // it would remove whatever has the name by then
	var is unix.Stat_t
	if err = unix.Fstatat(dir, p.beside, &is, unix.AT_SYMLINK_NOFOLLOW); err == nil {
		err = p.move(ctx)
	}
	if err != nil {
		_ = unix.Unlinkat(dir, p.beside, 0) // the error is told already
		_ = u.Close()
		return nil, err
	}
	return &socket{u, sync.OnceValue(func() error {
		// While it is open nobody else can have its inode.
		var now unix.Stat_t
		if err := unix.Lstat(path, &now); err == nil && same(&now, &is) {
			_ = unix.Unlink(path) // if that fails, who listens there next removes it
		}
		return u.Close()
	})}, nil
}

// socket is a listener that removes its own file, and no other.
type socket struct {
	*net.UnixListener
	end func() error
}

func (s *socket) Close() error { return s.end() }

// place is where a unix socket is to be.
type place struct {
	dir          int // descriptor of the directory
	name, beside string
}

func (p *place) path(name string) string { return fmt.Sprintf("/proc/self/fd/%d/%s", p.dir, name) }

// bind makes the socket beside its place.
func (p *place) bind(ctx context.Context) (*net.UnixListener, error) {
	mode := uint32(0o600)
	if os.Geteuid() == 0 {
		mode = 0o660 // the group of a systemd unit may be that of the scraper
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// bind(2) gives the file the socket's own mode (unix_bind_bsd of
		// net/unix/af_unix.c): it has never a wider one, and no umask is changed.
		var err error
		if cerr := c.Control(func(fd uintptr) { err = unix.Fchmod(int(fd), mode) }); cerr != nil {
			return cerr
		}
		return os.NewSyscallError("fchmod", err)
	}}
	l, err := config.Listen(ctx, "unix", p.path(p.beside))
	if err != nil {
		return nil, err
	}
	u, ok := l.(*net.UnixListener)
	if !ok {
		_ = l.Close()
		return nil, fmt.Errorf("a listener of type %T", l)
	}
	return u, nil
}

// move puts the socket in its place. One that is there and that nobody listens
// on goes, nothing else does.
func (p *place) move(ctx context.Context) error {
	defer p.alone()()
	err := unix.Renameat2(p.dir, p.beside, p.dir, p.name, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EEXIST) {
		return err
	}
	var was, is unix.Stat_t
	if err := unix.Fstatat(p.dir, p.name, &was, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if was.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return errors.New("the file that is there is no socket: remove it, or choose another path")
	}
	if err := p.left(ctx); err != nil {
		return err
	}
	// It may be another by now, that of a second lxcdeck: what was there is seen
	// when it is out of the way. An inode that is used again has another time.
	if err := unix.Renameat2(p.dir, p.beside, p.dir, p.name, unix.RENAME_EXCHANGE); err != nil {
		return fmt.Errorf("replace the socket that nobody listens on: %w", err)
	}
	err = unix.Fstatat(p.dir, p.beside, &is, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil && same(&is, &was) {
		return unix.Unlinkat(p.dir, p.beside, 0)
	}
	if back := unix.Renameat2(p.dir, p.beside, p.dir, p.name, unix.RENAME_EXCHANGE); back != nil {
		return fmt.Errorf("put back the socket that somebody else has just made: %w", back)
	}
	return fmt.Errorf("%w: somebody else has just begun to listen there", unix.EADDRINUSE)
}

// alone keeps other lxcdecks from moving at the same time. Who holds the lock
// for long does it on purpose, and only makes a race between three possible.
func (p *place) alone() (done func()) {
	dir, err := unix.Openat(p.dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return func() {} // a directory that may not be read
	}
	for end := time.Now().Add(answerTime); unix.Flock(dir, unix.LOCK_EX|unix.LOCK_NB) != nil && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	return func() { _ = unix.Close(dir) }
}

// answerTime is how long a socket that is there may take to answer.
const answerTime = time.Second

// left says, with no error, that nobody listens on the socket that is there.
func (p *place) left(ctx context.Context) error {
	dial := net.Dialer{Timeout: answerTime}
	conn, err := dial.DialContext(ctx, "unix", p.path(p.name))
	switch {
	case err == nil:
		_ = conn.Close()
		return fmt.Errorf("%w: somebody answers there", unix.EADDRINUSE)
	case errors.Is(err, unix.ECONNREFUSED):
		return nil
	default:
		return fmt.Errorf("the socket that is there may be in use: %w", cause(err))
	}
}

// same says that two looks saw one file.
func same(a, b *unix.Stat_t) bool {
	return a.Dev == b.Dev && a.Ino == b.Ino && a.Mtim == b.Mtim
}
