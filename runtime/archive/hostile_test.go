package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// made is an archive that a test makes by hand, with a right checksum.
func made(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var raw bytes.Buffer
	w := tar.NewWriter(&raw)
	put := func(h tar.Header, text string) {
		h.Size = int64(len(text))
		must(t, w.WriteHeader(&h))
		_, err := io.WriteString(w, text)
		must(t, err)
	}
	meta, err := json.Marshal(Meta{Version: Version, Name: "web"})
	must(t, err)
	put(tar.Header{Typeflag: tar.TypeReg, Name: "web/" + metaName, Mode: 0o600}, string(meta))
	put(tar.Header{Typeflag: tar.TypeReg, Name: "web/" + configName, Mode: 0o600}, "lxc.uts.name = web\n")
	must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "web/rootfs/", Mode: 0o755}))
	for i := range entries {
		h := entries[i]
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		text := ""
		if h.Typeflag == tar.TypeReg {
			text = "text"
		}
		put(h, text)
	}
	must(t, w.Flush())
	sum := sha256.Sum256(raw.Bytes())
	put(tar.Header{Typeflag: tar.TypeReg, Name: "web/" + sumName, Mode: 0o600}, hex.EncodeToString(sum[:])+"\n")
	must(t, w.Close())
	return compressed(t, raw.Bytes())
}

func compressed(t testing.TB, raw []byte) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	must(t, err)
	return enc.EncodeAll(raw, nil)
}

func TestHostileArchives(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: not root: device nodes would be refused for that alone")
	}
	reg := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name} }
	link := func(name, to string) tar.Header {
		return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}
	}
	hard := func(name, to string) tar.Header {
		return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: to}
	}
	for _, c := range []struct {
		name    string
		entries []tar.Header
		want    error
	}{
		{"sound", []tar.Header{{Typeflag: tar.TypeDir, Name: "web/rootfs/etc/"}, reg("web/rootfs/etc/x"), hard("web/rootfs/y", "web/rootfs/etc/x")}, nil},
		{"two dots", []tar.Header{reg("web/rootfs/../../x")}, ErrUnsafe},
		{"two dots at the end", []tar.Header{{Typeflag: tar.TypeDir, Name: "web/rootfs/.."}}, ErrUnsafe},
		{"absolute", []tar.Header{reg("/etc/x")}, ErrUnsafe},
		{"beside the root", []tar.Header{reg("web/other")}, ErrUnsafe},
		{"another directory", []tar.Header{reg("db/rootfs/x")}, ErrUnsafe},
		{"doubled slashes", []tar.Header{reg("web/rootfs//etc/x")}, ErrUnsafe},
		{"through a link", []tar.Header{link("web/rootfs/out", "/"), reg("web/rootfs/out/tmp/lxcdt-escape")}, ErrUnsafe},
		{"through a link inside", []tar.Header{{Typeflag: tar.TypeDir, Name: "web/rootfs/a/"}, link("web/rootfs/b", "a"), reg("web/rootfs/b/x")}, ErrUnsafe},
		{"over a link", []tar.Header{link("web/rootfs/x", "/tmp/lxcdt-escape"), reg("web/rootfs/x")}, ErrDamaged},
		{"twice", []tar.Header{reg("web/rootfs/x"), reg("web/rootfs/x")}, ErrDamaged},
		{"hard link out", []tar.Header{hard("web/rootfs/x", "/etc/passwd")}, ErrUnsafe},
		{"hard link with dots", []tar.Header{hard("web/rootfs/x", "web/rootfs/../../../etc/passwd")}, ErrUnsafe},
		{"hard link through a link", []tar.Header{link("web/rootfs/out", "/etc"), hard("web/rootfs/x", "web/rootfs/out/passwd")}, ErrUnsafe},
		{"hard link to nothing", []tar.Header{hard("web/rootfs/x", "web/rootfs/y")}, ErrDamaged},
		{"hard link to a directory", []tar.Header{{Typeflag: tar.TypeDir, Name: "web/rootfs/y/"}, hard("web/rootfs/x", "web/rootfs/y")}, ErrDamaged},
		{"a user's attribute of a link", []tar.Header{{Typeflag: tar.TypeSymlink, Name: "web/rootfs/x", Linkname: "y", PAXRecords: map[string]string{xattrRecord + "user.x": "y"}}}, ErrDamaged},
		{"no directory", []tar.Header{reg("web/rootfs/etc/x")}, ErrDamaged},
		{"a disk", []tar.Header{{Typeflag: tar.TypeBlock, Name: "web/rootfs/sda", Devmajor: 8}}, ErrUnsafe},
		{"the memory", []tar.Header{{Typeflag: tar.TypeChar, Name: "web/rootfs/mem", Devmajor: 1, Devminor: 1}}, ErrUnsafe},
		{"null", []tar.Header{{Typeflag: tar.TypeChar, Name: "web/rootfs/null", Devmajor: 1, Devminor: 3}}, nil},
		{"an attribute of the host's", []tar.Header{{Typeflag: tar.TypeReg, Name: "web/rootfs/x", PAXRecords: map[string]string{xattrRecord + "trusted.overlay.opaque": "y"}}}, ErrUnsafe},
		{"capabilities of nonsense", []tar.Header{{Typeflag: tar.TypeReg, Name: "web/rootfs/x", PAXRecords: map[string]string{xattrRecord + xattrCaps: "y"}}}, ErrDamaged},
		{"an owner beyond ids", []tar.Header{{Typeflag: tar.TypeReg, Name: "web/rootfs/x", Uid: 1<<32 - 1}}, ErrUnsafe},
	} {
		root, _, err := unpacked(t, made(t, c.entries...), UnpackOptions{})
		if !errors.Is(err, c.want) || (c.want == nil && err != nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if all, _ := filepath.Glob(filepath.Join(filepath.Dir(root), "*")); len(all) > 1 {
			t.Errorf("%s: made beside its root: %v", c.name, all)
		}
	}
	if _, err := os.Lstat("/tmp/lxcdt-escape"); err == nil {
		t.Error("a file was made outside")
	}
}

