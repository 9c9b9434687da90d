package vt

// state is where the parser stands between two bytes. The machine is Paul
// Williams' (vt100.net/emu/dec_ansi_parser) with UTF-8 instead of C1 bytes.
type state uint8

const (
	ground state = iota
	escape
	escapeInter
	csi
	csiIgnore
	osc
	dcs
	text      // SOS, PM, APC and ESC k: read to their end and dropped
	stringEsc // an ESC inside a string: its end if a backslash follows
)

const (
	maxParams = 96      // with those that colons join
	maxGroups = 23      // as tmux: a sequence with more does nothing
	maxParam  = 1 << 31 // one that is larger does nothing either
	maxInter  = 3

	// MaxClipboard is how much text OSC 52 may set, in bytes.
	MaxClipboard = 64 << 10

	maxString     = 4 << 10                // of any other OSC and DCS
	maxClipString = MaxClipboard/3*4 + 128 // base64 and the words before it
)

type parser struct {
	state  state
	within state // the string that stringEsc may end

	prefix byte // one of <=>? at the head of a CSI
	inter  [maxInter]byte
	ninter int
	params [maxParams]int // missing is -1
	colon  [maxParams]bool
	nparam int
	groups int  // parameters, each with those that colons join to it
	bad    bool // too many or too large

	str     []byte
	strLong bool // more than may be kept: the whole string is dropped

	utf [4]byte // an unfinished character
	un  int
}

// Write takes what a program printed. It never fails and never blocks. Its
// cost is bounded by the screen's area for every few bytes: 4 KiB take 40 ms
// at worst at 300x100, text takes 20 us. Whoever holds a lock meanwhile may
// prefer WriteSome.
func (t *Terminal) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		rest = rest[t.WriteSome(rest):]
	}
	return len(p), nil
}

// maxCost is how many cells WriteSome may erase, move or store: some 10 ms.
const maxCost = 4 << 20

// WriteSome is Write that stops after some 10 ms, and says how much of p it
// took.
func (t *Terminal) WriteSome(p []byte) int {
	n := len(p)
	before := t.visible()
	for t.cost = 0; len(p) > 0 && t.cost < maxCost; {
		switch {
		case t.parser.state == ground:
			p = p[t.ground(p):]
		case t.parser.state >= osc && t.parser.state <= text:
			p = p[t.stringBytes(p):]
		default:
			if t.step(p[0]); t.parser.state != csi && p[0] < 0x80 {
				t.last = 0
			}
			p = p[1:]
		}
	}
	if t.visible() != before {
		t.gen++
	}
	return n - len(p)
}

// visible is what counts as a change though no row did.
type visible struct {
	cursor Cursor
	modes  Modes
	title  string
}

func (t *Terminal) visible() visible { return visible{t.Cursor(), t.Modes(), t.title} }

// ground takes as much of p as belongs together and says how much that was.
func (t *Terminal) ground(p []byte) int {
	b := p[0]
	if t.parser.un > 0 || b >= 0x80 {
		return t.utf8(p)
	}
	if b < 0x20 || b == 0x7f {
		if t.control(b); b < 0x1b {
			t.last = 0
		}
		return 1
	}
	n := 1
	for n < len(p) && p[n] >= 0x20 && p[n] < 0x7f {
		n++
	}
	t.printASCII(p[:n])
	return n
}

// step takes one byte of an escape sequence.
func (t *Terminal) step(b byte) {
	p := &t.parser
	switch {
	case p.state == stringEsc:
		t.afterStringEsc(b)
		return
	case b == 0x1b:
		p.enter(escape)
		return
	case b == 0x18 || b == 0x1a: // CAN, SUB
		p.state = ground
		return
	case b < 0x20:
		t.control(b)
		return
	case b == 0x7f:
		return
	case b >= 0x80: // no sequence holds such a byte: it starts text
		p.state = ground
		t.utf8([]byte{b})
		return
	}
	switch p.state {
	case escape, escapeInter:
		t.stepEscape(b)
	case csi:
		t.stepCSI(b)
	case csiIgnore:
		if b >= 0x40 {
			p.state = ground
		}
	}
}

func (p *parser) enter(s state) {
	p.state, p.prefix, p.ninter, p.nparam, p.groups, p.bad = s, 0, 0, 0, 0, false
}

func (p *parser) collect(b byte) {
	if p.ninter < maxInter {
		p.inter[p.ninter] = b
	}
	p.ninter++
}

// intermediate is the one intermediate byte, 0 for none, 0xff for more.
func (p *parser) intermediate() byte {
	switch p.ninter {
	case 0:
		return 0
	case 1:
		return p.inter[0]
	}
	return 0xff
}

