package fake

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// TreeFile is a file of a Spec. Folders above it are made; a Mode of fs.ModeDir makes
// one, with a Target it is a link.
type TreeFile struct {
	Path     string
	Text     string
	Target   string
	Mode     fs.FileMode // 0 = 0644
	UID, GID uint32
	Changed  time.Time // zero = when the host began
	Mount    bool
}

// node is a file or folder inside.
type node struct {
	entry runtime.FileEntry
	data  []byte
	kids  map[string]*node // of a folder
}

func folderNode(name string, at time.Time) *node {
	return &node{entry: runtime.FileEntry{Name: name, Kind: runtime.FileFolder, Mode: fs.ModeDir | 0o755, Changed: at}, kids: map[string]*node{}}
}

func defaultFiles(host string) []TreeFile {
	return []TreeFile{
		{Path: "/etc/hostname", Text: host + "\n"}, {Path: "/etc/passwd", Text: "root:x:0:0:root:/root:/bin/sh\n"},
		{Path: "/root", Mode: fs.ModeDir | 0o700}, {Path: "/home", Mode: fs.ModeDir | 0o755}, {Path: "/tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777},
		{Path: "/usr/bin/sh", Text: "#!", Mode: 0o755}, {Path: "/bin", Target: "usr/bin"}, {Path: "/var/log/messages", Text: "ready\n"},
		{Path: "/proc", Mode: fs.ModeDir | 0o555, Mount: true}, {Path: "/srv", Mode: fs.ModeDir | 0o755},
	}
}

// tree is the root of a box. Callers hold r.mu.
func (r *Runtime) tree(b *box) *node {
	if b.root != nil {
		return b.root
	}
	files := b.spec.Files
	if files == nil {
		files = defaultFiles(b.spec.Name)
	}
	b.root = plant(files, r.planted())
	return b.root
}

// planted is when files were written of which nothing else is said.
func (r *Runtime) planted() time.Time {
	if r.opts.Demo {
		return r.born.Add(-200 * 24 * time.Hour)
	}
	return r.born
}

// plant makes a tree of files.
func plant(files []TreeFile, born time.Time) *node {
	root := folderNode("", born)
	for _, f := range files {
		at := root
		dir, base := path.Split(path.Clean(f.Path))
		for name := range strings.SplitSeq(strings.Trim(dir, "/"), "/") {
			if name == "" {
				continue
			}
			if at.kids[name] == nil {
				at.kids[name] = folderNode(name, born)
			}
			at = at.kids[name]
		}
		at.kids[base] = f.node(base, born)
	}
	return root
}

func (f *TreeFile) node(name string, born time.Time) *node {
	at := f.Changed
	if at.IsZero() {
		at = born
	}
	n := folderNode(name, at)
	n.entry.UID, n.entry.GID, n.entry.Mount = f.UID, f.GID, f.Mount
	switch {
	case f.Mode.IsDir():
		n.entry.Mode = f.Mode
		return n
	case f.Target != "":
		n.entry.Mode, n.entry.Target = fs.ModeSymlink|0o777, f.Target
	default:
		n.entry.Mode, n.data = cmp.Or(f.Mode, 0o644), []byte(f.Text)
		n.entry.Size = runtime.Of(uint64(len(n.data)))
	}
	n.kids, n.entry.Kind = nil, runtime.FileKindOf(n.entry.Mode)
	return n
}

// maxLinks is how many links a path may lead over, as in the kernel.
const maxLinks = 40

// walk follows a path from the root, links included; real is where it ends.
func (n *node) walk(name string) (at *node, real string, err error) {
	real, left := "/", strings.Split(name, "/")
	for links := 0; len(left) > 0; {
		part := left[0]
		left = left[1:]
		if part == ".." {
			real = path.Dir(real)
			continue
		}
		if part == "" || part == "." {
			continue
		}
		dir := n.plain(real)
		if dir == nil || dir.kids == nil {
			return nil, "", fmt.Errorf("%w: %s is no folder", runtime.ErrInvalid, real)
		}
		next := dir.kids[part]
		if next == nil {
			return nil, "", fmt.Errorf("%w: %s", runtime.ErrNoFile, path.Join(real, part))
		}
		if next.entry.Kind != runtime.FileLink {
			real = path.Join(real, part)
			continue
		}
		if links++; links > maxLinks {
			return nil, "", fmt.Errorf("%w: %s: too many links", runtime.ErrInvalid, name)
		}
		if path.IsAbs(next.entry.Target) {
			real = "/"
		}
		left = append(strings.Split(next.entry.Target, "/"), left...)
	}
	return n.plain(real), real, nil
}

// plain is what is at a path without links; nil = nothing is.
func (n *node) plain(name string) *node {
	for part := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
		if part == "" {
			continue
		}
		if n = n.kids[part]; n == nil {
			return nil
		}
	}
	return n
}

// Files lists a folder of the tree in memory.
func (r *Runtime) Files(ctx context.Context, ref runtime.Ref, dir string) (runtime.Folder, error) {
	err := r.enter(ctx, Files, ref)
	if err == nil && !path.IsAbs(dir) {
		err = fmt.Errorf("%w: %q is no absolute path", runtime.ErrInvalid, dir)
	}
	if err != nil {
		return runtime.Folder{}, wrap("files", ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return runtime.Folder{}, wrap("files", ref, runtime.ErrNotFound)
	}
	f, err := r.tree(b).list(dir)
	if err != nil {
		return runtime.Folder{}, wrap("files", ref, err)
	}
	return f, nil
}
