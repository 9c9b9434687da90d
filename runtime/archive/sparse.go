package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"

	"golang.org/x/sys/unix"
)

// Files with holes travel as GNU tar writes them, version 1.0 of its sparse formats
// (info tar, "PAX Format, Version 1.0"): a file of 200 GB with nothing in it, as
// lastlog(8) can be, is not 200 GB of zeros then.

const (
	// minHoles is how much of a file has to be holes, in bytes, for it to be worth it.
	minHoles = 1 << 20
	// maxPieces is how many pieces a file with holes may have: their list is read at
	// once by whoever unpacks.
	maxPieces = 4096
)

// The records of a file with holes. archive/tar drops those with their real names, so
// that it never contradicts itself: they get them afterwards, which are as long.
const (
	sparseRecord  = "GNU.sparse."
	sparseStandIn = "GNU-sparse."
)

// piece is a part of a file that is no hole.
type piece struct{ at, n int64 }

// pieces finds what is not holes (lseek(2), SEEK_DATA); nil = the file is better
// packed as it is.
func pieces(fd int, size int64) []piece {
	all, filled := []piece{}, int64(0)
	for at := int64(0); at < size; {
		from, err := unix.Seek(fd, at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break // nothing but a hole up to the end
		}
		to, herr := unix.Seek(fd, from, unix.SEEK_HOLE)
		if err != nil || herr != nil || from < at || to <= from || len(all) == maxPieces {
			return nil
		}
		if from >= size {
			break
		}
		to = min(to, size)
		all = append(all, piece{from, to - from})
		filled += to - from
		at = to
	}
	if size-filled < minHoles {
		return nil
	}
	return all
}

// sparse packs a file of which only some pieces are no holes.
func (p *packer) sparse(fd int, inside string, h *tar.Header, all []piece) error {
	var list bytes.Buffer
	end := len(all) == 0 || all[len(all)-1].at+all[len(all)-1].n < h.Size
	n := len(all)
	if end {
		n++
	}
	fmt.Fprintf(&list, "%d\n", n)
	size := int64(0)
	for _, x := range all {
		fmt.Fprintf(&list, "%d\n%d\n", x.at, x.n)
		size += x.n
	}
	if end { // so that a file that ends in a hole has its size
		fmt.Fprintf(&list, "%d\n0\n", h.Size)
	}
	list.Write(make([]byte, -list.Len()&511))
	head, err := sparseHeader(h, int64(list.Len())+size)
	if err != nil {
		return fmt.Errorf("pack %q: %w", inside, err)
	}
	if err := p.tar.Flush(); err != nil {
		return err
	}
	if _, err := p.raw.Write(append(head, list.Bytes()...)); err != nil {
		return err
	}
	at := int64(0)
	for _, x := range all {
		p.out.Read += uint64(x.at - at)
		if _, err := unix.Seek(fd, x.at, unix.SEEK_SET); err != nil {
			return fmt.Errorf("pack %q: %w", inside, err)
		}
		if err := p.content(fd, inside, x.n, p.raw); err != nil {
			return err
		}
		at = x.at + x.n
	}
	p.out.Read += uint64(h.Size - at)
	p.told()
	_, err = p.raw.Write(make([]byte, -size&511))
	return err
}

// sparseHeader gives the header of a file with holes, whose list and pieces take size
// bytes in the archive.
func sparseHeader(h *tar.Header, size int64) ([]byte, error) {
	own := *h
	dir, base := path.Split(h.Name)
	own.Name, own.Size = path.Join(dir, "GNUSparseFile.0", base), size // seen by those who do not know the format
	own.PAXRecords = map[string]string{
		sparseStandIn + "major": "1", sparseStandIn + "minor": "0",
		sparseStandIn + "name": h.Name, sparseStandIn + "realsize": strconv.FormatInt(h.Size, 10),
	}
	for k, v := range h.PAXRecords {
		own.PAXRecords[k] = v
	}
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&own); err != nil {
		return nil, err
	}
	out := b.Bytes()
	// A block says how long the records are, in octal from byte 124 on (pax(1)).
	n, err := strconv.ParseInt(string(bytes.Trim(out[124:136], " \x00")), 8, 64)
	if err != nil || n > int64(len(out)-512) {
		return nil, errors.New("its header has no records")
	}
	for rest := out[512 : 512+n]; len(rest) > 0; {
		digits, record, _ := bytes.Cut(rest, []byte(" "))
		k, err := strconv.Atoi(string(digits))
		if err != nil || k <= len(digits) || k > len(rest) {
			return nil, errors.New("its header has a record without an end")
		}
		if bytes.HasPrefix(record, []byte(sparseStandIn)) {
			copy(record, sparseRecord)
		}
		rest = rest[k:]
	}
	return out, nil
}

// writeSparse writes a piece of a file, leaving out blocks of zeros; hole says that it
// ended with one, filled how many bytes were none. There may be most of those; over is
// the error of more.
func writeSparse(f *os.File, p []byte, most uint64, over error) (hole bool, filled int, err error) {
	const block = 64 << 10
	for len(p) > 0 {
		b := p[:min(block, len(p))]
		p = p[len(b):]
		if hole = zeros(b); hole {
			_, err = f.Seek(int64(len(b)), io.SeekCurrent)
		} else if filled += len(b); uint64(filled) > most {
			err = over
		} else {
			_, err = f.Write(b)
		}
		if err != nil {
			return hole, filled, err
		}
	}
	return hole, filled, nil
}

// zeros compares each half with the one before it, which bytes.Equal does many bytes
// at a time: a file of 200 GB may be nothing else.
func zeros(b []byte) bool {
	return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1])
}
