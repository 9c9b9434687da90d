// Package logfile reads log files of any size: their ends, lines around an offset,
// what is appended, matches of a pattern, moments, and several files by time.
//
// Lines are addressed by byte offsets, and nothing is kept of a file but a window
// of it, so that one of 2 GB costs what one of 2 KB does. A line of 32 KiB or more
// may come in pieces. Where those begin is told by the bytes shortly before them:
// forward and backward they are the same, and none has to be looked for from the
// file's beginning.
//
// Rules of this room:
//   - Who writes a log is not trusted. What is no regular file is not read, and
//     nothing read is taken for more than bytes.
//   - Files are read by pread(2) and never mapped: one that is cut while it is read
//     would end the process by SIGBUS.
//   - Nothing here runs by itself. Whoever follows a log asks as often as it likes:
//     an offset waits for it, not lines. inotify(7) could at most say when to ask;
//     it does not see what other hosts write to a shared file system, and of 20 MB/s
//     in small writes it makes more work than a look ten times a second, of some
//     microseconds each.
package logfile

import "errors"

const (
	// grid is where lines that are too long are cut, in bytes: see window.start.
	grid = 32 << 10
	// MaxLine is what a line has at most, in bytes; a longer one comes in pieces.
	MaxLine = 2 * grid
	// lineRoom and searchRoom are how much of a file is in memory at once, in bytes.
	// To find a line takes MaxLine and one byte more.
	lineRoom   = 128 << 10
	searchRoom = 256 << 10
	// maxBatch is how much text the lines given at once may have, in bytes.
	maxBatch = 4 << 20
)

// What callers decide on.
var (
	// ErrNotRegular: there is something else in the log's place: a link, a FIFO, a
	// socket, a device, a directory, a file that the kernel makes up.
	ErrNotRegular = errors.New("it is no regular file")
	// ErrNoMatch: nothing more is found in this direction.
	ErrNoMatch = errors.New("no match")
	// ErrPattern: what was asked for cannot be searched for.
	ErrPattern = errors.New("pattern cannot be used")
	// ErrMoment: it was not understood when somebody wants to look.
	ErrMoment = errors.New("not a moment: 14:05, 2026-11-27 14:05, or -2h")
	// ErrNoTime: no line says when it was written.
	ErrNoTime = errors.New("no line has a time")
)
