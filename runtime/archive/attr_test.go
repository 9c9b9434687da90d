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
