package tui

import (
	"context"
	"image"
	"maps"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/alert"
	"lxcdeck/runtime/events"
	"lxcdeck/tui/record"
	"lxcdeck/views"
)

const defaultInterval = time.Second

// intervals are what + and - step through, within the bounds of the settings.
func intervals() []time.Duration {
	return []time.Duration{
		200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second,
		5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute,
	}
}

// Options are what the screen is started with. Zero values are the defaults.
type Options struct {
	Runtime  runtime.Runtime
	ReadOnly bool
	Version  string   // of lxcdeck, for help
	Hostname string   // shown in the host line
	Notice   string   // shown first; "" = nothing
	In, Out  *os.File // the terminal; Run only
	Env      []string // TERM, COLORTERM, NO_COLOR, SSH_TTY ...; Run only

	Interval time.Duration // between two samples; 0 = a second
	Columns  []string      // ids of the chosen columns; nil = all that fit
	Sort     string        // id of the sorted column; "" = by name
	Reverse  bool          // the other way round than the column's own
	Theme    string        // one of views.Themes; "" = the first
	ASCII    bool          // 7-bit glyphs
	Mouse    bool          // the mouse belongs to lxcdeck, not to the terminal
	Keys     *keymap.Map   // nil = the default keys and prefix
	// Choices is what shells were opened with last; Remember keeps one for the
	// next run, off the loop. nil = nothing is kept.
	Choices  map[runtime.Ref]runtime.Shell
	Remember func(runtime.Shell) error
	// History gives what was done before this run, by whichever lxcdeck, the
	// newest first. Missed gives what came to its end while nobody looked; each
	// is given once. Both are called off the loop; nil = nothing is known.
	History func() ([]runtime.Past, error)
	Missed  func() ([]runtime.Past, error)
	// Seen is what an earlier run has left, and Boot tells this start of the
	// host's kernel from others. Keep writes what this run leaves; it is called in
	// a goroutine of its own and may hang. nil = nothing is kept.
	Seen events.Memory
	Boot string
	Keep func(events.Memory) error
	// Alerts are the thresholds. Bell rings when an alert begins, and Alarm runs a
	// command for it, off the loop; nil = none is run.
	Alerts alert.Rules
	Bell   bool
	Alarm  func(alert.Alert) error
	// Limits are presets of them, by name.
	Limits map[string][]runtime.LimitSetting
	// Hurry is called with false when the first figures are there, and then when a
	// batch begins and when it is over: the processor is wanted elsewhere meanwhile.
	// nil = nothing is done about it.
	Hurry func(on bool)
	// SettingsFile is where the person's own settings stand; "" = not known.
	SettingsFile string
	// Files are the settings on disk, and Prefs what they say now; nil = there are none.
	Files SettingsFiles
	Prefs Prefs
	// FirstSteps shows the line for who is new. EndFirstSteps keeps that it was put
	// away, off the loop; nil = nothing is kept.
	FirstSteps    bool
	EndFirstSteps func() error
	SaveDir       string // where saves and recordings go unless another place is named
	// HostFiles reads a folder of the host, off the loop; nil = as the kernel has it.
	HostFiles func(ctx context.Context, dir string) (runtime.Folder, error)
}

// Model is the whole state of the screen.
type Model struct {
	rt       runtime.Runtime
	about    runtime.About
	readOnly bool
	shut     func() // makes rt read-only, also where it is held already
	version  string
	hostname string
	interval time.Duration
	keys     *keymap.Map
	handlers map[keymap.ID]func() tea.Cmd
	clock    clock
	out      *outside
	hurry    func(on bool)
	hurried  bool // what hurry was told last
	figured  bool // the first figures were read
	jobctl   *suspender
	sizer    *sizer // nil where no terminal is
	overSSH  bool
	getenv   func(string) string // of whoever started the screen; nil = in tests
	colours  int                 // that the terminal has; 0 = none, or not known yet
	mouse    bool

	all       []runtime.Container // the last listing, ordered by Ref.Less
	place     map[runtime.Ref]int // where each stands in all
	listing   listing
	watching  bool
	watchErr  error // why there is no whole watch; nil = there is
	polling   bool  // the timer of the poll is armed
	sampling  sampling
	hist      *history
	rows      rows
	filter    views.Filter
	prompt    filterPrompt
	jobs      jobs
	earlier   earlier
	leftovers leftovers
	news      news
	notices   notices
	tip       tip
	shells    shells
	many      many
	fan       *fanOut                       // the last command that was run in many containers; nil = none
	fans      []*fanOut                     // those before it whose answers are kept, the newest last
	creation  *creation                     // the form of the last container that was created; nil = none yet
	runForm   *running                      // the last form that runs a command in a new container; nil = none yet
	choices   map[runtime.Ref]runtime.Shell // what a shell was opened with last
	remember  func(runtime.Shell) error
	overlay   overlay // nil = none
	gauge     gauge   // what is measured for the overlay
	procs     procWish
	events    eventFeed
	alerts    alerts
	graphs    graphWish
	spaces    spaceWish
	files     fileWish
	hostFiles func(ctx context.Context, dir string) (runtime.Folder, error)
	hostHung  chan struct{}                     // has one for each reading of a host folder that is out
	presets   map[string][]runtime.LimitSetting // of limits, by name
	boot      *boot                             // containers that are started one after the other; nil = none are

	layout    views.Layout
	size      image.Point
	detail    views.Show
	rest      views.Show // what detail goes back to
	detailTop int        // first line of the detail
	focus     views.Pane
	zoomed    bool
	zoomPane  views.Pane
	zoomFrom  views.Pane // where the focus was before the detail was zoomed
	unit      views.CPUUnit
	columns   []string
	held      bool      // the screen stands still for the mouse
	heldShown bool      // and says so already
	lastStop  time.Time // the last ctrl+c
	lastKey   string    // for actions that have a key for each of several things
	lastBell  time.Time
	blurred   bool // the terminal itself has not the focus
	saveDir   string
	// settingsFile is told to whoever would keep a choice for good; "" = not known.
	settingsFile string
	restarts     restarts
	editor       func(ctx context.Context, file string) error // edits a file on the terminal; nil = it cannot
	casts        []*record.Cast                               // recordings whose files are not complete
	terminal     *terminal                                    // nil = no zoom but the emulator's
	raw          *zoom                                        // the session that has the terminal for itself; nil = none
	pace         pacer
	leaving      bool // what is typed is for whoever reads the terminal next
	themeName    string
	depth        int // the colours that the theme is made of
	ascii        bool
	theme        *views.Theme
	plain        bool // the terminal has ASCII alone, whatever the settings say
	prefs        prefs
	pointer      pointer
	sizes        dragged

	dirty bool
	frame tea.View
	paint paintBuffers
	crash error // what ended the program
}

