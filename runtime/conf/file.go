package conf

import (
	"errors"
	"fmt"
	"strings"
)

// What is taken of one file. liblxc knows no limits, lxcdeck's loader does.
const (
	MaxSize  = 1 << 20 // bytes
	MaxLines = 1 << 16
)

// Why a file can be looked at, and not be edited.
var (
	ErrTooLong = errors.New("too long")
	ErrBinary  = errors.New("not a text")
)

// LineKind is what liblxc makes of a line.
type LineKind uint8

// Lines that are passed over, and the others.
const (
	Blank   LineKind = iota
	Comment          // begins with #
	Foreign          // does not begin with lxc.: passed over, for other programs or a slip
	Setting          // key = value
	Broken           // begins with lxc. and has no =: liblxc refuses the whole config
	Unread           // behind a NUL, where liblxc stops, or behind the limits
)

// Line is one line of a file.
type Line struct {
	Raw     string // every byte, with its end
	Key     string // of a Setting
	Value   string // without blanks around it and one pair of quotes
	ValueAt int32  // where the value begins in Raw: byte
	Kind    LineKind
	Quote   byte // around the value; 0 = none
}

// File is a config file as its lines.
type File struct {
	Name  string
	Lines []Line
	Size  int   // bytes of the whole text that was parsed
	Err   error // why it is not to be edited; nil = it is
	rest  string
}

// Parse takes a text apart. It takes every text; of one that is longer than the
// limits, Lines are the first part.
func Parse(name string, text []byte) *File {
	f := &File{Name: name, Size: len(text)}
	head := string(text[:min(len(text), MaxSize)])
	at, nul := 0, 0 // nul: line with the first NUL
	for at < len(head) && len(f.Lines) < MaxLines {
		n := lineLen(head[at:])
		l := parseLine(head[at : at+n])
		at += n
		switch cut := at == MaxSize && len(text) > MaxSize && lineEnd(l.Raw) == ""; {
		case nul > 0 || cut:
			l = Line{Raw: l.Raw, Kind: Unread}
		case strings.IndexByte(l.Raw, 0) >= 0:
			nul = len(f.Lines) + 1
		}
		f.Lines = append(f.Lines, l)
	}
	f.rest = string(text[at:])
	switch {
	case len(text) > MaxSize:
		f.Err = fmt.Errorf("%w: %s has more than %d bytes", ErrTooLong, name, MaxSize)
	case at < len(text):
		f.Err = fmt.Errorf("%w: %s has more than %d lines", ErrTooLong, name, MaxLines)
	case nul > 0:
		f.Err = fmt.Errorf("%w: %s has a NUL in line %d, and liblxc reads nothing behind it", ErrBinary, name, nul)
	}
	return f
}

// Bytes is the whole file, as it was parsed where nothing was edited.
func (f *File) Bytes() []byte {
	n := len(f.rest)
	for i := range f.Lines {
		n += len(f.Lines[i].Raw)
	}
	out := make([]byte, 0, n)
	for i := range f.Lines {
		out = append(out, f.Lines[i].Raw...)
	}
	return append(out, f.rest...)
}

// Raws are the lines as a diff takes them.
func (f *File) Raws() []string {
	out := make([]string, len(f.Lines))
	for i := range f.Lines {
		out[i] = f.Lines[i].Raw
	}
	return out
}

// Split cuts a text into lines with their ends, as Parse does, without limits.
func Split(text string) []string {
	var out []string
	for text != "" {
		n := lineLen(text)
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

// lineLen is how long the first line of a text is. liblxc ends lines at \n and
// at \r (lxc_file_for_each_line_mmap in parse.c).
func lineLen(text string) int {
	n := strings.IndexAny(text, "\r\n") + 1
	if n == 0 {
		return len(text)
	}
	if text[n-1] == '\r' && strings.HasPrefix(text[n:], "\n") {
		n++
	}
	return n
}

// lineEnd is how a line ends; "" for the last one, which may have no end.
func lineEnd(raw string) string { return raw[len(strings.TrimRight(raw, "\r\n")):] }

// blanks are what liblxc takes off around keys and values (lxc_char_left_gc of
// string_utils.c): a form feed or a no-break space is a part of them.
const blanks = " \t"

// parseLine takes one line apart as parse_line of confile.c does.
func parseLine(raw string) Line {
	l := Line{Raw: raw}
	body := raw[:len(raw)-len(lineEnd(raw))]
	if i := strings.IndexByte(body, 0); i >= 0 {
		body = body[:i]
	}
	text := strings.TrimLeft(body, blanks)
	switch {
	case text == "":
		return l
	case text[0] == '#':
		l.Kind = Comment
		return l
	case !strings.HasPrefix(text, "lxc."):
		l.Kind = Foreign
		return l
	}
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		l.Kind = Broken
		return l
	}
	l.Kind = Setting
	l.Key = strings.TrimRight(key, blanks)
	at := len(body) - len(value) // behind the =
	if v := strings.TrimLeft(value, blanks); v != "" {
		at += len(value) - len(v)
		value = strings.TrimRight(v, blanks)
		if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			l.Quote = value[0]
			value = value[1 : n-1]
			at++
		}
		l.Value = value
	}
	l.ValueAt = int32(at)
	return l
}
