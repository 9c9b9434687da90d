package lxc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Changing a configuration without liblxc: its save_config writes the file anew
// from what it understood, so that comments, blanks and order are gone. Here
// every line that is not changed stays byte for byte.

// confFile is a configuration file as lines. Includes are not followed: they
// are other files, and belong to others too.
type confFile struct {
	path  string // real: no symbolic link
	id    fileID // the version that was read
	lines []string
}

// readConf reads a configuration file that is safe to load (see inspector).
func readConf(path string) (*confFile, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", fileErr(err))
	}
	var st unix.Stat_t
	if err := lstat(real, &st); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFREG {
		return nil, fmt.Errorf("%w: %s is %s", runtime.ErrConfig, real, kindName(kind))
	}
	id := idOf(real, &st)
	text, err := readRegular(real, id)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		// liblxc takes the file for a string that ends there.
		return nil, fmt.Errorf("%w: %s has a NUL in it", runtime.ErrConfig, real)
	}
	return &confFile{path: real, id: id, lines: confLines(string(text))}, nil
}

// readConfOf reads the configuration of a container.
func readConfOf(ref runtime.Ref) (*confFile, error) {
	return readConf(filepath.Join(ref.String(), "config"))
}

// confLines cuts a text into lines with their ends. liblxc ends them at \n and
// at \r (lxc_file_for_each_line_mmap).
func confLines(text string) []string {
	var lines []string
	for text != "" {
		n := strings.IndexAny(text, "\r\n") + 1
		switch {
		case n == 0:
			n = len(text)
		case text[n-1] == '\r' && strings.HasPrefix(text[n:], "\n"):
			n++
		}
		lines = append(lines, text[:n])
		text = text[n:]
	}
	return lines
}

// String is the whole file.
func (c *confFile) String() string { return strings.Join(c.lines, "") }

// values are the values that the file itself gives a key, in order. An empty
// one takes back what stood before.
func (c *confFile) values(key string) []string {
	var out []string
	for _, line := range c.lines {
		if k, v, ok := setting(line); ok && k == key {
			out = append(out, v)
		}
	}
	return out
}

// set gives a key these values, one line each, in the place of the first line
// it has. Where an include that follows could say otherwise, and where there is
// no such line, they go to the end.
func (c *confFile) set(key string, values ...string) error {
	for _, v := range values {
		if strings.ContainsAny(v, "\r\n\x00") {
			return fmt.Errorf("%w: value %q of %s has more than one line", runtime.ErrInvalid, v, key)
		}
	}
	at, include := -1, -1
	for i, line := range c.lines {
		switch k, _, ok := setting(line); {
		case ok && k == key && at < 0:
			at = i
		case ok && strings.HasPrefix(k, "lxc.include"):
			include = i
		}
	}
	end := "\n"
	if at >= 0 {
		end = lineEnd(c.lines[at])
	}
	var made []string
	for _, v := range values {
		made = append(made, confLine(key, v)+end)
	}
	if at >= 0 && at > include {
		// The lines before it are not of this key.
		rest := (&confFile{lines: c.lines[at:]}).without(key)
		c.lines = slices.Concat(c.lines[:at], made, rest)
		return nil
	}
	c.lines = c.without(key)
	c.add(made...)
	return nil
}

// add puts whole lines at the end.
func (c *confFile) add(lines ...string) {
	if n := len(c.lines); n > 0 && len(lines) > 0 && !strings.HasSuffix(c.lines[n-1], lineEnd(c.lines[n-1])) {
		c.lines[n-1] += "\n"
	}
	c.lines = append(c.lines, lines...)
}

// remove takes all lines of a key out.
func (c *confFile) remove(key string) { c.lines = c.without(key) }

func (c *confFile) without(key string) []string {
	var out []string
	for _, line := range c.lines {
		if k, _, ok := setting(line); !ok || k != key {
			out = append(out, line)
		}
	}
	return out
}

// lineEnd is how a line ends; "\n" for the last one, which may have no end.
func lineEnd(line string) string {
	end := line[len(strings.TrimRight(line, "\r\n")):]
	if end == "" {
		return "\n"
	}
	return end
}

// confLine is one setting as setting takes it apart again.
func confLine(key, value string) string {
	switch n := len(value); {
	case value == "":
		return key + " ="
	case strings.TrimSpace(value) != value,
		n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0]:
		// liblxc takes off the blanks, and one pair of quotes.
		return key + ` = "` + value + `"`
	}
	return key + " = " + value
}

