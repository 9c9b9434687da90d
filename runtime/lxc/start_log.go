package lxc

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"
)

// maxStartLog is how much of a start's log is looked through, in bytes: it
// holds more than errors.
const maxStartLog = 1 << 20

// startLog is liblxc's log of one start. It is kept at INFO: only there does
// liblxc say how the container's init has ended (lxc_error_set_and_log).
type startLog struct {
	file *os.File // in memory; nil = the configuration names a log file of its own, or there is no memory
	read func() string
}

// newStartLog makes liblxc write a start's log to memory. A log file that the
// configuration names stays in use, at its own level; read gives its errors.
func newStartLog(c *golxc.Container, read func() string) *startLog {
	if name := c.LogFile(); name != "" && !strings.HasPrefix(name, "/proc/self/fd/") {
		return &startLog{read: read}
	}
	l := emptyStartLog(read)
	if l.file != nil {
		_ = c.SetLogFile("/proc/self/fd/" + strconv.Itoa(int(l.file.Fd())))
		_ = c.SetLogLevel(golxc.INFO)
	}
	return l
}

// emptyStartLog is a log in memory that nobody writes to yet.
func emptyStartLog(read func() string) *startLog {
	l := &startLog{read: read}
	fd, err := unix.MemfdCreate("liblxc log", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return l
	}
	l.file = os.NewFile(uintptr(fd), "liblxc log")
	return l
}

// errors are liblxc's ERROR lines.
func (l *startLog) errors() string {
	if l.file == nil {
		return l.read()
	}
	log := errorLines(l.text())
	return log[:min(len(log), maxLog)]
}

func (l *startLog) text() string {
	b, _ := io.ReadAll(io.NewSectionReader(l.file, 0, maxStartLog))
	return string(b)
}

// seal ends the log's growth: the monitor that stays behind has it open for as
// long as the container runs, and nobody reads it any more. liblxc does not
// mind a log that cannot be written.
func (l *startLog) seal() {
	if l.file != nil {
		_, _ = unix.FcntlInt(l.file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_GROW)
	}
}

// end is how the container's init has ended, once it has: "exit status 7",
// "killed by SIGSEGV". "" = it is not known.
func (l *startLog) end() (how string, code int) {
	if l.file == nil {
		return "", -1
	}
	started := false
	for line := range strings.Lines(l.text()) {
		line = strings.TrimSpace(line)
		// post_start of start.c
		if strings.Contains(line, ":post_start:") && strings.Contains(line, " - Started ") {
			started = true
		}
		if !strings.Contains(line, ":lxc_error_set_and_log:") {
			continue
		}
		if _, signal, ok := strings.Cut(line, " ended on signal "); ok {
			name, _, _ := strings.Cut(signal, "(")
			return "killed by " + name, -1
		}
		if _, status, ok := strings.Cut(line, " ended on error ("); ok {
			if code, err := strconv.Atoi(strings.TrimSuffix(status, ")")); err == nil {
				return fmt.Sprintf("exit status %d", code), code
			}
		}
	}
	if started { // liblxc has no word for a good end
		return "exit status 0", 0
	}
	return "", -1
}

// cgroups are the places that liblxc has made for the monitor and the container
// (cgfsng_monitor_create and cgfsng_payload_create), below each hierarchy's top.
func (l *startLog) cgroups() []string {
	if l.file == nil {
		return nil
	}
	var names []string
	for line := range strings.Lines(l.text()) {
		for _, made := range []string{":cgfsng_monitor_create:", ":cgfsng_payload_create:"} {
			name := quotedAfter(line, " process uses ")
			if strings.Contains(line, made) && name != "" && name != "." && filepath.IsLocal(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// errorLines are the messages of the ERROR lines in a log of several levels.
func errorLines(log string) string {
	var out strings.Builder
	for line := range strings.Lines(log) {
		if strings.Contains(line, " ERROR ") {
			out.WriteString(line)
		}
	}
	return cleanLog(out.String())
}
