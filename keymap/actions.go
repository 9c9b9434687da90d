// Package keymap is data: what a person can ask of lxcdeck, with which keys,
// and why not. The table of actions is the only declaration; footer, help,
// palette, man page and read-only checks all read it.
package keymap

import (
	"slices"

	"lxcdeck/runtime"
)

// ID names an action, in config files too.
type ID string

// Group gathers actions in help.
type Group string

// The groups, in help's order.
const (
	Moving   Group = "Move"
	Finding  Group = "Find and sort"
	Looking  Group = "Look"
	Terminal Group = "Terminal"
	Changing Group = "Change a container"
	Marking  Group = "Marks"
	General  Group = "General"
)

// Groups gives all groups in help's order.
func Groups() []Group {
	return []Group{Moving, Looking, Terminal, Changing, Marking, Finding, General}
}

// The actions.
const (
	Quit       ID = "quit"
	Interrupt  ID = "interrupt"
	Suspend    ID = "suspend"
	HelpKey    ID = "help"
	Messages   ID = "messages"
	Palette    ID = "palette"
	Back       ID = "back"
	NextPane   ID = "next-pane"
	Redraw     ID = "redraw"
	Refresh    ID = "refresh"
	Up         ID = "up"
	Down       ID = "down"
	PageUp     ID = "page-up"
	PageDown   ID = "page-down"
	Top        ID = "top"
	Bottom     ID = "bottom"
	Open       ID = "open"
	Info       ID = "show-detail"
	Zoom       ID = "zoom"
	FreezeView ID = "freeze-screen"
	Filter     ID = "filter"
	Sort       ID = "sort"
	SortLeft   ID = "sort-left"
	SortRight  ID = "sort-right"
	SortFlip   ID = "sort-reverse"
	Columns    ID = "columns"
	OnlyAlive  ID = "all-or-running"
	CPUUnit    ID = "cpu-unit"
	Slower     ID = "slower"
	Faster     ID = "faster"
	Mark       ID = "mark"
	MarkRange  ID = "mark-range"
	MarkAll    ID = "mark-all"
	ClearMarks ID = "clear-marks"
	OpenShell  ID = "shell"
	StartStop  ID = "start-stop"
	RestartKey ID = "restart"
	FreezeThaw ID = "freeze-thaw"
	KillKey    ID = "kill"
	OpStart    ID = "start"
	OpStop     ID = "stop"
	OpShutdown ID = "shutdown"
	OpReboot   ID = "reboot"
	OpFreeze   ID = "freeze"
	OpThaw     ID = "thaw"
	Copy       ID = "copy-command"
	Detach     ID = "shell-leave"
	ShellZoom  ID = "shell-zoom"
	ShellKill  ID = "shell-kill"
	ShellNext  ID = "shell-next"
	ShellHelp  ID = "shell-help"
	ShellSend  ID = "shell-send-prefix"
	ShellCopy  ID = "shell-allow-copy"
	Dismiss    ID = "shell-dismiss"

	OpenConsole   ID = "console"
	OpenWith      ID = "shell-with"
	Broadcast     ID = "type-into-marked"
	SessionList   ID = "sessions"
	Reopen        ID = "reopen"
	ShellSessions ID = "shell-sessions"
	ShellAnother  ID = "shell-another"
	ShellPrev     ID = "shell-previous"
	ShellTab      ID = "shell-tab"
	ShellBeside   ID = "shell-split-beside"
	ShellBelow    ID = "shell-split-below"
	ShellHalf     ID = "shell-other-half"
	ShellApart    ID = "shell-unsplit"
	ShellRename   ID = "shell-rename"
	ShellReopen   ID = "shell-reopen"
	ShellScroll   ID = "shell-scrollback"
	ShellRecord   ID = "shell-record"

	CreateKey     ID = "create"
	CloneKey      ID = "clone"
	RenameKey     ID = "rename"
	DestroyKey    ID = "destroy"
	LockKey       ID = "lock"
	SnapshotList  ID = "snapshots"
	SnapshotNow   ID = "snapshot"
	StartWith     ID = "start-with"
	SetAutostart  ID = "set-autostart"
	LimitsKey     ID = "limits"
	BootGroups    ID = "autostart"
	AddDevice     ID = "add-device"
	RemoveDevice  ID = "remove-device"
	FanOut        ID = "run-in-marked"
	RunKey        ID = "run"
	CheckpointKey ID = "checkpoint"
	ResumeKey     ID = "resume"
	HistoryKey    ID = "history"
	Leftovers     ID = "leftovers"
	HostCheck     ID = "doctor"
	Diagnose      ID = "diagnose"
	PackKey       ID = "pack"
	UnpackKey     ID = "unpack"

	ProcessList ID = "processes"
	NetworkMap  ID = "network"
	NetAlone    ID = "network-alone"
	NetNext     ID = "network-conflict"
	NetCopy     ID = "network-copy"
	ProcOpen    ID = "process-in-full"
	ProcTree    ID = "process-tree"
	ProcSort    ID = "process-sort"
	ProcLeft    ID = "process-sort-left"
	ProcRight   ID = "process-sort-right"
	ProcFlip    ID = "process-sort-reverse"
	ProcFilter  ID = "process-filter"
	ProcSignal  ID = "process-signal"
	ProcCopy    ID = "process-copy"
	Who         ID = "who"
	Isolation   ID = "isolation"
	Logs        ID = "logs"

	ConfigKey     ID = "config"
	ConfigHistory ID = "config-history"
	ConfigDefault ID = "default-config"

	EventList ID = "events"
	EventsOf  ID = "events-of"

	GraphList ID = "graphs"
	GraphHost ID = "host-graphs"

	SpaceKey ID = "space"
)

