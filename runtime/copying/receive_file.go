package copying

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// draftName begins the names of files that are not whole yet.
const draftName = ".lxcdeck-"

func newDraft() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return draftName + hex.EncodeToString(b)
}

// wants says whether a name is to be made, and tells the other side, if it asks.
func (t *taker) wants(m *meta, asks bool) (bool, error) {
	dir := t.top()
	yes := t.o.Out != nil || !dir.skip && dir.fd >= 0
	if yes && t.o.Out == nil && t.o.Exists == runtime.Skip {
		var st unix.Stat_t
		yes = errors.Is(unix.Fstatat(dir.fd, m.name, &st, unix.AT_SYMLINK_NOFOLLOW), unix.ENOENT)
	}
	if !yes {
		t.out.Skipped++
	}
	if !asks || t.o.Exists != runtime.Skip {
		return yes, nil
	}
	if !yes {
		return false, t.answer(answerNo)
	}
	return true, t.answer(answerGo)
}

func (t *taker) file(m *meta) error {
	if yes, err := t.wants(m, true); err != nil || !yes {
		return err
	}
	if t.o.Out != nil {
		whole, _, err := t.content(-1)
		if err == nil && whole {
			t.out.Files++
		}
		return err
	}
	dir := t.top().fd
	fd, draft, err := openDraft(dir, t.o.named)
	if err != nil {
		return t.failed(m.name, err)
	}
	defer unix.Close(fd)
	before := t.out.Bytes
	whole, sum, err := t.content(fd)
	if err == nil && whole && t.o.Verify {
		err = t.readAgain(fd, sum)
	}
	if err == nil && whole {
		err = t.dress(fd, m)
	}
	if err == nil && whole {
		if draft == "" {
			err = t.named(dir, fd, m.name)
		} else {
			err = t.place(dir, draft, m.name)
		}
	}
	if err != nil || !whole {
		if draft != "" {
			_ = unix.Unlinkat(dir, draft, 0) // one that is not there any more is somebody else's doing
		}
		t.out.Bytes = before
		if err != nil {
			return t.failed(m.name, err)
		}
		return nil
	}
	t.out.Files++
	return nil
}

