package passthru

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Keys watches what a person types for the prefix that leads out of a
// container's terminal. It knows the prefix as a plain byte, in kitty's coding
// (CSI 93;5u) and in xterm's modifyOtherKeys (CSI 27;5;93~), over any split of
// the input, and never inside a bracketed paste.
type Keys struct {
	literal []byte // what the prefix sends in the plain coding
	codes   []int  // key codes of the prefix in the other codings
	mods    int    // their modifiers: 1 shift, 2 alt, 4 ctrl

	held  []byte // an escape sequence that is not whole yet
	after bool   // the prefix was typed
	paste bool
}

// Command is a key typed after the prefix.
type Command struct {
	Key   rune // 0 = the prefix itself, again
	Bytes []byte
}

// NewKeys makes a watcher for a prefix in Bubble Tea's notation: "ctrl+]",
// "ctrl+a", "alt+x", "f12".
func NewKeys(prefix string) (*Keys, error) {
	mod, key, found := strings.Cut(prefix, "+")
	r, n := utf8.DecodeRuneInString(key)
	switch {
	case found && mod == "ctrl" && (n == len(key) || key == "space"):
		if key == "space" {
			r = ' '
		}
		return ctrlPrefix(prefix, r)
	case found && mod == "alt" && n == len(key) && n > 0 && r != '[' && r != 'O':
		return &Keys{literal: append([]byte{0x1b}, key...), codes: []int{int(r)}, mods: 2}, nil
	}
	if seq, ok := functionKeys()[prefix]; ok {
		return &Keys{literal: []byte(seq)}, nil
	}
	return nil, fmt.Errorf("prefix %q cannot be recognised in a terminal passed through; take ctrl with a letter or one of ]\\^_, alt with a key, or f1 to f12", prefix)
}

func ctrlPrefix(name string, r rune) (*Keys, error) {
	k := &Keys{codes: []int{int(r)}, mods: 4}
	switch {
	case r >= 'a' && r <= 'z' && r != 'i' && r != 'm': // those are tab and enter
		k.literal = []byte{byte(r) & 0x1f}
	case r == ' ' || r == '@':
		k.literal, k.codes = []byte{0}, []int{' ', '@', '2'}
	case r == '\\':
		k.literal, k.codes = []byte{0x1c}, []int{'\\', '4'}
	case r == ']':
		// ctrl+5 sends the same byte; on many keyboards it is easier to reach.
		k.literal, k.codes = []byte{0x1d}, []int{']', '5'}
	case r == '^':
		k.literal, k.codes = []byte{0x1e}, []int{'^', '6'}
	case r == '_':
		k.literal, k.codes = []byte{0x1f}, []int{'_', '-', '7', '/'}
	default:
		return nil, fmt.Errorf("prefix %q has no byte of its own in a terminal; take ctrl with a letter or one of ]\\^_", name)
	}
	return k, nil
}

func functionKeys() map[string]string {
	return map[string]string{
		"f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~", "f6": "\x1b[17~",
		"f7": "\x1b[18~", "f8": "\x1b[19~", "f9": "\x1b[20~", "f10": "\x1b[21~", "f11": "\x1b[23~", "f12": "\x1b[24~",
	}
}

// Literal is what the prefix sends when it is meant for the container.
func (k *Keys) Literal() []byte { return slices.Clone(k.literal) }

// Holding says that the end of what was typed may be the start of a key's
// sequence; if nothing follows within some ten milliseconds, call Flush.
func (k *Keys) Holding() bool { return len(k.held) > 0 }

// Flush appends what was held: it was a lone escape key after all.
func (k *Keys) Flush(dst []byte) []byte {
	dst = append(dst, k.held...)
	k.held = k.held[:0]
	k.after = false
	return dst
}