func (t *Terminal) stepEscape(b byte) {
	p := &t.parser
	if b < 0x30 {
		p.collect(b)
		p.state = escapeInter
		return
	}
	if p.state == escape {
		switch b {
		case '[':
			p.enter(csi)
			return
		case ']':
			p.enterString(osc)
			return
		case 'P':
			p.enterString(dcs)
			return
		case 'X', '^', '_', 'k':
			p.enterString(text)
			return
		}
	}
	p.state = ground
	t.escDispatch(p.intermediate(), b)
}

func (t *Terminal) stepCSI(b byte) {
	p := &t.parser
	switch {
	case b >= 0x40:
		p.state = ground
		if p.ninter <= 1 && (p.numbers() || b == 'm' && p.takes()) {
			t.csiDispatch(p.prefix, p.intermediate(), b)
		}
	case b >= 0x3c: // < = > ?
		if p.nparam > 0 || p.ninter > 0 || p.prefix != 0 {
			p.state = csiIgnore
			return
		}
		p.prefix = b
	case b >= 0x30:
		if p.ninter > 0 {
			p.state = csiIgnore
			return
		}
		p.param(b)
	default:
		p.collect(b)
	}
}

// param takes a digit or a separator.
func (p *parser) param(b byte) {
	if p.nparam == 0 {
		p.nparam, p.groups = 1, 1
		p.params[0], p.colon[0] = -1, false
	}
	if b == ';' || b == ':' {
		if p.nparam == maxParams {
			p.bad = true
			return
		}
		p.params[p.nparam], p.colon[p.nparam] = -1, b == ':'
		p.nparam++
		if b == ';' {
			p.groups++
		}
		return
	}
	v := &p.params[p.nparam-1]
	*v = min(max(*v, 0)*10+int(b-'0'), maxParam)
}

// list is the parameters.
func (p *parser) list() []int { return p.params[:p.nparam] }

// single says that parameter i is not one of several that colons join.
func (p *parser) single(i int) bool {
	return !p.colon[i] && (i+1 >= p.nparam || !p.colon[i+1])
}

// numbers says whether the parameters are what a function that is not SGR can
// take: no more than there may be, none too large, none of several parts.
func (p *parser) numbers() bool {
	for i, v := range p.list() {
		if v == maxParam || p.colon[i] {
			return false
		}
	}
	return !p.bad && p.groups <= maxGroups
}

// arg is parameter i, or def where it is missing or, def not being 0, zero.
func (p *parser) arg(i, def int) int {
	if i >= p.nparam || p.params[i] < 0 || p.params[i] == 0 && def != 0 {
		return def
	}
	return p.params[i]
}

func (p *parser) enterString(s state) {
	p.state, p.strLong = s, false
	p.forget()
}

// forget empties the string. A clipboard's worth of room is not kept.
func (p *parser) forget() {
	if p.str = p.str[:0]; cap(p.str) > 2*maxString {
		p.str = nil
	}
}

// stringBytes takes the part of p that belongs to a string, and its end.
func (t *Terminal) stringBytes(b []byte) int {
	p := &t.parser
	for i, c := range b {
		switch {
		case c == 0x1b:
			p.addString(b[:i])
			p.within, p.state = p.state, stringEsc
			return i + 1
		case c == 0x18 || c == 0x1a:
			p.state = ground
			return i + 1
		case c == 0x07 && p.state == osc:
			p.addString(b[:i])
			p.state = ground
			t.stringEnd(osc, true)
			return i + 1
		}
	}
	p.addString(b)
	return len(b)
}

func (p *parser) addString(b []byte) {
	limit := maxString
	if p.state == osc && isClipboard(p.str, b) {
		limit = maxClipString
	}
	if p.state == text || p.strLong || len(p.str)+len(b) > limit {
		p.strLong = true
		p.forget()
		return
	}
	p.str = append(p.str, b...)
}

// isClipboard looks for the head of OSC 52 in what has come so far.
func isClipboard(str, b []byte) bool {
	var head [3]byte
	n := copy(head[:], str)
	copy(head[n:], b)
	return string(head[:]) == "52;"
}

// afterStringEsc ends a string: ST is ESC and a backslash, and any other
// escape sequence ends it as well.
func (t *Terminal) afterStringEsc(b byte) {
	p := &t.parser
	p.enter(escape)
	t.stringEnd(p.within, false)
	if b == '\\' {
		p.state = ground
		return
	}
	t.step(b)
}

func (t *Terminal) stringEnd(s state, bell bool) {
	p := &t.parser
	if p.strLong || s == text {
		return
	}
	if s == osc {
		t.oscDispatch(p.str, bell)
	} else {
		t.dcsDispatch(p.str)
	}
	p.forget()
}

// AtRest says that no sequence and no character is half done: what comes next
// stands for itself.
func (t *Terminal) AtRest() bool { return t.parser.state == ground && t.parser.un == 0 }
