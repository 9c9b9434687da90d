package guard

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Crash is where the Go runtime writes what it has to say when this process
// dies: a file of its own in the state directory, removed by Close.
type Crash struct {
	file    *os.File
	path    string
	earlier []string
}

// Crash files are named after their process while it lives.
const (
	crashPrefix  = "crash-"
	crashSuffix  = ".running"
	reportPrefix = "report-"
)

// CatchCrash opens the file in dir and looks for what earlier processes left
// there. A directory that cannot be had, or that others could write to, costs
// the report, nothing else: Epitaph then names no file.
func CatchCrash(dir string) *Crash {
	// A crash that ends by a signal makes the shell put the terminal right; after
	// an exit it would take the terminal as it is then for what it shall be.
	debug.SetTraceback("crash")
	c := &Crash{}
	if dir == "" || !safeAbove(dir) || os.MkdirAll(dir, 0o700) != nil || !private(dir) {
		return c
	}
	c.earlier = collect(dir)
	path := filepath.Join(dir, crashPrefix+strconv.Itoa(os.Getpid())+crashSuffix)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return c
	}
	if debug.SetCrashOutput(f, debug.CrashOptions{}) != nil {
		_ = f.Close() // nothing was written
		return c
	}
	c.file, c.path = f, path
	return c
}

// safeAbove says that nobody but root and us can put another directory in the
// place of dir, or of one above it. Sticky directories protect what is ours in
// them. XDG_STATE_HOME may come from the environment of another user.
func safeAbove(dir string) bool {
	for dir = filepath.Clean(dir); dir != "/"; {
		dir = filepath.Dir(dir)
		for _, look := range []func(string) (os.FileInfo, error){os.Lstat, os.Stat} {
			info, err := look(dir)
			if os.IsNotExist(err) {
				continue
			}
			if err != nil {
				return false
			}
			st, ok := info.Sys().(*syscall.Stat_t)
			if !ok || (st.Uid != 0 && int(st.Uid) != os.Geteuid()) {
				return false
			}
			link, sticky := info.Mode()&os.ModeSymlink != 0, info.Mode()&os.ModeSticky != 0
			if info.Mode().Perm()&0o022 != 0 && !link && !sticky {
				return false
			}
		}
	}
	return true
}

// private says that nobody but us can put files into dir.
func private(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o022 != 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// collect turns the files of dead processes into reports, and gives those
// made just now. Files of processes that ended in peace are empty.
func collect(dir string) (reports []string) {
	files, err := filepath.Glob(filepath.Join(dir, crashPrefix+"*"+crashSuffix))
	if err != nil {
		return nil
	}
	for _, f := range files {
		pid, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), crashPrefix), crashSuffix))
		if err != nil || syscall.Kill(pid, 0) == nil {
			continue
		}
		info, err := os.Lstat(f)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if info.Size() == 0 {
			_ = os.Remove(f) // a file that stays is looked at again next time
			continue
		}
		to := filepath.Join(dir, reportPrefix+info.ModTime().UTC().Format(time.RFC3339)+"-"+strconv.Itoa(pid)+".txt")
		if os.Rename(f, to) == nil {
			reports = append(reports, to)
		}
	}
	return reports
}

// Earlier is a sentence on crashes that nobody was told of yet; "" = none.
func (c *Crash) Earlier() string {
	if len(c.earlier) == 0 {
		return ""
	}
	return fmt.Sprintf("an earlier lxcdeck crashed; what it said is in %s", strings.Join(c.earlier, ", "))
}

// Epitaph is what the guard prints after this process died.
func (c *Crash) Epitaph() string {
	if c.path == "" {
		return "lxcdeck died; the terminal was put back. Containers are not touched by that."
	}
	return fmt.Sprintf("lxcdeck died; the terminal was put back. Containers are not touched by that. If it crashed, %s says why.", c.path)
}

// Close is the end in peace: the file goes.
func (c *Crash) Close() {
	if c.file == nil {
		return
	}
	_ = debug.SetCrashOutput(nil, debug.CrashOptions{}) // the process ends now anyway
	_ = c.file.Close()
	_ = os.Remove(c.path) // an empty file is swept by the next start
}
