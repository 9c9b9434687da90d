package passthru

import (
	"bytes"
	"strings"
)

// Way is a way out of a container's terminal: the prefix, and one of Keys.
type Way struct {
	Prefix string
	Keys   string
}

// Leave watches what a person types for the ways out. All else is for the
// container: a prefix typed twice is one, and one with a key that leads nowhere
// is both.
type Leave struct{ ways []watched }

type watched struct {
	keys  *Keys
	leave string
}

// NewLeave makes a watcher. Ways with the same prefix are one with all their keys.
func NewLeave(ways ...Way) (*Leave, error) {
	l := &Leave{}
	for _, w := range ways {
		if err := l.add(w); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *Leave) add(w Way) error {
	keys, err := NewKeys(w.Prefix)
	if err != nil {
		return err
	}
	for i := range l.ways {
		if bytes.Equal(l.ways[i].keys.literal, keys.literal) {
			l.ways[i].leave += w.Keys
			return nil
		}
	}
	l.ways = append(l.ways, watched{keys, w.Keys})
	return nil
}

// Feed appends to dst what is meant for the container; true means that a way out
// was taken, and nothing behind it is looked at.
func (l *Leave) Feed(dst, src []byte) (out []byte, left bool) { return l.feed(0, dst, src) }

// feed hands on from one way's watcher to the next what is none of its own.
func (l *Leave) feed(i int, dst, src []byte) (out []byte, left bool) {
	if i == len(l.ways) {
		return append(dst, src...), false
	}
	w := l.ways[i]
	for {
		pass, cmd, rest := w.keys.Feed(nil, src)
		switch {
		case cmd == nil:
		case cmd.Key == 0:
			pass = append(pass, cmd.Bytes...)
		case strings.ContainsRune(w.leave, cmd.Key):
			dst, _ = l.feed(i+1, dst, pass)
			return dst, true
		default:
			pass = append(append(pass, w.keys.literal...), cmd.Bytes...)
		}
		if dst, left = l.feed(i+1, dst, pass); left || cmd == nil {
			return dst, left
		}
		src = rest
	}
}

// Holding is that of Keys.
func (l *Leave) Holding() bool {
	for _, w := range l.ways {
		if w.keys.Holding() {
			return true
		}
	}
	return false
}

// Flush is that of Keys.
func (l *Leave) Flush(dst []byte) []byte {
	for i, w := range l.ways {
		if !w.keys.Holding() {
			continue
		}
		// An escape key alone takes no way out, only a key behind a prefix does.
		dst, _ = l.feed(i+1, dst, w.keys.Flush(nil))
	}
	return dst
}
