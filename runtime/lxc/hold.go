package lxc

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// One operation at a time on a container, whichever lxcdeck it comes from. Each
// helper holds a record lock (fcntl(2), F_SETLK) on a file for each container it
// is about. Record locks belong to the process: the monitor that a start leaves
// behind, a fork, does not inherit them, and the kernel drops them at its end,
// however it comes. The files lie in /run (a user's in XDG_RUNTIME_DIR), so that
// none outlives the next boot and nothing is left in an lxcpath.

// holds are the locks of one operation.
type holds struct{ files []*os.File }

// holdAll takes the locks of all containers that a request is about. The error
// wraps ErrBusy and says who holds one of them.
func holdAll(q *helperRequest) (*holds, error) {
	r := runtime.Request{Op: q.Op, Ref: q.Ref, Args: q.Args}
	refs := r.Others()
	if q.Ref != (runtime.Ref{}) {
		refs = append(refs, q.Ref)
	}
	// In one order everywhere, so that two that want the same two do not both fail.
	slices.SortFunc(refs, order)
	dir, err := holdDir()
	if err != nil {
		return nil, err
	}
	h := &holds{}
	for _, ref := range refs {
		if err := h.add(dir, ref, q.Op, unix.F_WRLCK); err != nil {
			h.release()
			return nil, err
		}
	}
	return h, nil
}

// add takes one more lock. F_RDLCK is for what is only looked at: others may have
// the same.
func (h *holds) add(dir string, ref runtime.Ref, op runtime.Op, kind int16) error {
	f, err := hold(dir, ref, op, kind)
	var busy *heldError
	if errors.As(err, &busy) && busy.waitsForStop() && (op == runtime.Kill || op.Beside(runtime.Stop)) {
		return nil // it is what ends that waiting, and the end is the one that was asked for
	}
	if err == nil {
		h.files = append(h.files, f)
	}
	return err
}

func (h *holds) release() {
	for _, f := range h.files {
		f.Close()
	}
	h.files = nil
}

// held says whether an operation is under way on a container, in whichever lxcdeck.
func held(ref runtime.Ref) bool { return holder(ref) != nil }

// holder is the refusal that says which operation is under way on a container;
// nil = none is.
func holder(ref runtime.Ref) error {
	base, _ := holdBase()
	dir := filepath.Join(base, "lxcdeck")
	if isPrivate(dir) != nil {
		return nil // nobody has ever held one, or it is not to be believed
	}
	f, err := os.OpenFile(holdFile(dir, ref), os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	// Closing it would drop a lock of this process, which never asks about its own.
	defer f.Close()
	lk := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lk); err != nil || lk.Type == unix.F_UNLCK {
		return nil
	}
	return heldBy(f, lk.Pid)
}

// heldError is the refusal of a container that another process holds.
type heldError struct {
	what string // "stop (process 17)"; "" = it has not said yet
	own  bool   // it has said so itself; else an earlier one may have, or one of several
}

// heldBy reads what the process that has the lock says of itself.
func heldBy(f *os.File, pid int32) error {
	text, _ := io.ReadAll(io.LimitReader(f, 256))
	what, _, _ := strings.Cut(string(text), "\n")
	return &heldError{what, strings.HasSuffix(what, fmt.Sprintf(" (process %d)", pid))}
}

func (e *heldError) Error() string {
	return fmt.Sprintf("%s: %s, in another lxcdeck", runtime.ErrBusy, cmp.Or(e.what, "one that has just begun"))
}

func (e *heldError) Unwrap() error { return runtime.ErrBusy }

// waitsForStop says whether the other waits for the container to stop, and for
// nothing after that.
func (e *heldError) waitsForStop() bool {
	verb, _, _ := strings.Cut(e.what, " ")
	return e.own && (verb == runtime.Stop.String() || verb == runtime.Shutdown.String())
}

// holdFile is the same for one lxcpath whatever it is called.
func holdFile(dir string, ref runtime.Ref) string {
	if real, err := filepath.EvalSymlinks(ref.Path); err == nil {
		ref.Path = real
	}
	sum := sha256.Sum256([]byte(ref.String()))
	return filepath.Join(dir, hex.EncodeToString(sum[:16]))
}

// hold locks one file. What it holds says who has the lock, for others to read.
func hold(dir string, ref runtime.Ref, op runtime.Op, kind int16) (*os.File, error) {
	f, err := os.OpenFile(holdFile(dir, ref), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock of %s: %w", ref.Name, fileErr(err))
	}
	lk := unix.Flock_t{Type: kind, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &lk); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) {
			return nil, fmt.Errorf("lock of %s: %w", ref.Name, err)
		}
		has := unix.Flock_t{Type: kind, Whence: io.SeekStart}
		if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &has); err != nil {
			return nil, fmt.Errorf("lock of %s: %w", ref.Name, err)
		}
		return nil, heldBy(f, has.Pid)
	}
	// The first line counts. What is cut off first and written again costs ext4 a
	// block and a write to the disk each time (mount options, auto_da_alloc).
	if _, err = fmt.Fprintf(f, "%s (process %d)\n", op, os.Getpid()); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock of %s: %w", ref.Name, fileErr(err))
	}
	return f, nil
}

// holdDir is where this user's locks lie; nobody else can write there.
func holdDir() (string, error) {
	base, made := holdBase()
	if made {
		// Whoever was there first could put another directory in its place.
		if err := makePrivate(base); err != nil {
			return "", err
		}
	}
	dir := filepath.Join(base, "lxcdeck")
	return dir, makePrivate(dir)
}

// holdBase is what the directory of the locks lies in, and whether that is one
// that lxcdeck makes itself.
func holdBase() (base string, made bool) {
	base = "/run"
	if uid := os.Geteuid(); uid != 0 {
		base = "/run/user/" + strconv.Itoa(uid)
		if env := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(env) {
			base = env
		}
		if _, err := os.Stat(base); err != nil {
			return filepath.Join(os.TempDir(), "lxcdeck-"+strconv.Itoa(uid)), true
		}
	}
	return base, false
}

// makePrivate makes a directory that nobody else can write, if it is not there.
func makePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("lock directory: %w", fileErr(err))
	}
	return isPrivate(dir)
}

// isPrivate refuses a directory that others can write.
func isPrivate(dir string) error {
	var st unix.Stat_t
	if err := lstat(dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		return fmt.Errorf("%w: lock directory %s belongs to somebody else or can be written by others", runtime.ErrPermission, dir)
	}
	return nil
}
