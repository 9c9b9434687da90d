package views

import (
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// Column is one column of the list.
type Column struct {
	ID    string // in settings
	Title string // as it stands above the list, units included
	Long  string // in pickers and help
	Down  bool   // sorting starts with the largest
}

// The columns' IDs.
const (
	ColName   = "name"
	ColState  = "state"
	ColCPU    = "cpu"
	ColMem    = "memory"
	ColNet    = "network"
	ColIO     = "io"
	ColPids   = "pids"
	ColIP     = "ip"
	ColUp     = "uptime"
	ColAuto   = "autostart"
	ColGroups = "groups"
	ColPath   = "path"
)

var columns = [...]Column{
	{ColName, "NAME", "name", false},
	{ColState, "S", "state", false},
	{ColCPU, "CPU%", "CPU, with its latest history", true},
	{ColMem, "MEM/LIMIT", "memory without file cache, and its limit", true},
	{ColNet, "NET rx/tx", "network, bytes a second received and sent", true},
	{ColIO, "IO/s", "block I/O, bytes a second read and written", true},
	{ColPids, "PIDS", "tasks", true},
	{ColIP, "IP", "first IP address", false},
	{ColUp, "UP", "time since the start", true},
	{ColAuto, "AUTO", "started with the host, and its place in the order", true},
	{ColGroups, "GROUPS", "groups of lxc-autostart", false},
	{ColPath, "PATH", "lxcpath", false},
}

// Columns gives all columns in the order in which they stand.
func Columns() []Column { return slices.Clone(columns[:]) }

// FindColumn looks a column up by its ID.
func FindColumn(id string) (Column, bool) {
	for _, c := range columns {
		if c.ID == id {
			return c, true
		}
	}
	return Column{}, false
}

// Widths of columns, marks included.
const (
	nameMin = 12
	cpuW    = 5 // figure and throttle mark
	memW    = 10
	netW    = 9
	ioW     = 4
	pidsW   = 5
	ipW     = 15
	upW     = 5
	autoW   = 4
	groupsW = 10
	pathW   = 14
	leadW   = 2 // cursor and mark
)

// placed is a column at its place in a row.
type placed struct {
	id string
	x  int
	w  int
}

// tableau is how the columns of a list stand at one width.
type tableau struct {
	cols  []placed
	spark int // cells of the sparkline within the CPU column, 0 = none
}

func (t tableau) find(id string) (placed, bool) {
	for _, c := range t.cols {
		if c.id == id {
			return c, true
		}
	}
	return placed{}, false
}

// room is what is added as the list grows wider, most wanted first; what is
// dropped as it grows narrower goes in the opposite order.
type room struct {
	id string
	w  int
}

const sparkID = "spark"

func wishes(s *ListState) []room {
	list := []room{{ColUp, upW}, {ColIP, ipW}, {sparkID, 5}, {ColNet, netW}, {ColIO, ioW}, {ColPids, pidsW}, {ColAuto, autoW}, {ColGroups, groupsW}}
	if s.Paths {
		list = slices.Insert(list, 2, room{ColPath, pathW})
	}
	return list
}

// VisibleColumns are the columns a list of width w shows, in order.
func VisibleColumns(s *ListState, w int) []string {
	t := arrangeColumns(s, w)
	ids := make([]string, len(t.cols))
	for i, c := range t.cols {
		ids[i] = c.id
	}
	return ids
}

// arrangeColumns chooses the columns that fit into w and places them. Name and
// state are always there; CPU and memory go last.
func arrangeColumns(s *ListState, w int) tableau {
	chosen := func(id string) bool {
		return s.Columns == nil || id == sparkID && slices.Contains(s.Columns, ColCPU) || slices.Contains(s.Columns, id)
	}
	want := longestName(s.Rows)
	name := min(want, 16)
	if w >= wideW {
		name = min(want, 24)
	}
	name = max(name, nameMin)
	used := leadW + 2 // with the state and its gap
	width := map[string]int{ColState: 1}
	for _, r := range []room{{ColMem, memW}, {ColCPU, cpuW}} {
		if chosen(r.id) && used+nameMin+r.w+1 <= w {
			width[r.id] = r.w
			used += r.w + 1
		}
	}
	if w < narrowW {
		return place(width, max(min(w-used, max(want, nameMin)), 1), 0)
	}
	spark := 0
	for _, r := range wishes(s) {
		if !chosen(r.id) || r.id == sparkID && width[ColCPU] == 0 {
			continue
		}
		if used+name+r.w+1 > w && squeezes(r.id) {
			name = max(nameMin, min(name, w-used-r.w-1))
		}
		if used+name+r.w+1 > w {
			break
		}
		used += r.w + 1
		if r.id == sparkID {
			spark = r.w
			continue
		}
		width[r.id] = r.w
	}
	free := w - used - name
	if grow := min(free, want-name); grow > 0 {
		name += grow
		free -= grow
	}
	if spark > 0 && free > 0 {
		spark += min(free, 7)
	}
	return place(width, name, spark)
}

// squeezes says whether a column is worth a shorter name.
func squeezes(id string) bool {
	switch id {
	case ColPids, ColAuto, ColGroups:
		return false
	default:
		return true
	}
}

// place gives each column its left edge, in the order of Columns.
func place(width map[string]int, name, spark int) tableau {
	t := tableau{spark: spark}
	x := leadW
	for _, c := range columns {
		n := width[c.ID]
		switch c.ID {
		case ColName:
			n = name
		case ColCPU:
			if n > 0 && spark > 0 {
				n += spark + 1
			}
		}
		if n == 0 {
			continue
		}
		t.cols = append(t.cols, placed{c.ID, x, n})
		x += n + 1
	}
	return t
}

// longestName is the width of the widest name, in steps of four so that
// columns do not move with every container that comes or goes.
func longestName(rows []Row) int {
	n := nameMin
	for i := range rows {
		n = max(n, Width(Clean(rows[i].C.Name)))
	}
	return (n + 3) / 4 * 4
}

func groups(c *runtime.Container) string {
	if c.Config == nil {
		return ""
	}
	return strings.Join(c.Config.Groups, ",")
}

func autostart(c *runtime.Container) string {
	switch {
	case c.Config == nil:
		return Absent
	case !c.Config.Autostart:
		return "no"
	case c.Config.Order != 0:
		return strconv.Itoa(c.Config.Order)
	default:
		return "yes"
	}
}
