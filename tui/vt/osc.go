package vt

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxTitle = 256 // runes

// palette is what OSC 4, 10, 11 and 12 set. It changes how this terminal is
// painted, never the terminal around it.
type palette struct {
	index      map[uint8]Color
	fg, bg, cs Color
}

// oscDispatch does an operating system command.
func (t *Terminal) oscDispatch(str []byte, bell bool) {
	num, arg, _ := strings.Cut(string(str), ";")
	n, err := strconv.Atoi(num)
	if err != nil {
		return
	}
	end := "\x1b\\"
	if bell {
		end = "\a"
	}
	switch n {
	case 0, 2:
		t.title = cleanText(arg, maxTitle)
	case 4:
		t.setPalette(arg, end)
	case 7:
		t.setDir(arg)
	case 10:
		t.dynamicColor(n, &t.palette.fg, arg, end)
	case 11:
		t.dynamicColor(n, &t.palette.bg, arg, end)
	case 12:
		t.dynamicColor(n, &t.palette.cs, arg, end)
	case 52:
		t.setClipboard(arg)
	case 104:
		t.resetPalette(arg)
	case 110:
		t.palette.fg = 0
		t.touchAll()
	case 111:
		t.palette.bg = 0
		t.touchAll()
	case 112:
		t.palette.cs = 0
	}
}

// cleanText drops what is not printable and cuts at limit runes.
func cleanText(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, string(rune(replacement))) {
		if unicode.IsControl(r) || r >= 0xa0 && runeWidth(r) < 0 {
			continue
		}
		if n == limit {
			break
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// Title is what the program called its window: no control characters, at most
// 256 characters.
func (t *Terminal) Title() string { return t.title }

// Dir is the working directory that a shell told by OSC 7, "" if none did. It
// is a claim of the program, cleaned like the title.
func (t *Terminal) Dir() string { return t.dir }

func (t *Terminal) setDir(arg string) {
	u, err := url.Parse(arg)
	if err != nil || u.Scheme != "file" {
		return
	}
	const maxPath = 1024
	if d := cleanText(u.Path, maxPath); strings.HasPrefix(d, "/") {
		t.dir = d
	}
}

// setPalette is OSC 4: pairs of a number and a colour. A question is answered
// only with what the program has set itself.
func (t *Terminal) setPalette(arg, end string) {
	parts := strings.Split(arg, ";")
	for i := 0; i+1 < len(parts); i += 2 {
		n, err := strconv.ParseUint(parts[i], 10, 8)
		if err != nil {
			continue
		}
		if parts[i+1] == "?" {
			if c, ok := t.palette.index[uint8(n)]; ok {
				t.reply(fmt.Sprintf("\x1b]4;%d;%s%s", n, spell(c), end))
			}
			continue
		}
		if c, ok := parseColor(parts[i+1]); ok {
			if t.palette.index == nil {
				t.palette.index = map[uint8]Color{}
			}
			t.palette.index[uint8(n)] = c
			t.touchAll()
		}
	}
}

func (t *Terminal) resetPalette(arg string) {
	if arg == "" {
		t.palette.index = nil
	}
	for _, s := range strings.Split(arg, ";") {
		if n, err := strconv.ParseUint(s, 10, 8); err == nil {
			delete(t.palette.index, uint8(n))
		}
	}
	t.touchAll()
}

func (t *Terminal) dynamicColor(n int, at *Color, arg, end string) {
	if arg == "?" {
		if *at != 0 {
			t.reply(fmt.Sprintf("\x1b]%d;%s%s", n, spell(*at), end))
		}
		return
	}
	if c, ok := parseColor(arg); ok {
		*at = c
		t.touchAll()
	}
}

// spell writes a colour as xterm answers it: 16 bits a part.
func spell(c Color) string {
	r, g, b, _ := c.RGB()
	return fmt.Sprintf("rgb:%02x%02x/%02x%02x/%02x%02x", r, r, g, g, b, b)
}

// parseColor reads rgb:R/G/B with one to four digits a part, and #RGB in the
// same widths (XParseColor(3)). Names are not known.
func parseColor(s string) (Color, bool) {
	var parts []string
	if rest, ok := strings.CutPrefix(s, "rgb:"); ok {
		parts = strings.Split(rest, "/")
	} else if rest, ok := strings.CutPrefix(s, "#"); ok && len(rest)%3 == 0 {
		w := len(rest) / 3
		parts = []string{rest[:w], rest[w : 2*w], rest[2*w:]}
	}
	if len(parts) != 3 {
		return 0, false
	}
	var v [3]uint8
	for i, p := range parts {
		if len(p) < 1 || len(p) > 4 {
			return 0, false
		}
		n, err := strconv.ParseUint(p, 16, 16)
		if err != nil {
			return 0, false
		}
		v[i] = uint8(n * 255 / (1<<(4*len(p)) - 1))
	}
	return RGB(v[0], v[1], v[2]), true
}

// setClipboard is OSC 52. Only setting counts: what is in the clipboard is
// never told, and clearing it is not a program's business.
func (t *Terminal) setClipboard(arg string) {
	_, data, ok := strings.Cut(arg, ";")
	if !ok || data == "" || data == "?" {
		return
	}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		if raw, err = base64.RawStdEncoding.DecodeString(data); err != nil {
			return
		}
	}
	if len(raw) > MaxClipboard || !utf8.Valid(raw) {
		return
	}
	t.clip, t.clipSet = string(raw), true
}

// TakeClipboard gives the text that the program last asked to copy, and
// forgets it. It is raw: at most MaxClipboard bytes of valid UTF-8, control
// characters included.
func (t *Terminal) TakeClipboard() (text string, ok bool) {
	text, ok = t.clip, t.clipSet
	t.clip, t.clipSet = "", false
	return text, ok
}

// TakeBell says whether the program rang since the last call.
func (t *Terminal) TakeBell() bool {
	b := t.bell
	t.bell = false
	return b
}
