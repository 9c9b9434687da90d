package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

const (
	// filesSlow is after which time a folder is said to be read.
	filesSlow = 300 * time.Millisecond
	// hostHung is how many readings of host folders may be out that were given up: the
	// kernel keeps each of them, and a thread with it, until its file system answers.
	hostHung = 4
)

// fileWish is how folders are shown: the next view begins with it.
type fileWish struct {
	host   string                 // the folder of the host; "" = where lxcdeck was started
	inside map[runtime.Ref]string // those of containers
	sort   views.FileSort
	dots   bool // names that begin with a dot are shown
	verify bool // what was copied is read again and compared
	// owner is who gets what goes into a container; nil = who has it here, by number.
	owner *runtime.FileOwner
}

// filesView shows a folder of the host beside one of a container, and copies between
// them. Folders are read off the loop, those of each side one at a time.
type filesView struct {
	ref    runtime.Ref
	name   string // as people read it
	life   string // of the container that was read
	panes  [2]filePane
	side   int    // that has the focus
	prompt string // what stands before what is typed; "" = nothing is
	typed  textLine
	was    string // the filter before it was typed
	job    *job   // that copies, or has done so last; nil = none has
	marked bool   // it copies what was marked
}

type (
	// filesMsg is a folder that was read.
	filesMsg struct {
		view *filesView
		side int
		gen  int
		got  runtime.Folder
		err  error
	}
	// filesSlowMsg has it painted that a folder is being read.
	filesSlowMsg struct{ view *filesView }
	// filesLookMsg sees whether the container is another by now.
	filesLookMsg struct{ view *filesView }
)

func (m *Model) fileHandlers() map[keymap.ID]func() tea.Cmd {
	on := func(do func(x *filesView) tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			if x := m.filesOpen(); x != nil {
				return do(x)
			}
			return nil
		}
	}
	return map[keymap.ID]func() tea.Cmd{
		keymap.FilesKey: m.onSelected(m.openFiles),

		keymap.FileCopy:    on(func(x *filesView) tea.Cmd { return x.copy(m) }),
		keymap.FileOpen:    on(func(x *filesView) tea.Cmd { return x.enter(m) }),
		keymap.FileUp:      on(func(x *filesView) tea.Cmd { return x.up(m) }),
		keymap.FileGo:      on(func(x *filesView) tea.Cmd { return x.ask(goPrompt, "") }),
		keymap.FileFilter:  on(func(x *filesView) tea.Cmd { return x.ask(filterPromptSign, x.pane().filter) }),
		keymap.FileMark:    on(func(x *filesView) tea.Cmd { return x.mark(m) }),
		keymap.FileMarkAll: on(func(x *filesView) tea.Cmd { return x.markAll(true) }),
		keymap.FileUnmark:  on(func(x *filesView) tea.Cmd { return x.markAll(false) }),
		keymap.FileSort:    on(func(x *filesView) tea.Cmd { m.files.sort = (m.files.sort + 1) % 3; return x.arrange(m) }),
		keymap.FileHidden:  on(func(x *filesView) tea.Cmd { m.files.dots = !m.files.dots; return x.arrange(m) }),
		keymap.FileInfo:    on(func(x *filesView) tea.Cmd { return x.info(m) }),
		keymap.FileVerify:  on(func(*filesView) tea.Cmd { return m.toggleVerify() }),
		keymap.FileOwner:   on(func(x *filesView) tea.Cmd { return x.askOwner(m) }),
		keymap.FileRead:    on(func(x *filesView) tea.Cmd { return x.readBoth(m) }),
	}
}

// filesOpen is the view, be it below something else; nil = it is not open.
func (m *Model) filesOpen() *filesView { return opened[*filesView](m) }

// openFiles shows where one was last, of the host and of this container.
func (m *Model) openFiles(c runtime.Container) tea.Cmd {
	x := &filesView{ref: c.Ref, name: m.called(c.Ref), side: innerSide, life: filesLife(&c)}
	m.overlay = x
	return tea.Batch(x.goes(m, hostSide, goTo{dir: x.begin(m, hostSide)}), x.goes(m, innerSide, goTo{dir: x.begin(m, innerSide)}), x.watch(m))
}

// begin is where a side begins: where one was last.
func (x *filesView) begin(m *Model, side int) string {
	if side == hostSide {
		return cmp.Or(m.files.host, ".")
	}
	return cmp.Or(m.files.inside[x.ref], "/")
}

