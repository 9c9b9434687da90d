package archive

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// holey makes a file of a size with bytes at some places.
func holey(t testing.TB, name string, size int64, at ...int64) {
	t.Helper()
	f, err := os.Create(name)
	must(t, err)
	for _, x := range at {
		_, err = f.WriteAt([]byte("data"), x)
		must(t, err)
	}
	must(t, errors.Join(f.Truncate(size), f.Close()))
	var st unix.Stat_t
	must(t, unix.Stat(name, &st))
	if size-st.Blocks*512 < minHoles {
		t.Skip("LEFT OUT: the file system of the temporary directory makes no holes")
	}
}

// What is nothing but a hole takes no room, neither in the archive nor on disk: a file
// larger than what may be unpacked comes back.
func TestHoles(t *testing.T) {
	root := tree(t)
	in := func(name string) string { return filepath.Join(root, "etc", name) }
	holey(t, in("all"), 1<<31)
	holey(t, in("end"), 1<<29, 1<<29-4)
	holey(t, in("start"), 1<<29, 0)
	holey(t, in("middle GNU-sparse.name=x \n7 a=b"), 1<<29+12345, 5<<20, 1<<28, 1<<28+200_000)
	must(t, unix.Setxattr(in("end"), xattrACL, acl(), 0))
	must(t, os.Link(in("end"), filepath.Join(root, "same-holes")))
	many := make([]int64, maxPieces+10)
	for i := range many {
		many[i] = int64(i) * 64 << 10
	}
	holey(t, in("many"), int64(len(many))*64<<10, many...)
	archive, p := packed(t, root, PackOptions{})
	if len(archive) > 8<<20 || p.Read < 1<<31 {
		t.Errorf("%d bytes were read into an archive of %d", p.Read, len(archive))
	}
	dir := t.TempDir()
	_, err := Unpack(t.Context(), bytes.NewReader(archive), opened(t, dir), UnpackOptions{MaxSize: 1 << 29})
	must(t, err)
	out := filepath.Join(dir, rootName)
	for _, name := range []string{"all", "end", "start", "middle GNU-sparse.name=x \n7 a=b", "many"} {
		var was, is unix.Stat_t
		must(t, errors.Join(unix.Stat(in(name), &was), unix.Stat(filepath.Join(out, "etc", name), &is)))
		if was.Size != is.Size || was.Mtim != is.Mtim || was.Nlink != is.Nlink || name != "many" && is.Blocks > was.Blocks+1024 {
			t.Errorf("%q: %+v was %+v", name, is, was)
		}
		for at := range int64(200) {
			if at < 100 { // where something is, and beside it
				at = []int64{0, was.Size - 4, 5 << 20, 1 << 28, 1<<28 + 200_000, 64 << 10}[at%6]
			} else {
				at = rand.Int64N(was.Size)
			}
			if a, b := readAt(t, in(name), at), readAt(t, filepath.Join(out, "etc", name), at); a != b {
				t.Fatalf("%q at %d: %q, was %q", name, at, b, a)
			}
		}
	}
	// tar reads it too.
	must(t, errors.Join(os.Remove(in("all")), os.Remove(in("many"))))
	archive, _ = packed(t, root, PackOptions{})
	if _, err := exec.LookPath("zstd"); err != nil {
		t.Skip("LEFT OUT: no zstd(1) for tar")
	}
	dir = t.TempDir()
	cmd := exec.Command("tar", "--zstd", "-xpf", "-", "--numeric-owner", "--xattrs", "--xattrs-include=*", "-C", dir)
	cmd.Stdin = bytes.NewReader(archive)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	out = filepath.Join(dir, "web", rootName)
	for _, name := range []string{"etc/end", "etc/start", "etc/middle GNU-sparse.name=x \n7 a=b", "same-holes"} {
		was, werr := os.Stat(filepath.Join(root, name))
		is, err := os.Stat(filepath.Join(out, name))
		must(t, errors.Join(werr, err))
		if was.Size() != is.Size() || was.Mode() != is.Mode() || readAt(t, filepath.Join(root, name), 1<<28) != readAt(t, filepath.Join(out, name), 1<<28) {
			t.Errorf("%q of tar: %v, was %v", name, is, was)
		}
	}
	if names, err := filepath.Glob(filepath.Join(out, "etc", "GNUSparse*")); err != nil || len(names) > 0 {
		t.Errorf("%v, %v", names, err)
	}
}

func readAt(t testing.TB, name string, at int64) string {
	t.Helper()
	f, err := os.Open(name)
	must(t, err)
	defer f.Close()
	b := make([]byte, 16)
	n, _ := f.ReadAt(b, max(0, at))
	return strconv.Itoa(n) + string(b)
}

func TestZeros(t *testing.T) {
	for n := range 300 {
		b := make([]byte, n)
		if !zeros(b) {
			t.Fatalf("%d zeros", n)
		}
		for i := range b {
			c := slices.Clone(b)
			if c[i] = 1; zeros(c) {
				t.Fatalf("%d bytes, one at %d", n, i)
			}
		}
	}
}
