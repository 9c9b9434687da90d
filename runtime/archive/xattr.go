package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Extended attributes travel as tar(1) writes them: records SCHILY.xattr.NAME.
const xattrRecord = "SCHILY.xattr."

// maxXattr is how long an attribute can be (XATTR_SIZE_MAX of limits.h).
const maxXattr = 64 << 10

// Attributes that hold ids, see posix_acl_xattr.h and capability.h.
const (
	xattrCaps       = "security.capability"
	xattrACL        = "system.posix_acl_access"
	xattrACLDefault = "system.posix_acl_default"
)

// packs says whether an attribute belongs to the container. Labels of security
// modules are the host's, trusted.overlay.* what its overlay keeps for itself.
func packs(name string) bool {
	return strings.HasPrefix(name, "user.") || name == xattrCaps || name == xattrACL || name == xattrACLDefault
}

// attrSource lists and reads the attributes of one file.
type attrSource struct {
	list func(buf []byte) (int, error)
	get  func(name string, buf []byte) (int, error)
}

// attrsAt are those of a name, by its path below /proc/self/fd, whose last part is
// not followed.
func attrsAt(path string) attrSource {
	return attrSource{
		list: func(buf []byte) (int, error) { return unix.Llistxattr(path, buf) },
		get:  func(name string, buf []byte) (int, error) { return unix.Lgetxattr(path, name, buf) },
	}
}

// attrsOf are those of an open file.
func attrsOf(fd int) attrSource {
	return attrSource{
		list: func(buf []byte) (int, error) { return unix.Flistxattr(fd, buf) },
		get:  func(name string, buf []byte) (int, error) { return unix.Fgetxattr(fd, name, buf) },
	}
}

// readXattrs reads the attributes of a file. lost names those that cannot be packed,
// and why: a program in the container must not keep it from being packed, nor make
// an archive that cannot be unpacked.
func readXattrs(from attrSource, ids func(uint32, bool) (uint32, bool), buf []byte) (out map[string]string, lost []string, err error) {
	n, err := from.list(buf)
	switch {
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EPERM), n == 0 && err == nil:
		return nil, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("list of attributes: %w", err)
	}
	total := 0
	for name := range bytes.SplitSeq(bytes.TrimRight(buf[:n], "\x00"), []byte{0}) {
		if !packs(string(name)) {
			if bytes.HasPrefix(name, []byte("trusted.")) && !bytes.HasPrefix(name, []byte("trusted.overlay.")) {
				lost = append(lost, string(name)+": none but the host's root can have set it, and none is unpacked")
			}
			continue
		}
		value := make([]byte, maxXattr)
		k, err := from.get(string(name), value)
		if errors.Is(err, unix.ENODATA) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		text, ok := translate(string(name), value[:k], ids)
		switch {
		case !ok:
			lost = append(lost, string(name)+": it names an id that is not the container's")
			continue
		case bytes.IndexByte(name, '=') >= 0:
			lost = append(lost, string(name)+": a tar file cannot hold that name")
			continue
		case total+len(name)+len(text) > maxXattrs:
			lost = append(lost, fmt.Sprintf("%s: together with the others it has more than %d bytes", name, maxXattrs))
			continue
		}
		total += len(name) + len(text)
		if out == nil {
			out = map[string]string{}
		}
		out[xattrRecord+string(name)] = string(text)
	}
	return out, lost, nil
}

// translate changes the ids within an attribute; ok is false for one that makes
// no sense on the other side. ids tells an id of users (false) or groups (true).
func translate(name string, v []byte, ids func(uint32, bool) (uint32, bool)) (out []byte, ok bool) {
	switch name {
	case xattrCaps:
		return translateCaps(v, ids)
	case xattrACL, xattrACLDefault:
		return translateACL(v, ids)
	default:
		return v, true
	}
}

// Of capability.h: revision 2 is that of the file system's own root, 3 names the
// root of a user namespace behind it.
const (
	capRevision  = 0xff000000
	capRevision2 = 0x02000000
	capRevision3 = 0x03000000
	capSize2     = 20
	capSize3     = 24
)

func translateCaps(v []byte, ids func(uint32, bool) (uint32, bool)) ([]byte, bool) {
	if len(v) != capSize2 && len(v) != capSize3 {
		return nil, false
	}
	magic := binary.LittleEndian.Uint32(v)
	root := uint32(0)
	switch {
	case magic&capRevision == capRevision2 && len(v) == capSize2:
	case magic&capRevision == capRevision3 && len(v) == capSize3:
		root = binary.LittleEndian.Uint32(v[capSize2:])
	default:
		return nil, false
	}
	to, ok := ids(root, false)
	if !ok {
		return nil, false
	}
	out := bytes.Clone(v[:capSize2])
	if to == 0 {
		binary.LittleEndian.PutUint32(out, magic&^capRevision|capRevision2)
		return out, true
	}
	binary.LittleEndian.PutUint32(out, magic&^capRevision|capRevision3)
	return binary.LittleEndian.AppendUint32(out, to), true
}

func translateACL(v []byte, ids func(uint32, bool) (uint32, bool)) ([]byte, bool) {
	const header, entry, aclUser, aclGroup = 4, 8, 0x02, 0x08
	if len(v) < header || (len(v)-header)%entry != 0 {
		return nil, false
	}
	out := bytes.Clone(v)
	for e := out[header:]; len(e) >= entry; e = e[entry:] {
		tag := binary.LittleEndian.Uint16(e)
		if tag != aclUser && tag != aclGroup {
			continue
		}
		to, ok := ids(binary.LittleEndian.Uint32(e[4:]), tag == aclGroup)
		if !ok {
			return nil, false
		}
		binary.LittleEndian.PutUint32(e[4:], to)
	}
	return out, true
}
