package tui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// hostBatch is how many names of a host folder are read at once.
	hostBatch = 512
	// maxNames is how many bytes of passwd(5) and group(5) are looked at.
	maxNames = 1 << 20
)

// hostFolder reads a folder of the host. It follows links to it, as a shell does, and
// none in it. It blocks as long as the file system does, and ends early with ctx.
func hostFolder(ctx context.Context, dir string) (runtime.Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return runtime.Folder{}, fmt.Errorf("read folder: %w", err)
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	// What is no folder is not opened: a FIFO would wait for whoever writes to it.
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return runtime.Folder{}, fmt.Errorf("read folder: %w", err)
	}
	defer f.Close()
	out := runtime.Folder{Path: dir}
	var at unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &at); err != nil {
		return runtime.Folder{}, fmt.Errorf("read folder %s: %w", dir, err)
	}
	users, groups := hostNames("/etc/passwd"), hostNames("/etc/group")
	names, err := hostFirst(ctx, f)
	if err != nil {
		return runtime.Folder{}, fmt.Errorf("read folder %s: %w", dir, err)
	}
	if out.More = max(0, len(names)-runtime.MaxEntries); out.More > 0 {
		names = names[:runtime.MaxEntries]
	}
	for _, n := range names {
		if ctx.Err() != nil {
			break
		}
		if e, ok := hostEntry(int(f.Fd()), n.Name(), &at); ok {
			e.Owner, e.Group = users[e.UID], groups[e.GID]
			out.Entries = append(out.Entries, e)
		}
	}
	if ctx.Err() != nil {
		return runtime.Folder{}, fmt.Errorf("read folder %s: %w", dir, context.Cause(ctx))
	}
	slices.SortFunc(out.Entries, runtime.FoldersFirst)
	var room unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &room) == nil && room.Bsize > 0 {
		out.Free = runtime.Of(room.Bavail * uint64(room.Bsize))
	}
	return out, nil
}

// hostFirst are the names of a folder, in the order in which they are listed, so that
// those that are left out of many are the last.
func hostFirst(ctx context.Context, f *os.File) (all []fs.DirEntry, err error) {
	for ctx.Err() == nil {
		part, err := f.ReadDir(hostBatch)
		all = append(all, part...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int {
		if a.IsDir() != b.IsDir() {
			if a.IsDir() {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name(), b.Name())
	})
	return all, nil
}

// hostEntry looks at a name in a folder; false = it is gone.
func hostEntry(dir int, name string, at *unix.Stat_t) (runtime.FileEntry, bool) {
	var st unix.Stat_t
	if unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT) != nil {
		return runtime.FileEntry{}, false
	}
	e := runtime.FileEntry{
		Name: name, UID: st.Uid, GID: st.Gid, Mode: runtime.FileModeOf(st.Mode), Changed: time.Unix(st.Mtim.Unix()),
		Mount: st.Mode&unix.S_IFMT == unix.S_IFDIR && st.Dev != at.Dev,
	}
	switch e.Kind = runtime.FileKindOf(e.Mode); e.Kind {
	case runtime.FileRegular:
		e.Size = runtime.Of(uint64(max(0, st.Size)))
	case runtime.FileLink:
		b := make([]byte, unix.PathMax)
		if n, err := unix.Readlinkat(dir, name, b); err == nil {
			e.Target = string(b[:n])
		}
	}
	return e, true
}

// hostNames are the names of ids, of passwd(5) or group(5). A file that cannot be read
// leaves them without names.
func hostNames(file string) map[uint32]string {
	names := map[uint32]string{}
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return names
	}
	defer f.Close()
	for s := bufio.NewScanner(io.LimitReader(f, maxNames)); s.Scan(); {
		part := strings.SplitN(s.Text(), ":", 4)
		if len(part) < 4 {
			continue
		}
		if id, err := strconv.ParseUint(part[2], 10, 32); err == nil && names[uint32(id)] == "" {
			names[uint32(id)] = part[0]
		}
	}
	return names
}
