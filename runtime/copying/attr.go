package copying

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// maxAttrs is how many bytes of attributes of a file are kept.
	maxAttrs = 64 << 10
	// userAttr begins those that belong to people; all others are the kernel's, and
	// mean something on this side alone.
	userAttr = "user."
	capsAttr = "security.capability"
)

// attrs are the attributes of an open file that are kept.
func (s *sender) attrs(fd int, at string) []attr {
	n, err := unix.Flistxattr(fd, nil)
	if err != nil || n == 0 {
		return nil
	}
	names := make([]byte, n+256)
	if n, err = unix.Flistxattr(fd, names); err != nil {
		return nil
	}
	var all []attr
	room := maxAttrs
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		if name == capsAttr {
			s.note(at, "its capabilities are not kept")
		}
		if !strings.HasPrefix(name, userAttr) {
			continue
		}
		value := make([]byte, maxAttrs)
		size, err := unix.Fgetxattr(fd, name, value)
		if errors.Is(err, unix.ENODATA) {
			continue
		}
		if room -= len(name) + size; err != nil || room < 0 {
			s.note(at, "not all of its attributes are kept")
			continue
		}
		all = append(all, attr{name, string(value[:size])})
	}
	return all
}

// setAttrs gives an open file its attributes.
func (t *taker) setAttrs(fd int, m *meta) {
	for _, a := range m.attrs {
		if !strings.HasPrefix(a.name, userAttr) {
			continue
		}
		if err := unix.Fsetxattr(fd, a.name, []byte(a.value), 0); err != nil {
			t.note(m.name, "attribute "+a.name+" is not kept: "+err.Error())
		}
	}
}
