package kernfile

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Buffer holds one file's content at a time; many files share one.
type Buffer struct {
	// Pread reads as pread(2) does; nil = pread(2) itself. Tests put the faults
	// of a kernel here.
	Pread func(fd int, p []byte, offset int64) (int, error)

	b []byte
}

const (
	firstBuffer = 16 << 10
	lastBuffer  = 1 << 20
	// A seq_file of many records gives what fits in a page, whatever is asked
	// for; less than half a page means that nothing follows.
	halfPage = 2048
)

var errTooLong = fmt.Errorf("more than %d bytes", lastBuffer)

// Read gives the whole content of a kernel file; it stays valid until the
// next read. The result is nil when there is an error, and only then.
func (u *Buffer) Read(fd int, many bool) ([]byte, error) {
	if u.b == nil {
		u.b = make([]byte, firstBuffer)
	}
	read := u.Pread
	if read == nil {
		read = unix.Pread
	}
	for have := 0; ; {
		n, err := read(fd, u.b[have:], int64(have))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, err
		}
		have += n
		full := have == len(u.b)
		switch {
		case n == 0, !full && (!many || n < halfPage):
			return u.b[:have], nil
		case full && len(u.b) >= lastBuffer:
			return nil, errTooLong
		case full:
			grown := make([]byte, 2*len(u.b))
			copy(grown, u.b)
			u.b = grown
		}
	}
}
