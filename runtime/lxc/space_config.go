package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// What a config needs of this host's files is read as text: every path in every value
// counts, whatever the key. So keys that are not known here, or not yet, count too.

// maxNamed is how many bytes of paths are taken from one container's configs.
const maxNamed = 256 << 10

// spaceConf is what the room of a container is told by.
type spaceConf struct {
	root    string   // the value of lxc.rootfs.path; "" = none
	options []string // of the mount of the root
	names   []string // paths that are named
	words   []string // names of files and directories in scripts of hooks
	size    int      // bytes of names and words
	seen    map[string]bool
}

func newSpaceConf() *spaceConf { return &spaceConf{seen: map[string]bool{}} }

// read reads a config and all that it includes.
func (c *spaceConf) read(path string) error { return eachSetting(path, 0, c.take) }

// eachSetting reads a config and all that it includes as text, in liblxc's order, after
// an inspection has found them all safe, bounded and without circles.
func eachSetting(path string, depth int, take func(key, value string) error) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: includes more than %d deep", runtime.ErrConfig, maxDepth)
	}
	real, err := filepath.EvalSymlinks(path)
	if depth > 0 && strings.HasSuffix(path, "/") && errors.Is(err, fs.ErrNotExist) {
		return nil // no mistake to liblxc (do_includedir)
	}
	if err != nil {
		return fileErr(err)
	}
	var st unix.Stat_t
	if err := lstat(real, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR && depth > 0 {
		entries, err := os.ReadDir(real)
		for _, e := range entries {
			if err == nil && strings.HasSuffix(e.Name(), ".conf") {
				err = eachSetting(filepath.Join(real, e.Name()), depth+1, take)
			}
		}
		return fileErr(err)
	}
	text, err := readSmall(real)
	if err != nil {
		return err
	}
	for _, line := range confLines(string(text)) {
		key, value, ok := setting(line)
		if !ok {
			continue
		}
		if strings.HasPrefix(key, "lxc.include") { // older versions compare no more of it
			if err := eachSetting(value, depth+1, take); err != nil {
				return err
			}
		}
		if err := take(key, value); err != nil {
			return err
		}
	}
	return nil
}

// take takes one setting.
func (c *spaceConf) take(key, value string) error {
	switch {
	case key == "lxc.rootfs.path":
		c.root = value
	case key == "lxc.rootfs.options":
		c.options = append(c.options, value)
	case strings.HasPrefix(key, "lxc.hook."):
		if err := c.hook(value); err != nil {
			return err
		}
	case key == "lxc.mount.fstab", key == "lxc.mount":
		text, err := readFstab(value)
		if err != nil {
			return err
		}
		if err := c.name(text); err != nil {
			return err
		}
	}
	return c.name(value)
}

// readFstab reads the file that lxc.mount.fstab names; one that is not there mounts nothing.
func readFstab(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var text []byte
	if err == nil {
		text, err = readSmall(real)
	}
	if err != nil {
		return "", fmt.Errorf("lxc.mount.fstab: %w", fileErr(err))
	}
	return string(text), nil
}

// name takes all paths out of a text, wherever they stand in it.
func (c *spaceConf) name(text string) error {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n:,=\"'", r) }) {
		word = unescaped(word)
		if !filepath.IsAbs(word) || c.seen[word] {
			continue
		}
		if c.size += len(word); c.size > maxNamed {
			return fmt.Errorf("%w: it names too many paths", runtime.ErrConfig)
		}
		c.seen[word] = true
		c.names = append(c.names, word)
	}
	// A path with such a sign in it is one as a whole.
	if whole := strings.TrimSpace(text); filepath.IsAbs(whole) && !strings.Contains(whole, "\n") && !c.seen[whole] && len(whole) < unix.PathMax {
		c.size += len(whole)
		c.seen[whole] = true
		c.names = append(c.names, whole)
	}
	return nil
}

// hook takes what a hook's script speaks of, be it by a variable and a name: a script
// that mounts "$LXC_PATH/data" needs that. What is no script names what it needs in the
// config, or nobody knows.
func (c *spaceConf) hook(command string) error {
	path, _, _ := strings.Cut(strings.TrimSpace(command), " ")
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil // such a container does not start
	}
	var st unix.Stat_t
	if lstat(real, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > maxConfig {
		return nil
	}
	text, err := readSmall(real)
	if err != nil {
		return fmt.Errorf("lxc.hook: %w", err)
	}
	if !strings.HasPrefix(string(text), "#!") {
		return nil
	}
	for word := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return strings.ContainsRune(" \t\r\n:,=\"'/;$(){}[]<>|&`", r) }) {
		if c.seen[word] { // no path is one: they have slashes
			continue
		}
		if c.size += len(word); c.size > maxNamed {
			return fmt.Errorf("%w: the scripts of its hooks say too much", runtime.ErrConfig)
		}
		c.seen[word] = true
		c.words = append(c.words, word)
	}
	return nil
}