// Feed appends to dst what is meant for the container. It stops after a
// command and then gives what is left of src.
func (k *Keys) Feed(dst, src []byte) (out []byte, cmd *Command, rest []byte) {
	for i, c := range src {
		if dst, cmd = k.feed(dst, c); cmd != nil {
			return dst, cmd, src[i+1:]
		}
	}
	return dst, nil, nil
}

func (k *Keys) feed(dst []byte, c byte) ([]byte, *Command) {
	if len(k.held) == 0 {
		if c == 0x1b {
			k.held = append(k.held, c)
			return dst, nil
		}
		return k.key(dst, []byte{c})
	}
	if c == 0x1b { // a new sequence; the old one was none
		dst, cmd := k.key(dst, slices.Clone(k.held))
		k.held = append(k.held[:0], c)
		return dst, cmd
	}
	k.held = append(k.held, c)
	if !whole(k.held) && len(k.held) < 64 {
		return dst, nil
	}
	seq := slices.Clone(k.held)
	k.held = k.held[:0]
	return k.key(dst, seq)
}

// whole says whether an escape sequence is complete.
func whole(seq []byte) bool {
	last := seq[len(seq)-1]
	switch {
	case len(seq) == 2:
		return last != '[' && last != 'O'
	case seq[1] == 'O':
		return true
	default:
		return last >= 0x40 || last < 0x20
	}
}

// key takes one key: a byte or a whole sequence.
func (k *Keys) key(dst, seq []byte) ([]byte, *Command) {
	switch {
	case bytes.Equal(seq, []byte("\x1b[200~")):
		k.paste = true
		return append(dst, seq...), nil
	case bytes.Equal(seq, []byte("\x1b[201~")):
		k.paste = false
		return append(dst, seq...), nil
	case k.paste:
		return append(dst, seq...), nil
	}
	code, mods, event, coded := decode(seq)
	isPrefix := bytes.Equal(seq, k.literal) || (coded && slices.Contains(k.codes, code) && mods == k.mods)
	const release = 3
	switch {
	case isPrefix && event == release:
		return dst, nil // its press was not passed on either
	case isPrefix && k.after:
		k.after = false
		return dst, &Command{Bytes: k.Literal()}
	case isPrefix:
		k.after = true
		return dst, nil
	case !k.after:
		return append(dst, seq...), nil
	case len(seq) == 1:
		k.after = false
		return dst, &Command{Key: rune(seq[0]), Bytes: seq}
	case coded && event != release && code < firstFunctional:
		k.after = false
		return dst, &Command{Key: rune(code), Bytes: seq}
	case seq[1] == '[' || seq[1] == 'O':
		return append(dst, seq...), nil // a report of mouse, focus or terminal: no key
	default:
		k.after = false
		return dst, &Command{Key: 0x1b, Bytes: seq}
	}
}

// firstFunctional is where kitty's codes for keys without a character begin,
// modifiers among them.
const firstFunctional = 57344

// decode reads CSI code;mods:event u and CSI 27;mods;code ~.
func decode(seq []byte) (code, mods, event int, ok bool) {
	if len(seq) < 4 || seq[1] != '[' {
		return 0, 0, 0, false
	}
	final := seq[len(seq)-1]
	fields := strings.Split(string(seq[2:len(seq)-1]), ";")
	first := func(i int) (n, sub int) {
		if i >= len(fields) {
			return 0, 0
		}
		a, b, _ := strings.Cut(fields[i], ":")
		n, _ = strconv.Atoi(a) // not a number: 0, which is no key
		sub, _ = strconv.Atoi(b)
		return n, sub
	}
	var m int
	switch n, _ := first(0); {
	case final == 'u':
		code = n
		m, event = first(1)
	case final == '~' && n == 27 && len(fields) == 3:
		m, _ = first(1)
		code, _ = first(2)
	default:
		return 0, 0, 0, false
	}
	const locks = 64 | 128 // caps lock and num lock do not count
	return code, max(m-1, 0) &^ locks, event, code > 0
}
