package archive

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// acl is a list as posix_acl_xattr.h has it: everything for a user 1234 beside what
// the mode says.
func acl() []byte {
	out := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range [][3]uint32{{1, 7, 1<<32 - 1}, {2, 7, 1234}, {4, 5, 1<<32 - 1}, {16, 7, 1<<32 - 1}, {32, 5, 1<<32 - 1}} {
		out = binary.LittleEndian.AppendUint16(out, uint16(e[0]))
		out = binary.LittleEndian.AppendUint16(out, uint16(e[1]))
		out = binary.LittleEndian.AppendUint32(out, e[2])
	}
	return out
}

// What is made in a directory with a default ACL inherits that (acl(5)). What is
// unpacked must not: it had none.
func TestDefaultACLIsNotInherited(t *testing.T) {
	root := tree(t)
	in := func(name string) string { return filepath.Join(root, "acl", name) }
	must(t, os.MkdirAll(in("sub/below"), 0o755))
	must(t, os.WriteFile(in("plain"), []byte("x"), 0o644))
	must(t, os.WriteFile(in("sub/below/y"), []byte("y"), 0o644))
	must(t, unix.Mkfifo(in("fifo"), 0o644))
	must(t, unix.Mkfifo(in("open-fifo"), 0o640))
	must(t, unix.Setxattr(in("open-fifo"), xattrACL, acl(), 0))
	must(t, os.WriteFile(filepath.Join(root, "behind"), nil, 0o644))
	err := unix.Setxattr(in("."), xattrACLDefault, acl(), 0)
	if errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("LEFT OUT: the file system of the temporary directory has no ACLs")
	}
	must(t, err)
	must(t, unix.Setxattr(root, xattrACLDefault, acl(), 0))
	archive, _ := packed(t, root, PackOptions{})
	out, _, err := unpacked(t, archive, UnpackOptions{})
	must(t, err)
	want, got := facts(t, root, same), facts(t, out, same)
	for _, l := range got {
		if !slices.Contains(want, l) {
			t.Errorf("unpacked: %s", l)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries, were %d", len(got), len(want))
	}
}

// Nor does the root inherit what is above it.
func TestACLFromAbove(t *testing.T) {
	root := tree(t)
	archive, _ := packed(t, root, PackOptions{})
	dir := t.TempDir()
	if err := unix.Setxattr(dir, xattrACLDefault, acl(), 0); errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("LEFT OUT: the file system of the temporary directory has no ACLs")
	}
	_, err := Unpack(t.Context(), bytes.NewReader(archive), opened(t, dir), UnpackOptions{MaxSize: 1 << 30})
	must(t, err)
	if want, got := facts(t, root, same), facts(t, filepath.Join(dir, rootName), same); !slices.Equal(want, got) {
		t.Errorf("%q\nwere %q", got, want)
	}
}

// A directory that came to its end has its time and its ACL: nothing is added to it.
func TestDirectoryIsFilledOnce(t *testing.T) {
	dir := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755} }
	reg := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name} }
	_, _, err := unpacked(t, made(t, dir("web/rootfs/a/"), dir("web/rootfs/ab/"), reg("web/rootfs/a/x")), UnpackOptions{})
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("back into a directory: %v", err)
	}
	_, _, err = unpacked(t, made(t, dir("web/rootfs/a/"), dir("web/rootfs/a/b/"), reg("web/rootfs/a/b/x"), reg("web/rootfs/a/y"), reg("web/rootfs/z")), UnpackOptions{})
	must(t, err)
}

