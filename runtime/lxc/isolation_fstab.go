package lxc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// maxFstab is how many bytes of an fstab are read.
const maxFstab = 256 << 10

// fstab is the file that lxc.mount.fstab names.
type fstab struct {
	entries []string
	more    bool
	changed time.Time
}

// addFstab tells what stands in the file that a configuration names for mounts. It
// may lie on a file system that does not answer, so it is read like a
// configuration. Which version a container was started with nobody knows.
func (a *Adapter) addFstab(ctx context.Context, ref runtime.Ref, c *runtime.IsolationConfig, started time.Time) {
	named := c.Values("lxc.mount.fstab")
	if len(named) == 0 {
		return
	}
	name := named[len(named)-1]
	f, err := inLXC(ctx, a, ref, func() (fstab, error) { return fstabEntries(name) })
	if err != nil {
		c.FstabWhy = fmt.Sprintf("read %s: %v", name, err)
		return
	}
	c.Fstab, c.FstabMore = f.entries, f.more
	if !started.IsZero() && f.changed.After(started) && f.changed.After(c.Changed) {
		c.Changed = f.changed
	}
}

// fstabEntries reads the entries of an fstab. What is no regular file is not opened:
// opening a device or a FIFO may do something.
func fstabEntries(name string) (fstab, error) {
	var f fstab
	if !filepath.IsAbs(name) {
		return f, fmt.Errorf("%w: it is no absolute path, and LXC looks where it is started", runtime.ErrConfig)
	}
	info, err := os.Stat(name)
	if err != nil {
		return f, fileErr(err)
	}
	if !info.Mode().IsRegular() {
		return f, fmt.Errorf("%w: it is no regular file", runtime.ErrConfig)
	}
	file, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return f, fileErr(err)
	}
	defer file.Close()
	if now, err := file.Stat(); err != nil || !os.SameFile(info, now) {
		return f, fmt.Errorf("%w: it was replaced while it was looked at", runtime.ErrConfig)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFstab+1))
	if err != nil {
		return f, fileErr(err)
	}
	if f.more = len(text) > maxFstab; f.more { // the last line may be half of one
		text = text[:bytes.LastIndexByte(text[:maxFstab], '\n')+1]
	}
	f.changed = info.ModTime()
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case len(f.entries) == runtime.MaxFstab:
			f.more = true
			return f, nil
		case len(line) > maxSetting:
			f.entries, f.more = append(f.entries, line[:maxSetting]+"..."), true
		default:
			f.entries = append(f.entries, line)
		}
	}
	return f, nil
}
