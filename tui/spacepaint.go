package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (x *spaceView) paint(m *Model) views.Block {
	s := x.state(m)
	s.Offset = views.SpaceScroll(s, m.layout.H) // the screen may have another size
	page := m.theme.Space(s, m.layout.W, m.layout.H)
	if x.full {
		return views.Centre(page, m.theme.Text(x.fullState(m), m.layout.W, m.layout.H))
	}
	return page
}

func (x *spaceView) state(m *Model) *views.SpaceState {
	s := &views.SpaceState{
		Cursor: x.at, Offset: x.top, BySize: !m.spaces.byName, Desc: m.spaces.byName == m.spaces.reverse,
		Now: m.clock.Now(), Walking: x.rep.Now, Files: x.rep.NowFiles, Done: x.rep.Done, Of: x.rep.Of, Note: x.note(), Say: m.noticeState(),
	}
	s.Rows = x.withGone(m)
	if !x.out {
		s.Walking, s.Done = "", s.Of
	}
	switch {
	case x.out:
		s.Empty = "looking ..."
	case x.err != nil:
		s.Empty = "What takes room could not be read."
	default:
		s.Empty = "There is no container, and nothing else in the lxcpaths."
	}
	s.Hints = keymap.Footer(m.keys, keymap.Space, m.situation())
	if len(x.rows) == 0 {
		s.Hints = slices.DeleteFunc(s.Hints, func(h keymap.Hint) bool { return h.ID == keymap.SpaceOpen || h.ID == keymap.SpaceCopy })
	}
	for i := range s.Hints {
		switch s.Hints[i].ID {
		case keymap.Quit:
			s.Hints[i].Text = "back"
		case keymap.SpaceSort:
			s.Hints[i].Text = "by name"
			if m.spaces.byName {
				s.Hints[i].Text = "by size"
			}
		}
	}
	if key := m.keys.KeyOf(keymap.Refresh); key != "" {
		s.Hints = slices.Insert(s.Hints, min(2, len(s.Hints)), keymap.Hint{ID: keymap.Refresh, Key: key, Text: "measure anew"})
	}
	return s
}

// withGone are the rows, with what has gone since it was measured.
func (x *spaceView) withGone(m *Model) []views.SpaceRow {
	rows := x.rows
	for i := range x.rows {
		r := &x.rows[i]
		if r.C == nil || r.All || !r.C.Gone && (m.byRef(r.C.Ref) != nil || m.listing.done.IsZero()) {
			continue
		}
		if &rows[0] == &x.rows[0] { // they are the model's: who paints changes nothing
			rows = slices.Clone(x.rows)
		}
		rows[i].Gone = true
	}
	return rows
}

// fullState is all about what is under the cursor, line by line.
func (x *spaceView) fullState(m *Model) *views.TextState {
	s := &views.TextState{Offset: x.fullTop}
	r := x.row()
	now := m.clock.Now()
	switch {
	case r == nil:
		s.Title, s.Lines = "Space", []string{"It is gone."}
	case r.All:
		s.Title = "All containers"
		s.Lines = []string{sizeLine("together", sumOf(r.C), "", now)}
		for _, why := range x.rep.Unread {
			s.Lines = append(s.Lines, "Not read: "+why)
		}
	case r.C != nil:
		s.Title = "Space of " + r.Name
		s.Lines = containerLines(r.C, now)
	case r.FS != nil:
		s.Title = "File system " + r.FS.Mount
		f := r.FS
		s.Lines = []string{
			"type      " + f.Type, "size      " + views.ValueBytes(f.Total), "used      " + views.ValueBytes(f.Used), "free      " + views.ValueBytes(f.Free) + " for you",
			"lxcpaths  " + strings.Join(f.Paths, ", "),
		}
		if f.Why != "" {
			s.Lines = append(s.Lines, f.Why)
		}
	default:
		s.Title = r.X.Path
		s.Lines = extraLines(r.X, x.rep.Unread, now)
	}
	return s
}

func sumOf(c *runtime.ContainerSpace) *runtime.Room {
	sum, _ := c.Sum()
	return &sum
}

// sizeLine is one part of a container.
func sizeLine(name string, r *runtime.Room, more string, now time.Time) string {
	text := fmt.Sprintf("%-9s %6s", name, views.RoomBytes(r))
	switch {
	case r.Files == 1:
		text += "  1 file"
	case r.Files > 1:
		text += "  " + views.Thousands(r.Files) + " files"
	}
	if more != "" {
		text += "  " + more
	}
	switch {
	case views.SpaceSilent(r, now) != "":
		text += "  " + views.SpaceSilent(r, now)
	case r.Pending():
		text += "  still to be measured"
	case r.Why != "":
		text += "  (" + r.Why + ")"
	}
	return text
}

func containerLines(c *runtime.ContainerSpace, now time.Time) []string {
	var lines []string
	for i := range c.Parts {
		p := &c.Parts[i]
		name, more := string(p.Kind), p.Path
		switch {
		case p.Kind == runtime.SpaceSnapshot:
			name = p.Name
			if !p.Taken.IsZero() {
				more = p.Taken.Local().Format("2006-01-02 15:04") + ", " + views.Age(now.Sub(p.Taken)) + " ago"
			}
		case p.Kind == runtime.SpaceKept:
			more = p.Name
		}
		lines = append(lines, sizeLine(name, &p.Room, more, now))
	}
	if len(c.Parts) > 1 {
		lines = append(lines, sizeLine("total", sumOf(c), "", now))
	}
	lines = append(lines, "")
	switch {
	case c.Store != "":
		lines = append(lines, "store     "+c.Store)
	case c.StoreWhy != "":
		lines = append(lines, "store     not known: "+c.StoreWhy)
	}
	if c.FS != "" {
		lines = append(lines, "lies on   "+c.FS)
	}
	if at := sumOf(c).At; !at.IsZero() {
		lines = append(lines, "measured  "+views.Age(now.Sub(at))+" ago")
	}
	for i := range c.Parts {
		if shared := c.Parts[i].Shared; shared != "" {
			return append(lines, "", shared)
		}
	}
	return lines
}

func extraLines(x *runtime.SpaceExtra, unread []string, now time.Time) []string {
	lines := []string{views.SpaceVerdict(x), ""}
	if x.What != "" {
		lines = append(lines, "what      "+x.What)
	}
	lines = append(lines, sizeLine("size", &x.Room, "", now))
	if !x.Changed.IsZero() {
		lines = append(lines, "changed   "+x.Changed.Local().Format("2006-01-02 15:04")+", "+views.Age(now.Sub(x.Changed))+" ago")
	}
	if !x.Room.At.IsZero() {
		lines = append(lines, "measured  "+views.Age(now.Sub(x.Room.At))+" ago")
	}
	if x.Use == runtime.UseUnknown {
		lines = append(lines, "")
		for _, why := range unread {
			lines = append(lines, "Not read: "+why)
		}
	}
	return lines
}
