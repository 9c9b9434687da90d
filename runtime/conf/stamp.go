package conf

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrChanged is a file that is no longer as it was read.
var ErrChanged = errors.New("changed by somebody else")

// Stamp is one version of a file.
type Stamp struct {
	Dev, Ino uint64
	Size     int64
	Mtime    int64 // ns since 1970
	Ctime    int64 // ns since 1970
	Sum      [sha256.Size]byte
}

func stampOf(st *unix.Stat_t, text []byte) Stamp {
	return Stamp{
		Dev: st.Dev, Ino: st.Ino, Size: st.Size,
		Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano(), Sum: sha256.Sum256(text),
	}
}

// sameText says whether two versions are one file with one text: owner, mode and
// names may differ.
func (s Stamp) sameText(o Stamp) bool {
	s.Ctime = o.Ctime
	return s == o
}

// Doc is a config file as it was read, to be edited.
type Doc struct {
	Path  string // without links
	Text  []byte // MaxSize bytes and one more at most
	Stamp Stamp
}

// Load reads a file, to be edited. One that is written to meanwhile is read again;
// if that goes on, it is ErrChanged.
func Load(path string) (*Doc, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, bare(err))
	}
	for range 3 {
		text, before, after, err := readWhole(real)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if before == after {
			return &Doc{Path: real, Text: text, Stamp: after}, nil
		}
	}
	return nil, fmt.Errorf("read %s: %w while it was read", path, ErrChanged)
}

// readWhole reads a regular file, with its stamps before and after that.
func readWhole(path string) (text []byte, before, after Stamp, err error) {
	f, st, err := openPlain(path)
	if err != nil {
		return nil, before, after, err
	}
	defer f.Close()
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, before, after, ErrNoFile
	}
	if text, err = io.ReadAll(io.LimitReader(f, MaxSize+1)); err != nil {
		return nil, before, after, bare(err)
	}
	var end unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &end); err != nil {
		return nil, before, after, err
	}
	return text, stampOf(st, text), stampOf(&end, text), nil
}

// Changed says whether a file is another version by now: nil, or an error that
// wraps ErrChanged, or why that cannot be told.
func (d *Doc) Changed() error {
	_, _, now, err := readWhole(d.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ELOOP), errors.Is(err, ErrNoFile):
		return fmt.Errorf("%w: %s: %w", ErrChanged, d.Path, err)
	case err != nil:
		return fmt.Errorf("look at %s: %w", d.Path, err)
	case now != d.Stamp:
		return fmt.Errorf("%w: %s", ErrChanged, d.Path)
	}
	return nil
}

// Version is the stamp as one word.
func (s Stamp) Version() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x-%x", s.Dev, s.Ino, s.Size, s.Mtime, s.Ctime, s.Sum)
}
