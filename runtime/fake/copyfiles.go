package fake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"lxcdeck/runtime"
)

// copier copies between the tree in memory and files of the real host.
type copier struct {
	r    *Runtime
	ctx  context.Context
	q    runtime.Request
	a    *runtime.CopyFilesArgs
	root *node
	done runtime.Copied
}

func (r *Runtime) copyFiles(ctx context.Context, q runtime.Request) error {
	a, _ := q.Args.(*runtime.CopyFilesArgs) // Request.Check has seen to it
	if r.hostRoot != nil {
		return r.copyInMemory(ctx, q, a)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[q.Ref]
	if !ok {
		return runtime.ErrNotFound
	}
	c := copier{r: r, ctx: ctx, q: q, a: a, root: r.tree(b)}
	var err error
	if q.Op == runtime.Push {
		err = c.push()
	} else {
		err = c.pull()
	}
	if q.Progress != nil {
		q.Progress(runtime.Progress{Done: c.done.Bytes, Total: c.done.Bytes, Copied: &c.done})
	}
	return err
}

// place says which names the sources get: folder is where, and name of the one source.
func (c *copier) place(isFolder func(string) (bool, error)) (folder, name string, err error) {
	is, err := isFolder(c.a.To)
	switch {
	case err == nil && is && len(c.a.From) > 0:
		return c.a.To, "", nil
	case err != nil && !errors.Is(err, runtime.ErrNoFile) && !errors.Is(err, fs.ErrNotExist):
		return "", "", err
	case err != nil && (len(c.a.From) > 1 || strings.HasSuffix(c.a.To, "/")):
		return "", "", fmt.Errorf("%w: %s is to be a folder that is there", runtime.ErrNoFile, c.a.To)
	case len(c.a.From) > 1 || strings.HasSuffix(c.a.To, "/") || is:
		return "", "", fmt.Errorf("%w: %s is no folder that is there", runtime.ErrInvalid, c.a.To)
	}
	if is, err := isFolder(path.Dir(c.a.To)); err != nil || !is {
		return "", "", fmt.Errorf("%w: %s", runtime.ErrNoFile, path.Dir(c.a.To))
	}
	return path.Dir(c.a.To), path.Base(c.a.To), nil
}

func (c *copier) push() error {
	folder, name, err := c.place(func(p string) (bool, error) {
		n, _, err := c.root.walk(p)
		return n != nil && n.kids != nil, err
	})
	if err != nil {
		return err
	}
	dir, _, err := c.root.walk(folder)
	if err != nil {
		return err
	}
	if c.q.File != nil {
		text, err := io.ReadAll(c.q.File)
		if err != nil {
			return err
		}
		n := (&TreeFile{Text: string(text)}).node(name, c.r.Now())
		return c.put(dir, n, "-")
	}
	for pass := range 2 {
		for _, from := range c.a.From {
			as := name
			if as == "" {
				as = path.Base(from)
			}
			n, err := c.read(from, as)
			if err != nil {
				return err
			}
			if old := dir.kids[as]; pass == 0 && old != nil && (c.a.Exists == runtime.Refuse || (old.kids == nil) != (n.kids == nil)) {
				return fmt.Errorf("%w: 1 in the way: %s", runtime.ErrExists, as)
			}
			if pass == 1 {
				if err := c.put(dir, n, from); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// read gives a file or folder of the host as a node.
func (c *copier) read(from, as string) (*node, error) {
	st, err := os.Lstat(from)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %s", runtime.ErrNoFile, from)
		}
		return nil, err
	}
	f := TreeFile{Mode: st.Mode(), Changed: st.ModTime()}
	if c.a.Owner != nil {
		f.UID, f.GID = c.a.Owner.UID, c.a.Owner.GID
	}
	switch {
	case st.IsDir():
		n := f.node(as, c.r.born)
		all, err := os.ReadDir(from)
		for _, e := range all {
			kid, err := c.read(filepath.Join(from, e.Name()), e.Name())
			if err != nil {
				return nil, err
			}
			if kid != nil {
				n.kids[e.Name()] = kid
			}
		}
		return n, err
	case st.Mode()&fs.ModeSymlink != 0:
		f.Target, err = os.Readlink(from)
	case st.Mode().IsRegular():
		var text []byte
		text, err = os.ReadFile(from)
		f.Text = string(text)
	default:
		return nil, nil
	}
	return f.node(as, c.r.born), err
}

// put hangs a node into a folder.
func (c *copier) put(dir, n *node, from string) error {
	if c.ctx.Err() != nil {
		return cancelled(c.ctx.Err())
	}
	old := dir.kids[n.entry.Name]
	switch {
	case old != nil && old.kids != nil && n.kids != nil:
		for _, k := range n.kids {
			if err := c.put(old, k, path.Join(from, k.entry.Name)); err != nil {
				return err
			}
		}
		return nil
	case old != nil && c.a.Exists == runtime.Skip:
		c.done.Skipped++
		return nil
	case old != nil && (c.a.Exists == runtime.Refuse || old.kids != nil || n.kids != nil):
		return fmt.Errorf("%w: 1 in the way: %s", runtime.ErrExists, n.entry.Name)
	case n.kids != nil:
		into := *n
		into.kids = map[string]*node{}
		dir.kids[n.entry.Name] = &into
		c.done.Folders++
		for _, k := range n.kids {
			if err := c.put(&into, k, path.Join(from, k.entry.Name)); err != nil {
				return err
			}
		}
		return nil
	}
	dir.kids[n.entry.Name] = n
	c.count(n, from)
	return nil
}

func (c *copier) count(n *node, from string) {
	if n.entry.Kind == runtime.FileLink {
		c.done.Links++
		return
	}
	c.done.Files++
	c.done.Bytes += uint64(len(n.data))
	if (c.a.Sums || c.a.Verify) && len(c.done.Sums) < runtime.MaxSums {
		sum := sha256.Sum256(n.data)
		c.done.Sums = append(c.done.Sums, runtime.Sum{Path: from, SHA256: hex.EncodeToString(sum[:]), Size: uint64(len(n.data))})
	}
}

func (c *copier) pull() error {
	var folder, name string
	var err error
	if c.q.File == nil {
		folder, name, err = c.place(func(p string) (bool, error) {
			st, err := os.Stat(p)
			return err == nil && st.IsDir(), err
		})
		if err != nil {
			return err
		}
	}
	for pass := range 2 {
		for _, from := range c.a.From {
			parent, _, err := c.root.walk(path.Dir(from))
			if err != nil {
				return err
			}
			n := parent.kids[path.Base(from)]
			if n == nil {
				return fmt.Errorf("%w: %s", runtime.ErrNoFile, from)
			}
			if c.q.File != nil {
				if err := c.pour(n, from, pass == 1); err != nil {
					return err
				}
				continue
			}
			as := name
			if as == "" {
				as = path.Base(from)
			}
			to := filepath.Join(folder, as)
			if pass == 1 {
				err = c.write(n, from, to)
			} else if st, there := os.Lstat(to); there == nil && (c.a.Exists == runtime.Refuse || st.IsDir() != (n.kids != nil)) {
				err = fmt.Errorf("%w: 1 in the way: %s", runtime.ErrExists, as)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// pour writes a file to what the request has opened, if it is time for that.
func (c *copier) pour(n *node, from string, now bool) error {
	switch {
	case n.entry.Kind != runtime.FileRegular:
		return fmt.Errorf("%w: %s is a %s", runtime.ErrInvalid, from, n.entry.Kind)
	case !now:
		return nil
	}
	c.count(n, from)
	_, err := c.q.File.Write(n.data)
	return err
}

// write makes a node a file or folder of the host.
func (c *copier) write(n *node, from, to string) error {
	if c.ctx.Err() != nil {
		return cancelled(c.ctx.Err())
	}
	st, err := os.Lstat(to)
	switch {
	case n.kids != nil:
		if err != nil {
			if err := os.Mkdir(to, 0o755); err != nil {
				return err
			}
			c.done.Folders++
		} else if !st.IsDir() {
			return fmt.Errorf("%w: 1 in the way: %s", runtime.ErrExists, n.entry.Name)
		}
		for name, k := range n.kids {
			if err := c.write(k, path.Join(from, name), filepath.Join(to, name)); err != nil {
				return err
			}
		}
		return nil
	case err == nil && c.a.Exists == runtime.Skip:
		c.done.Skipped++
		return nil
	case err == nil && (c.a.Exists == runtime.Refuse || st.IsDir()):
		return fmt.Errorf("%w: 1 in the way: %s", runtime.ErrExists, n.entry.Name)
	case err == nil:
		if err := os.Remove(to); err != nil {
			return err
		}
	}
	if n.entry.Kind == runtime.FileLink {
		err = os.Symlink(n.entry.Target, to)
	} else {
		err = os.WriteFile(to, n.data, n.entry.Mode.Perm())
	}
	if err == nil {
		c.count(n, from)
	}
	return err
}
