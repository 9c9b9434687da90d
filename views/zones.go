package views

import (
	"image"
	"strconv"
	"strings"
)

// ZoneKind is what a click on a zone is about.
type ZoneKind uint8

// The kinds of zones.
const (
	ItemZone   ZoneKind = iota // a row of a list: At is its index
	KeyZone                    // a key and what it does: Word is the key as people read it
	TabZone                    // a tab: At is its index
	ColumnZone                 // the title of a column: Word is its id
)

// Zone is a part of the screen that can be clicked, in cells of the screen.
type Zone struct {
	image.Rectangle
	Kind   ZoneKind
	At     int
	Cursor int    // index of the item under the cursor in the same list
	Word   string // of items: which list, where there are several
}

// ZonePart is what zones belong to; painting it anew forgets those it had.
type ZonePart uint8

// The parts.
const (
	HostZones ZonePart = iota
	ListZones
	RuleZones
	DetailZones
	StatusZones
	TabsZones
	BannerZones
	Banner2Zones
	OverlayZones
	zoneParts
)

// Zones gathers what can be clicked while a screen is painted. A painter marks its
// lines; where they come to lie is found when the block is whole. The zero Zones
// gather nothing.
type Zones struct {
	on      bool
	parts   [zoneParts][]Zone
	pending []markedRow
}

// markedRow is a painted row in which something can be clicked.
type markedRow struct {
	row  string
	hits []Zone // Rectangle.Min.X and Max.X within the row
}

// With gives the theme with a place for the zones of what it paints.
func (t *Theme) With(z *Zones) *Theme {
	c := *t
	c.zones = z
	return &c
}

// Gather begins, or ends, to gather.
func (z *Zones) Gather(on bool) { z.on, z.pending = on, z.pending[:0] }

// Drop forgets what was marked and not placed: it is below something else.
func (z *Zones) Drop() { z.pending = z.pending[:0] }

// Clear forgets all zones.
func (z *Zones) Clear() {
	for i := range z.parts {
		z.parts[i] = z.parts[i][:0]
	}
}

// Place finds the rows that were marked since the last time in a painted block whose
// upper left cell is at a point of the screen.
func (z *Zones) Place(part ZonePart, b Block, at image.Point) {
	if !z.on {
		return
	}
	zones := z.parts[part][:0]
	taken := map[string]bool{} // rows that are an item of a list
	cursors := map[string]int{}
	for _, p := range z.pending {
		for _, h := range p.hits {
			if h.Kind == ItemZone && h.Cursor >= 0 {
				cursors[h.Word] = h.At
			}
		}
	}
	last := 0
	for _, p := range z.pending {
		for n := range b {
			y := (last + n) % len(b) // most follow each other
			row := b[y]
			in := p.hits[0].Word + "\x00" + strconv.Itoa(y)
			if p.hits[0].Kind == ItemZone && taken[in] {
				continue
			}
			i := strings.Index(row, p.row)
			if i < 0 {
				continue
			}
			x := rowWidth(row[:i])
			for _, h := range p.hits {
				h.Rectangle = image.Rect(h.Min.X+x, y, h.Max.X+x, y+1).Add(at)
				if at, ok := cursors[h.Word]; ok && h.Kind == ItemZone {
					h.Cursor = at
				}
				zones = append(zones, h)
			}
			taken[in] = true
			last = y
			break
		}
	}
	z.parts[part] = zones
	z.pending = z.pending[:0]
}

// At is what is under a cell: of the overlay alone, or of the panes.
func (z *Zones) At(x, y int, overlay bool) (Zone, bool) {
	p := image.Pt(x, y)
	var item Zone
	found := false
	for part, zones := range z.parts {
		if (ZonePart(part) == OverlayZones) != overlay {
			continue
		}
		for _, h := range zones {
			switch {
			case !p.In(h.Rectangle):
			case h.Kind != ItemZone: // a key within a row goes first
				return h, true
			case !found:
				item, found = h, true
			}
		}
	}
	return item, found
}

// item marks the line as the row of a list, here: the one under the cursor.
func (l *line) item(i int, here bool) {
	cursor := -1
	if here {
		cursor = i
	}
	l.hit(0, l.w, Zone{Kind: ItemZone, At: i, Cursor: cursor})
}

// mark is item for a row that is finished.
func (t *Theme) mark(row string, i int, here bool) string { return t.markIn("", row, i, here) }

// markIn is mark where there are several lists.
func (t *Theme) markIn(list, row string, i int, here bool) string {
	if t.zones != nil && t.zones.on {
		z := Zone{Rectangle: image.Rect(0, 0, rowWidth(row), 1), Kind: ItemZone, At: i, Cursor: -1, Word: list}
		if here {
			z.Cursor = i
		}
		t.zones.pending = append(t.zones.pending, markedRow{row, []Zone{z}})
	}
	return row
}

// hit marks cells of the line.
func (l *line) hit(from, to int, z Zone) {
	if l.t.zones == nil || !l.t.zones.on || to <= from {
		return
	}
	z.Rectangle = image.Rect(from, 0, to, 1)
	l.hits = append(l.hits, z)
}

// told hands over what was marked in a finished row.
func (l *line) told(row string) {
	if len(l.hits) > 0 {
		l.t.zones.pending = append(l.t.zones.pending, markedRow{row, l.hits})
		l.hits = nil
	}
}

// keyed marks a key, and what it does behind it, as they are written.
func (l *line) keyed(r Role, s string, n int) {
	if l.t.zones == nil || !l.t.zones.on {
		return
	}
	if r == Dim && l.key.Word != "" && l.key.Max.X == l.used && s[0] == ' ' {
		l.hit(l.key.Min.X, l.used+n, Zone{Kind: KeyZone, Word: l.key.Word})
	}
	l.key = Zone{}
	if r == Key {
		l.key = Zone{Rectangle: image.Rect(l.used, 0, l.used+n, 1), Word: s}
	}
}

// keyWords marks the keys in "y yes   enter no" and "enter copies, esc leaves" that
// begins at a column.
func (l *line) keyWords(words string, x int) {
	if l.t.zones == nil || !l.t.zones.on {
		return
	}
	for i := 0; i < len(words); {
		end := len(words)
		for _, between := range []string{"  ", ", "} {
			if n := strings.Index(words[i:], between); n >= 0 {
				end = min(end, i+n)
			}
		}
		if part := strings.TrimLeft(words[i:end], " "); part != "" {
			from := x + Width(words[:end]) - Width(part)
			key, _, _ := strings.Cut(part, " ")
			l.hit(from, from+Width(part), Zone{Kind: KeyZone, Word: key})
		}
		i = end + 2
	}
}
