package passthru

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Keys watches what a person types for the prefix that leads out of a
// container's terminal. It knows the prefix as a plain byte, in kitty's coding
// (CSI 93;5u) and in xterm's modifyOtherKeys (CSI 27;5;93~), over any split of
// the input, and never inside a bracketed paste, a mouse report or an answer
// of the terminal.
//
// Escape and then a prefix of one byte may come in one read; it is taken for
// those two keys, so that the prefix is found behind an escape typed in haste.
// As alt with the prefix it does not reach the container in the plain coding.
type Keys struct {
	literal []byte // what the prefix sends in the plain coding
	codes   []int  // key codes of the prefix in the other codings
	mods    int    // their modifiers: 1 shift, 2 alt, 4 ctrl
	shifted bool   // shift makes no difference: it may be what the character needs
	tilde   int    // a function key's number in CSI number ~
	letter  byte   // and its letter in CSI P, SS3 P

	held     []byte // a key that is not whole yet
	after    bool   // the prefix was typed
	paste    bool
	answer   answerState
	rest     int // bytes of a mouse report whose head was flushed
	answered int
}

// answerState is where in a string that the terminal sends the input stands.
type answerState uint8

const (
	noAnswer answerState = iota
	inAnswer
	answerEnds // after an ESC in it
)

// Command is a key typed after the prefix.
type Command struct {
	Key   rune // 0 = the prefix itself, again; NoRune = a key without a character, or with alt
	Bytes []byte
}

// NoRune is the Key of a Command whose key has no character of its own: arrows,
// function keys, whatever is typed with alt.
const NoRune rune = -1

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
	case found && mod == "alt" && n == len(key) && n > 0 && !introduces(r):
		k := &Keys{literal: append([]byte{0x1b}, key...), codes: []int{int(r)}, mods: 2, shifted: !unicode.IsLower(r)}
		if unicode.IsUpper(r) {
			k.codes, k.mods, k.shifted = append(k.codes, int(unicode.ToLower(r))), 3, false
		}
		return k, nil
	}
	if k, ok := functionKeys()[prefix]; ok {
		return &k, nil
	}
	return nil, fmt.Errorf("prefix %q cannot be recognised in a terminal passed through; take ctrl with a letter or one of ]\\^_, alt with a key, or f1 to f12", prefix)
}

// introduces says whether ESC and r begin or end what terminals send by
// themselves: CSI, SS3, DCS, OSC, SOS, PM, APC, ST.
func introduces(r rune) bool { return strings.ContainsRune("[OP]X^_\\", r) }

func ctrlPrefix(name string, r rune) (*Keys, error) {
	k := &Keys{codes: []int{int(r)}, mods: 4}
	switch {
	case r >= 'a' && r <= 'z' && r != 'i' && r != 'm': // those are tab and enter
		k.literal = []byte{byte(r) & 0x1f}
	case r == ' ' || r == '@':
		k.literal, k.codes, k.shifted = []byte{0}, []int{' ', '@', '2'}, true
	case r == '\\':
		k.literal, k.codes = []byte{0x1c}, []int{'\\', '4'}
	case r == ']':
		// ctrl+5 sends the same byte; on many keyboards it is easier to reach.
		k.literal, k.codes = []byte{0x1d}, []int{']', '5'}
	case r == '^':
		k.literal, k.codes, k.shifted = []byte{0x1e}, []int{'^', '6'}, true
	case r == '_':
		k.literal, k.codes, k.shifted = []byte{0x1f}, []int{'_', '-', '7', '/'}, true
	default:
		return nil, fmt.Errorf("prefix %q has no byte of its own in a terminal; take ctrl with a letter or one of ]\\^_", name)
	}
	return k, nil
}

func functionKeys() map[string]Keys {
	keys := map[string]Keys{}
	for i, letter := range []byte("PQRS") {
		keys[fmt.Sprintf("f%d", i+1)] = Keys{literal: []byte{0x1b, 'O', letter}, letter: letter, tilde: 11 + i}
	}
	for i, number := range []int{15, 17, 18, 19, 20, 21, 23, 24} {
		keys[fmt.Sprintf("f%d", i+5)] = Keys{literal: fmt.Appendf(nil, "\x1b[%d~", number), tilde: number}
	}
	return keys
}

// Literal is what the prefix sends when it is meant for the container.
func (k *Keys) Literal() []byte { return slices.Clone(k.literal) }

// Holding says that the end of what was typed may be the start of a key's
// sequence; if nothing follows within some ten milliseconds, call Flush. In a
// paste it is no matter: what is held there may be half its end mark.
func (k *Keys) Holding() bool { return len(k.held) > 0 && !k.paste }

// Flush appends what was held: it was a lone escape key after all.
func (k *Keys) Flush(dst []byte) []byte {
	if k.paste {
		return dst
	}
	if bytes.HasPrefix(k.held, []byte(mouseReport)) {
		k.rest = mouseLength - len(k.held) // a slow line; the coordinates are still no keys
	}
	dst = append(dst, k.held...)
	k.held = k.held[:0]
	k.after, k.answer = false, noAnswer
	return dst
}

// Armed says that the prefix was typed and the next key is a Command.
func (k *Keys) Armed() bool { return k.after }

// Pasting says that a bracketed paste is going on, in which no prefix counts.
func (k *Keys) Pasting() bool { return k.paste }