// filesLife tells apart whose files they are: another container, or one that has
// other mounts since it runs.
func filesLife(c *runtime.Container) string {
	return fmt.Sprint(c.Identity, " ", c.InitPID, " ", c.Begin)
}

func (x *filesView) pane() *filePane { return &x.panes[x.side] }

// goes reads a folder of one side, and gives up what is being read there.
func (x *filesView) goes(m *Model, side int, to goTo) tea.Cmd {
	p := &x.panes[side]
	if p.stop != nil {
		p.stop()
	}
	ctx, stop := context.WithTimeout(m.out.ctx, readDeadline)
	p.gen++
	p.out, p.going, p.began, p.stop = true, to, m.clock.Now(), stop
	gen, rt, ref := p.gen, m.rt, x.ref
	read := func() (runtime.Folder, error) { return rt.Files(ctx, ref, to.dir) }
	if side == hostSide {
		out, host, hung := m.out, m.hostFiles, m.hostHung
		read = func() (runtime.Folder, error) { return hostWithin(ctx, out, hung, host, to.dir) }
	}
	return tea.Batch(m.clock.After(filesSlow, filesSlowMsg{x}), cmd("files", func() tea.Msg {
		defer stop()
		got, err := read()
		return filesMsg{x, side, gen, got, err}
	}))
}

// hostWithin reads a folder of the host, and does not wait for it any longer than ctx
// says: the kernel may, as for a file system that went away.
func hostWithin(ctx context.Context, out *outside, hung chan struct{}, read func(context.Context, string) (runtime.Folder, error), dir string) (runtime.Folder, error) {
	type answer struct {
		got runtime.Folder
		err error
	}
	select {
	case hung <- struct{}{}:
	default:
		return runtime.Folder{}, errors.New("folders that were asked for before do not answer yet")
	}
	came := make(chan answer, 1)
	out.spawn("host folder", func() {
		defer func() { <-hung }()
		got, err := read(ctx, dir)
		came <- answer{got, err}
	})
	select {
	case a := <-came:
		return a.got, a.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return runtime.Folder{}, fmt.Errorf("no answer within %s: %w", readDeadline, ctx.Err())
		}
		return runtime.Folder{}, ctx.Err()
	}
}

func (msg filesMsg) arrive(m *Model) tea.Cmd {
	x := msg.view
	p := &x.panes[msg.side]
	if opened[*filesView](m) != x || msg.gen != p.gen {
		return nil
	}
	p.out = false
	switch {
	case msg.err == nil:
		p.took(msg.got)
		x.remember(m, msg.side)
	case p.going.stay:
		m.say(noteWarn, p.going.dir+": "+m.filesWhy(msg.err), "")
		if p.dir == "" { // where one begins was not read yet
			return x.goes(m, msg.side, goTo{dir: x.begin(m, msg.side)})
		}
		return nil
	default:
		p.failed(msg.err)
	}
	p.arrange(m.files.sort, m.files.dots)
	return nil
}

// remember is where the next view begins.
func (x *filesView) remember(m *Model, side int) {
	if side == hostSide {
		m.files.host = x.panes[side].dir
		return
	}
	if m.files.inside == nil {
		m.files.inside = map[runtime.Ref]string{}
	}
	m.files.inside[x.ref] = x.panes[side].dir
}

func (msg filesSlowMsg) arrive(*Model) tea.Cmd { return nil } // every message has it painted

// watch sees from time to time whether the container is another by now.
func (x *filesView) watch(m *Model) tea.Cmd { return m.clock.After(m.interval, filesLookMsg{x}) }

func (msg filesLookMsg) arrive(m *Model) tea.Cmd {
	x := msg.view
	if m.filesOpen() != x {
		return nil
	}
	life := ""
	if c := m.byRef(x.ref); c != nil {
		life = filesLife(c)
	}
	if p := &x.panes[innerSide]; life != x.life && !p.out && !m.held && !x.copies() {
		x.life = life
		return tea.Batch(x.again(m, innerSide), x.watch(m))
	}
	return x.watch(m)
}

// again reads the folder of a side once more.
func (x *filesView) again(m *Model, side int) tea.Cmd {
	p := &x.panes[side]
	if p.moving() {
		return nil // what comes is new
	}
	return x.goes(m, side, goTo{dir: p.dir})
}

