package archive

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A root that others share changes while it is packed: a name that is gone, or is
// another file's, between two looks at it ends nothing.
func TestNamesThatMove(t *testing.T) {
	root := tree(t)
	at := func(name string) string { return filepath.Join(root, name) }
	must(t, os.WriteFile(at("file"), []byte("old"), 0o644))
	must(t, os.Mkdir(at("dir"), 0o755))
	d := opened(t, root)
	p := &packer{ctx: context.Background(), tar: tar.NewWriter(io.Discard), raw: io.Discard, sum: sha256.New(),
		links: map[inode]string{}, buf: make([]byte, pieceSize), names: make([]byte, 4096)}
	_, mount, err := statAt(int(d.Fd()), "")
	must(t, err)
	p.crossed = func(_ *unix.Stat_t, m uint64) bool { return m != mount }
	file, _, err := statAt(int(d.Fd()), "file")
	must(t, err)
	dir, _, err := statAt(int(d.Fd()), "dir")
	must(t, err)
	for _, becomes := range []func(){
		func() {
			must(t, os.WriteFile(at("new"), []byte("new"), 0o644))
			must(t, os.Rename(at("new"), at("file")))
			must(t, os.Mkdir(at("newdir"), 0o755))
			must(t, unix.Rename(at("newdir"), at("dir")))
		},
		func() {
			must(t, os.Remove(at("file")))
			must(t, os.Remove(at("dir")))
		},
		func() {
			must(t, os.Symlink("/etc/passwd", at("file")))
			must(t, os.Symlink("/etc", at("dir")))
		},
	} {
		becomes()
		if err := p.file(int(d.Fd()), "file", "web/rootfs/file", "/file", &file); !errors.Is(err, errMoved) {
			t.Errorf("a file: %v", err)
		}
		if err := p.below(int(d.Fd()), "dir", "web/rootfs/dir", "/dir", &dir); !errors.Is(err, errMoved) {
			t.Errorf("a directory: %v", err)
		}
		if p.out.Entries != 0 {
			t.Error("something was written of it")
		}
		for _, name := range []string{"file", "dir"} {
			if err := p.entry(int(d.Fd()), name, "web/rootfs/"+name, "/"+name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		p.out.Entries = 0
	}
}

// TestChurn packs a root in which files come and go all the time.
func TestChurn(t *testing.T) {
	root := tree(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			for _, name := range []string{"etc/a", "etc/b", "etc/c"} {
				name = filepath.Join(root, name)
				if os.Remove(name) != nil {
					_ = os.WriteFile(name, []byte("x"), 0o600)
				}
			}
		}
	}()
	defer func() { stop(); <-done }()
	for range 20 {
		archive, _ := packed(t, root, PackOptions{})
		_, _, err := unpacked(t, archive, UnpackOptions{})
		must(t, err)
	}
}