// openDraft makes a file that has no name yet, so that nothing of it stays whatever ends
// this process; where that cannot be, or is not wanted, one with a name that is no one's.
func openDraft(dir int, named bool) (fd int, draft string, err error) {
	if !named {
		fd, err = unix.Openat(dir, ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
		if err == nil {
			return fd, "", nil
		}
	}
	draft = newDraft()
	fd, err = unix.Openat(dir, draft, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	return fd, draft, err
}

// named gives what has no name its own; what is replaced goes by way of a draft.
func (t *taker) named(dir, fd int, name string) error {
	self := fmt.Sprintf("/proc/self/fd/%d", fd)
	err := unix.Linkat(unix.AT_FDCWD, self, dir, name, unix.AT_SYMLINK_FOLLOW)
	switch {
	case !errors.Is(err, unix.EEXIST):
		return err
	case t.o.Exists == runtime.Skip:
		t.out.Skipped++
		t.out.Files--
		return nil
	case t.o.Exists == runtime.Refuse:
		return err
	}
	draft := newDraft()
	if err := unix.Linkat(unix.AT_FDCWD, self, dir, draft, unix.AT_SYMLINK_FOLLOW); err != nil {
		return err
	}
	if err := t.place(dir, draft, name); err != nil {
		_ = unix.Unlinkat(dir, draft, 0)
		return err
	}
	return nil
}

// place gives a draft its name.
func (t *taker) place(dir int, draft, name string) error {
	if t.o.Exists == runtime.Overwrite {
		var st unix.Stat_t
		if unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && !replaces(msgFile, st.Mode&unix.S_IFMT) {
			return unix.EEXIST
		}
		return unix.Renameat(dir, draft, dir, name)
	}
	err := unix.Renameat2(dir, draft, dir, name, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // not every file system knows it
		if err = unix.Linkat(dir, draft, dir, name, 0); err == nil {
			err = unix.Unlinkat(dir, draft, 0)
		}
	}
	if errors.Is(err, unix.EEXIST) && t.o.Exists == runtime.Skip {
		t.out.Skipped++
		t.out.Files--
		return unix.Unlinkat(dir, draft, 0)
	}
	return err
}

// content writes what comes of a file. It is not whole if the other side could not
// read all of it.
func (t *taker) content(fd int) (whole bool, sum []byte, err error) {
	at, end := int64(0), int64(0) // end is that of a hole, which is not written
	for {
		kind, _, body, err := t.next()
		if err != nil {
			return false, nil, err
		}
		switch kind {
		case msgData:
			if err := t.write(fd, body, at); err != nil {
				return false, nil, err
			}
			at += int64(len(body))
			t.count(uint64(len(body)))
		case msgHole:
			r := reading{b: body}
			n := r.num()
			if r.bad || n > 1<<61 || at > 1<<61 {
				return false, nil, fmt.Errorf("%w: a hole of %d bytes", errTalk, n)
			}
			if fd < 0 {
				if err := t.zeros(n); err != nil {
					return false, nil, err
				}
			}
			at += int64(n)
			end = at
			t.count(n)
		case msgDone:
			if len(body) != 0 && len(body) != sha256.Size {
				return false, nil, fmt.Errorf("%w: a checksum of %d bytes", errTalk, len(body))
			}
			if fd >= 0 && end == at && end > 0 {
				err = unix.Ftruncate(fd, end)
			}
			return true, bytes.Clone(body), err
		case msgFailed:
			return false, nil, nil
		default:
			return false, nil, fmt.Errorf("%w: %q within a file", errTalk, kind)
		}
	}
}

func (t *taker) count(n uint64) {
	if t.out.Bytes += n; t.o.Progress != nil {
		t.o.Progress(t.out.Bytes)
	}
}

// write writes all of b.
func (t *taker) write(fd int, b []byte, at int64) error {
	if fd < 0 {
		_, err := t.o.Out.Write(b)
		return err
	}
	for len(b) > 0 {
		n, err := unix.Pwrite(fd, b, at)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		n = max(n, 0)
		b, at = b[n:], at+int64(n)
	}
	return nil
}

// zeros writes a hole to what can have none.
func (t *taker) zeros(n uint64) error {
	zero := make([]byte, min(n, piece))
	for n > 0 {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		part := min(n, piece)
		if _, err := t.o.Out.Write(zero[:part]); err != nil {
			return err
		}
		n -= part
	}
	return nil
}

// readAgain compares a file with what it should be, from the disk as far as that can
// be had.
func (t *taker) readAgain(fd int, want []byte) error {
	if err := unix.Fsync(fd); err != nil {
		return err
	}
	_ = unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED) // a file system that keeps it is read all the same
	if t.again == nil {
		t.again = make([]byte, piece)
	}
	h := sha256.New()
	for at := int64(0); ; {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		n, err := unix.Pread(fd, t.again, at)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			if !bytes.Equal(h.Sum(nil), want) {
				return ErrDiffers
			}
			return nil
		}
		h.Write(t.again[:n])
		at += int64(n)
	}
}

// symlink makes a link, which is not followed.
func (t *taker) symlink(m *meta) error {
	if yes, err := t.wants(m, false); err != nil || !yes {
		return err
	}
	if t.o.Out != nil || m.target == "" {
		return fmt.Errorf("%w: a link", errTalk)
	}
	dir, draft := t.top().fd, newDraft()
	if err := unix.Symlinkat(m.target, dir, draft); err != nil {
		return t.failed(m.name, err)
	}
	before := t.out.Skipped
	err := t.dressLink(dir, draft, m)
	if err == nil {
		t.out.Links++
		err = t.place(dir, draft, m.name)
	}
	if err != nil {
		_ = unix.Unlinkat(dir, draft, 0)
		return t.failed(m.name, err)
	}
	if t.out.Skipped > before {
		t.out.Links--
		t.out.Files++ // which place has taken off
	}
	return nil
}

// dressLink gives a link its owner and time, and nothing else that has come in its place.
func (t *taker) dressLink(dir int, draft string, m *meta) error {
	fd, err := openBeneath(dir, draft, unix.O_PATH)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return fmt.Errorf("%w: it was exchanged", unix.ELOOP)
	}
	if t.o.Chown {
		err := unix.Fchownat(fd, "", int(m.uid), int(m.gid), unix.AT_EMPTY_PATH)
		if err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EINVAL) {
			return err
		}
	}
	return t.date(fd, m)
}