func TestBounds(t *testing.T) {
	root := tree(t)
	archive, _ := packed(t, root, PackOptions{})
	for _, o := range []UnpackOptions{{MaxSize: 1}, {MaxSize: 1 << 20}, {MaxSize: 1 << 30, MaxEntries: 3}} {
		if _, _, err := unpacked(t, archive, o); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	// What there is no room for is not the archive's fault.
	for _, o := range []UnpackOptions{{MaxSize: 1 << 30, Room: 1}, {MaxSize: 1 << 30, Room: 1 << 20}, {MaxSize: 1 << 30, Inodes: 3}} {
		if _, _, err := unpacked(t, archive, o); !errors.Is(err, ErrNoRoom) || errors.Is(err, ErrTooLarge) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, _, err := unpacked(t, archive, UnpackOptions{MaxSize: 1, Room: 1 << 30, Inodes: 1 << 20}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("less than there is room for: %v", err)
	}
	stop := errors.New("no")
	out, _, err := unpacked(t, archive, UnpackOptions{Config: func(Meta, []byte) error { return stop }})
	if !errors.Is(err, stop) {
		t.Errorf("a config that is refused: %v", err)
	}
	if _, err := os.Lstat(out); err == nil {
		t.Error("it was refused, and yet a root was made")
	}
}

// A file of one byte takes a block: a bound of bytes alone would let many of them fill
// the file system.
func TestReserve(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: not root: a small file system cannot be mounted")
	}
	entries := make([]tar.Header, 10_000)
	for i := range entries {
		entries[i] = tar.Header{Typeflag: tar.TypeReg, Name: "web/rootfs/" + strconv.Itoa(i)}
	}
	archive := made(t, entries...)
	dir := t.TempDir()
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755,size=32m"))
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	const reserve = 16 << 20
	_, err := Unpack(t.Context(), bytes.NewReader(archive), opened(t, dir), UnpackOptions{MaxSize: 1 << 30, Reserve: reserve})
	if !errors.Is(err, ErrNoRoom) {
		t.Errorf("small files: %v", err)
	}
	var st unix.Statfs_t
	must(t, unix.Statfs(dir, &st))
	if free := st.Bavail * uint64(st.Bsize); free < reserve-reserveLook {
		t.Errorf("%d bytes are free, of which %d were to stay so", free, reserve)
	}
}

// TestDamage: a stream that is cut anywhere, or changed anywhere, is refused.
func TestDamage(t *testing.T) {
	var raw bytes.Buffer
	dec, err := zstd.NewReader(bytes.NewReader(made(t, tar.Header{Typeflag: tar.TypeReg, Name: "web/rootfs/x"})))
	must(t, err)
	_, err = io.Copy(&raw, dec)
	must(t, err)
	dec.Close()
	sound := raw.Bytes()
	end := bytes.LastIndex(sound, []byte(sumName)) + 512 + 64
	for cut := 0; cut < end-512; cut += 97 {
		if _, _, err := unpacked(t, compressed(t, sound[:cut]), UnpackOptions{}); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsafe) {
			t.Fatalf("cut at %d of %d: %v", cut, end, err)
		}
	}
	whole := compressed(t, sound)
	for cut := 1; cut < len(whole); cut += 7 {
		if _, _, err := unpacked(t, whole[:len(whole)-cut], UnpackOptions{}); err == nil {
			t.Fatalf("the file without its last %d bytes was taken", cut)
		}
	}
	for at := 0; at < end; at += 13 {
		changed := bytes.Clone(sound)
		changed[at] ^= 0x11
		if _, _, err := unpacked(t, compressed(t, changed), UnpackOptions{}); err == nil {
			t.Fatalf("byte %d was changed, and it was taken", at)
		}
	}
	for name, b := range map[string][]byte{"nothing": nil, "text": []byte(strings.Repeat("no archive", 100)), "zeros": compressed(t, make([]byte, 10240)),
		"more behind":     append(bytes.Clone(whole), compressed(t, []byte(strings.Repeat("x", 2<<20)))...),
		"a little behind": append(bytes.Clone(whole), compressed(t, []byte("x"))...), "zeros without end behind": append(bytes.Clone(whole), compressed(t, make([]byte, 2<<20))...)} {
		if _, _, err := unpacked(t, b, UnpackOptions{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("web/rootfs/x"), byte(tar.TypeReg), "")
	f.Add([]byte("web/rootfs/../x"), byte(tar.TypeSymlink), "/etc")
	f.Fuzz(func(t *testing.T, name []byte, kind byte, to string) {
		if bytes.IndexByte(name, 0) >= 0 || strings.IndexByte(to, 0) >= 0 {
			return // no tar can hold a NUL in a name
		}
		var raw bytes.Buffer
		w := tar.NewWriter(&raw)
		if w.WriteHeader(&tar.Header{Typeflag: kind, Name: string(name), Linkname: to, Mode: 0o644}) != nil {
			return // there is no such header
		}
		root, _, err := unpacked(t, made(t, tar.Header{Typeflag: kind, Name: string(name), Linkname: to, Mode: 0o644}), UnpackOptions{})
		if all, derr := os.ReadDir(filepath.Dir(root)); derr != nil || len(all) > 1 {
			t.Errorf("beside its root was made: %v, %v (%v)", all, derr, err)
		}
		if err == nil {
			if _, serr := os.Lstat(filepath.Join(root, strings.TrimPrefix(string(name), "web/rootfs/"))); serr != nil {
				t.Errorf("%q was taken, and is not in the root: %v", name, serr)
			}
		}
	})
}

// What is wrong is said in words that help.
func TestDamageInWords(t *testing.T) {
	whole, _ := packed(t, tree(t), PackOptions{})
	for _, c := range []struct {
		b    []byte
		says string
	}{
		{nil, "there is nothing in it"}, {[]byte("text, no archive"), "not compressed by zstd"}, {whole[:3], "cut short"}, {whole[:len(whole)/2], "cut short"},
		{whole[:len(whole)-1], "cut short"},
	} {
		if _, _, err := unpacked(t, c.b, UnpackOptions{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d bytes: %v, want %q", len(c.b), err, c.says)
		}
		if _, _, _, err := Head(bytes.NewReader(c.b)); len(c.b) < 100 && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("the head of %d bytes: %v, want %q", len(c.b), err, c.says)
		}
	}
	for _, m := range []Meta{{Version: Version, Name: strings.Repeat("n", 256)}, {Version: Version, Arch: strings.Repeat("a", 256)}, {Version: Version, State: strings.Repeat("s", 256)}} {
		var long bytes.Buffer
		_, err := Pack(t.Context(), &long, PackOptions{Meta: m})
		must(t, err)
		if _, _, _, err := Head(&long); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "255 bytes") {
			t.Errorf("long words: %v", err)
		}
	}
	// Nor is an archive damaged that cannot be read.
	if _, _, _, err := Head(opened(t, t.TempDir())); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("a directory: %v", err)
	}
}
