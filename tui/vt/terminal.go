package vt

// Limits of a screen's size; Resize and New clamp to them.
const (
	MaxCols = 1000
	MaxRows = 1000

	defaultScrollback = 10000
)

// Options of a new Terminal.
type Options struct {
	// Scrollback is how many rows that scrolled off are kept; 0 means 10,000,
	// a negative number none.
	Scrollback int
}

// Terminal is a terminal without a window. Make one with New.
type Terminal struct {
	cols, rows int
	main, alt  screen
	cur        *screen // the one shown: &main or &alt
	hist       history

	x, y     int // x equals cols while a wrap is pending
	top, bot int // scroll region, both included
	tabs     []bool

	style   Style
	sid     styleID // number of style
	blankID styleID // number of a style of style's background alone
	cs      charsets
	last    rune // what REP repeats; 0 is nothing

	saved   saved // DECSC
	preAlt  saved // what mode 1049 comes back to
	mode    modeBits
	mouse   MouseMode
	mouseEn MouseEncoding
	shape   CursorShape
	blink   bool
	kitty   [2]kittyStack // of main and alt

	styles   styles
	clusters clusters
	starved  int // lookups that found a full table since the last collection
	widths   [256]widthEntry
	agreed   [256]widthEntry // widths that all counters agree on, -1 where they do not
	palette  palette
	gen      uint64
	cost     int // of what WriteSome has done so far, in cells
	title    string
	titles   []string
	dir      string
	bell     bool
	clip     string
	clipSet  bool
	replies  []byte
	parser   parser
	scratch  []byte
	found    []byte // text that is searched
}

// saved is what DECSC keeps.
type saved struct {
	x, y   int
	style  Style
	cs     charsets
	origin bool
	set    bool // not as it was at the start
}

// New makes a terminal of cols by rows cells.
func New(cols, rows int, o Options) *Terminal {
	limit := o.Scrollback
	if limit == 0 {
		limit = defaultScrollback
	}
	t := &Terminal{
		cols: clamp(cols, 1, MaxCols), rows: clamp(rows, 1, MaxRows),
		styles: newStyles(), clusters: newClusters(),
		mode: modeWrap | modeCursor,
	}
	t.hist.init(max(limit, 0), t.cols)
	t.main.init(t.cols, t.rows)
	t.cur = &t.main
	t.bot = t.rows - 1
	t.tabs = defaultTabs(nil, t.cols)
	t.touchAll()
	return t
}

// Size is the screen's size in cells.
func (t *Terminal) Size() (cols, rows int) { return t.cols, t.rows }

// Reset is RIS (ESC c): everything but the scrollback as New made it.
func (t *Terminal) Reset() {
	t.leaveAlt(false)
	t.cost += t.rows * t.cols
	for y := range t.rows {
		t.main.at(y).clear()
	}
	t.hist.endLine()
	t.softReset()
	t.x, t.y = 0, 0
	t.tabs = defaultTabs(t.tabs, t.cols)
	t.mode = modeWrap | modeCursor
	t.mouse, t.mouseEn = MouseOff, MouseLegacy
	t.shape, t.blink = ShapeDefault, false
	t.palette = palette{}
	t.title, t.titles = "", nil
	t.preAlt = saved{}
	t.last = 0
	t.kitty = [2]kittyStack{}
	t.touchAll()
}

// softReset is DECSTR (CSI ! p).
func (t *Terminal) softReset() {
	t.top, t.bot = 0, t.rows-1
	t.cs = charsets{}
	t.setStyle(Style{})
	t.saved = saved{}
	t.mode &^= modeInsert | modeOrigin | modeAppCursor | modeAppKeypad
	t.mode |= modeCursor | modeWrap
}

// touch gives row y a new generation.
func (t *Terminal) touch(r *row) {
	t.gen++
	r.gen = t.gen
}

func (t *Terminal) touchAll() {
	t.cost += 8 * t.rows
	for _, r := range t.cur.ring {
		t.touch(r)
	}
}

func clamp(v, lo, hi int) int { return max(lo, min(v, hi)) }

func defaultTabs(tabs []bool, cols int) []bool {
	tabs = append(tabs[:0], make([]bool, cols)...)
	for i := 8; i < cols; i += 8 {
		tabs[i] = true
	}
	return tabs
}

// setStyle makes s the pen.
func (t *Terminal) setStyle(s Style) {
	if s == t.style {
		return
	}
	t.style = s
	t.sid = t.styleID(s)
	t.blankID = t.styleID(Style{BG: s.BG})
}

// styleID numbers s. When the table is full, what is no longer on a screen is
// thrown out; when all of it is, direct colours are rounded, and in the end
// the default style has to do. Only a program that means to can get there.
func (t *Terminal) styleID(s Style) styleID {
	if id, ok := t.styles.id(s, maxStyles); ok {
		return id
	}
	if t.mayCollect() {
		if id, ok := t.styles.id(s, maxStyles); ok {
			return id
		}
	}
	id, _ := t.styles.id(s.coarse(), maxStyles+roomCoarse)
	return id
}

func (t *Terminal) clusterID(c cluster) (uint32, bool) {
	if id, ok := t.clusters.id(c); ok {
		return id, true
	}
	if !t.mayCollect() {
		return 0, false
	}
	return t.clusters.id(c)
}

// mayCollect collects unless that was done a moment ago without much success:
// a collection looks at every cell and must not follow every byte.
func (t *Terminal) mayCollect() bool {
	const patience = 1 << 14
	if t.starved > 0 && t.starved < patience {
		t.starved++
		return false
	}
	t.collect()
	t.starved = 0
	if len(t.styles.list) > maxStyles*3/4 || len(t.clusters.list) > maxClusters*3/4 {
		t.starved = 1
	}
	return true
}

// collect drops the styles and clusters that no cell uses and numbers the rest
// anew. Scrollback has none: it is packed with its styles spelled out.
func (t *Terminal) collect() {
	t.cost += 8 * t.rows * t.cols
	oldStyles, oldClusters := t.styles.list, t.clusters.list
	t.styles, t.clusters = newStyles(), newClusters()
	for _, s := range []*screen{&t.main, &t.alt} {
		for _, r := range s.ring {
			for i, c := range r.cells[:r.used] {
				if c.style() != 0 {
					id, _ := t.styles.id(oldStyles[c.style()], len(oldStyles))
					c = c.withStyle(id)
				}
				if c&cellCluster != 0 {
					id, _ := t.clusters.id(oldClusters[c.text()])
					c = c&^cellTextMask | cell(id)
				}
				r.cells[i] = c
			}
		}
	}
	t.sid, _ = t.styles.id(t.style, len(oldStyles))
	t.blankID, _ = t.styles.id(Style{BG: t.style.BG}, len(oldStyles))
}
