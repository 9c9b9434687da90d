package lxc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Reading a configuration is an act: liblxc opens its log file, follows its
// includes and waits at a FIFO for ever. So nothing is given to liblxc before
// this file has looked at it, its includes and everything above them.

const (
	maxConfig   = 1 << 20 // bytes of one file
	maxIncludes = 512     // files of one configuration
	maxDepth    = 16      // includes within includes
)

// parsed is what lxcdeck itself reads in one configuration file.
type parsed struct {
	id       fileID
	includes []string
	manager  string // whose hooks it names
}

// configCache keeps parsed files, so that a look that finds nothing changed
// opens none. It holds at most what the containers of one host include.
type configCache struct {
	mu    sync.Mutex
	files map[string]parsed
}

func newConfigCache() *configCache { return &configCache{files: map[string]parsed{}} }

func (c *configCache) get(path string, id fileID) (parsed, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.files[path]
	return p, ok && p.id == id
}

func (c *configCache) put(path string, p parsed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files[path] = p
}

// keep drops the files that are not in use any more.
func (c *configCache) keep(used map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for path := range c.files {
		if !used[path] {
			delete(c.files, path)
		}
	}
}

// inspector looks at configurations before liblxc does. One serves one look
// at the host and one goroutine.
type inspector struct {
	walk  *walker
	cache *configCache
}

// inspection is what it found of one container.
type inspection struct {
	files   []fileID // the configuration and all it includes, in reading order
	manager string
	err     error // nil = liblxc may load it in this process
}

// loadable says whether liblxc may load the container's configuration in this
// process. The error wraps ErrNotFound, ErrForeign, ErrPermission or ErrConfig.
func (a *Adapter) loadable(ref runtime.Ref) error { return loadableHere(ref) }

// loadableHere is loadable for helpers, which have no Adapter.
func loadableHere(ref runtime.Ref) error {
	if err := ref.Check(); err != nil {
		return err
	}
	in := inspector{walk: newWalker(ownTrust()), cache: newConfigCache()}
	return in.inspect(ref).err
}

// inspect looks at one container's configuration.
func (in *inspector) inspect(ref runtime.Ref) inspection {
	var found inspection
	dir := filepath.Join(ref.Path, ref.Name)
	found.err = in.visit(filepath.Join(dir, "config"), nil, &found)
	var path *fs.PathError
	switch err := found.err; {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && errors.As(err, &path) && path.Path == filepath.Join(dir, "config"):
		found.err = fmt.Errorf("%w: %s has no config file", runtime.ErrNotFound, dir)
		return found
	case errors.Is(err, runtime.ErrConfig), errors.Is(err, runtime.ErrForeign), errors.Is(err, runtime.ErrPermission):
		return found
	case errors.Is(err, fs.ErrNotExist) && !exists(dir):
		found.err = fmt.Errorf("%w in %s", runtime.ErrNotFound, ref.Path)
		return found
	default:
		found.err = fmt.Errorf("%w: %w", runtime.ErrConfig, err)
		return found
	}
	// lxc_container_new destroys a container whose creation left this file
	// behind and is not going on (ongoing_create): looking must not do that.
	if partial := filepath.Join(dir, "partial"); exists(partial) {
		found.err = fmt.Errorf("%w: its creation has not ended: %s is still there, and loading it would destroy the container",
			runtime.ErrConfig, partial)
	}
	return found
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// visit checks one file, or a directory of *.conf files, and what it
// includes. above are the files that lead to it.
func (in *inspector) visit(path string, above []string, found *inspection) error {
	real, st, err := in.walk.walk(path)
	if len(above) > 0 && strings.HasSuffix(path, "/") && errors.Is(err, fs.ErrNotExist) {
		// No mistake to liblxc (do_includedir): LXC's own userns.conf ends with the
		// include of a directory that Debian does not install.
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case slices.Contains(above, real):
		return fmt.Errorf("%w: %s includes itself", runtime.ErrConfig, real)
	case len(above) > maxDepth:
		return fmt.Errorf("%w: %s: includes more than %d deep", runtime.ErrConfig, real, maxDepth)
	case len(found.files) >= maxIncludes:
		return fmt.Errorf("%w: more than %d files included", runtime.ErrConfig, maxIncludes)
	}
	switch kind := st.Mode & unix.S_IFMT; {
	case kind == unix.S_IFDIR && len(above) > 0:
		return in.visitDir(real, above, found)
	case kind != unix.S_IFREG:
		return fmt.Errorf("%w: %s is %s", runtime.ErrConfig, real, kindName(kind))
	case st.Size > maxConfig:
		return fmt.Errorf("%w: %s has %d bytes (%d at most)", runtime.ErrConfig, real, st.Size, maxConfig)
	}
	id := idOf(real, &st)
	p, known := in.cache.get(real, id)
	if !known {
		text, err := readRegular(real, id)
		if err != nil {
			return err
		}
		p = parse(text)
		p.id = id
		in.cache.put(real, p)
	}
	found.files = append(found.files, id)
	if found.manager == "" {
		found.manager = p.manager
	}
	above = append(above[:len(above):len(above)], real)
	for _, inc := range p.includes {
		if !filepath.IsAbs(inc) {
			return fmt.Errorf("%w: %s includes %q, which is not an absolute path", runtime.ErrConfig, real, inc)
		}
		if err := in.visit(inc, above, found); err != nil {
			return err
		}
	}
	return nil
}

// visitDir checks what liblxc would read of an included directory
// (do_includedir): every name that ends in .conf.
func (in *inspector) visitDir(dir string, above []string, found *inspection) error {
	var st unix.Stat_t
	if err := lstat(dir, &st); err != nil {
		return err
	}
	found.files = append(found.files, idOf(dir, &st))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fileErr(err)
	}
	above = append(above[:len(above):len(above)], dir)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".conf") {
			continue
		}
		if err := in.visit(filepath.Join(dir, e.Name()), above, found); err != nil {
			return err
		}
	}
	return nil
}

// readRegular reads a whole configuration file without waiting for anybody:
// what is no regular file by now is refused.
func readRegular(path string, want fileID) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fileErr(err)
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return nil, &os.PathError{Op: "fstat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Dev != want.dev || st.Ino != want.ino {
		return nil, fmt.Errorf("%w: %s was replaced while it was looked at", runtime.ErrConfig, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, fileErr(err)
	}
	if len(text) > maxConfig {
		return nil, fmt.Errorf("%w: %s grew beyond %d bytes", runtime.ErrConfig, path, maxConfig)
	}
	return text, nil
}

// parse finds includes and the traces of managers. It errs on the side of
// finding too many includes: liblxc ends lines at \n and \r, older versions
// compare only the beginning of a key, and what counts as blank has changed.
func parse(text []byte) parsed {
	var p parsed
	lines := bytes.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == 0 })
	for _, line := range lines {
		key, value, ok := setting(string(line))
		switch {
		case !ok:
		case strings.HasPrefix(key, "lxc.include"):
			p.includes = append(p.includes, value)
		case strings.HasPrefix(key, "lxc.hook"):
			if m := hookManager(value); m != "" && p.manager == "" {
				p.manager = m
			}
		}
	}
	return p
}

// kindName names what is no regular file.
func kindName(kind uint32) string {
	switch kind {
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFIFO:
		return "a FIFO"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		return "a device"
	case unix.S_IFLNK:
		return "a link"
	default:
		return "no regular file"
	}
}
