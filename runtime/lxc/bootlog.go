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
	text, err := bootLogOf(c, ref)
	if err != nil {
		return failedReply(err, readLog())
	}
	return helperReply{OK: true, Text: text}
}

func bootLogOf(c *golxc.Container, ref runtime.Ref) ([]byte, error) {
	runs := c.InitPid() > 0
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
		text, err := c.ConsoleLog(golxc.ConsoleLogOptions{ReadLog: true})
		if errors.Is(err, unix.ENODATA) {
			return nil, nil // nothing printed yet
		}
		if err != nil {
			return nil, fmt.Errorf("ring buffer of the console: %w", err)
		}
		return lastPart(text), nil
	}
	if file := item("lxc.console.logfile"); file != "" && file != "none" {
		return readTail(file)
	}
	e := &runtime.Error{Op: "boot log", Ref: ref, Err: runtime.ErrNoBootLog}
	if ring > 0 {
		e.Err = fmt.Errorf("%w: it is in memory while the container runs", runtime.ErrNoBootLog)
	} else {
		e.Hint = "With lxc.console.buffer.size = auto in its config LXC keeps one from the next start on."
	}
	return nil, e
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
