package fake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// process is a scripted program in a container: a small shell, or one command.
type process struct {
	ctx     context.Context
	clock   *Clock
	shell   runtime.Shell
	user    string
	ip      []netip.Addr
	procs   []string
	load    Load
	started time.Time

	tty    *Session // nil: no terminal
	in     io.Reader
	out    io.Writer
	errOut io.Writer // nil = out
	quit   *int      // set by exit
}

// main runs what was asked for and gives its exit status.
func (p *process) main() int {
	if p.errOut == nil {
		p.errOut = p.out
	}
	if len(p.shell.Command) > 0 {
		return p.run(p.shell.Command)
	}
	if p.tty == nil {
		script, err := io.ReadAll(p.in)
		if err != nil {
			return 1
		}
		return p.script(string(script))
	}
	return p.interactive()
}

// interactive reads lines at a prompt until exit, ctrl-D or hang-up.
func (p *process) interactive() int {
	p.printf("\nThis is %s, a container of the demo: nothing here is real. Try \x1b[1mhelp\x1b[0m.\n", p.shell.Ref.Name)
	status := 0
	for p.quit == nil {
		p.tty.mu.Lock()
		p.tty.broken = false
		p.tty.mu.Unlock()
		p.printf("\x1b[1;32m%s@%s\x1b[0m:\x1b[1;34m~\x1b[0m# ", p.user, p.shell.Ref.Name)
		line, err := p.readLine()
		switch {
		case errors.Is(err, errBreak):
			status = 130
		case errors.Is(err, io.EOF):
			p.printf("logout\n")
			return status
		case err != nil:
			return 129
		default:
			status = p.script(line)
		}
	}
	return *p.quit
}

var errBreak = errors.New("interrupted")

// readLine waits for a line, ctrl-C, ctrl-D or the end of the session.
func (p *process) readLine() (line string, err error) {
	s := p.tty
	waitErr := s.await(p.ctx, func() bool {
		switch i := strings.IndexByte(string(s.in), '\n'); {
		case s.ended():
			err = io.ErrClosedPipe
		case s.broken:
			err = errBreak
		case i >= 0:
			line = string(s.in[:i])
			s.in = s.in[i+1:]
		case s.eof:
			s.eof, err = false, io.EOF
		default:
			return false
		}
		return true
	})
	if waitErr != nil {
		return "", waitErr
	}
	return line, err
}

// pause waits; ctrl-C and the session's end cut it short and make it false.
// In raw mode a key typed is returned, too.
func (p *process) pause(d time.Duration) (key byte, ok bool) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	if p.tty == nil {
		return 0, p.clock.Sleep(ctx, d) == nil
	}
	go func() {
		defer cancel()
		_ = p.clock.Sleep(ctx, d) // its end, early or not, ends the await below
	}()
	s := p.tty
	ok = true
	_ = s.await(ctx, func() bool { // an error means that the time is over
		if s.ended() || s.broken {
			ok = false
			return true
		}
		if s.raw && len(s.in) > 0 {
			key = s.in[0]
			s.in = s.in[1:]
			return true
		}
		return false
	})
	return key, ok && p.ctx.Err() == nil
}

// script runs commands separated by newlines and semicolons.
func (p *process) script(text string) int {
	status := 0
	for _, words := range split(text) {
		status = p.run(words)
		if p.quit != nil {
			return *p.quit
		}
	}
	return status
}

// run runs one command.
func (p *process) run(words []string) int {
	f, ok := commands()[words[0]]
	if !ok {
		f, ok = commands()[words[0][strings.LastIndexByte(words[0], '/')+1:]]
	}
	if !ok {
		fmt.Fprintf(p.errOut, "sh: %s: not found (this is a demo; try help)\n", words[0])
		return 127
	}
	status := f(p, words[1:])
	if p.tty != nil {
		p.tty.mu.Lock()
		defer p.tty.mu.Unlock()
		if p.tty.broken {
			return 130
		}
	}
	return status
}

func (p *process) printf(format string, args ...any) {
	// A write fails only when the session is over; readLine and pause notice.
	_, _ = fmt.Fprintf(p.out, format, args...)
}

// split cuts a script into commands of words, by the shell's rules for
// quotes, backslashes, comments and separators.
func split(text string) [][]string {
	var all [][]string
	var words []string
	var word strings.Builder
	inWord := false
	endWord := func() {
		if inWord {
			words = append(words, word.String())
			word.Reset()
			inWord = false
		}
	}
	endCommand := func() {
		endWord()
		if len(words) > 0 {
			all = append(all, words)
			words = nil
		}
	}
	var quote rune
	escaped := false
	for _, c := range text {
		switch {
		case escaped:
			word.WriteRune(c)
			inWord, escaped = true, false
		case c == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				word.WriteRune(c)
			}
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == '\n' || c == ';':
			endCommand()
		case c == ' ' || c == '\t' || c == '\r':
			endWord()
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	endCommand()
	return all
}

// number reads the n-th argument, or gives def.
func number(args []string, n, def int) int {
	if n < len(args) {
		if v, err := strconv.Atoi(args[n]); err == nil {
			return v
		}
	}
	return def
}
