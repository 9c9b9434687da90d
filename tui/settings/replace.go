package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// staleNext is how old a file that was to take another's place has to be to be
// what a killed writer has left.
const staleNext = time.Hour

// replace writes a file whole or not at all, also where the host crashes. Its
// other name until then is nobody else's: a pid would be, as several lxcdecks in
// pid namespaces of their own may have the same. A file without text is there for
// its time alone, for which no disk is waited for.
func replace(name string, text []byte) error {
	dir := filepath.Dir(name)
	clearNext(dir, filepath.Base(name)+".")
	f, err := os.CreateTemp(dir, filepath.Base(name)+".*") // O_EXCL, mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err = f.Write(text); err == nil && len(text) > 0 {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, errors.Join(err, os.Remove(f.Name())))
	}
	if len(text) == 0 {
		return nil
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// syncDir makes what was renamed in a directory last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) { // not every file system can
		err = nil
	}
	return errors.Join(err, d.Close())
}

// clearNext removes what killed writers have left. It is no fault where it cannot:
// the file can be written all the same.
func clearNext(dir, begin string) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range all {
		rest, ours := strings.CutPrefix(e.Name(), begin)
		if !ours || rest == "" || strings.Trim(rest, "0123456789") != "" { // CreateTemp puts a number behind it
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > staleNext {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
