package views

import "image"

// The smallest screen, and where layouts change (columns and rows).
const (
	MinW, MinH = 40, 8

	narrowW, normalW, wideW, sideW = 60, 80, 120, 160
	shortH, normalH, tallH         = 15, 24, 36

	listW = 96 // of the list beside a detail

	// The smallest half of a shell pane that is split; below it the half in
	// focus has the pane for itself.
	minHalfW, minHalfH = 20, 4
	minListH           = 3 // of a list above another pane
)

// Pane names a part of the screen that can have the focus.
type Pane uint8

// The panes.
const (
	ListPane Pane = iota
	DetailPane
	ShellPane
)

// Show says whether a pane is wanted.
type Show uint8

// Auto shows the detail where there is room for it beside a good list.
const (
	Auto Show = iota
	Open
	Closed
)

// Halves says how a shell pane is divided.
type Halves uint8

// Undivided, two shells above each other, two beside each other.
const (
	Undivided Halves = iota
	Stacked
	SideBySide
)

// Mode is what decides a layout beside the size of the screen.
type Mode struct {
	Detail Show
	Shell  bool // a shell is shown; it takes the detail's place
	InList bool // the list has the focus: where there is room for one pane, a shell gives way to it
	Tabs   bool // there are several tabs: a row names them
	Halves Halves
	Second bool // the second half has the focus: it is shown where there is no room for both
	Zoomed bool
	Zoom   Pane // which pane, if Zoomed
	Raw    bool // a zoomed shell has the terminal for itself
	Tip    bool // there is a line for who is new
	// ListW and ListH are the size of the list as somebody has dragged it, HalfW and
	// HalfH that of the first half of a shell pane; 0 = by the size of the screen.
	ListW, ListH, HalfW, HalfH int
}

// Layout holds every rectangle of a screen. Empty ones are not shown; the
// others cover the screen without overlap.
type Layout struct {
	W, H     int
	TooSmall bool            // nothing but Whole is set
	Whole    image.Rectangle // all of it
	Host     image.Rectangle // one row, or two
	List     image.Rectangle
	Split    image.Rectangle // column between list and the pane beside it
	Rule     image.Rectangle // row above the detail, or the summary when there is none
	Detail   image.Rectangle
	Tabs     image.Rectangle // row above the shells
	Banner   image.Rectangle // row above the shell
	Shell    image.Rectangle // the size of its pty
	Middle   image.Rectangle // column between two shells beside each other
	Banner2  image.Rectangle // row above the second shell
	Shell2   image.Rectangle
	Tip      image.Rectangle // row for who is new, where there is room for it
	Status   image.Rectangle // one row of hints and notices, or two: notices and jobs above hints
	Beside   bool            // detail or shell stand beside the list, not below it
}

// DetailShown says whether the detail would have room of its own without being asked for.
func DetailShown(w, h int) bool { return w >= wideW && h >= tallH || w >= sideW && h >= normalH }

// Arrange places everything on a screen of w x h cells.
func Arrange(w, h int, mode Mode) Layout {
	l := Layout{W: w, H: h, Whole: image.Rect(0, 0, max(0, w), max(0, h))}
	raw := mode.Raw && mode.Zoomed && mode.Zoom == ShellPane && mode.Shell // the program inside knows what to do
	if (w < MinW || h < MinH) && !raw {
		l.TooSmall = true
		return l
	}
	if mode.Zoomed && mode.Zoom == ShellPane && mode.Shell {
		l.zoomShell(mode)
		return l
	}
	hostH, statusH := 1, 1
	if h >= tallH && w >= wideW {
		hostH, statusH = 2, 2
	}
	l.Host = image.Rect(0, 0, w, hostH)
	l.Status = image.Rect(0, h-statusH, w, h)
	body := image.Rect(0, hostH, w, h-statusH)
	if mode.Tip && h >= shortH && !mode.Shell && !mode.Zoomed {
		body.Max.Y--
		l.Tip = image.Rect(0, body.Max.Y, w, body.Max.Y+1)
	}
	if mode.Zoomed && (mode.Zoom != ShellPane || mode.Shell) {
		l.zoom(body, mode.Zoom)
		return l
	}
	detail := mode.Detail == Open || mode.Detail == Auto && DetailShown(w, h)
	switch {
	case mode.Shell && mode.InList && h < shortH && w < sideW:
		l.List = body
	case mode.Shell:
		l.place(body, &l.Banner, &l.Shell, shellList(body.Dy()), mode)
		l.divide(mode)
	case detail:
		l.place(body, &l.Rule, &l.Detail, detailList(body.Dy()), mode)
	case h >= shortH:
		l.List = image.Rect(0, body.Min.Y, w, body.Max.Y-1)
		l.Rule = image.Rect(0, body.Max.Y-1, w, body.Max.Y)
	default:
		l.List = body
	}
	return l
}

// zoomShell gives the whole screen to the shell in focus: all of it, or all but
// its banner.
func (l *Layout) zoomShell(mode Mode) {
	banner, shell := cutTop(l.Whole)
	if mode.Raw {
		banner, shell = image.Rectangle{}, l.Whole
	}
	if mode.Halves != Undivided && mode.Second {
		l.Banner2, l.Shell2 = banner, shell
		return
	}
	l.Banner, l.Shell = banner, shell
}

