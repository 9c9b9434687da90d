package lxc

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxMounts is how much of the list of mounts is read, in bytes. A host with
// thousands of containers has some hundred kilobytes of it.
const maxMounts = 8 << 20

// mountLine is one line of /proc/self/mountinfo (proc_pid_mountinfo(5)), whose words
// are escaped as those of fstab(5) are.
type mountLine struct {
	id          uint64
	dev         string // major:minor of the file system
	root, point string // what of the file system is mounted, and where
	kind        string
	options     string // of the file system
}

// eachMount visits the mounts of this process. The error says that not all were read.
func eachMount(visit func(m *mountLine)) error {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return fileErr(err)
	}
	defer f.Close()
	lines, read := bufio.NewScanner(f), 0
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := lines.Text()
		if read += len(text); read > maxMounts {
			return errors.New("this host has too many mounts")
		}
		before, after, ok := strings.Cut(text, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 6 || len(g) < 1 {
			continue
		}
		m := mountLine{dev: f[2], root: f[3], point: f[4], kind: g[0]}
		m.id, _ = strconv.ParseUint(f[0], 10, 64)
		if len(g) > 2 {
			m.options = g[2]
		}
		visit(&m)
	}
	return lines.Err()
}

// unescaped takes back what fstabWord does, and all other octal escapes.
func unescaped(word string) string {
	if !strings.Contains(word, `\`) {
		return word
	}
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		if word[i] == '\\' && i+3 < len(word) {
			if n, err := strconv.ParseUint(word[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(word[i])
	}
	return b.String()
}

// foundFS is what is said of a file system.
type foundFS struct {
	Mount, Type       string
	Total, Used, Free uint64
	Why               string // there are no figures
}

// fsOf is the file system that something open lies on.
func fsOf(fd int) foundFS {
	var f foundFS
	var sfs unix.Statfs_t
	err := unix.Fstatfs(fd, &sfs)
	for errors.Is(err, unix.EINTR) {
		err = unix.Fstatfs(fd, &sfs)
	}
	if err != nil {
		f.Why = fmt.Sprintf("statfs: %v", err)
	} else {
		size := uint64(sfs.Frsize)
		if size == 0 {
			size = uint64(sfs.Bsize)
		}
		f.Total, f.Free = sfs.Blocks*size, sfs.Bavail*size
		f.Used = (sfs.Blocks - min(sfs.Bfree, sfs.Blocks)) * size
	}
	var st unix.Statx_t
	if unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &st) != nil || st.Mask&unix.STATX_MNT_ID == 0 {
		return f
	}
	_ = eachMount(func(m *mountLine) {
		if m.id == st.Mnt_id {
			f.Mount, f.Type = unescaped(m.point), m.kind
		}
	})
	return f
}

// mountedBelow says whether something is mounted below an open directory; true too
// where that cannot be known.
func mountedBelow(fd int) bool {
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil || !strings.HasPrefix(path, "/") {
		return true
	}
	below := false
	err = eachMount(func(m *mountLine) {
		point := unescaped(m.point)
		below = below || path == "/" || strings.HasPrefix(point, path+"/")
	})
	return below || err != nil
}
