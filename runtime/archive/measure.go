package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Measure counts the bytes of the regular files that Pack would read in a root,
// each once. It opens no file.
func Measure(ctx context.Context, root *os.File) (bytes uint64, err error) {
	_, mount, err := statAt(int(root.Fd()), "")
	if err != nil {
		return 0, fmt.Errorf("measure the root: %w", err)
	}
	m := &measuring{ctx: ctx, mount: mount, links: map[inode]bool{}}
	d, err := openDirAt(int(root.Fd()), ".")
	if err != nil {
		return 0, fmt.Errorf("measure the root: %w", err)
	}
	err = m.dir(d)
	return m.bytes, err
}

type measuring struct {
	ctx   context.Context
	mount uint64
	links map[inode]bool
	bytes uint64
}

// dir measures a directory and closes it. What is gone or cannot be read by now is
// for Pack to tell.
func (m *measuring) dir(d *os.File) error {
	defer d.Close()
	for {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		names, err := d.Readdirnames(1024)
		for _, name := range names {
			if err := m.entry(int(d.Fd()), name); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("measure the root: %w", err)
		}
	}
}

func (m *measuring) entry(dirfd int, name string) error {
	st, mount, err := statAt(dirfd, name)
	if err != nil || mount != m.mount {
		return nil //nolint:nilerr // see dir
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		d, err := openDirAt(dirfd, name)
		if err != nil {
			return nil //nolint:nilerr // see dir
		}
		return m.dir(d)
	case unix.S_IFREG:
		id := inode{st.Dev, st.Ino}
		if st.Nlink > 1 && m.links[id] {
			return nil
		}
		if st.Nlink > 1 {
			m.links[id] = true
		}
		m.bytes += uint64(max(0, st.Size))
	}
	return nil
}
