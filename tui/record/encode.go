package record

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// encoder makes the lines of an asciicast v2 file:
// https://docs.asciinema.org/manual/asciicast/v2/. It writes JSON itself:
// encoding/json takes several times as long for output that floods.
type encoder struct {
	last       time.Duration
	cols, rows int
	// split is the beginning of a character whose rest has not come yet.
	split [utf8.UTFMax]byte
	kept  int
}

// header is the first line.
func (e *encoder) header(o *Options, start time.Time) []byte {
	b := append([]byte(nil), `{"version":2,"width":`...)
	b = strconv.AppendInt(b, int64(e.cols), 10)
	b = append(b, `,"height":`...)
	b = strconv.AppendInt(b, int64(e.rows), 10)
	b = append(b, `,"timestamp":`...)
	b = strconv.AppendInt(b, start.Unix(), 10)
	if o.Title != "" {
		b = append(b, `,"title":`...)
		b = quote(b, o.Title)
	}
	env := ""
	for _, v := range [][2]string{{"SHELL", o.Shell}, {"TERM", o.Term}} {
		if v[1] == "" {
			continue
		}
		if env == "" {
			b, env = append(b, `,"env":{`...), "}"
		} else {
			b = append(b, ',')
		}
		b = append(quote(b, v[0]), ':')
		b = quote(b, v[1])
	}
	b = append(b, env...)
	return append(b, "}\n"...)
}

// quote appends a string of the header. Players show titles on terminals: what
// could steer one is left out.
func quote(b []byte, s string) []byte {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	b = append(b, '"')
	b = escape(b, []byte(s))
	return append(b, '"')
}

// output appends the line of some output; nothing as long as all of it is the
// beginning of one character.
func (e *encoder) output(b []byte, at time.Duration, p []byte) []byte {
	var join [2*utf8.UTFMax - 2]byte
	n := copy(join[:], e.split[:e.kept])
	n += copy(join[n:], p[:min(len(p), utf8.UTFMax-1)])
	// The character that was split, or what it turns out to be instead.
	cut := 0
	for cut < e.kept {
		if !utf8.FullRune(join[cut:n]) { // p is too short to end it
			e.kept = copy(e.split[:], join[cut:n])
			return e.line(b, at, join[:cut], nil)
		}
		_, size := utf8.DecodeRune(join[cut:n])
		cut += size
	}
	p = p[cut-e.kept:]
	end := len(p)
	for i := len(p) - 1; i >= max(0, len(p)-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				end = i
			}
			break
		}
	}
	e.kept = copy(e.split[:], p[end:])
	return e.line(b, at, join[:cut], p[:end])
}

// line appends an event of output in two pieces, of which each holds whole
// characters.
func (e *encoder) line(b []byte, at time.Duration, head, tail []byte) []byte {
	if len(head)+len(tail) == 0 {
		return b
	}
	b = e.begin(b, at, 'o')
	b = escape(escape(b, head), tail)
	return append(b, "\"]\n"...)
}

// resize appends the line of a new size; nothing if it is none.
func (e *encoder) resize(b []byte, ev *event) []byte {
	if ev.cols == e.cols && ev.rows == e.rows {
		return b
	}
	e.cols, e.rows = ev.cols, ev.rows
	b = e.begin(b, ev.at, 'r')
	b = strconv.AppendInt(b, int64(ev.cols), 10)
	b = append(b, 'x')
	b = strconv.AppendInt(b, int64(ev.rows), 10)
	return append(b, "\"]\n"...)
}

// rest appends what is left of a character that never became whole.
func (e *encoder) rest(b []byte) []byte {
	if e.kept == 0 {
		return b
	}
	b = e.line(b, e.last, e.split[:e.kept], nil)
	e.kept = 0
	return b
}

// begin appends the start of an event: its time, which never goes back, and
// its kind.
func (e *encoder) begin(b []byte, at time.Duration, kind byte) []byte {
	e.last = max(e.last, at)
	us := int64(e.last / time.Microsecond)
	b = append(b, '[')
	b = strconv.AppendInt(b, us/1e6, 10)
	b = append(b, '.')
	for digit := int64(1e5); digit > 0; digit /= 10 {
		b = append(b, byte('0'+us/digit%10))
	}
	return append(b, ',', '"', kind, '"', ',', '"')
}

const hexDigits = "0123456789abcdef"

// escape appends bytes as the inside of a JSON string; each byte that is not
// UTF-8 becomes U+FFFD.
func escape(b, p []byte) []byte {
	from := 0
	for i := 0; i < len(p); {
		c := p[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(p[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, p[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		b = append(b, p[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(b, p[from:]...)
}
