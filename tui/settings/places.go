package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// System is the settings file of the whole host.
const System = "/etc/lxcdeck/config.toml"

// maxSize keeps a file that is no config file from being read.
const maxSize = 1 << 20

// Places say which files are read.
type Places struct {
	System   string // "" = none
	User     string // "" = none
	Explicit string // of --config: instead of User, and it must exist
	// Trust: files count only if they and all their parents belong to root (or
	// TrustUID) and nobody else can write them. For lxcdeck run by root.
	Trust    bool
	TrustUID int
}

// Find gives the places of this process: XDG rules, as far as the environment
// is our own.
func Find(getenv func(string) string) Places {
	p := Places{System: System, Trust: os.Geteuid() == 0}
	if dir := xdg(getenv, "XDG_CONFIG_HOME", ".config"); dir != "" {
		p.User = filepath.Join(dir, "lxcdeck", "config.toml")
	}
	return p
}

type file struct {
	name string
	must bool
}

// files are what to read, later over earlier.
func (p Places) files() []file {
	var all []file
	if p.System != "" {
		all = append(all, file{p.System, false})
	}
	switch {
	case p.Explicit != "":
		all = append(all, file{p.Explicit, true})
	case p.User != "":
		all = append(all, file{p.User, false})
	}
	return all
}

// read gives the text of a file that may be trusted.
func (p Places) read(name string) ([]byte, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("read settings %s: %w", name, err)
	}
	if p.Trust {
		if err := trusted(name, p.TrustUID); err != nil {
			return nil, err
		}
	}
	// O_NONBLOCK: opening a FIFO must not wait for its writer.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("read settings: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("read settings %s: not a regular file", name)
	case info.Size() > maxSize:
		return nil, fmt.Errorf("read settings %s: %d bytes are too many (at most %d)", name, info.Size(), maxSize)
	}
	if p.Trust {
		if err := owned(name, info, p.TrustUID); err != nil {
			return nil, err
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize))
	if err != nil {
		return nil, fmt.Errorf("read settings %s: %w", name, err)
	}
	return text, nil
}

// trusted walks every directory and symbolic link on the way to name: whoever
// can write one of them can put another file there.
func trusted(name string, uid int) error {
	const maxLinks = 40 // as path_resolution(7)
	at := "/"
	rest := strings.Split(strings.TrimPrefix(name, "/"), "/")
	for links := 0; ; {
		info, err := os.Lstat(at)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("read settings: %w", err)
			}
			return fmt.Errorf("read settings %s: %w", name, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			if err := owned(at, info, uid); err != nil {
				return err
			}
		} else {
			if links++; links > maxLinks {
				return fmt.Errorf("read settings %s: too many symbolic links", name)
			}
			if err := ownedBy(at, info, uid); err != nil {
				return err
			}
			to, err := os.Readlink(at)
			if err != nil {
				return fmt.Errorf("read settings %s: %w", name, err)
			}
			if !filepath.IsAbs(to) {
				to = filepath.Dir(at) + "/" + to
			}
			at = "/"
			rest = append(strings.Split(strings.TrimPrefix(to, "/"), "/"), rest...)
		}
		for len(rest) > 0 && (rest[0] == "" || rest[0] == ".") {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return nil
		}
		at = filepath.Join(at, rest[0]) // ".." included: what lies below was checked
		rest = rest[1:]
	}
}

// owned refuses what somebody else than root could have written. A sticky
// directory such as /tmp is fine: its entries are checked, and only their
// owners can replace them.
func owned(name string, info fs.FileInfo, uid int) error {
	if err := ownedBy(name, info, uid); err != nil {
		return err
	}
	sticky := info.IsDir() && info.Mode()&fs.ModeSticky != 0
	if perm := info.Mode().Perm(); perm&0o022 != 0 && !sticky {
		return fmt.Errorf("settings refused: %s can be written by others than root (mode %04o); chmod go-w makes it count", name, perm)
	}
	return nil
}

func ownedBy(name string, info fs.FileInfo, uid int) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("settings refused: owner of %s not known", name)
	}
	if st.Uid != 0 && int(st.Uid) != uid {
		return fmt.Errorf("settings refused: %s belongs to uid %d, and lxcdeck run by root reads only what belongs to root", name, st.Uid)
	}
	return nil
}
