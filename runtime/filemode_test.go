package runtime

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFileModeOf: as the library itself tells what stat(2) says.
func TestFileModeOf(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	fifo := filepath.Join(dir, "fifo")
	link := filepath.Join(dir, "link")
	for _, err := range []error{os.WriteFile(file, nil, 0o600), syscall.Mkfifo(fifo, 0o640), os.Symlink("file", link), os.Chmod(file, 0o751|fs.ModeSetuid|fs.ModeSetgid), os.Chmod(dir, 0o755|fs.ModeSticky)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{dir, file, fifo, link, "/dev/null"} {
		var st syscall.Stat_t
		if err := syscall.Lstat(name, &st); err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := FileModeOf(st.Mode); got != info.Mode() {
			t.Errorf("%s: %s, want %s", name, got, info.Mode())
		}
	}
	if got := FileModeOf(syscall.S_IFBLK | 0o660); got != fs.ModeDevice|0o660 {
		t.Errorf("a block device: %s", got)
	}
	if got := FileModeOf(syscall.S_IFSOCK | 0o111); got != fs.ModeSocket|0o111 {
		t.Errorf("a socket: %s", got)
	}
}
