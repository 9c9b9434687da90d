package lxc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers.

// ringPart is how much is taken out of a ring buffer at once. The monitor sends an
// answer in one go, and what does not fit into its socket (some 200 kB) is lost.
// liblxc also reads it in one go: of what the kernel cuts in pieces (some 36 kB
// each) it may find the first one alone, which is an error, and the rest is lost.
const ringPart = 16 << 10

// helperBootLog reads what the console has printed: from the monitor's ring
// buffer, else from the log file.
func helperBootLog(ref runtime.Ref) helperReply {
	if err := loadableHere(ref); err != nil {
		return failedReply(err, "")
	}
	c, err := golxc.NewContainer(ref.Name, ref.Path)
	if err != nil {
		return failedReply(unloadable(ref), "")
	}
	readLog := captureLog(c)
	r, err := bootLogOf(c, ref)
	if err != nil {
		return failedReply(err, readLog())
	}
	r.OK = true
	return r
}

func bootLogOf(c *golxc.Container, ref runtime.Ref) (r helperReply, err error) {
	init := c.InitPid()
	runs := init > 0
	item := func(key string) string {
		values := c.ConfigItem(key)
		if runs {
			values = c.RunningConfigItem(key)
		}
		if len(values) == 0 {
			return ""
		}
		return values[0]
	}
	ring, _ := strconv.ParseUint(item("lxc.console.buffer.size"), 10, 64) // "" = 0
	if ring > 0 && runs {
		text, err := readRing(c, ring)
		if err != nil {
			return r, err
		}
		if c.InitPid() != init {
			return r, errPassing()
		}
		return helperReply{Text: lastPart(text), Init: init}, nil
	}
	if file := item("lxc.console.logfile"); file != "" && file != "none" {
		r.Text, err = readTail(file)
		return r, err
	}
	e := &runtime.Error{Op: "boot log", Ref: ref, Err: runtime.ErrNoBootLog}
	if ring > 0 {
		e.Err = fmt.Errorf("%w: it is in memory while the container runs", runtime.ErrNoBootLog)
	} else {
		e.Hint = "With lxc.console.buffer.size = auto in its config LXC keeps one from the next start on."
	}
	return r, e
}

// readRing takes what is in the ring buffer, but no more than its size: the
// container may print faster than it is read.
func readRing(c *golxc.Container, size uint64) ([]byte, error) {
	var text []byte
	for taken := uint64(0); taken < size; {
		part, err := c.ConsoleLog(golxc.ConsoleLogOptions{ReadLog: true, ReadMax: ringPart})
		if errors.Is(err, unix.ENODATA) || err == nil && len(part) == 0 {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("ring buffer of the console: %w", err)
		}
		taken += uint64(len(part))
		text = lastPart(append(text, part...))
	}
	return text, nil
}

func lastPart(text []byte) []byte { return text[max(0, len(text)-runtime.MaxBootLog):] }

// readTail reads the end of a log file that a configuration names. What lies
// there may not be what should: it is looked at before it is opened, and a link
// in its place leads nowhere.
func readTail(name string) ([]byte, error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, name, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_MAGICLINKS,
	})
	if errors.Is(err, unix.ENOENT) {
		return nil, fmt.Errorf("%w: %s is not there", runtime.ErrNoBootLog, name)
	}
	if err != nil {
		return nil, fileErr(&os.PathError{Op: "open", Path: name, Err: err})
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fileErr(&os.PathError{Op: "stat", Path: name, Err: err})
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("%w: %s is no regular file", runtime.ErrInvalid, name)
	}
	f, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fileErr(err)
	}
	defer f.Close()
	if _, err := f.Seek(max(0, st.Size-runtime.MaxBootLog), io.SeekStart); err != nil {
		return nil, fileErr(err)
	}
	text, err := io.ReadAll(io.LimitReader(f, runtime.MaxBootLog))
	return text, fileErr(err)
}
