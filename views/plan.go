package views

import (
	"strconv"
	"time"

	"lxcdeck/runtime"
)

// PlanRow is one container of a plan.
type PlanRow struct {
	Name  string
	State runtime.State
	Group string        // through which it was chosen; "" = it has none
	Order int           // lxc.start.order
	Delay time.Duration // waited after its start
	Why   string        // why it is left out; "" = it is started
}

// planW is how wide a plan may get.
const planW = 76

// PlanState is a plan that is shown before it is carried out: what is started,
// in order, then what is left out.
type PlanState struct {
	Title   string
	Rows    []PlanRow
	Starts  int    // of Rows, those that are started
	Command string // the equal lxc-autostart; gives way when room is short
	Offset  int    // first row drawn
	Early   bool   // keys are still ignored
}

// Plan paints a plan in a frame of at most w x h cells.
func (t *Theme) Plan(s *PlanState, w, h int) Block {
	inner, room, ok := boxRoom(w, h, planW)
	if !ok {
		return t.bare(Clean(s.Title), w, h)
	}
	rows, command := t.planRows(s, inner), t.planCommand(s, inner, room)
	page := room - len(command)
	offset := max(0, min(s.Offset, len(rows)-page))
	foot := t.planKeys(s)
	if len(rows) > page {
		foot = strconv.Itoa(offset+1) + "-" + strconv.Itoa(offset+page) + "/" + strconv.Itoa(len(rows)) + "   " + foot
	}
	rows = rows[offset:min(len(rows), offset+page)]
	return t.box(Clean(s.Title), foot, append(rows, command...), inner)
}

// PlanPage is how many rows of a plan are on a screen of w x h cells at once.
func (t *Theme) PlanPage(s *PlanState, w, h int) int {
	inner, room, ok := boxRoom(w, h, planW)
	if !ok {
		return 1
	}
	return room - len(t.planCommand(s, inner, room))
}

// planCommand are the rows of the command, of room rows in all.
func (t *Theme) planCommand(s *PlanState, inner, room int) []string {
	if s.Command == "" || room < 12 {
		return nil
	}
	rows := t.paragraph(Dim, "$ "+Clean(s.Command), inner)
	if len(rows) > room/3 {
		return nil
	}
	return rows
}

func (t *Theme) planRows(s *PlanState, inner int) []string {
	if len(s.Rows) == 0 {
		return t.paragraph(Plain, "No container is in these groups.", inner)
	}
	name := nameMin
	for i := range s.Rows {
		name = max(name, Width(Clean(s.Rows[i].Name)))
	}
	name = min(name, max(nameMin, inner/3))
	var rows []string
	for i := range s.Rows {
		r := &s.Rows[i]
		l := t.newLine(inner)
		if r.Why != "" {
			l.to(4)
			l.field(Dim, t.cutName(Clean(r.Name), name), name, false)
			l.gap(2)
			l.add(Dim, "left out: "+Clean(r.Why))
			rows = append(rows, l.String())
			continue
		}
		l.field(Key, strconv.Itoa(i+1), 3, true)
		l.gap(1)
		l.field(Strong, t.cutName(Clean(r.Name), name), name, false)
		l.gap(2)
		var facts []piece
		if r.Group != "" {
			facts = append(facts, figure(2, "group", Plain, Clean(r.Group)))
		}
		facts = append(facts, figure(1, "order", Plain, strconv.Itoa(r.Order)))
		if r.Delay > 0 && i+1 < s.Starts {
			facts = append(facts, figure(0, "then wait", Notice, Interval(r.Delay)))
		}
		l.addPieces(facts, 2)
		rows = append(rows, l.String())
	}
	return rows
}

func (t *Theme) planKeys(s *PlanState) string {
	switch {
	case s.Starts == 0:
		return keysLine("esc", "leaves")
	case s.Early:
		return "a moment ..."
	default:
		return keysLine("y", "starts "+strconv.Itoa(s.Starts), "enter", "no")
	}
}
