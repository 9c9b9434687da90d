package copying

import (
	"encoding/binary"
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
	// aclAttr is who else may, and dirACLAttr who may with what is made in a folder.
	aclAttr    = "system.posix_acl_access"
	dirACLAttr = "system.posix_acl_default"
)

// attrs adds the attributes of an open file that are kept.
func (s *sender) attrs(fd int, m *meta, at string) {
	n, err := unix.Flistxattr(fd, nil)
	if err != nil || n == 0 {
		return
	}
	names := make([]byte, n+256)
	if n, err = unix.Flistxattr(fd, names); err != nil {
		return
	}
	room, listed := maxAttrs, false
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		switch name {
		case capsAttr:
			s.note(at, "its capabilities are not kept")
		case aclAttr:
			m.mode = withoutACL(fd, m.mode)
			fallthrough
		case dirACLAttr:
			if !listed {
				s.note(at, "its access list is not kept")
			}
			listed = true
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
		m.attrs = append(m.attrs, attr{name, string(value[:size])})
	}
}

// withoutACL is the mode of a file without its access list. With one, what the mode says
// of the group is the most that anybody on the list may (acl(5)), and not what the group may.
func withoutACL(fd int, mode uint32) uint32 {
	// After a version of 32 bits, entries: tag and permissions of 16, an id of 32.
	const head, entry, groupTag, maskTag = 4, 8, 0x04, 0x10
	b := make([]byte, maxAttrs)
	n, err := unix.Fgetxattr(fd, aclAttr, b)
	group, mask := uint32(0), uint32(7) // of a list that is not understood: nothing
	for i := head; err == nil && i+entry <= n; i += entry {
		may := uint32(binary.LittleEndian.Uint16(b[i+2:])) & 7
		switch binary.LittleEndian.Uint16(b[i:]) {
		case groupTag:
			group = may
		case maskTag:
			mask = may
		}
	}
	return mode&^0o070 | (group&mask)<<3
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
