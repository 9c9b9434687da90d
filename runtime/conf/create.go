package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Create makes a file that is not there, whole or not at all, with mode 0644, and
// its directory. Where somebody else was faster it is ErrChanged.
func Create(path string, text []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dir, bare(err))
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+nextInfix+"*")
	if err != nil {
		return fmt.Errorf("make %s: %w", path, bare(err))
	}
	defer func() { err = errors.Join(err, f.Close(), remove(f.Name())) }()
	if _, err = f.Write(text); err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Link(f.Name(), path) // which overwrites nothing
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("make %s: %w", path, ErrChanged)
	case err != nil:
		return fmt.Errorf("make %s: %w", path, err)
	}
	return syncDir(dir)
}
