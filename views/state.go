package views

import (
	"math"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// Gap is the entry of a history for an instant at which nothing was read:
// nothing is drawn there.
func Gap() float64 { return math.NaN() }

// CPUUnit says what CPU percent are percent of.
type CPUUnit uint8

// The units, in the order in which the key goes through them.
const (
	OfCore  CPUUnit = iota // 100 = one core
	OfHost                 // 100 = all cores of the host
	OfLimit                // 100 = all the container may use
	cpuUnits
)

// Next is the unit the key leads to.
func (u CPUUnit) Next() CPUUnit { return (u + 1) % cpuUnits }

// String says it in running text.
func (u CPUUnit) String() string {
	return [...]string{"of one core", "of the host", "of the limit"}[u%cpuUnits]
}

// Row is one container of the list.
type Row struct {
	C      *runtime.Container // never nil
	Sample *runtime.Sample    // nil = nothing read
	Usage  *runtime.Usage     // nil = no rates
	Bites  *runtime.Bites     // nil = not looked for
	// Order is the figure to sort by CPU, in percent of one core and smoothed
	// so that rows do not jump; Gap = use Usage.CPU.
	Order  float64
	Spark  []float64 // latest CPU percent of one core, oldest first
	Marked bool
	Busy   string  // what is being done to it ("stopping"); "" = nothing
	Alerts []Alert // what is above its threshold
	Stale  bool    // its config has other values than it runs with: needs a restart
	Note   string  // why its figures are missing or doubtful; "" = Container tells
}

// ListState is the table of containers.
type ListState struct {
	Rows    []Row // what the filter left, sorted
	Total   int   // containers before the filter
	Cursor  int   // index of the selected row
	Offset  int   // index of the first row drawn; Scroll keeps it right
	Sort    string
	Desc    bool
	Columns []string // chosen columns; nil = all that fit
	Paths   bool     // several lxcpaths are in use: PATH is worth a column
	Filter  string
	Typing  bool // the filter is being typed
	CPUUnit CPUUnit
	Now     time.Time
	Focused bool
	Empty   EmptyState // what to say when there is no row
}

// HostState is the line or two about the host.
type HostState struct {
	Hostname string
	Sample   *runtime.HostSample // nil = nothing read
	Usage    *runtime.HostUsage  // nil = no rates
	CPU      []float64           // history of CPU percent of all cores
	Running  int
	Total    int
	ReadOnly bool
	Demo     bool
	Held     bool // the screen is held still
	Polling  bool // the watch is degraded
	Late     bool // the last sample has not come in time
	SlowLink bool // frames are left out, because the terminal is behind
	DiskFull bool // the file system is above its threshold
	Interval time.Duration
}

// History holds the figures of one container, oldest first, one for each
// stretch of time; Gap where nothing was read. Rates are a second.
type History struct {
	CPU      []float64 // percent of one core
	Memory   []float64 // bytes of the working set
	Rx, Tx   []float64 // bytes a second
	Read     []float64 // bytes a second
	Write    []float64 // bytes a second
	Pids     []float64
	CPUStall []float64 // percent of time some task waited
	MemStall []float64
	IOStall  []float64
}

// DetailState is the pane of the selected container.
type DetailState struct {
	Row      *Row // nil = no container is selected
	History  *History
	HostCPUs int // online CPUs of the host; 0 = not known
	HostMem  runtime.Value
	CPUUnit  CPUUnit
	Now      time.Time
	Offset   int // first line drawn when not all fit
	Focused  bool
	Parts    *PartsState // nil = not told apart yet
	Restarts int         // other inits that were seen before this one
	// Of one that does not run: what keys do for it, and what has happened to it, the
	// newest first.
	Keys []keymap.Hint
	Past []EventItem
}

// RuleState is the row between list and detail.
type RuleState struct {
	Row     *Row // nil = no container is selected
	Now     time.Time
	At, Of  int  // place of the row in the list, counted from 1; 0 = none
	Shells  int  // open shells, in all containers
	Focused bool // the pane below has the focus
	Zoomed  bool
	// NoConfig counts directories that are no containers, where the status has
	// no row of its own for that.
	NoConfig int
	Cores    float64 // how many the container may use, from runtime.Cores; 0 = not known
}

// ShellState is a shell pane.
type ShellState struct {
	Kind    string // "shell", "console"
	Name    string // of the container
	Label   string // the person's own name for the session; "" = none
	Title   string // what the program inside calls itself; foreign text
	Index   int    // 1-based among the tabs; 0 = a row of tabs tells
	Count   int
	Prefix  string        // as people read it
	Armed   bool          // the prefix was pressed: the next key is ours
	Half    int           // 1 or 2: the half of a split that is shown, where there is no room for both; 0 = all is shown
	Hints   []keymap.Hint // what the next key may be, shown while armed
	Opening bool
	Ended   bool
	Exit    runtime.Exit
	Err     string // why it could not be opened, or broke off
	Notice  string // a sentence of the session about itself
	Focused bool
	Zoomed  bool
	Frozen  bool // the container stands still: nothing answers until it is thawed
	Many    int  // what is typed goes to so many sessions at once; 0 = to this one
	Record  bool // the session is being recorded
	Other   bool // the other half of a divided pane has the focus
	// Scroll is set while the text that scrolled off is read; nil = live.
	Scroll *ScrollState
	// Say is a notice that has no other place, as in a zoom; nil = none.
	Say *NoticeState
	// Body holds the rows of the emulator, each exactly as wide as the pane and
	// free of everything but SGR sequences. Missing rows are blank.
	Body []string
}

// ScrollState is where somebody reads in a session's scrollback.
type ScrollState struct {
	At, Of    int    // the cursor's row from 1, of all there are
	New       int    // rows that have come since
	Lost      bool   // older rows had to go, to keep within memory
	Selecting string // "lines", "block", "text"; "" = nothing is being selected
	Note      string // what the last key came to: "not found", "copied 3 lines"
	Prompt    string // what is typed: "/", "?", ":"; "" = nothing
	Typed     string
	Behind    int // characters of Typed behind the cursor
}

// Target is a container named in a question.
type Target struct {
	Name  string
	State runtime.State
	As    string // what stands in place of the state; "" = the state
	Skip  string // why it is left out; "" = it is not
	With  string // what goes with it; "" = nothing is said of that
}

// PromptFact is a line of a question about what goes with the answer.
type PromptFact struct {
	Name, Text string
	Warn       bool // it speaks against a yes
}

// PromptKind says how a question is answered.
type PromptKind uint8

// Yes or no, one of several verbs, by typing a word, or not at all: it is only
// told why there is nothing to ask.
const (
	AskYesNo PromptKind = iota
	AskWhich
	AskTyped
	Told
)

// PromptState is a question. Enter means No, unless a verb is chosen or the
// word stands there in full.
type PromptState struct {
	Kind    PromptKind
	Title   string // "Stop web-1?"
	Targets []Target
	Top     int // first target shown, when they do not fit
	Facts   []PromptFact
	More    string   // what the operation does
	Command string   // the equal lxc-* command
	Choices []string // AskWhich: verbs
	Cursor  int      // AskWhich; -1 = none
	Typed   string   // AskTyped
	Want    string   // AskTyped: what has to be typed
	Early   bool     // keys are still ignored
	Waits   bool     // a yes does not count yet: something is being measured
	Note    string   // why the last answer did not count
}

// PaletteState is the command palette.
type PaletteState struct {
	Query  string
	Behind int // characters of Query behind the cursor
	Items  []keymap.PaletteItem
	Cursor int
}

// HelpState is the help screen.
type HelpState struct {
	Topic      HelpTopic          // whose help it is: what its columns and marks mean
	Groups     []keymap.HelpGroup // of the view
	Everywhere []keymap.HelpGroup // that work everywhere
	Elsewhere  []keymap.HelpGroup // of other views
	Offset     int                // first line drawn
	ReadOnly   bool
	Prefix     string // as people read it
	Version    string
	Query      string // what is searched for; "" = nothing
	Typing     bool   // it is being typed
	Behind     int    // characters of it behind the cursor
	Hit        int    // which hit the search is at, from 1; 0 = none
}

// PickerItem is one line of a picker.
type PickerItem struct {
	Label string
	Note  string
	On    bool
}

// PickerState chooses one of a list, or several of it.
type PickerState struct {
	Title  string
	Multi  bool // On is shown as a box to tick
	Items  []PickerItem
	Cursor int
	Hint   string
}

// Level is how grave a notice is.
type Level uint8

// The levels.
const (
	LevelInfo Level = iota
	LevelWarn
	LevelError
)

// NoticeState is something to tell once.
type NoticeState struct {
	Level Level
	Text  string
	Hint  string // what to do next
	Key   string // shows the notice in full, should it not fit; "" = nothing does
	More  int    // further notices waiting
	Act   string // a key that helps with it, never cut; "" = none
	Does  string // what that key does
}

// JobState is work on containers that is going on.
type JobState struct {
	Text     string // "stopping web-1"
	Since    time.Time
	Progress JobProgress
	Halt     time.Duration // left of the time it gives for a graceful end
	Ending   bool          // it was cancelled; its end is awaited
	Done     int
	Total    int    // 0 or 1 = a single target
	More     int    // further jobs
	Key      string // cancels; "" = no key does
	Show     string // shows all jobs; "" = no key does
}

// StatusState is the bottom of the screen.
type StatusState struct {
	Notice   *NoticeState
	Job      *JobState
	Hints    []keymap.Hint
	Prefixed string // "ctrl+]": the keys of Hints are those of a shell
	Filter   string
	Typing   bool
	Behind   int    // while typing: characters of Filter behind the cursor
	Wrong    string // while typing: why the last word does not count
	Shown    int    // rows the filter left
	Total    int
	Marks    int
	NoConfig int    // directories that are no containers
	OnlyUp   string // the key that shows stopped containers again; "" = they are shown
	Left     string // further words on the left of the status row
	Now      time.Time
}

// EmptyKind says why a list has no row.
type EmptyKind uint8

// The kinds.
const (
	EmptyLoading EmptyKind = iota
	EmptyNone
	EmptyFilter
	EmptyStopped // all are stopped and left out
	EmptyDenied
	EmptyFailed
)

// EmptyState explains a list without rows.
type EmptyState struct {
	Kind   EmptyKind
	Paths  []string // the lxcpaths looked at
	Filter string
	Total  int
	User   string // who lxcdeck runs as
	Root   bool   // that is root
	Given  bool   // the lxcpaths are not those that LXC has by itself
	Err    string
	Key    string // the key that helps: clears the filter, shows all, creates a container
	All    string // the key that shows stopped ones, where the filter is not all that hides
	Arch   string // of the host, as image servers name it
	// Elsewhere are lxcpaths that are not in use.
	Elsewhere []runtime.Elsewhere
}
