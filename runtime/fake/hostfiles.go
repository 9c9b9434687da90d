package fake

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// HostFolder lists a folder of the host that is in memory, if Options.HostFiles made
// one. A relative path begins at the first of its folders, as if that had been the
// working directory.
func (r *Runtime) HostFolder(ctx context.Context, dir string) (runtime.Folder, error) {
	if err := r.enter(ctx, HostFiles, runtime.Ref{}); err != nil {
		return runtime.Folder{}, fmt.Errorf("read folder: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hostRoot == nil {
		return runtime.Folder{}, fmt.Errorf("read folder %s: %w: the host has no files", dir, runtime.ErrUnsupported)
	}
	if !path.IsAbs(dir) {
		dir = path.Join(path.Dir(r.opts.HostFiles[0].Path), dir)
	}
	f, err := r.hostRoot.list(dir)
	if err != nil {
		return runtime.Folder{}, fmt.Errorf("read folder %s: %w", dir, err)
	}
	return f, nil
}

// list is a folder of a tree. One that nobody may read is not.
func (n *node) list(dir string) (runtime.Folder, error) {
	at, real, err := n.walk(dir)
	switch {
	case err != nil:
		return runtime.Folder{}, err
	case at.kids == nil:
		return runtime.Folder{}, fmt.Errorf("%w: %s is no folder", runtime.ErrInvalid, dir)
	case at.entry.Mode.Perm() == 0:
		return runtime.Folder{}, fmt.Errorf("%w: %s", runtime.ErrPermission, dir)
	}
	f := runtime.Folder{Path: real, Free: runtime.Of(20 << 30)}
	for _, k := range at.kids {
		e := k.entry
		if e.UID == 0 {
			e.Owner = "root"
		}
		if e.GID == 0 {
			e.Group = "root"
		}
		f.Entries = append(f.Entries, e)
	}
	slices.SortFunc(f.Entries, runtime.FoldersFirst)
	if len(f.Entries) > runtime.MaxEntries {
		f.More = len(f.Entries) - runtime.MaxEntries
		f.Entries = f.Entries[:runtime.MaxEntries]
	}
	return f, nil
}

// source is one of the files and folders that are copied.
type source struct {
	n    *node
	from string
}

// copyInMemory copies between the root of a container and the host in memory, and takes
// its time for that.
func (r *Runtime) copyInMemory(ctx context.Context, q runtime.Request, a *runtime.CopyFilesArgs) error {
	if q.File != nil {
		return fmt.Errorf("%w: a file that is open already", runtime.ErrUnsupported)
	}
	c := copier{r: r, ctx: ctx, q: q, a: a}
	r.mu.Lock()
	dir, all, err := c.plan()
	r.mu.Unlock()
	if err != nil {
		return err
	}
	if err := r.takeTime(ctx, q, all); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range all {
		if err := c.put(dir, s.n, s.from); err != nil {
			return err
		}
	}
	if q.Progress != nil {
		q.Progress(runtime.Progress{Done: c.done.Bytes, Total: c.done.Bytes, Copied: &c.done})
	}
	return nil
}

// plan finds where the sources go, and what is in the way. Callers hold r.mu.
func (c *copier) plan() (dir *node, all []source, err error) {
	b, ok := c.r.boxes[c.q.Ref]
	if !ok {
		return nil, nil, runtime.ErrNotFound
	}
	out, in := c.r.hostRoot, c.r.tree(b)
	if c.q.Op == runtime.Pull {
		out, in = in, out
	}
	folder, name, err := c.place(func(p string) (bool, error) {
		n, _, err := in.walk(p)
		return n != nil && n.kids != nil, err
	})
	if err == nil {
		dir, _, err = in.walk(folder)
	}
	if err != nil {
		return nil, nil, err
	}
	var taken []string
	for _, from := range c.a.From {
		parent, _, err := out.walk(path.Dir(from))
		if err != nil {
			return nil, nil, err
		}
		n := parent.kids[path.Base(from)]
		if n == nil {
			return nil, nil, fmt.Errorf("%w: %s", runtime.ErrNoFile, from)
		}
		if name != "" {
			other := *n
			other.entry.Name = name
			n = &other
		}
		n = n.copyable(&c.done.Left)
		if n == nil {
			continue
		}
		taken = append(taken, c.taken(dir, n, "")...)
		all = append(all, source{n, from})
	}
	if len(taken) > 0 {
		return nil, nil, fmt.Errorf("%w: %d in the way: %s", runtime.ErrExists, len(taken), strings.Join(taken[:min(len(taken), 10)], ", "))
	}
	return dir, all, nil
}

// taken are the names that stand in the way of a node in a folder.
func (c *copier) taken(dir, n *node, above string) []string {
	old, name := dir.kids[n.entry.Name], path.Join(above, n.entry.Name)
	switch {
	case old == nil:
		return nil
	case old.kids != nil && n.kids != nil:
		var all []string
		for _, k := range n.kids {
			all = append(all, c.taken(old, k, name)...)
		}
		slices.Sort(all)
		return all
	case c.a.Exists == runtime.Refuse, c.a.Exists == runtime.Overwrite && (old.kids != nil || n.kids != nil):
		return []string{name}
	}
	return nil
}

// takeTime goes through what is copied, file by file.
func (r *Runtime) takeTime(ctx context.Context, q runtime.Request, all []source) error {
	const parts = 20
	if r.opts.CopyLatency == 0 {
		return cancelled(ctx.Err())
	}
	var names []string
	var total uint64
	var walk func(n *node, at string)
	walk = func(n *node, at string) {
		total += n.entry.Size.Or(0)
		if n.entry.Kind == runtime.FileRegular {
			names = append(names, at)
		}
		for name, k := range n.kids {
			walk(k, path.Join(at, name))
		}
	}
	r.mu.Lock()
	for _, s := range all {
		walk(s.n, s.from)
	}
	r.mu.Unlock()
	slices.Sort(names)
	for i := range parts {
		if err := r.opts.Clock.Sleep(ctx, r.opts.CopyLatency/2/parts); err != nil {
			return cancelled(err)
		}
		if q.Progress != nil && len(names) > 0 {
			q.Progress(runtime.Progress{Step: names[i*len(names)/parts], Done: total * uint64(i+1) / parts, Total: total})
		}
	}
	return nil
}

// copyable is a node without what is not copied; nil = it is that itself.
func (n *node) copyable(left *uint64) *node {
	if k := n.entry.Kind; k != runtime.FileRegular && k != runtime.FileFolder && k != runtime.FileLink {
		*left++
		return nil
	}
	if n.kids == nil {
		return n
	}
	out := *n
	out.kids = make(map[string]*node, len(n.kids))
	for name, k := range n.kids {
		if k := k.copyable(left); k != nil {
			out.kids[name] = k
		}
	}
	return &out
}
