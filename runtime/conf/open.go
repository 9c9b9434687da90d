package conf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// maxNames is how many names of an included directory are taken.
const maxNames = 4096

// ErrNoFile is what is neither a file nor a directory, where reading could wait
// for ever.
var ErrNoFile = errors.New("no regular file")

// Open is the Opener of this host's files. It looks at no owners: whether a
// config may be given to liblxc is another question.
func Open(path string) (Opened, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Opened{}, fmt.Errorf("read %s: %w", path, err)
	}
	f, st, err := openPlain(real)
	if err != nil {
		return Opened{}, fmt.Errorf("read %s: %w", path, err)
	}
	defer f.Close()
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		// Not os.ReadDir, which sorts: liblxc does not.
		names, err := f.Readdirnames(maxNames)
		if err != nil && !errors.Is(err, io.EOF) {
			return Opened{}, fmt.Errorf("read %s: %w", path, err)
		}
		return Opened{Real: real, Dir: true, Names: names}, nil
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return Opened{}, fmt.Errorf("read %s: %w", path, err)
	}
	return Opened{Real: real, Text: text}, nil
}

// openPlain opens a file or a directory without waiting for anybody.
func openPlain(path string) (*os.File, *unix.Stat_t, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, bare(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		f.Close()
		return nil, nil, err
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFREG && kind != unix.S_IFDIR {
		f.Close()
		return nil, nil, ErrNoFile
	}
	return f, &st, nil
}

// bare takes the path off an error that names it again.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
