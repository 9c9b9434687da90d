package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// firstFile is there when the line for who is new need not be shown any more.
const firstFile = "first-steps-seen"

// FirstSteps says whether this user has not yet put away the line for who is new.
// dir is the state directory; without one nobody can have.
func FirstSteps(dir string) bool {
	if dir == "" {
		return true
	}
	_, err := os.Lstat(filepath.Join(dir, firstFile))
	return errors.Is(err, fs.ErrNotExist)
}

// EndFirstSteps keeps that it was put away. It can hang as its file system does.
func (p Places) EndFirstSteps(dir string) error {
	if dir == "" {
		return nil
	}
	const what = "keep that the first steps were seen: %w"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf(what, err)
	}
	if p.Trust {
		if err := trusted(dir, p.TrustUID); err != nil {
			return fmt.Errorf(what, err)
		}
	}
	if err := replace(filepath.Join(dir, firstFile), nil); err != nil {
		return fmt.Errorf(what, err)
	}
	return nil
}