// EndPaste ends a paste whose end mark does not come, and appends that for the
// container. A terminal that was suspended, or a line that was cut, in the
// middle of a paste would else swallow the prefix for ever: call it when
// Pasting and nothing has come for a second or more, which no terminal pauses
// in a paste.
func (k *Keys) EndPaste(dst []byte) []byte {
	if !k.paste {
		return dst
	}
	dst = append(dst, k.held...)
	k.held = k.held[:0]
	k.paste = false
	return append(dst, pasteEnd...)
}

// Answered counts the answers to DA1 that went to the container; see Fence.
func (k *Keys) Answered() int { return k.answered }

// Feed appends to dst what is meant for the container. It stops after a
// command and then gives what is left of src.
func (k *Keys) Feed(dst, src []byte) (out []byte, cmd *Command, rest []byte) {
	for i := 0; i < len(src); {
		var again bool
		dst, cmd, again = k.feed(dst, src[i])
		if !again {
			i++
		}
		if cmd != nil {
			return dst, cmd, src[i:]
		}
	}
	return dst, nil, nil
}

const (
	pasteBegin  = "\x1b[200~"
	pasteEnd    = "\x1b[201~"
	mouseReport = "\x1b[M" // X10: three bytes follow
	mouseLength = len(mouseReport) + 3
	maxKey      = 64 // longer sequences are no keys
)

// feed takes a byte; again says that it has not, and wants it once more.
func (k *Keys) feed(dst []byte, c byte) (out []byte, cmd *Command, again bool) {
	switch {
	case k.paste:
		return k.pasted(dst, c), nil, false
	case k.rest > 0 && c != 0x1b:
		k.rest--
		return append(dst, c), nil, false
	case k.answer != noAnswer:
		return k.inAnswer(dst, c)
	}
	k.rest = 0
	if len(k.held) > 0 && k.interrupts(c) {
		dst, cmd = k.key(dst, k.take()) // no sequence, but a key of its own
		return dst, cmd, true
	}
	k.held = append(k.held, c)
	switch {
	case answers(k.held):
		k.answer = inAnswer
		return append(dst, k.take()...), nil, false
	case k.whole() || len(k.held) == maxKey:
		dst, cmd = k.key(dst, k.take())
	}
	return dst, cmd, false
}

func (k *Keys) take() []byte {
	seq := slices.Clone(k.held)
	k.held = k.held[:0]
	return seq
}

// pasted looks for the end of a paste and for nothing else.
func (k *Keys) pasted(dst []byte, c byte) []byte {
	if c == 0x1b {
		dst = append(dst, k.held...)
		k.held = k.held[:0]
	}
	k.held = append(k.held, c)
	switch {
	case string(k.held) == pasteEnd:
		k.paste = false
	case bytes.HasPrefix([]byte(pasteEnd), k.held):
		return dst
	}
	dst = append(dst, k.held...)
	k.held = k.held[:0]
	return dst
}

// inAnswer passes on a string that the terminal sends: DECRQSS and XTVERSION
// are answered by one. Any control character ends it, lest one that has no end
// should hide the prefix.
func (k *Keys) inAnswer(dst []byte, c byte) (out []byte, cmd *Command, again bool) {
	switch {
	case k.answer == inAnswer && c == 0x1b:
		k.answer = answerEnds
		k.held = append(k.held, c)
		return dst, nil, false
	case k.answer == inAnswer && c >= 0x20:
		return append(dst, c), nil, false
	case k.answer == answerEnds && c == '\\':
		k.answer = noAnswer
		return append(append(dst, k.take()...), c), nil, false
	}
	k.answer = noAnswer
	return dst, nil, true
}

// answers says whether seq begins a string of the terminal, and not alt with P
// or ] and the key after it: DCS and a digit or one of >!=, OSC and a digit.
func answers(seq []byte) bool {
	if len(seq) != 3 || seq[0] != 0x1b {
		return false
	}
	digit := seq[2] >= '0' && seq[2] <= '9'
	return seq[1] == ']' && digit || seq[1] == 'P' && (digit || bytes.IndexByte([]byte(">!="), seq[2]) >= 0)
}

// interrupts says whether c cannot belong to what is held.
func (k *Keys) interrupts(c byte) bool {
	switch n := len(k.held); {
	case k.held[0] >= utf8.RuneSelf:
		return utf8.RuneStart(c)
	case bytes.HasPrefix(k.held, []byte(mouseReport)):
		return false // coordinates may be any byte
	case c == 0x1b:
		return true
	case n == 1:
		return len(k.literal) == 1 && c == k.literal[0]
	case k.held[1] >= utf8.RuneSelf:
		return utf8.RuneStart(c)
	case c < 0x20 || c >= 0x7f:
		return true
	case n == 2 && (k.held[1] == 'P' || k.held[1] == ']'):
		return !answers([]byte{0x1b, k.held[1], c})
	}
	return false
}

// whole says whether what is held is a complete key.
func (k *Keys) whole() bool {
	seq := k.held
	last := seq[len(seq)-1]
	switch {
	case seq[0] >= utf8.RuneSelf:
		return !k.after || utf8.FullRune(seq)
	case len(seq) == 1:
		return last != 0x1b
	case seq[1] >= utf8.RuneSelf:
		return utf8.FullRune(seq[1:])
	case len(seq) == 2:
		return bytes.IndexByte([]byte("[OP]"), last) < 0
	case seq[1] != '[':
		return true
	case bytes.HasPrefix(seq, []byte(mouseReport)):
		return len(seq) == mouseLength
	case seq[2] == '[': // function keys of the Linux console
		return len(seq) == 4
	default:
		return last >= 0x40
	}
}
