package lxc

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// outputChunk is how much of a template's output one message carries at most.
	outputChunk = 64 << 10
	// outputTail is how much of its end is kept for the error.
	outputTail = 16 << 10
)

// outputPipe hands on what a template writes to its standard output and error. It
// is read as fast as it is taken and no faster, so that a flood waits in the pipe
// and fills no memory.
type outputPipe struct {
	r, w *os.File
	done chan struct{}
	take func([]byte)
	tail []byte
}

func openOutput(take func([]byte)) (*outputPipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &outputPipe{r: r, w: w, done: make(chan struct{}), take: take}
	runtime.Spawn("output", func(error) { close(p.done) }, func() {
		p.read()
		close(p.done)
	})
	return p, nil
}

func (p *outputPipe) read() {
	for {
		buf := make([]byte, outputChunk)
		n, err := p.r.Read(buf)
		p.hand(buf[:n])
		if err != nil {
			return
		}
	}
}

func (p *outputPipe) hand(b []byte) {
	if len(b) == 0 {
		return
	}
	p.take(b)
	p.tail = append(p.tail, b...)
	if over := len(p.tail) - outputTail; over > 0 {
		p.tail = append(p.tail[:0], p.tail[over:]...)
	}
}

// end reads what is left and closes the pipe. All that the template itself wrote
// lies in it by now; what it left in the background may hold the other end for
// ever, so nothing is waited for, and no more is read than a pipe holds.
func (p *outputPipe) end() {
	p.w.Close()
	_ = p.r.SetReadDeadline(time.Unix(1, 0))
	<-p.done
	defer p.r.Close()
	fd := int(p.r.Fd())
	if unix.SetNonblock(fd, true) != nil { // Fd may have undone it
		return
	}
	size, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		size = outputChunk
	}
	for buf := make([]byte, outputChunk); size > 0; {
		n, err := unix.Read(fd, buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n <= 0 {
			break
		}
		p.hand(slices.Clone(buf[:n]))
		size -= n
	}
}

// lastLines are the last words of a program, at most n lines that are not blank,
// as a terminal would show them.
func lastLines(tail []byte, n int) []string {
	var o runtime.Output
	_, _ = o.Write(tail)
	var lines []string
	for i := o.Len() - 1; i >= 0 && len(lines) < n; i-- {
		if l := strings.TrimSpace(o.Line(i)); l != "" {
			lines = append(lines, strings.ToValidUTF8(l, "\uFFFD"))
		}
	}
	slices.Reverse(lines)
	return lines
}

// mostTelling puts the line that tells most first, and the last lines after it: the
// last that calls itself an error, else the complaint of getopt(1), which a template
// follows by its whole usage, else the last.
func mostTelling(lines []string) []string {
	best, usage := len(lines)-1, false
	for i := len(lines) - 1; i >= 0; i-- {
		low := strings.ToLower(lines[i])
		if len(lines)-i <= lastWordsMax && (strings.Contains(low, "error") || strings.Contains(low, "fatal")) {
			best = i
			break
		}
		if usage && complaint(low) {
			best = i
		}
		usage = usage || strings.Contains(low, "usage") || strings.Contains(low, "--help")
	}
	if best < 0 {
		return nil
	}
	rest := slices.Delete(slices.Clone(lines), best, best+1)
	return append([]string{plainLine(lines[best])}, rest[max(0, len(rest)-lastWordsMax+1):]...)
}

// complaint says whether a line in lower case is what is said of a wrong option by
// getopt(1) of util-linux, getopt_long(3) of the GNU and musl C libraries, and the
// getopts of shells.
func complaint(line string) bool {
	for _, words := range []string{
		"unrecognized option", "unknown option", "invalid option", "illegal option", "requires an argument",
		"doesn't allow an argument", "does not take an argument", "is ambiguous",
	} {
		if strings.Contains(line, words) {
			return true
		}
	}
	return false
}

// plainLine is the message of a line that logrus wrote, as skopeo and umoci do where
// standard error is no terminal: time="..." level=fatal msg="...".
func plainLine(line string) string {
	const mark = ` msg="`
	if !strings.HasPrefix(line, "time=") || !strings.Contains(line, " level=") {
		return line
	}
	at := strings.Index(line, mark)
	if at < 0 {
		return line
	}
	quoted, err := strconv.QuotedPrefix(line[at+len(mark)-1:])
	if err != nil {
		return line // cut off
	}
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return line
	}
	return strings.Join(strings.Fields(text), " ")
}
