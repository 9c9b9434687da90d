package views

import (
	"strconv"
	"strings"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// NetRowKind says what a row of the network map is.
type NetRowKind uint8

// A heading such as a bridge, an interface under it, a sentence on a container in
// place of its interfaces, a socket that waits for others.
const (
	NetHeading NetRowKind = iota
	NetInterface
	NetSentence
	NetSocket
)

// NetRow is one row of the network map. Its texts are foreign.
type NetRow struct {
	Kind      NetRowKind
	Name      string // of a heading
	Text      string // of a heading what follows its name, of a sentence all of it
	Host      string // the other end on the host; "" = none that is known
	Container string
	Link      *runtime.NetLink // of an interface, or of a heading that has counters; nil = none
	Rx, Tx    runtime.Rate     // bytes a second
	Conflict  bool             // an address of it is another's too
	BadMAC    bool             // that is its MAC address
	Port      *runtime.Owner   // of a socket
}

// NetworkState is the network map.
type NetworkState struct {
	Of        string // the container whose alone it is; "" = all
	Rows      []NetRow
	Cursor    int
	Offset    int      // the first row drawn
	Links     int      // interfaces that are shown
	Conflicts int      // addresses that several have
	About     []string // all about the row under the cursor, the most important first
	AboutBad  bool     // the first of them tells of a conflict
	Note      string
	Empty     string // why there is no row
	Hints     []keymap.Hint
	Say       *NoticeState
}

// netWidths are the columns of an interface's row at a width of the screen; 0 =
// it is not shown.
type netWidths struct{ host, container, link, state, mac, rate, mtu int }

func netColumns(w int) netWidths {
	switch {
	case w >= sideW:
		return netWidths{15, 24, 15, 10, 17, 6, 5}
	case w >= wideW:
		return netWidths{13, 18, 8, 4, 17, 6, 5}
	case w >= 100:
		return netWidths{13, 18, 8, 4, 0, 6, 0}
	case w >= normalW:
		return netWidths{12, 14, 7, 4, 0, 5, 0}
	case w >= narrowW:
		return netWidths{0, 14, 7, 4, 0, 5, 0}
	default:
		return netWidths{0, 12, 6, 0, 0, 0, 0}
	}
}

// Network paints the map in exactly w x h cells: a title, the columns, the rows, and
// below them all about the one under the cursor.
func (t *Theme) Network(s *NetworkState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	foot, last := t.networkFoot(s, w, h), t.notedFoot(s.Note, s.Say, s.Hints, w, h)
	rows := []string{t.pageTitle(networkTitle(s, w), networkPlace(s), w), t.networkHead(w)}
	room := NetworkRows(s, h)
	switch {
	case len(s.Rows) == 0:
		for _, row := range t.paragraph(Dim, Clean(s.Empty), max(1, w-2)) {
			rows = append(rows, " "+fitRow(row, max(0, w-1)))
		}
	default:
		for i := s.Offset; i < min(len(s.Rows), s.Offset+room); i++ {
			rows = append(rows, t.networkRow(s, i, w))
		}
	}
	rows = rows[:min(len(rows), 2+room)]
	for len(rows) < 2+room {
		rows = append(rows, blank(w))
	}
	return exactly(append(append(rows, foot...), last...), w, h)
}

// NetworkRows is how many rows of the map are in sight.
func NetworkRows(s *NetworkState, h int) int {
	return max(0, h-2-networkFootRows(s, h)-notedRows(s.Note, s.Say, h))
}

func networkTitle(s *NetworkState, w int) string {
	title := "Network"
	switch {
	case s.Of != "" && w < narrowW:
		title = s.Of
	case s.Of != "":
		title = "Network of " + s.Of
	}
	if len(s.Rows) == 0 {
		return title
	}
	title += ": " + plural(s.Links, "interface", "interfaces")
	if s.Conflicts > 0 {
		title += ", " + plural(s.Conflicts, "conflict", "conflicts")
	}
	return title
}

func networkPlace(s *NetworkState) string {
	if len(s.Rows) == 0 {
		return ""
	}
	return strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Rows))
}

// rates leaves the room of two rates at the end of a row.
func (c *netWidths) rates() int {
	n := 0
	if c.rate > 0 {
		n += 2 * (c.rate + 1)
	}
	if c.mtu > 0 {
		n += c.mtu + 1
	}
	return n
}

func (t *Theme) networkHead(w int) string {
	c := netColumns(w)
	l := t.newLine(w)
	l.gap(3)
	head := func(title string, n int) {
		if n > 0 {
			l.field(Header, title, n, false)
			l.gap(1)
		}
	}
	head("HOST", c.host)
	head("CONTAINER", c.container)
	head("INSIDE", c.link)
	if c.state < len("STATE") {
		head("ST", c.state)
	} else {
		head("STATE", c.state)
	}
	head("MAC", c.mac)
	l.field(Header, "ADDRESSES", max(0, l.left()-c.rates()), false)
	figures := func(title string, n int) {
		if n > 0 {
			l.gap(1)
			l.field(Header, title, n, true)
		}
	}
	figures("RX/s", c.rate)
	figures("TX/s", c.rate)
	figures("MTU", c.mtu)
	return l.String()
}