// A program in the container may set attributes that no tar file can hold, or more
// than an archive may have: the container is packed all the same, and comes back.
func TestAttributesThatDoNotFit(t *testing.T) {
	source := func(names ...string) attrSource {
		return attrSource{
			list: func(buf []byte) (int, error) { return copy(buf, strings.Join(names, "\x00")+"\x00"), nil },
			get:  func(_ string, buf []byte) (int, error) { return len(buf), nil },
		}
	}
	ids := func(id uint32, _ bool) (uint32, bool) { return id, true }
	out, lost, err := readXattrs(source("user.a", "user.b", "user.c", "user.d", "user.e", "user.f"), ids, make([]byte, 4096))
	must(t, err)
	total := 0
	for k, v := range out {
		total += len(strings.TrimPrefix(k, xattrRecord)) + len(v)
	}
	if len(out) != 3 || len(lost) != 3 || total > maxXattrs {
		t.Errorf("%d attributes of %d bytes, without %q", len(out), total, lost)
	}

	// What only root can have set is named; what belongs to the host's file systems
	// and modules is not.
	out, lost, err = readXattrs(source("security.selinux", "trusted.overlay.opaque", "trusted.mine", "security.ima"), ids, make([]byte, 4096))
	if must(t, err); len(out) != 0 || len(lost) != 1 || !strings.HasPrefix(lost[0], "trusted.mine: ") {
		t.Errorf("packed %q, named %q", out, lost)
	}

	root := tree(t)
	file := filepath.Join(root, "etc/empty")
	err = unix.Setxattr(file, "user.a=b", []byte("x"), 0)
	if errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("LEFT OUT: the file system of the temporary directory has no attributes of users")
	}
	must(t, errors.Join(err, unix.Setxattr(file, "user.ok", []byte("x=\x00\n"), 0)))
	archive, p := packed(t, root, PackOptions{})
	if p.Left != 1 || p.Skipped[0].Path != "/etc/empty" || !strings.Contains(p.Skipped[0].Why, "user.a=b") {
		t.Errorf("left out: %+v", p.Skipped)
	}
	back, _, err := unpacked(t, archive, UnpackOptions{})
	must(t, err)
	must(t, unix.Removexattr(file, "user.a=b"))
	if want, got := facts(t, root, same), facts(t, back, same); !slices.Equal(want, got) {
		t.Errorf("%q\nwas %q", got, want)
	}
}

// What a file system says of an attribute that is too long is not what it says of a
// disk that is full, though ENOSPC is the word for both.
func TestAttributesThatAreNotTaken(t *testing.T) {
	dir := t.TempDir()
	d, err := os.Open(dir)
	must(t, err)
	defer d.Close()
	ten := func(id uint32, _ bool) (uint32, bool) { return id, id < 10 }
	p, err := newPlace(d, ten)
	must(t, err)
	defer p.close()
	// An ACL, see posix_acl_xattr.h: its version, and the entry of a user.
	acl := func(user byte) string { return "\x02\x00\x00\x00" + "\x02\x00\x06\x00" + string([]byte{user, 0, 0, 0}) }
	for _, c := range []struct {
		name, value string
		says, want  error
	}{
		{"user.long", "x", unix.ENOSPC, ErrAttribute},
		{"user.long", "x", unix.E2BIG, ErrAttribute},
		{"user.long", "x", unix.ERANGE, ErrAttribute},
		{"user.long", "x", unix.EOPNOTSUPP, ErrAttribute},
		{"user.long", "x", unix.EDQUOT, unix.EDQUOT},
		{"user.long", "x", unix.EPERM, ErrDamaged},
		{"user.long", "x", nil, nil},
		{xattrACL, acl(9), nil, nil},
		{xattrACL, acl(10), nil, ErrOwner},
		{xattrACL, acl(9)[1:], nil, ErrDamaged},
		{"trusted.x", "x", nil, ErrUnsafe},
	} {
		err := p.attribute("file", c.name, c.value, func(string, string, []byte, int) error { return c.says })
		if !errors.Is(err, c.want) || c.want == nil && err != nil || errors.Is(c.says, unix.EDQUOT) && errors.Is(err, ErrAttribute) {
			t.Errorf("%s, %v: %v, want %v", c.name, c.says, err, c.want)
		}
	}
	for _, c := range []struct {
		h    tar.Header
		says string
	}{
		{tar.Header{Uid: 10, Gid: 1}, "its owner, user 10, is not one of the new container's ids"},
		{tar.Header{Uid: 1, Gid: 10}, "its owner, group 10, is not one of the new container's ids"},
	} {
		if _, _, err := p.ids(&c.h); !errors.Is(err, ErrOwner) || err.Error() != c.says {
			t.Errorf("%d:%d: %v", c.h.Uid, c.h.Gid, err)
		}
	}
}

// A disk that is full stays one, whatever it was that did not fit.
func TestAttributeOnAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: not root: only root can mount a small file system")
	}
	dir := t.TempDir()
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755,size=64k"))
	defer func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) }()
	d, err := os.Open(dir)
	must(t, err)
	defer d.Close()
	p, err := newPlace(d, nil)
	must(t, err)
	defer p.close()
	must(t, os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 32<<10), 0o600))
	err = p.attribute("file", "user.x", "x", func(string, string, []byte, int) error { return unix.ENOSPC })
	if !errors.Is(err, unix.ENOSPC) || errors.Is(err, ErrAttribute) {
		t.Errorf("%v", err)
	}
}