// New makes the model. Nothing is read before Init.
func New(o Options) *Model {
	ctx, stop := context.WithCancel(context.Background())
	m := &Model{
		about: o.Runtime.About(), readOnly: o.ReadOnly,
		version: o.Version, hostname: o.Hostname, interval: o.Interval, keys: o.Keys,
		clock: wallClock{}, mouse: o.Mouse,
		out:     &outside{ctx: ctx, stop: stop, send: func(tea.Msg) {}, budget: newBudget()},
		choices: map[runtime.Ref]runtime.Shell{}, remember: o.Remember, saveDir: o.SaveDir,
		place:   map[runtime.Ref]int{},
		hist:    newHistory(),
		rows:    rows{marks: map[runtime.Ref]bool{}, sort: o.Sort, reverse: o.Reverse},
		columns: o.Columns, presets: o.Limits,
		themeName: o.Theme, ascii: o.ASCII, settingsFile: o.SettingsFile,
		dirty: true,
	}
	if m.rt, m.shut = runtime.Latched(o.Runtime); o.ReadOnly {
		m.shut()
	}
	m.hist.listed = m.isListed
	m.hurry, m.hurried = o.Hurry, true
	m.tip = tip{on: o.FirstSteps, keep: o.EndFirstSteps}
	m.earlier = earlier{read: o.History, missed: o.Missed}
	if m.interval <= 0 {
		m.interval = defaultInterval
	}
	if m.keys == nil {
		m.keys = defaultKeys()
	}
	if m.rows.sort == "" {
		m.rows.sort = views.ColName
	}
	maps.Copy(m.choices, o.Choices)
	m.events, m.alerts = newEventFeed(&o), newAlerts(&o)
	m.sampling.stale = true
	m.frame.AltScreen = true
	m.setTheme(16)
	m.prefs = prefs{files: o.Files, now: o.Prefs, wake: make(chan struct{}, 1)}
	m.hostFiles, m.hostHung = o.HostFiles, make(chan struct{}, hostHung)
	if m.hostFiles == nil {
		m.hostFiles = hostFolder
	}
	m.handlers = m.allHandlers()
	if o.Notice != "" {
		m.notices.say(m.clock.Now(), noteWarn, o.Notice, "")
	} else {
		m.greetUser()
	}
	return m
}

// defaultKeys is the table of actions as it stands; a test holds it free of
// clashes, so there is no error to show.
func defaultKeys() *keymap.Map {
	k, _ := keymap.New("", nil, "")
	return k
}

// setTheme builds the theme for what the terminal can show. A name nobody
// knows falls back to the default: settings have refused it long before.
func (m *Model) setTheme(colors int) {
	m.depth = colors
	o := views.ThemeOptions{Colors: colors, ASCII: m.ascii}
	t, err := views.NewTheme(m.themeName, o)
	if err != nil {
		t, _ = views.NewTheme("", o)
	}
	m.theme = t.With(&m.paint.zones)
}

// Init starts the first List and the tick.
func (m *Model) Init() tea.Cmd {
	m.startKeeper()
	m.watchSettings()
	cmds := []tea.Cmd{m.list(), m.sample(), m.tick(), m.readMissed()}
	if m.overSSH {
		cmds = append(cmds, askModes())
	}
	return tea.Batch(cmds...)
}

// arrangeScreen places the panes anew: after a resize, and whenever a pane
// comes or goes.
func (m *Model) arrangeScreen() tea.Cmd {
	mode := views.Mode{
		Detail: m.detail,
		Shell:  m.shells.shown() != nil,
		InList: m.focus == views.ListPane,
		Tabs:   len(m.shells.tabs) > 1,
		Zoomed: m.zoomed,
		Zoom:   m.zoomPane,
		Raw:    m.raw != nil,
		Tip:    m.tip.on,
		ListW:  m.sizes.listW, ListH: m.sizes.listH, HalfW: m.sizes.halfW, HalfH: m.sizes.halfH,
	}
	if t := m.shells.cur; mode.Shell {
		mode.Halves, mode.Second = t.layout(), t.at == 1
	}
	m.layout = views.Arrange(m.size.X, m.size.Y, mode)
	m.scroll()
	return m.fitShells()
}

// listRows is how many containers the list pane shows: all rows but the titles.
func (m *Model) listRows() int { return max(0, m.layout.List.Dy()-1) }