func (t *Theme) networkRow(s *NetworkState, i, w int) string {
	r := &s.Rows[i]
	l := t.newLine(w)
	l.item(i, i == s.Cursor)
	switch {
	case r.Conflict:
		if i == s.Cursor {
			l.whole(Cursor)
		}
		l.add(Bad, "!")
	default:
		l.pointed(i == s.Cursor)
	}
	c := netColumns(w)
	switch r.Kind {
	case NetHeading:
		t.networkHeading(&l, r, &c)
	case NetInterface:
		l.gap(2)
		t.networkLink(&l, r, &c)
	case NetSocket:
		l.gap(2)
		t.networkSocket(&l, r)
	default:
		l.gap(2)
		l.w = max(0, w)
		if c.host > 0 {
			l.gap(c.host + 1)
		}
		l.field(Plain, t.Cut(Clean(r.Container), c.container), c.container, false)
		l.gap(1)
		l.add(Dim, Clean(r.Text))
	}
	return l.String()
}

func (t *Theme) networkHeading(l *line, r *NetRow, c *netWidths) {
	end := l.w
	if r.Link != nil {
		l.w = max(l.used, end-c.rates()-1)
	}
	l.add(Strong, Clean(r.Name))
	if r.Text != "" {
		l.gap(1)
		l.add(Dim, Clean(r.Text))
	}
	l.w = end
	if r.Link != nil {
		l.to(end - c.rates())
		t.networkFigures(l, r, c)
	}
}

func (t *Theme) networkLink(l *line, r *NetRow, c *netWidths) {
	text := func(role Role, s string, n int) {
		if n > 0 {
			if s == "" {
				s = Absent
			}
			l.field(role, t.Cut(Clean(s), n), n, false)
			l.gap(1)
		}
	}
	k := r.Link
	text(Dim, r.Host, c.host)
	text(Plain, r.Container, c.container)
	text(Plain, k.Name, c.link)
	word, role := linkWord(k, c.state)
	text(role, word, c.state)
	role = Dim
	if r.BadMAC {
		role = Bad
	}
	text(role, k.MAC.String(), c.mac)
	role = Plain
	if r.Conflict && !r.BadMAC {
		role = Bad
	}
	l.field(role, t.Cut(LinkAddrs(k), max(0, l.left()-c.rates())), max(0, l.left()-c.rates()), false)
	t.networkFigures(l, r, c)
}

func (t *Theme) networkFigures(l *line, r *NetRow, c *netWidths) {
	figure := func(s string, n int, role Role) {
		if n > 0 {
			l.gap(1)
			l.field(role, s, n, true)
		}
	}
	figure(RateBytes(r.Rx), c.rate, Plain)
	figure(RateBytes(r.Tx), c.rate, Plain)
	mtu := Absent
	if r.Link.MTU > 0 {
		mtu = strconv.Itoa(r.Link.MTU)
	}
	figure(mtu, c.mtu, Dim)
}

// linkWord is an interface's state in so many cells, and its colour.
func linkWord(k *runtime.NetLink, n int) (string, Role) {
	switch {
	case k.State == runtime.LinkUnknown:
		return Absent, Dim
	case k.State == runtime.LinkUp:
		return k.State.String(), Good
	case n < len(k.State.String()):
		return "down", Warn
	default:
		return k.State.String(), Warn
	}
}

// LinkAddrs are an interface's addresses, those first that others reach it by.
func LinkAddrs(k *runtime.NetLink) string {
	var v4, v6, local []string
	for _, p := range k.Addrs {
		switch ip := p.Addr(); {
		case ip.IsLinkLocalUnicast():
			local = append(local, runtime.AddrText(p))
		case ip.Is4():
			v4 = append(v4, runtime.AddrText(p))
		default:
			v6 = append(v6, runtime.AddrText(p))
		}
	}
	words := append(append(v4, v6...), local...)
	if k.More {
		words = append(words, "...")
	}
	if len(words) == 0 {
		return Absent
	}
	return Clean(strings.Join(words, " "))
}

// networkSocket is a socket that waits for others, and whose it is.
func (t *Theme) networkSocket(l *line, r *NetRow) {
	o := r.Port
	l.field(Plain, Clean(o.Listens.Proto), 5, false)
	l.gap(1)
	at := o.Listens.Addr.String()
	l.field(Plain, at, min(max(22, Width(at)), max(0, l.left()/2)), false)
	l.gap(1)
	if o.Process.PID == 0 {
		l.add(Dim, Absent)
		return
	}
	l.add(Plain, Clean(o.Process.Name))
	l.add(Dim, " "+strconv.Itoa(o.Process.PID))
	if o.Process.Inner > 0 {
		l.add(Dim, " ("+strconv.Itoa(o.Process.Inner)+" inside)")
	}
	if o.Process.User != "" {
		l.add(Dim, " "+Clean(o.Process.User))
	}
}

// networkFootRows is how many rows are about the row under the cursor.
func networkFootRows(s *NetworkState, h int) int {
	switch {
	case len(s.Rows) == 0 || h < shortH:
		return 0
	case h < tallH:
		return 4
	default:
		return 6
	}
}

func (t *Theme) networkFoot(s *NetworkState, w, h int) []string {
	n := networkFootRows(s, h)
	if n == 0 {
		return nil
	}
	l := t.newLine(w)
	l.fill(Dim, t.Glyphs.Rule, w)
	rows := []string{l.String()}
	for i, about := range s.About {
		r := Plain
		if i == 0 && s.AboutBad {
			r = Bad
		}
		rows = append(rows, t.paragraph(r, Clean(about), w)...)
	}
	rows = rows[:min(len(rows), n)]
	for len(rows) < n {
		rows = append(rows, blank(w))
	}
	return rows
}