// replacePath puts to in the place of from in every value that holds paths of
// the host: in whole components, so that /lxc/web is not found in /lxc/web2.
// It says how many values it changed.
func (c *confFile) replacePath(from, to string) (changed int) {
	for i, line := range c.lines {
		key, value, ok := setting(line)
		if !ok {
			continue
		}
		around, escaped, ok := pathKey(key)
		if !ok || value == "" {
			continue
		}
		f, t := from, to
		if escaped {
			f, t = fstabWord(from), fstabWord(to)
		}
		made := replacePath(value, f, t, around)
		if made == value {
			continue
		}
		// The value stands once behind the first =, between blanks and quotes.
		at := strings.IndexByte(line, '=')
		at += strings.Index(line[at:], value)
		c.lines[i] = line[:at] + made + line[at+len(value):]
		changed++
	}
	return changed
}

// pathKey says whether a key's value holds paths of the host, which bytes part
// them, and whether they are words of fstab(5), whose blanks are escaped. Paths
// inside the container, such as those of lxc.init.cmd, are not meant.
func pathKey(key string) (around string, escaped, ok bool) {
	const words = " \t:,=\"'"
	switch {
	case key == "lxc.rootfs.path":
		return ":", false, true // overlay:/lower:/upper
	case slices.Contains([]string{
		"lxc.include", "lxc.rootfs.mount", "lxc.mount.fstab", "lxc.console.logfile", "lxc.console.path", "lxc.log.file",
		"lxc.seccomp.profile",
	}, key):
		return "", false, true
	case key == "lxc.mount.entry":
		return words, true, true // lowerdir=/a:/b,upperdir=/c
	case strings.HasPrefix(key, "lxc.hook."), strings.HasPrefix(key, "lxc.net.") && strings.Contains(key, ".script."),
		key == "lxc.rootfs.options", key == "lxc.apparmor.raw", key == "lxc.seccomp.notify.proxy":
		return words, false, true
	}
	return "", false, false
}

// replacePath replaces a path at the beginning of paths in a text. Before it
// and behind it, unless a slash follows, stands an end of the text or one of
// the bytes in around.
func replacePath(text, from, to, around string) string {
	if from == "" {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		end := i + len(from)
		if strings.HasPrefix(text[i:], from) &&
			(i == 0 || strings.IndexByte(around, text[i-1]) >= 0) &&
			(end == len(text) || text[end] == '/' || strings.IndexByte(around, text[end]) >= 0) {
			b.WriteString(to)
			i = end
			continue
		}
		b.WriteByte(text[i])
		i++
	}
	return b.String()
}

// fstabWord is a path as a word of fstab(5).
func fstabWord(path string) string {
	return strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`).Replace(path)
}

// replaceInFstab is replacePath for a whole fstab(5), as lxc.mount.fstab names it.
func replaceInFstab(text, from, to string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			line = replacePath(line, fstabWord(from), fstabWord(to), " \t\n:,=")
		}
		b.WriteString(line)
	}
	return b.String()
}

// write puts the changed configuration in the place of the one that was read,
// with its owner, mode and extended attributes (access control lists are some).
// Where somebody else has changed the file meanwhile it writes nothing.
func (c *confFile) write() error { return replaceFile(c.path, c.id, []byte(c.String())) }

// newFile is what a file is called until it takes another's place. The name is
// fixed, so that one that was left by a kill is gone with the next change.
const newFile = ".lxcdeck-new"

// replaceFile replaces the version id of a regular file.
func replaceFile(path string, id fileID, text []byte) (err error) {
	tmp := filepath.Join(filepath.Dir(path), newFile)
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", path, fileErr(err))
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, fileErr(err))
	}
	defer func() {
		f.Close()
		if err != nil {
			_ = os.Remove(tmp)
		}
	}()
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := sameRights(path, f); err != nil {
		return fmt.Errorf("write %s: owner and mode: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if idOf(path, &st) != id {
		return fmt.Errorf("%w: %s was changed by somebody else just now", runtime.ErrBusy, path)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, fileErr(err))
	}
	return syncDir(filepath.Dir(path))
}

// sameRights gives a new file the owner, mode and extended attributes of another.
func sameRights(path string, f *os.File) error {
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		return err
	}
	if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil {
		return fileErr(err)
	}
	// Changing the owner takes set-user-ID bits off: the mode comes after it.
	if err := unix.Fchmod(int(f.Fd()), st.Mode&0o7777); err != nil {
		return err
	}
	names := make([]byte, 64<<10) // XATTR_LIST_MAX of limits.h
	n, err := unix.Llistxattr(path, names)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 64<<10) // XATTR_SIZE_MAX
		n, err := unix.Lgetxattr(path, name, value)
		if err == nil {
			err = unix.Fsetxattr(int(f.Fd()), name, value[:n], 0)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
