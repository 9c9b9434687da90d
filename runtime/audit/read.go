package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// blockSize is how much is read at once, from the end.
const blockSize = 64 << 10

// Read gives the newest records first, at most max of them, without reading
// more of the file than they take. Lines that are no records, such as a torn
// one, are passed over. A log that is not there has none.
func Read(path string, most int) ([]Record, error) {
	var out []Record
	err := backwards(path, func(r *Record) bool {
		if len(out) < most {
			out = append(out, *r)
		}
		return len(out) < most
	})
	return out, err
}

// SinceUnattended gives the results that nobody saw since a time, the newest
// first, each with what its intent says was asked for.
func SinceUnattended(path string, since time.Time) ([]Record, error) {
	// Records stand in the order of their writing, whatever their clocks say;
	// a clock that was set back by more than this is another matter.
	const slack = 24 * time.Hour
	var out []Record
	err := backwards(path, func(r *Record) bool {
		if r.Unattended && r.Phase == Result && r.Time.After(since) {
			out = append(out, *r)
		} else if i := slices.IndexFunc(out, func(x Record) bool { return x.ID == r.ID }); i >= 0 && r.Phase == Intent {
			out[i].Args, out[i].LXC = r.Args, r.LXC
		}
		return r.Time.After(since.Add(-slack))
	})
	return out, err
}

// backwards hands on the records from the last to the first, until it is told
// that it is enough.
func backwards(path string, more func(*Record) bool) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("audit log %s: it is no regular file", path)
	}
	var tail []byte // the end of a line whose beginning was not read yet
	for at := info.Size(); at > 0; {
		n := min(at, blockSize)
		at -= n
		block := make([]byte, n, n+int64(len(tail)))
		if _, err := f.ReadAt(block, at); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("audit log: %w", err)
		}
		block = append(block, tail...)
		for {
			i := bytes.LastIndexByte(block, '\n')
			if i < 0 && at > 0 {
				break
			}
			if r := parse(block[i+1:]); r != nil && !more(r) {
				return nil
			}
			if i < 0 {
				return nil
			}
			block = block[:i]
		}
		if tail = block; len(tail) > 2*maxRecord {
			tail = nil // no record is that long: what is left of it is passed over
		}
	}
	return nil
}

// parse reads one line; nil = it is no record.
func parse(line []byte) *Record {
	if len(line) == 0 || len(line) > 2*maxRecord {
		return nil
	}
	var r Record
	if json.Unmarshal(line, &r) != nil || r.ID == "" || r.Time.IsZero() || (r.Phase != Intent && r.Phase != Result) {
		return nil
	}
	return &r
}