// divide makes room for the tabs and the second shell in the place of the
// first. A screen without room for both halves shows the one in focus.
func (l *Layout) divide(mode Mode) {
	all := l.Banner.Union(l.Shell)
	if mode.Tabs && l.H >= shortH {
		l.Tabs, all = cutTop(all)
		l.Banner, l.Shell = cutTop(all)
	}
	half := dragged(mode.HalfW, (all.Dx()-1)/2, minHalfW, all.Dx()-1-minHalfW)
	switch {
	case mode.Halves == Undivided:
	case mode.Halves == SideBySide && all.Dx() > 2*minHalfW:
		x := all.Min.X + half
		l.Banner, l.Shell = cutTop(image.Rect(all.Min.X, all.Min.Y, x, all.Max.Y))
		l.Middle = image.Rect(x, all.Min.Y, x+1, all.Max.Y)
		l.Banner2, l.Shell2 = cutTop(image.Rect(x+1, all.Min.Y, all.Max.X, all.Max.Y))
	case mode.Halves == Stacked && all.Dy() >= 2*(minHalfH+1):
		y := all.Min.Y + dragged(mode.HalfH, (all.Dy()+1)/2, minHalfH+1, all.Dy()-minHalfH-1)
		l.Banner, l.Shell = cutTop(image.Rect(all.Min.X, all.Min.Y, all.Max.X, y))
		l.Banner2, l.Shell2 = cutTop(image.Rect(all.Min.X, y, all.Max.X, all.Max.Y))
	case mode.Second:
		l.Banner2, l.Shell2 = l.Banner, l.Shell
		l.Banner, l.Shell = image.Rectangle{}, image.Rectangle{}
	}
}

// zoom gives the body to one pane.
func (l *Layout) zoom(body image.Rectangle, p Pane) {
	if p == ListPane {
		l.List = body
		return
	}
	l.Rule, l.Detail = cutTop(body)
}

// place puts the list and a second pane with its title row into the body:
// beside each other on wide screens, else the list above with listH rows, or
// not at all where there is no room for both.
func (l *Layout) place(body image.Rectangle, title, pane *image.Rectangle, listH int, mode Mode) {
	if l.W >= sideW {
		w := dragged(mode.ListW, listW, MinW, l.W-MinW-1)
		l.Beside = true
		l.List = image.Rect(0, body.Min.Y, w, body.Max.Y)
		l.Split = image.Rect(w, body.Min.Y, w+1, body.Max.Y)
		*title, *pane = cutTop(image.Rect(w+1, body.Min.Y, l.W, body.Max.Y))
		return
	}
	if l.H < shortH {
		*title, *pane = cutTop(body)
		return
	}
	listH = dragged(mode.ListH, listH, minListH, body.Dy()-minHalfH-1)
	l.List = image.Rect(0, body.Min.Y, l.W, body.Min.Y+listH)
	*title, *pane = cutTop(image.Rect(0, body.Min.Y+listH, l.W, body.Max.Y))
}

// dragged is a size that somebody has dragged to, within bounds; 0 = the usual one.
func dragged(to, usual, least, most int) int {
	if to == 0 || most < least {
		return usual
	}
	return max(least, min(to, most))
}

// cutTop splits off the first row.
func cutTop(r image.Rectangle) (top, rest image.Rectangle) {
	y := r.Min.Y + 1
	return image.Rect(r.Min.X, r.Min.Y, r.Max.X, y), image.Rect(r.Min.X, y, r.Max.X, r.Max.Y)
}

// shellList is how many of n rows stay for the list (its titles included) when
// a shell stands below it.
func shellList(n int) int {
	switch {
	case n < 18:
		return 4
	case n < 32:
		return 6
	default:
		return n * 3 / 10
	}
}

// detailList is the same above a detail.
func detailList(n int) int {
	switch {
	case n < 18:
		return 5
	case n < 30:
		return n * 2 / 5
	default:
		return n * 9 / 20
	}
}

// Panes are the painted parts of a screen, each as large as its rectangle.
type Panes struct {
	Host, List, Rule, Detail             Block
	Tip, Status                          Block
	Tabs, Banner, Shell, Banner2, Shell2 Block
}

// Compose joins painted panes into the whole frame.
func (t *Theme) Compose(l Layout, p Panes) Block {
	if l.TooSmall {
		return t.TooSmall(l.W, l.H, "")
	}
	frame := make(Block, 0, l.H)
	frame = append(frame, p.Host...)
	right := Stack(p.Rule, p.Detail)
	first, second := Stack(p.Banner, p.Shell), Stack(p.Banner2, p.Shell2)
	switch {
	case !l.Middle.Empty():
		right = Stack(p.Tabs, Beside(first, t.column(l.Middle.Dy()), second))
	case !l.Shell.Empty() || !l.Shell2.Empty():
		right = Stack(p.Tabs, first, second)
	}
	if l.Beside {
		frame = append(frame, Beside(p.List, t.column(l.Split.Dy()), right)...)
	} else {
		frame = append(append(frame, p.List...), right...)
	}
	if !l.Tip.Empty() {
		frame = append(frame, p.Tip...)
	}
	return append(frame, p.Status...)
}

// column is the vertical line between list and the pane beside it.
func (t *Theme) column(h int) Block {
	b := make(Block, max(0, h))
	bar := t.Paint(Dim, t.Glyphs.Bar)
	for y := range b {
		b[y] = bar
	}
	return b
}

// TooSmall says that a screen of w x h is none, and which key leaves it; "" =
// none does.
func (t *Theme) TooSmall(w, h int, quit string) Block {
	b := exactly(nil, w, h)
	for y, text := range []string{"too small", "needs 40x8", quit + " quits"} {
		if y >= len(b) || y > 1 && quit == "" {
			break
		}
		l := t.newLine(w)
		l.add([]Role{Warn, Warn, Dim}[y], text)
		b[y] = l.String()
	}
	return b
}
