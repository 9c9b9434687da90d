package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// StateDir is where this user's state is kept: $XDG_STATE_HOME/lxcdeck, else
// ~/.local/state/lxcdeck. "" = there is no place. It need not exist.
func StateDir(getenv func(string) string) string {
	if dir := xdg(getenv, "XDG_STATE_HOME", ".local/state"); dir != "" {
		return filepath.Join(dir, "lxcdeck")
	}
	return ""
}

// xdg is a directory of the XDG rules: what the environment names, else below
// in the home directory; "" = there is no home. `sudo -E` and the like keep the
// environment of somebody else, whose directories are passed over.
func xdg(getenv func(string) string, name, below string) string {
	if x := getenv(name); filepath.IsAbs(x) {
		uid, err := owner(x)
		switch {
		case os.Geteuid() == 0 && rootsOwn(x),
			os.Geteuid() != 0 && (errors.Is(err, fs.ErrNotExist) || err == nil && (uid == 0 || uid == os.Geteuid())):
			return x
		}
	}
	if h := Home(getenv); h != "" {
		return filepath.Join(h, below)
	}
	return ""
}

// Home is this user's home directory, "" if there is none: for root that of the
// password file, and for others too if $HOME is missing or another's, as after
// `sudo -u`.
func Home(getenv func(string) string) string {
	h := getenv("HOME")
	if os.Geteuid() != 0 && filepath.IsAbs(h) {
		switch uid, err := owner(h); {
		case errors.Is(err, fs.ErrNotExist), err == nil && uid == os.Geteuid():
			return h
		}
	}
	u, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil || !filepath.IsAbs(u.HomeDir) {
		return ""
	}
	return u.HomeDir
}

// rootsOwn says that a directory and all above it, as far as they exist, are root's.
func rootsOwn(dir string) bool {
	for dir = filepath.Clean(dir); ; dir = filepath.Dir(dir) {
		if uid, err := owner(dir); uid != 0 || (err != nil && !errors.Is(err, fs.ErrNotExist)) {
			return false
		}
		if dir == "/" {
			return true
		}
	}
}

func owner(path string) (uid int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return int(st.Uid), nil
}

// lookFile is touched when the screen is opened.
const lookFile = "looked"

// LastLook is when the screen was opened last, as far as the state directory
// knows; a month ago if it does not.
func LastLook(dir string) time.Time {
	const month = 30 * 24 * time.Hour
	if dir != "" {
		if info, err := os.Lstat(filepath.Join(dir, lookFile)); err == nil {
			return info.ModTime()
		}
	}
	return time.Now().Add(-month)
}

// Look keeps that the screen is being opened.
func Look(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep when the screen was opened: %w", err)
	}
	if err := replace(filepath.Join(dir, lookFile), nil); err != nil {
		return fmt.Errorf("keep when the screen was opened: %w", err)
	}
	return nil
}
