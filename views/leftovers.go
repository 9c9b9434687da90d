package views

import (
	"strconv"
	"strings"
	"time"

	"lxcdeck/keymap"
)

// LeftoverItem is what a killed operation has left, or an old root that is kept.
type LeftoverItem struct {
	Name  string // of the container
	What  string // a sentence
	Since time.Time
	Where string // "" = several places
	Size  int64  // bytes on disk; -1 = not known
	Ways  string // keys and what they do: "f finishes"
	Kept  bool   // nothing is wrong with it
	Busy  string // what is being done about it; "" = nothing
}

// LeftoversState is the list of what was left.
type LeftoversState struct {
	Items   []LeftoverItem
	Cursor  int
	Now     time.Time
	Loading bool
	Err     string // why it could not be read
	Hints   []keymap.Hint
	Say     *NoticeState
}

// Leftovers paints what killed operations have left in exactly w x h cells,
// three rows for each and a blank one.
func (t *Theme) Leftovers(s *LeftoversState, w, h int) Block {
	if w <= 0 || h <= 0 {
		return exactly(nil, w, h)
	}
	const each = 4
	last := t.pageFoot(s.Say, s.Hints, w, h)
	room := max(0, h-1-len(last))
	fit := max(1, room/each)
	place := ""
	if len(s.Items) > 0 {
		place = strconv.Itoa(s.Cursor+1) + "/" + strconv.Itoa(len(s.Items))
	}
	rows := []string{t.pageTitle("What killed operations have left", place, w)}
	switch {
	case s.Err != "":
		rows = append(rows, t.paragraph(Bad, Clean(s.Err), w)...)
	case len(s.Items) == 0 && s.Loading:
		rows = append(rows, t.row(Dim, "looking ...", w))
	case len(s.Items) == 0:
		rows = append(rows, t.row(Dim, "nothing: every operation came to its end", w))
	}
	offset := Scroll(s.Cursor, max(0, s.Cursor-fit/2), len(s.Items), fit)
	for i := offset; i < len(s.Items) && i < offset+fit; i++ {
		for _, row := range t.leftover(&s.Items[i], i == s.Cursor, s.Now, w) {
			rows = append(rows, t.mark(row, i, i == s.Cursor))
		}
	}
	if len(rows) > 1+room {
		rows = rows[:1+room]
	}
	for len(rows) < 1+room {
		rows = append(rows, blank(w))
	}
	return exactly(append(rows, last...), w, h)
}

func (t *Theme) leftover(it *LeftoverItem, here bool, now time.Time, w int) []string {
	l := t.newLine(w)
	l.pointed(here)
	l.add(Strong, Clean(it.Name))
	l.gap(2)
	role := Warn
	if it.Kept {
		role = Plain
	}
	l.add(role, Clean(it.What))
	var facts []string
	if !it.Since.IsZero() {
		facts = append(facts, it.Since.Format("2006-01-02 15:04")+", "+Age(now.Sub(it.Since))+" ago")
	}
	if it.Size >= 0 {
		facts = append(facts, Bytes(uint64(it.Size)))
	}
	if it.Where != "" {
		facts = append(facts, Clean(it.Where))
	}
	ways := t.newLine(w)
	ways.gap(3)
	if it.Busy != "" {
		ways.add(Notice, Clean(it.Busy)+" ...")
	} else {
		ways.keyWords(it.Ways, ways.used)
		ways.add(Key, it.Ways)
	}
	return []string{l.String(), t.row(Dim, "   "+strings.Join(facts, "  "), w), ways.String(), blank(w)}
}
