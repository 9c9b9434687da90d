package runtime

import (
	"os"
	"strconv"
	"time"
)

// LogKind says where a log of a container comes from.
type LogKind uint8

// The kinds, in the order in which they are listed.
const (
	LogLXC     LogKind = iota // what liblxc wrote of it (lxc.log.file)
	LogConsole                // what its console was written to (lxc.console.logfile)
	LogRing                   // the console's ring buffer (lxc.console.buffer.size): what is in it now
	LogJournal                // journald's, as journalctl inside the container gives it
	LogFile                   // a file below /var/log inside
)

var logKindNames = [...]string{"lxc", "console", "ring", "journal", "file"}

// String is the kind's name in commands and JSON.
func (k LogKind) String() string {
	if int(k) >= len(logKindNames) {
		return "unknown"
	}
	return logKindNames[k]
}

// LogSource is one log of a container.
type LogSource struct {
	Kind LogKind
	// Path is that of the file: of the host, of LogFile as the container sees it.
	// Foreign text then. "" = there is no file.
	Path    string
	Size    Value     // bytes; absent = not known
	Changed time.Time // zero = not known
	Why     string    // why it cannot be read; "" = nothing is known against it
	// Once asks OpenLog for no more than what is there now of what would be streamed.
	Once bool
}

// Name tells the sources of one container apart: the path of a LogFile, else the
// kind's name.
func (s *LogSource) Name() string {
	if s.Kind == LogFile {
		return s.Path
	}
	return s.Kind.String()
}

// Log is an open log. What is streamed grows while it is open.
type Log struct {
	// Open gives the file that is the log now, again and again, so that one that
	// takes its place is seen. It waits for a file system that does not answer, but
	// some seconds at most; to read what it gives may wait longer.
	Open func() (*os.File, error)
	// Ended gives, of what is streamed, why no more comes; nil = more may, io.EOF =
	// all that was asked for is there. It is nil for a file.
	Ended func() error
	// Close lets go of it, and ends what streams it.
	Close func() error
}

// JournalLines is how many lines of a journal are given of what was written before.
const JournalLines = 10000

// JournalCommand is what is run in a container for its journal.
func JournalCommand(once bool) []string {
	command := []string{"journalctl", "--no-pager", "--quiet", "-o", "short-iso-precise", "-n", strconv.Itoa(JournalLines)}
	if !once {
		command = append(command, "-f")
	}
	return command
}