// Targets says what an action acts on.
type Targets uint8

// None: nothing. One: the selected container. Many: the marked ones, else the selected one.
const (
	None Targets = iota
	One
	Many
)

// Action is one thing a person can ask for.
type Action struct {
	ID      ID
	Title   string   // for help and palette: a verb phrase
	Short   string   // for the footer; "" = not in the footer
	Keys    []string // as Bubble Tea names them: "ctrl+d", "space", "pgdown"; none = palette only
	Scope   Scope
	Group   Group
	Targets Targets
	Ops     []runtime.Op // candidates; the first that the targets' state accepts is done
	Form    runtime.Op   // what it leads to once more has been asked: refused as that is; NoOp = nothing
	Changes bool         // changes a container or runs a program in it: refused when read-only
	NoTyped bool         // not in the palette: makes sense as a key only
	Also    string       // another name that the palette finds it by
}

var mainActions = []Action{
	{ID: Up, Title: "Up", Keys: []string{"up", "k"}, Group: Moving, NoTyped: true},
	{ID: Down, Title: "Down", Keys: []string{"down", "j"}, Group: Moving, NoTyped: true},
	{ID: PageUp, Title: "Half a page up", Keys: []string{"ctrl+u", "pgup"}, Group: Moving, NoTyped: true},
	{ID: PageDown, Title: "Half a page down", Keys: []string{"ctrl+d", "pgdown"}, Group: Moving, NoTyped: true},
	{ID: Top, Title: "To the top", Keys: []string{"g", "home"}, Group: Moving, NoTyped: true},
	{ID: Bottom, Title: "To the bottom", Keys: []string{"G", "end"}, Group: Moving, NoTyped: true},
	{ID: NextPane, Title: "Next pane", Keys: []string{"tab"}, Group: Moving, NoTyped: true},
	{ID: Back, Title: "Back, or out of a zoom", Keys: []string{"esc"}, Group: Moving, NoTyped: true},

	{ID: Open, Title: "Open the detail or the shell", Short: "detail", Keys: []string{"enter"}, Scope: List, Group: Looking},
	{ID: Info, Title: "Show or hide the detail", Keys: []string{"i"}, Scope: List, Group: Looking},
	{ID: Zoom, Title: "Zoom the pane and back", Keys: []string{"z"}, Group: Looking},
	{ID: CPUUnit, Title: "CPU of core, host or limit", Keys: []string{"%"}, Scope: List, Group: Looking},
	{ID: OnlyAlive, Title: "Show all, or running only", Keys: []string{"A"}, Scope: List, Group: Looking},
	{ID: Columns, Title: "Choose columns", Keys: []string{"c"}, Scope: List, Group: Looking},
	{ID: Faster, Title: "Shorter interval", Keys: []string{"-"}, Group: Looking},
	{ID: Slower, Title: "Longer interval", Keys: []string{"+"}, Group: Looking},
	{ID: FreezeView, Title: "Hold the screen for the mouse", Keys: []string{"Z"}, Group: Looking},
	{ID: Copy, Title: "Copy name, IP, path or command", Keys: []string{"y"}, Scope: List, Group: Looking, Targets: One},

	{ID: ProcessList, Title: "Processes", Keys: []string{"t"}, Scope: List, Group: Looking, Targets: One},
	{ID: NetworkMap, Title: "Network map", Keys: []string{"n"}, Scope: List, Group: Looking},
	{ID: Logs, Title: "Logs, of the marked by time", Keys: []string{"l"}, Scope: List, Group: Looking, Targets: Many},
	{ID: FilesKey, Title: "Files: browse, push, pull", Keys: []string{"B"}, Scope: List, Group: Looking, Targets: One},
	{ID: Isolation, Title: "Isolation and its weak points", Keys: []string{"I"}, Scope: List, Group: Looking, Targets: One},
	{ID: ConfigKey, Title: "Config: read and edit", Keys: []string{"e"}, Scope: List, Group: Looking, Targets: One},
	{ID: ConfigHistory, Title: "Earlier versions of the config", Scope: List, Group: Looking, Targets: One},
	{ID: ConfigDefault, Title: "Default config of new containers", Scope: List, Group: Looking},
	{ID: Who, Title: "Who has a pid or a port", Scope: List, Group: Looking},

	{ID: SpaceKey, Title: "Space on disk, and orphans", Keys: []string{"f"}, Scope: List, Group: Looking},
	{ID: SpaceOpen, Title: "All about it, part by part", Short: "parts", Keys: []string{"enter"}, Scope: Space, Group: Looking, NoTyped: true},
	{ID: SpaceSort, Title: "Sort by size, or by name", Short: "sort", Keys: []string{"o"}, Scope: Space, Group: Finding, NoTyped: true},
	{ID: SpaceFlip, Title: "Reverse the order", Keys: []string{"O"}, Scope: Space, Group: Finding, NoTyped: true},
	{ID: SpaceCopy, Title: "Copy the path", Short: "copy", Keys: []string{"y"}, Scope: Space, Group: Looking, NoTyped: true},

	{ID: ConfEdit, Title: "Edit in $EDITOR", Short: "edit", Keys: []string{"e"}, Scope: Config, Group: Changing, Changes: true, NoTyped: true},
	{ID: ConfSet, Title: "Change the key", Short: "change", Keys: []string{"enter"}, Scope: Config, Group: Changing, Changes: true, NoTyped: true},
	{ID: ConfAdd, Title: "Add a key", Short: "add", Keys: []string{"a"}, Scope: Config, Group: Changing, Changes: true, NoTyped: true},
	{ID: ConfDrop, Title: "Take the line out", Keys: []string{"D"}, Scope: Config, Group: Changing, Changes: true, NoTyped: true},
	{ID: ConfSave, Title: "Look over and save changes", Keys: []string{"w"}, Scope: Config, Group: Changing, Changes: true, NoTyped: true},
	{ID: ConfUndo, Title: "Drop the changes that are not saved", Keys: []string{"u"}, Scope: Config, Group: Changing, NoTyped: true},
	{ID: ConfFold, Title: "Unfold what is included, or fold it", Short: "unfold", Keys: []string{"space"}, Scope: Config, Group: Looking, NoTyped: true},
	{ID: ConfSecrets, Title: "Show secrets, or hide them", Short: "secrets", Keys: []string{"s"}, Scope: Config, Group: Looking, NoTyped: true},
	{ID: ConfEarlier, Title: "Earlier versions: compare, restore", Short: "earlier", Keys: []string{"b"}, Scope: Config, Group: Looking, NoTyped: true},
	{ID: ConfNext, Title: "To the next line that something is said of", Keys: []string{"n"}, Scope: Config, Group: Finding, NoTyped: true},
	{ID: ConfCopy, Title: "Copy the line", Keys: []string{"y"}, Scope: Config, Group: Looking, NoTyped: true},

	{ID: LogFind, Title: "Search; empty: once more", Keys: []string{"/"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogNext, Title: "Next match", Keys: []string{"n"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogPrev, Title: "Next match the other way", Keys: []string{"N"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogFilter, Title: "Only with a text; none: all", Keys: []string{"&"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogHide, Title: "Without lines with a text", Keys: []string{"!"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogUnfilter, Title: "Take the last filter back", Keys: []string{"backspace"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogLevel, Title: "Only info, warnings, errors", Keys: []string{"v"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogJump, Title: "To a time: 14:05, -2h", Keys: []string{"T"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogFollow, Title: "Follow the end", Keys: []string{"F"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogPageDown, Title: "A page down", Keys: []string{"space"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogPageUp, Title: "A page up", Keys: []string{"b"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogLeft, Title: "Left", Keys: []string{"left", "h"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogRight, Title: "Right, in long lines", Keys: []string{"right", "l"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogStart, Title: "Start of the lines", Keys: []string{"0"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogOpen, Title: "Open it, or a line down", Keys: []string{"enter"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogList, Title: "Choose another log", Keys: []string{"s"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogBefore, Title: "The log before this one", Keys: []string{"["}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogAfter, Title: "The log after this one", Keys: []string{"]"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogWrap, Title: "Wrap long lines, or not", Keys: []string{"w"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogStamps, Title: "Times of lines, or none", Keys: []string{"t"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogCopy, Title: "Copy lines, path or command", Keys: []string{"y"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogSave, Title: "Save it, or what is shown", Keys: []string{"ctrl+s"}, Scope: LogText, Group: Looking, Changes: true, NoTyped: true},

	{ID: FileCopy, Title: "Copy to the other side", Short: "copy", Keys: []string{"c", "f5"}, Scope: Files, Group: Changing, Changes: true, NoTyped: true},
	{ID: FileOpen, Title: "Open the folder", Short: "open", Keys: []string{"enter", "right"}, Scope: Files, Group: Moving, NoTyped: true},
	{ID: FileUp, Title: "To the folder above", Short: "up", Keys: []string{"left", "backspace"}, Scope: Files, Group: Moving, NoTyped: true},
	{ID: FileGo, Title: "To a path that is typed", Short: "go to", Keys: []string{"o"}, Scope: Files, Group: Moving, NoTyped: true},
	{ID: FileMark, Title: "Mark or unmark", Short: "mark", Keys: []string{"space"}, Scope: Files, Group: Marking, NoTyped: true},
	{ID: FileMarkAll, Title: "Mark all shown", Keys: []string{"*"}, Scope: Files, Group: Marking, NoTyped: true},
	{ID: FileUnmark, Title: "Clear the marks", Keys: []string{"\\"}, Scope: Files, Group: Marking, NoTyped: true},
	{ID: FileFilter, Title: "Filter by a part of the name", Short: "filter", Keys: []string{"/"}, Scope: Files, Group: Finding, NoTyped: true},
	{ID: FileSort, Title: "Sort by name, size or time", Short: "sort", Keys: []string{"s"}, Scope: Files, Group: Finding, NoTyped: true},
	{ID: FileHidden, Title: "Show hidden ones, or not", Short: "hidden", Keys: []string{"."}, Scope: Files, Group: Looking, NoTyped: true},
	{ID: FileInfo, Title: "All about it", Short: "info", Keys: []string{"i"}, Scope: Files, Group: Looking, NoTyped: true},
	{ID: FileOwner, Title: "Owner of what goes in", Short: "owner", Keys: []string{"w"}, Scope: Files, Group: Looking, NoTyped: true},
	{ID: FileVerify, Title: "Read copies again, or not", Short: "verify", Keys: []string{"v"}, Scope: Files, Group: Looking, NoTyped: true},
	{ID: FileRead, Title: "Read both folders again", Keys: []string{"r"}, Scope: Files, Group: Looking, NoTyped: true},

	{ID: ProcSignal, Title: "Send a signal", Short: "signal", Keys: []string{"K", "f9"}, Scope: Processes, Group: Changing, Targets: One, Form: runtime.Signal, Changes: true, NoTyped: true},
	{ID: ProcFilter, Title: "Filter", Short: "filter", Keys: []string{"/", "f4"}, Scope: Processes, Group: Finding, NoTyped: true},
	{ID: ProcTree, Title: "As a tree, or flat", Short: "tree", Keys: []string{"t", "f5"}, Scope: Processes, Group: Looking, NoTyped: true},
	{ID: ProcSort, Title: "Choose the sorted column", Short: "sort", Keys: []string{"o", "f6"}, Scope: Processes, Group: Finding, NoTyped: true},
	{ID: ProcLeft, Title: "Sort by the column to the left", Keys: []string{"<"}, Scope: Processes, Group: Finding, NoTyped: true},
	{ID: ProcRight, Title: "Sort by the column to the right", Keys: []string{">"}, Scope: Processes, Group: Finding, NoTyped: true},
	{ID: ProcFlip, Title: "Reverse the order", Keys: []string{"O"}, Scope: Processes, Group: Finding, NoTyped: true},
	{ID: ProcOpen, Title: "All about the process", Short: "in full", Keys: []string{"enter"}, Scope: Processes, Group: Looking, NoTyped: true},
	{ID: ProcCopy, Title: "Copy pid or command", Short: "copy", Keys: []string{"y"}, Scope: Processes, Group: Looking, NoTyped: true},

	{ID: NetAlone, Title: "This container alone, with its ports, or all", Short: "alone", Keys: []string{"enter"}, Scope: Network, Group: Looking, NoTyped: true},
	{ID: NetNext, Title: "To the next address that several have", Short: "next conflict", Keys: []string{"c"}, Scope: Network, Group: Finding, NoTyped: true},
	{ID: NetCopy, Title: "Copy an address or a name", Short: "copy", Keys: []string{"y"}, Scope: Network, Group: Looking, NoTyped: true},

	{ID: GraphList, Title: "Graphs, of the marked in one", Keys: []string{"h"}, Scope: List, Group: Looking, Targets: Many},
	{ID: GraphHost, Title: "Graphs of the host", Scope: List, Group: Looking},

	{ID: GraphLeft, Title: "Read an earlier cell", Short: "read", Keys: []string{"left", "h"}, Scope: Graphs, Group: Moving, NoTyped: true},
	{ID: GraphRight, Title: "Read a later cell", Keys: []string{"right", "l"}, Scope: Graphs, Group: Moving, NoTyped: true},
	{ID: GraphCloser, Title: "Shorter span", Short: "span", Keys: []string{"["}, Scope: Graphs, Group: Looking, NoTyped: true},
	{ID: GraphWider, Title: "Longer span", Keys: []string{"]"}, Scope: Graphs, Group: Looking, NoTyped: true},
	{ID: GraphSpan, Title: "1m, 5m, 15m, 1h, 6h or 24h", Keys: []string{"1", "2", "3", "4", "5", "6"}, Scope: Graphs, Group: Looking, NoTyped: true},
	{ID: GraphPause, Title: "Pause, and go on", Short: "pause", Keys: []string{"space", "p"}, Scope: Graphs, Group: Looking, NoTyped: true},
	{ID: GraphCells, Title: "Cells in blocks, or in dots", Keys: []string{"b"}, Scope: Graphs, Group: Looking, NoTyped: true},

	{ID: OpenShell, Title: "Open a shell", Short: "shell", Keys: []string{"s"}, Scope: List, Group: Terminal, Targets: One, Changes: true},
	{ID: OpenConsole, Title: "Open the login console", Keys: []string{"a"}, Scope: List, Group: Terminal, Targets: One, Changes: true},
	{ID: OpenWith, Title: "Open a shell: as whom, where, what", Keys: []string{"u"}, Scope: List, Group: Terminal, Targets: One, Changes: true},
	{ID: Broadcast, Title: "Type into all marked at once", Keys: []string{"b"}, Scope: List, Group: Terminal, Targets: Many, Changes: true},
	{ID: SessionList, Title: "List the sessions", Keys: []string{"w"}, Scope: List, Group: Terminal},
	{ID: Reopen, Title: "Reopen the last closed session", Keys: []string{"r"}, Scope: List, Group: Terminal, Changes: true},
	{ID: Detach, Title: "Leave the running shell", Short: "leave", Keys: []string{"d"}, Scope: Shell, Group: Terminal},
	{ID: ShellZoom, Title: "Zoom the shell and back", Short: "zoom", Keys: []string{"z"}, Scope: Shell, Group: Terminal},
	{ID: ShellKill, Title: "End the shell", Short: "kill", Keys: []string{"k"}, Scope: Shell, Group: Terminal},
	{ID: ShellScroll, Title: "Scrollback: read, search, copy", Short: "scroll", Keys: []string{"[", "pgup"}, Scope: Shell, Group: Terminal},
	{ID: ShellSessions, Title: "List the sessions", Short: "sessions", Keys: []string{"s"}, Scope: Shell, Group: Terminal},
	{ID: ShellAnother, Title: "Open another shell in this container", Keys: []string{"o"}, Scope: Shell, Group: Terminal, Changes: true, NoTyped: true},
	{ID: ShellBeside, Title: "Split: another shell beside this one", Keys: []string{"|", "%"}, Scope: Shell, Group: Terminal, Changes: true, NoTyped: true},
	{ID: ShellBelow, Title: "Split: another shell below this one", Keys: []string{"-", "\""}, Scope: Shell, Group: Terminal, Changes: true, NoTyped: true},
	{ID: ShellHalf, Title: "To the other half of a split", Keys: []string{"tab"}, Scope: Shell, Group: Terminal, NoTyped: true},
	{ID: ShellApart, Title: "End the split: a tab for each", Keys: []string{"!"}, Scope: Shell, Group: Terminal, NoTyped: true},
	{ID: ShellNext, Title: "Next tab", Keys: []string{"n"}, Scope: Shell, Group: Terminal},
	{ID: ShellPrev, Title: "Previous tab", Keys: []string{"p"}, Scope: Shell, Group: Terminal},
	{ID: ShellTab, Title: "To the tab with that number", Keys: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, Scope: Shell, Group: Terminal, NoTyped: true},
	{ID: ShellRename, Title: "Name the session", Keys: []string{"r", ","}, Scope: Shell, Group: Terminal},
	{ID: ShellReopen, Title: "Reopen the last closed session", Keys: []string{"u"}, Scope: Shell, Group: Terminal, Changes: true, NoTyped: true},
	{ID: ShellRecord, Title: "Record the session, or end that", Keys: []string{"R"}, Scope: Shell, Group: Terminal, Changes: true},
	{ID: ShellHelp, Title: "Help on the shell's keys", Short: "help", Keys: []string{"?"}, Scope: Shell, Group: Terminal},
	{ID: ShellSend, Title: "Send the prefix itself", Keys: []string{"prefix"}, Scope: Shell, Group: Terminal},
	{ID: ShellCopy, Title: "Allow the copy it wants", Keys: []string{"c"}, Scope: Shell, Group: Terminal, NoTyped: true},
	{ID: Dismiss, Title: "Dismiss an ended shell", Keys: []string{"x"}, Scope: Shell, Group: Terminal},

	{ID: ScrollFind, Title: "Search", Short: "search", Keys: []string{"/"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollRegex, Title: "Search: regular expression", Keys: []string{"R"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollNext, Title: "Next hit", Short: "next", Keys: []string{"n"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollPrev, Title: "Previous hit", Keys: []string{"N"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollJump, Title: "Go to a line by its number", Keys: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollSelect, Title: "Select text from here", Short: "select", Keys: []string{"v", "space"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollLines, Title: "Select whole lines", Keys: []string{"V"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollBlock, Title: "Select a block", Keys: []string{"ctrl+v"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollSwap, Title: "Other end of the selection", Keys: []string{"o"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollCopy, Title: "Copy selection or line", Short: "copy", Keys: []string{"y", "enter"}, Scope: Scrollback, Group: Terminal, NoTyped: true},
	{ID: ScrollSave, Title: "Save selection or all", Short: "save", Keys: []string{"ctrl+s"}, Scope: Scrollback, Group: Terminal, Changes: true, NoTyped: true},
	{ID: ScrollLeft, Title: "Left", Keys: []string{"left", "h"}, Scope: Scrollback, Group: Moving, NoTyped: true},
	{ID: ScrollRight, Title: "Right", Keys: []string{"right", "l"}, Scope: Scrollback, Group: Moving, NoTyped: true},
	{ID: ScrollStart, Title: "Start of the line", Keys: []string{"0"}, Scope: Scrollback, Group: Moving, NoTyped: true},
	{ID: ScrollEnd, Title: "End of the line", Keys: []string{"$"}, Scope: Scrollback, Group: Moving, NoTyped: true},
	{ID: ScrollWord, Title: "Next word", Keys: []string{"w"}, Scope: Scrollback, Group: Moving, NoTyped: true},
	{ID: ScrollBack, Title: "Word before", Keys: []string{"b"}, Scope: Scrollback, Group: Moving, NoTyped: true},

	{ID: StartStop, Title: "Start or stop, by state", Short: "start/stop", Keys: []string{"S"}, Scope: List, Group: Changing, Targets: Many,
		Ops: []runtime.Op{runtime.Start, runtime.Stop}, Changes: true},
	{ID: RestartKey, Title: "Restart: stop and start", Keys: []string{"R"}, Scope: List, Group: Changing, Targets: Many,
		Ops: []runtime.Op{runtime.Restart}, Changes: true},
	{ID: FreezeThaw, Title: "Freeze or thaw, by state", Short: "freeze", Keys: []string{"F"}, Scope: List, Group: Changing, Targets: Many,
		Ops: []runtime.Op{runtime.Freeze, runtime.Thaw}, Changes: true},
	{ID: KillKey, Title: "Kill", Keys: []string{"K"}, Scope: List, Group: Changing, Targets: Many,
		Ops: []runtime.Op{runtime.Kill}, Changes: true},
	{ID: OpStart, Title: "Start", Scope: List, Group: Changing, Targets: Many, Ops: []runtime.Op{runtime.Start}, Changes: true},
	{ID: OpStop, Title: "Stop", Scope: List, Group: Changing, Targets: Many, Ops: []runtime.Op{runtime.Stop}, Changes: true},
	{ID: OpShutdown, Title: "Shut down", Scope: List, Group: Changing, Targets: Many, Ops: []runtime.Op{runtime.Shutdown}, Changes: true},
	{ID: OpReboot, Title: "Reboot", Scope: List, Group: Changing, Targets: Many, Ops: []runtime.Op{runtime.Reboot}, Changes: true},
	{ID: OpFreeze, Title: "Freeze", Scope: List, Group: Changing, Targets: Many, Ops: []runtime.Op{runtime.Freeze}, Changes: true},
	{ID: OpThaw, Title: "Thaw", Scope: List, Group: Changing, Targets: Many, Ops: []runtime.Op{runtime.Thaw}, Changes: true},

	{ID: CreateKey, Title: "Create a container", Keys: []string{"N"}, Scope: List, Group: Changing, Changes: true},
	{ID: CloneKey, Title: "Clone", Keys: []string{"C"}, Scope: List, Group: Changing, Targets: One, Form: runtime.Clone, Changes: true},
	{ID: RenameKey, Title: "Rename", Keys: []string{"M"}, Scope: List, Group: Changing, Targets: One, Form: runtime.Rename, Changes: true},
	{ID: SnapshotList, Title: "Snapshots: restore, delete, dismiss", Keys: []string{"p"}, Scope: List, Group: Changing, Targets: One},
	{ID: SnapshotNow, Title: "Take a snapshot", Scope: List, Group: Changing, Targets: Many, Form: runtime.Snapshot, Changes: true},
	{ID: DestroyKey, Title: "Destroy", Keys: []string{"D"}, Scope: List, Group: Changing, Targets: Many, Form: runtime.Destroy, Changes: true},
	{ID: LockKey, Title: "Lock or unlock", Keys: []string{"X"}, Scope: List, Group: Changing, Targets: Many, Form: runtime.Unlock, Changes: true},
	{ID: StartWith, Title: "Start with a command as init", Scope: List, Group: Changing, Targets: One, Form: runtime.Start, Changes: true},
	{ID: LimitsKey, Title: "Limits: CPU, memory, processes, I/O", Keys: []string{"L"}, Scope: List, Group: Changing, Targets: Many, Form: runtime.SetLimits, Changes: true},
	{ID: SetAutostart, Title: "Set autostart, order, delay, groups", Scope: List, Group: Changing, Targets: Many, Form: runtime.SetAutostart, Changes: true},
	{ID: BootGroups, Title: "Autostart: start groups in order", Scope: List, Group: Changing, Changes: true},
	{ID: AddDevice, Title: "Add a device or interface", Scope: List, Group: Changing, Targets: One, Form: runtime.AddDevice, Changes: true},
	{ID: RemoveDevice, Title: "Remove a device or interface", Scope: List, Group: Changing, Targets: One, Form: runtime.RemoveDevice, Changes: true},
	{ID: PackKey, Title: "Pack into an archive", Scope: List, Group: Changing, Targets: One, Form: runtime.Pack, Changes: true},
	{ID: UnpackKey, Title: "Unpack an archive", Scope: List, Group: Changing, Changes: true},
	{ID: FanOut, Title: "Run a command in all marked", Keys: []string{"!"}, Scope: List, Group: Changing, Targets: Many, Changes: true},
	{ID: RunKey, Title: "Run a command in a new container", Scope: List, Group: Changing, Changes: true},
	{ID: CheckpointKey, Title: "Checkpoint to a directory", Scope: List, Group: Changing, Targets: One, Form: runtime.Checkpoint, Changes: true},
	{ID: ResumeKey, Title: "Resume from a checkpoint", Scope: List, Group: Changing, Targets: One, Form: runtime.Resume, Changes: true},
	{ID: HistoryKey, Title: "Jobs and history", Keys: []string{"J"}, Scope: List, Group: Looking},
	{ID: Diagnose, Title: "Explain why a start failed", Keys: []string{"d"}, Scope: List, Group: Looking},
	{ID: Leftovers, Title: "What killed operations have left", Scope: List, Group: Looking},
	{ID: HostCheck, Title: "Check this host", Scope: List, Group: Looking},
	{ID: EventList, Title: "Events: what has happened", Scope: List, Group: Looking},
	{ID: EventsOf, Title: "Events of this container alone", Scope: List, Group: Looking, Targets: One},

	{ID: Mark, Title: "Mark or unmark", Keys: []string{"space"}, Scope: List, Group: Marking},
	{ID: MarkRange, Title: "Mark from the last mark to here", Keys: []string{"v"}, Scope: List, Group: Marking},
	{ID: MarkAll, Title: "Mark all shown", Keys: []string{"*"}, Scope: List, Group: Marking},
	{ID: ClearMarks, Title: "Clear the marks", Keys: []string{"\\"}, Scope: List, Group: Marking},

	{ID: Filter, Title: "Filter", Short: "filter", Keys: []string{"/"}, Scope: List, Group: Finding},
	{ID: Sort, Title: "Choose the sorted column", Keys: []string{"o"}, Scope: List, Group: Finding},
	{ID: SortLeft, Title: "Sort by the column to the left", Keys: []string{"<"}, Scope: List, Group: Finding},
	{ID: SortRight, Title: "Sort by the column to the right", Keys: []string{">"}, Scope: List, Group: Finding},
	{ID: SortFlip, Title: "Reverse the order", Keys: []string{"O"}, Scope: List, Group: Finding},

	{ID: Palette, Title: "Command palette", Short: "command", Keys: []string{":", "ctrl+p"}, Group: General, NoTyped: true},
	{ID: HelpKey, Title: "Help", Short: "help", Keys: []string{"?", "f1"}, Group: General},
	{ID: Messages, Title: "Read the messages in full", Keys: []string{"m"}, Group: General},
	{ID: ThemeKey, Title: "Theme: choose the colours", Group: General},
	{ID: Refresh, Title: "Read everything again", Keys: []string{"ctrl+r"}, Group: General},
	{ID: Redraw, Title: "Redraw the screen", Keys: []string{"ctrl+l"}, Group: General},
	{ID: Suspend, Title: "Suspend; fg brings it back", Keys: []string{"ctrl+z"}, Group: General},
	{ID: Interrupt, Title: "Cancel; twice asks to quit", Keys: []string{"ctrl+c"}, Group: General, NoTyped: true},
	{ID: Quit, Title: "Quit, or back", Short: "quit", Keys: []string{"q"}, Group: General},
}

// Actions gives the whole table in help's order.
func Actions() []Action { return slices.Clone(actions) }

// Find looks an action up by its ID.
func Find(id ID) (Action, bool) {
	i := slices.IndexFunc(actions, func(a Action) bool { return a.ID == id })
	if i < 0 {
		return Action{}, false
	}
	return actions[i], true
}
