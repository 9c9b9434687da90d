package copying

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Messages have a byte that says what they are, four that say how long they are, and
// so many bytes.
const (
	msgFolder = 'd' // a folder, up to msgUp; of the first walk too
	msgUp     = 'u'
	msgFile   = 'f' // a file; with contents up to msgDone or msgFailed in the second walk
	msgLink   = 'l'
	msgData   = 'b'
	msgHole   = 'h' // so many zeros that are not written
	msgDone   = 'e' // the file is whole; its SHA-256, or nothing
	msgFailed = 'x' // it could not be read to its end: what came of it is dropped
	msgPlan   = 'P' // the end of the first walk, with the number of bytes
	msgEnd    = 'E' // the end of the second
)

// Answers are single bytes.
const (
	answerGo = 'y' // after the first walk; to a file: it is wanted
	answerNo = 'n' // to a file: it is there already
)

const (
	maxMeta  = 128 << 10 // bytes of a message that is no data
	piece    = 128 << 10 // bytes of one that is
	maxName  = 255       // NAME_MAX
	maxDepth = 1200      // levels of folders; each takes two descriptors of Send and one of Receive
)

var (
	// errPeer is why this side ended when the other one did: that one knows more.
	errPeer = errors.New("the other side of the copy has ended")
	// errTalk is what the other side cannot have meant.
	errTalk = errors.New("the other side of the copy does not make sense")
)

// First picks the error that tells why a copy failed, of the two sides.
func First(a, b error) error {
	if a == nil || errors.Is(a, errPeer) && b != nil {
		return b
	}
	return a
}

// IsEnded says whether a side of a copy only ended because the other one did.
func IsEnded(err error) bool { return errors.Is(err, errPeer) }

// Ended is such an error again, once it has travelled.
func Ended(err error) error { return fmt.Errorf("%w: %w", errPeer, err) }

// meta is what is said of a file, folder or link.
type meta struct {
	name     string
	mode     uint32 // without the kind
	uid, gid uint32
	known    bool // the owner is the one that it had; else a stand-in
	sec      int64
	nsec     int64
	size     uint64
	target   string
	attrs    []attr
	id       ID // of a folder
}

// attr is an extended attribute.
type attr struct{ name, value string }

func (m *meta) encode(b []byte) []byte {
	b = putString(b, m.name)
	for _, n := range []uint64{uint64(m.mode), uint64(m.uid), uint64(m.gid), uint64(m.sec), uint64(m.nsec), m.size, m.id.Dev, m.id.Ino} {
		b = binary.AppendUvarint(b, n)
	}
	known := uint64(0)
	if m.known {
		known = 1
	}
	b = binary.AppendUvarint(b, known)
	b = putString(b, m.target)
	b = binary.AppendUvarint(b, uint64(len(m.attrs)))
	for _, a := range m.attrs {
		b = putString(putString(b, a.name), a.value)
	}
	return b
}

func putString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reading takes a message apart; bad once it is not what it should be.
type reading struct {
	b   []byte
	bad bool
}

func (r *reading) num() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reading) num32() uint32 {
	n := r.num()
	r.bad = r.bad || n>>32 != 0
	return uint32(n)
}

func (r *reading) text() string {
	n := r.num()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func decodeMeta(b []byte) (m meta, err error) {
	r := reading{b: b}
	m.name = r.text()
	m.mode, m.uid, m.gid = r.num32(), r.num32(), r.num32()
	m.sec, m.nsec, m.size = int64(r.num()), int64(r.num()), r.num()
	m.id.Dev, m.id.Ino = r.num(), r.num()
	m.known, m.target = r.num() == 1, r.text()
	for n := r.num(); n > 0 && !r.bad; n-- {
		m.attrs = append(m.attrs, attr{r.text(), r.text()})
	}
	switch {
	case r.bad || len(r.b) > 0 || m.mode&^0o7777 != 0 || m.nsec < 0 || m.nsec > 999999999:
		return m, fmt.Errorf("%w: what it says of %q", errTalk, m.name)
	case !isName(m.name):
		return m, fmt.Errorf("%w: %q is no name", errTalk, m.name)
	}
	return m, nil
}

// isName says whether a text is one component of a path, and leads nowhere.
func isName(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		if s[i] == '/' || s[i] == 0 {
			return false
		}
	}
	return true
}

// link is one end of the stream.
type link struct {
	r   *bufio.Reader
	w   *bufio.Writer
	buf []byte
}

func newLink(s io.ReadWriter) *link {
	return &link{r: bufio.NewReaderSize(s, piece), w: bufio.NewWriterSize(s, piece), buf: make([]byte, piece)}
}

// put sends a message; it may stay here until flush.
func (l *link) put(kind byte, body []byte) error {
	var head [5]byte
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(len(body)))
	_, err := l.w.Write(head[:])
	if err == nil {
		_, err = l.w.Write(body)
	}
	return peerErr(err)
}

func (l *link) flush() error { return peerErr(l.w.Flush()) }

// get waits for a message; the body is good up to the next one.
func (l *link) get() (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(l.r, head[:]); err != nil {
		return 0, nil, peerErr(err)
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxMeta {
		return 0, nil, fmt.Errorf("%w: a message of %d bytes", errTalk, n)
	}
	if _, err := io.ReadFull(l.r, l.buf[:n]); err != nil {
		return 0, nil, peerErr(err)
	}
	return head[0], l.buf[:n], nil
}

// answer sends a byte at once.
func (l *link) answer(b byte) error {
	if err := l.w.WriteByte(b); err != nil {
		return peerErr(err)
	}
	return l.flush()
}

// answered waits for a byte, once all that was said has gone out.
func (l *link) answered() (byte, error) {
	if err := l.flush(); err != nil {
		return 0, err
	}
	b, err := l.r.ReadByte()
	return b, peerErr(err)
}

// peerErr is the error of the stream itself.
func peerErr(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errPeer, err)
}
