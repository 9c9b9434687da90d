package copying

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

func (s *sender) symlink(fd int, st *unix.Stat_t, name, at string, depth int) error {
	m := s.head(st, name, at)
	m.size = 0
	if s.plan {
		return s.planned(msgLink, &m)
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buf)
	if err != nil {
		return s.unread(at, depth, err)
	}
	m.target = string(buf[:n])
	return s.say(msgLink, &m)
}

func (s *sender) file(fd int, st *unix.Stat_t, name, at string, depth int) error {
	m := s.head(st, name, at)
	if s.plan {
		return s.planned(msgFile, &m)
	}
	// What the descriptor stands for is known to be a file: nothing is opened that acts
	// when it is, and no name is looked up again.
	f, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return s.unread(at, depth, err)
	}
	defer unix.Close(f)
	s.attrs(f, &m, at)
	if err := s.say(msgFile, &m); err != nil {
		return err
	}
	if wanted, err := s.wanted(); err != nil || !wanted {
		return err
	}
	size, err := s.content(f, st)
	var read *readError
	if errors.As(err, &read) {
		if err := s.put(msgFailed, nil); err != nil {
			return err
		}
		return s.unread(at, depth, read.err)
	}
	if err != nil {
		return err
	}
	s.changed(f, st, size, at)
	return s.done(at, size)
}

// changed notes a file that was written to while it was read.
func (s *sender) changed(f int, was *unix.Stat_t, read uint64, at string) {
	var st unix.Stat_t
	switch err := unix.Fstat(f, &st); {
	case err != nil:
	case was.Size == 0 && read == maxUntold:
		s.note(at, fmt.Sprintf("it does not say how long it is, and only the first %d MB are copied", maxUntold>>20))
	case st.Size != was.Size || st.Mtim != was.Mtim && was.Size != 0:
		s.note(at, "it was written to while it was read")
	}
}

// maxUntold is how many bytes are read of a file that says it has none: one of the
// kernel's, as in /proc, or one that is begun at this moment.
const maxUntold = 16 << 20

// untold sends what there is of such a file. Not all of the kernel's can be read from a
// place that is named.
func (s *sender) untold(f int) (at uint64, err error) {
	for at < maxUntold {
		if err := s.ctx.Err(); err != nil {
			return at, err
		}
		n, err := unix.Read(f, s.data[:min(len(s.data), maxUntold-int(at))])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return at, &readError{err}
		case n == 0:
			return at, nil
		}
		if err := s.send(n); err != nil {
			return at, err
		}
		at += uint64(n)
	}
	return at, nil
}

// readError is a failure to read a file, and not to send it.
type readError struct{ err error }

func (e *readError) Error() string { return "read: " + e.err.Error() }

// content sends a file up to the size that it had when it was opened.
func (s *sender) content(f int, st *unix.Stat_t) (at uint64, err error) {
	size := uint64(st.Size)
	if size == 0 {
		return s.untold(f)
	}
	holes := st.Blocks*512 < st.Size
	for at < size {
		end := size
		if holes {
			from, to, err := dataAfter(f, at, size)
			if err != nil {
				holes = false // this file system does not tell
				continue
			}
			if err := s.hole(from - at); err != nil {
				return at, err
			}
			at, end = from, to
		}
		for at < end {
			if err := s.ctx.Err(); err != nil {
				return at, err
			}
			n, err := unix.Pread(f, s.data[:min(uint64(len(s.data)), end-at)], int64(at))
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case err != nil:
				return at, &readError{err}
			case n == 0:
				return at, nil // it has become shorter
			}
			if err := s.send(n); err != nil {
				return at, err
			}
			at += uint64(n)
		}
	}
	return at, nil
}

// dataAfter finds the next part of a file that is no hole.
func dataAfter(f int, at, size uint64) (from, to uint64, err error) {
	a, err := unix.Seek(f, int64(at), unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) {
		return size, size, nil
	}
	if err != nil {
		return 0, 0, err
	}
	b, err := unix.Seek(f, a, unix.SEEK_HOLE)
	if err != nil || b <= a || uint64(a) < at {
		return 0, 0, errors.Join(unix.EIO, err)
	}
	return min(uint64(a), size), min(uint64(b), size), nil
}

func (s *sender) hole(n uint64) error {
	if n == 0 {
		return nil
	}
	if s.hash != nil {
		zero := make([]byte, min(n, piece))
		for left := n; left > 0; left -= min(left, piece) {
			if err := s.ctx.Err(); err != nil {
				return err
			}
			s.hash.Write(zero[:min(left, piece)])
		}
	}
	s.count(n)
	return s.put(msgHole, binary.AppendUvarint(nil, n))
}

// send sends so many bytes of s.data.
func (s *sender) send(n int) error {
	if s.hash != nil {
		s.hash.Write(s.data[:n])
	}
	s.count(uint64(n))
	return s.put(msgData, s.data[:n])
}

func (s *sender) count(n uint64) {
	if s.out.Bytes += n; s.o.Progress != nil {
		s.o.Progress(s.out.Bytes)
	}
}

// done ends a file.
func (s *sender) done(at string, size uint64) error {
	if s.hash == nil {
		return s.put(msgDone, nil)
	}
	sum := s.hash.Sum(nil)
	s.hash.Reset()
	if s.paths += len(at); len(s.out.Sums) < runtime.MaxSums && s.paths < maxSumPaths {
		s.out.Sums = append(s.out.Sums, runtime.Sum{Path: at, SHA256: hex.EncodeToString(sum), Size: size})
	}
	return s.put(msgDone, sum)
}
