package lxc

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

// Where the system's lxcpath is written down, and what it is when it is not
// (lxc.system.conf(5)). liblxc tells a user only that user's own.
const (
	systemConf = "/etc/lxc/lxc.conf"
	systemPath = "/var/lib/lxc"
)

// givenPaths makes the lxcpaths that were asked for absolute and clean,
// without repetition, in order.
func givenPaths(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		if p == "" {
			return nil, fmt.Errorf("%w: empty lxcpath", runtime.ErrInvalid)
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("%w: lxcpath %q: %w", runtime.ErrInvalid, p, err)
		}
		if err := isDir(abs); err != nil {
			return nil, fmt.Errorf("%w: lxcpath %q: %w", runtime.ErrInvalid, p, err)
		}
		if !slices.Contains(out, abs) {
			out = append(out, abs)
		}
	}
	return out, nil
}

// isDir refuses what is there but no directory, and what is not there. A
// directory that only cannot be reached is left for List to report.
func isDir(path string) error {
	info, err := os.Stat(path)
	var bare *fs.PathError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil
	case errors.As(err, &bare):
		return bare.Err
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("not a directory")
	}
	return nil
}

// defaultPaths are LXC's own: for root the system's, for a user the user's
// and, where it can be read, the system's.
func defaultPaths(uid int) []string {
	own := filepath.Clean(golxc.GlobalConfigItem("lxc.lxcpath"))
	paths := []string{own}
	if uid == 0 {
		return paths
	}
	system := confPath(systemConf)
	if system != own {
		if d, err := os.Open(system); err == nil {
			_ = d.Close()
			paths = append(paths, system)
		}
	}
	return paths
}

// confPath reads lxc.lxcpath from LXC's system configuration.
func confPath(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return systemPath
	}
	defer f.Close()
	path := systemPath
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, ok := setting(lines.Text())
		if ok && key == "lxc.lxcpath" && filepath.IsAbs(value) {
			path = filepath.Clean(value)
		}
	}
	return path
}

// setting takes one line of an LXC configuration apart the way liblxc does:
// blanks around key and value go, one pair of quotes around the value too.
func setting(line string) (key, value string, ok bool) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", "", false
	}
	key, value, ok = strings.Cut(line, "=")
	if !ok {
		return "", "", false
	}
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return key, value, true
}
