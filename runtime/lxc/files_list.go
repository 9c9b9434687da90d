package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers, and in the worker inside a user namespace.

// listFolder lists a folder of a root.
func listFolder(root *os.File, dir string) (*foundFolder, error) {
	fd, err := openBelow(root, dir, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, filesErr(err)
	}
	f := os.NewFile(uintptr(fd), dir)
	defer f.Close()
	out := &foundFolder{Path: insidePath(root, f, dir)}
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err == nil {
		out.Free = st.Bavail * uint64(max(st.Bsize, 0))
	}
	names, err := f.ReadDir(-1)
	if err != nil {
		return nil, filesErr(err)
	}
	slices.SortFunc(names, func(a, b fs.DirEntry) int {
		if a.IsDir() != b.IsDir() {
			if a.IsDir() {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name(), b.Name())
	})
	if out.More = max(0, len(names)-runtime.MaxEntries); out.More > 0 {
		names = names[:runtime.MaxEntries]
	}
	for _, n := range names {
		if e, ok := lookAt(fd, n.Name()); ok {
			out.Entries = append(out.Entries, e)
		}
	}
	out.Users, out.Groups = idNames(root, "/etc/passwd", 7), idNames(root, "/etc/group", 4)
	return out, nil
}

// insidePath is where a folder is, as the container sees it.
func insidePath(root, f *os.File, asked string) string {
	top, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(root.Fd())))
	at, err2 := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	if err := errors.Join(err, err2); err != nil || !path.IsAbs(at) {
		return path.Clean(asked)
	}
	if rest, ok := strings.CutPrefix(at, strings.TrimSuffix(top, "/")); ok && (rest == "" || rest[0] == '/') {
		at = rest
	}
	return path.Join("/", at)
}

// lookAt looks at one name; false = it is gone.
func lookAt(dir int, name string) (e foundFile, ok bool) {
	var st unix.Statx_t
	err := unix.Statx(dir, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, unix.STATX_BASIC_STATS, &st)
	if errors.Is(err, unix.ENOENT) {
		return e, false
	}
	e = foundFile{Name: name, Size: -1}
	if err != nil {
		return e, true
	}
	e.Mode = runtime.FileModeOf(uint32(st.Mode))
	e.Kind = runtime.FileKindOf(e.Mode)
	e.UID, e.GID, e.Changed = st.Uid, st.Gid, time.Unix(st.Mtime.Sec, int64(st.Mtime.Nsec))
	e.Mount = st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
	switch e.Kind {
	case runtime.FileRegular:
		e.Size = int64(st.Size)
	case runtime.FileLink:
		buf := make([]byte, unix.PathMax)
		if n, err := unix.Readlinkat(dir, name, buf); err == nil {
			e.Target = string(buf[:n])
		}
	}
	return e, true
}

// maxIDNames is how many users or groups are told by name.
const maxIDNames = 5000

// idNames reads passwd(5) or group(5) of a root: both have a name first, and its number
// third.
func idNames(root *os.File, file string, fields int) map[uint32]string {
	text, err := (&inRoot{dir: int(root.Fd())}).readFile(file, maxPasswd)
	if err != nil {
		return nil
	}
	all := map[uint32]string{}
	for line := range bytes.Lines(text) {
		f := strings.Split(strings.TrimRight(string(line), "\r\n"), ":")
		if len(f) != fields || f[0] == "" || len(f[0]) > 64 || len(all) == maxIDNames {
			continue
		}
		if id, ok := parseID(f[2]); ok {
			if _, has := all[uint32(id)]; !has {
				all[uint32(id)] = f[0]
			}
		}
	}
	return all
}

// filesErr puts what was in the way of a file into the contract's words.
func filesErr(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &named{err, runtime.ErrNoFile}
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENAMETOOLONG):
		return &named{err, runtime.ErrInvalid}
	default:
		return fileErr(err)
	}
}

// files is listFolder of the directory that it was given.
func (in *insider) files(ctx context.Context, at rootSource, dir string) (*foundFolder, error) {
	var all []foundFile
	r, err := in.ask(ctx, insideRequest{Do: insideFiles, Root: at, Name: dir}, func(r *insideReply) error {
		if r.Folder != nil {
			all = append(all, r.Folder.Entries...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if r.Folder == nil {
		return nil, fmt.Errorf("%w: an answer without a folder", runtime.ErrHelper)
	}
	r.Folder.Entries = all
	return r.Folder, nil
}

// files lists a folder, and sends the entries in parts.
func (w *insideWorker) files(q insideRequest) (*foundFolder, error) {
	root, err := w.rootOf(q.Root)
	if err != nil {
		return nil, err
	}
	f, err := listFolder(root, q.Name)
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(f.Entries, filesPart) {
		if err := sendGob(w.conn, insideReply{Folder: &foundFolder{Entries: part}}); err != nil {
			return nil, err
		}
	}
	f.Entries = nil
	return f, nil
}

// rootOf is the root that is looked into: the directory that came, or one that only a
// process in here may open.
func (w *insideWorker) rootOf(at rootSource) (*os.File, error) {
	if at.Kind == "" {
		return w.dir, nil
	}
	return openInside(at)
}
