package cli

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/views"
)

// print writes what a verb was asked for.
func (d *deck) print(text []byte) error {
	if d.session == nil {
		return writeAll(d.Stdout, text)
	}
	return d.session.print(d, text)
}

// aside writes what is said beside that, which is to be read at once.
func (d *deck) aside(text string) {
	if d.session != nil {
		d.session.aside(d, text)
		return
	}
	_, _ = io.WriteString(d.Stderr, text) // where it fails there is no place left to say so
}

// shown is what a program's output to a terminal passes.
func (d *deck) shown(to *os.File) *filterWriter {
	w := &filterWriter{to: to}
	if d.flags.plain {
		w.plain = newPlainText(false)
	}
	return w
}

// plainText takes out of a program's output all that is no text: escape sequences, and
// control characters but those that a line is typed with. Of a line that is written
// over and over, as a progress bar is, whole keeps what stands there last.
type plainText struct {
	parser *ansi.Parser
	out    []byte
	whole  bool
	line   []byte // whole: since the last line feed
	over   bool   // a carriage return came: what follows writes over the line
}

func newPlainText(whole bool) *plainText {
	p := &plainText{parser: ansi.NewParser(), whole: whole}
	p.parser.SetHandler(ansi.Handler{Print: p.char, Execute: p.control})
	return p
}

// Append adds the text of a piece to out.
func (p *plainText) Append(out, piece []byte) []byte {
	p.out = out
	p.parser.Parse(piece)
	out, p.out = p.out, nil
	return out
}

// end gives what has no end yet.
func (p *plainText) end() []byte {
	if len(p.line) == 0 {
		return nil
	}
	out := append(p.line, '\n')
	p.line = nil
	return out
}

func (p *plainText) char(r rune) {
	text := views.Clean(string(r))
	if r == utf8.RuneError {
		text = "?"
	}
	if !p.whole {
		p.out = append(p.out, text...)
		return
	}
	if p.over {
		p.line, p.over = p.line[:0], false
	}
	p.line = append(p.line, text...)
}

func (p *plainText) control(c byte) {
	switch {
	case !p.whole && strings.IndexByte("\r\n\t\b", c) >= 0:
		p.out = append(p.out, c)
	case p.whole && c == '\n':
		p.out = append(append(p.out, p.line...), '\n')
		p.line, p.over = p.line[:0], false
	case p.whole && c == '\r':
		p.over = true
	case p.whole && c == '\t':
		p.line = append(p.line, ' ')
	}
}