func (x *filesView) readBoth(m *Model) tea.Cmd {
	return tea.Batch(x.again(m, hostSide), x.again(m, innerSide))
}

func (x *filesView) arrange(m *Model) tea.Cmd {
	for i := range x.panes {
		x.panes[i].arrange(m.files.sort, m.files.dots)
	}
	return nil
}

// enter opens the folder under the cursor, or what a link leads to; of a file it says
// what that is.
func (x *filesView) enter(m *Model) tea.Cmd {
	p := x.pane()
	e := p.entry()
	switch {
	case p.moving() || e == nil:
		return nil
	case e.Kind == runtime.FileFolder:
		return x.goes(m, x.side, goTo{dir: path.Join(p.dir, e.Name)})
	case e.Kind == runtime.FileLink:
		return x.goes(m, x.side, goTo{dir: path.Join(p.dir, e.Name), stay: true})
	default:
		return x.info(m)
	}
}

// giveUp stays where one was before a folder was asked for that does not come; false =
// none is.
func (x *filesView) giveUp(m *Model) bool {
	p := x.pane()
	if !p.moving() {
		return false
	}
	p.stop()
	p.gen++ // what comes is a stranger
	p.out = false
	if p.dir == "" {
		p.failed(errors.New("it was not waited for"))
		p.arrange(m.files.sort, m.files.dots)
	}
	return true
}

// up opens the folder above.
func (x *filesView) up(m *Model) tea.Cmd {
	p := x.pane()
	if x.giveUp(m) {
		return nil
	}
	to, ok := p.above()
	if !ok {
		return nil
	}
	return x.goes(m, x.side, to)
}

// mark marks what is under the cursor, or takes the mark from it, and goes on.
func (x *filesView) mark(m *Model) tea.Cmd {
	p := x.pane()
	if e := p.entry(); e != nil && !p.moving() {
		p.mark(e.Name, !p.marks[e.Name])
		p.move(p.at + 1)
		x.scroll(m)
	}
	return nil
}

// markAll marks all that is shown too, or takes all marks, also those of what a filter
// hides.
func (x *filesView) markAll(on bool) tea.Cmd {
	p := x.pane()
	if p.moving() {
		return nil
	}
	if !on || p.marks == nil {
		p.marks = map[string]bool{}
	}
	for i := range p.rows {
		if on {
			p.marks[p.rows[i].E.Name] = true
		}
		p.rows[i].Marked = on
	}
	return nil
}

func (x *filesView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if x.prompt != "" {
		return x.typing(m, k)
	}
	m.notices.read(k.String())
	a, ok := m.keys.Lookup(keymap.Files, k.String())
	if !ok {
		return nil
	}
	if a.Scope == keymap.Files {
		return m.do(a)
	}
	p := x.pane()
	page := max(1, views.FilesRows(x.state(m), m.layout.H)/2)
	if to, ok := stepped(a.ID, p.at, page, len(p.rows)); ok {
		p.move(to)
		x.scroll(m)
		return nil
	}
	switch a.ID {
	case keymap.NextPane:
		x.side = 1 - x.side
	case keymap.Refresh:
		return x.readBoth(m)
	case keymap.Interrupt:
		if x.copies() {
			return x.cancel(m)
		}
		return x.close(m)
	case keymap.Back:
		return x.back(m)
	case keymap.Quit:
		return x.close(m)
	case keymap.FreezeView:
		return m.do(a)
	}
	return m.aside(x, keymap.Files, a, x.close)
}

// back does not wait for a folder any more, takes a filter back, or leaves.
func (x *filesView) back(m *Model) tea.Cmd {
	if x.giveUp(m) {
		return nil
	}
	if p := x.pane(); p.filter != "" {
		p.filter = ""
		return x.arrange(m)
	}
	return x.close(m)
}

// close leaves the view; what is being read is given up, what is copied goes on.
func (x *filesView) close(m *Model) tea.Cmd {
	for i := range x.panes {
		if x.panes[i].stop != nil {
			x.panes[i].stop()
		}
	}
	m.overlay = nil
	return nil
}

// wheel moves by rows.
func (x *filesView) wheel(m *Model, by int) {
	x.pane().move(x.pane().at + by)
	x.scroll(m)
}
