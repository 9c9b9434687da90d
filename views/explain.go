package views

import (
	"strings"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// HelpTopic is a view that help explains: what its columns and marks mean.
type HelpTopic uint8

// The topics.
const (
	HelpList HelpTopic = iota
	HelpShell
	HelpScrollback
	HelpProcesses
	HelpNetwork
	HelpGraphs
	HelpSpace
	HelpConfig
	HelpLogs
	HelpFiles
	HelpIsolation
	HelpEvents
	HelpJobs
	HelpOutput
	HelpSnapshots
	HelpLeftovers
	HelpHost
	HelpMessages
	HelpSessions
	HelpForm
	HelpFilter
	HelpPalette
	HelpAnswers
	HelpSettings
	HelpKeys
	HelpStart
	helpTopics
)

// String is what the view is called, in the title of help.
func (h HelpTopic) String() string {
	return [...]string{
		"the list", "a shell", "a shell's text", "processes", "the network map", "graphs", "room on disk", "a config", "logs", "files",
		"isolation", "events", "jobs and history", "the output of a job", "snapshots", "what is left behind", "the look at the host",
		"messages", "sessions", "a form", "the filter", "the command palette", "answers of all marked", "settings", "the keys", "a start that failed",
	}[h%helpTopics]
}

// TopicOf is the topic of a scope.
func TopicOf(s keymap.Scope) HelpTopic {
	switch s {
	case keymap.Shell:
		return HelpShell
	case keymap.Scrollback:
		return HelpScrollback
	case keymap.Processes:
		return HelpProcesses
	case keymap.Network:
		return HelpNetwork
	case keymap.Graphs:
		return HelpGraphs
	case keymap.Space:
		return HelpSpace
	case keymap.Config:
		return HelpConfig
	case keymap.LogText:
		return HelpLogs
	case keymap.Files:
		return HelpFiles
	case keymap.Events:
		return HelpEvents
	case keymap.JobList:
		return HelpJobs
	case keymap.Output:
		return HelpOutput
	case keymap.Sessions:
		return HelpSessions
	case keymap.Snapshots:
		return HelpSnapshots
	case keymap.LeftList:
		return HelpLeftovers
	case keymap.Answers:
		return HelpAnswers
	case keymap.SettingList:
		return HelpSettings
	case keymap.KeyList:
		return HelpKeys
	case keymap.HostChecks:
		return HelpHost
	case keymap.StartWhy:
		return HelpStart
	default:
		return HelpList
	}
}

// helpTerm is a word or a mark of the screen, and what it means.
type helpTerm struct{ term, text string }

// explain is what a topic's columns and marks mean.
func (t *Theme) explain(topic HelpTopic) []helpTerm {
	switch topic {
	case HelpList:
		return t.explainList()
	case HelpProcesses:
		return explainProcesses()
	case HelpShell, HelpScrollback, HelpSessions:
		return t.explainShells()
	case HelpNetwork, HelpSpace, HelpFiles, HelpGraphs:
		return t.explainHost(topic)
	case HelpConfig, HelpLogs, HelpIsolation, HelpEvents:
		return t.explainText(topic)
	case HelpSettings, HelpKeys, HelpAnswers, HelpStart:
		return explainOwn(topic)
	case HelpForm, HelpFilter, HelpPalette:
		return explainTyping(topic)
	default:
		return t.explainWork(topic)
	}
}

func (t *Theme) explainList() []helpTerm {
	var out []helpTerm
	for _, c := range Columns() {
		text := c.Long
		switch c.ID {
		case ColState:
			for _, s := range []runtime.State{runtime.Running, runtime.Stopped, runtime.Frozen, runtime.Starting, runtime.Stopping, runtime.Freezing, runtime.Aborting} {
				text += ", " + StateLetter(s) + " " + strings.ToLower(s.String())
			}
			text += ", ? not known"
		case ColCPU:
			text += ": 100 is one core (HOST%: all cores; LIM%: what its limit allows). ! it was held back by its limit"
		case ColMem:
			text += ". ! 90 % of the limit or more, or it was hit, or the kernel has killed for it"
		case ColPids:
			text += ", threads too. ! near their limit, or forks were refused"
		}
		out = append(out, helpTerm{c.Title, text})
	}
	return append(out,
		helpTerm{"-", "there is no such figure: the detail says why. It is not 0"},
		helpTerm{t.Glyphs.Cursor, "the selected row, which keys act on"},
		helpTerm{t.Glyphs.Marked, "marked: keys that act on many act on all of these instead"},
		helpTerm{t.Glyphs.Lock, "behind the state: locked, no lxcdeck changes it"},
		helpTerm{"*", "behind the state: its config has other values than it runs with. It needs a restart"},
		helpTerm{"!", "behind the state: a limit bites whose column is not shown. Behind the name: an alert"},
		helpTerm{"foreign", "somebody else could have written its config, so it is not loaded: figures yes, shells and changes no"},
		helpTerm{"no answer", "its monitor does not answer; the others go on"},
		helpTerm{"psi", "of the host: how much of the time some task waited for CPU, memory or I/O"},
		helpTerm{"RO, DEMO", "nothing is changed; nothing is real"},
		helpTerm{"late, polling, slow link", "figures did not come in time; changes are looked for every 2 s; frames are left out, as the terminal is behind"},
	)
}

func explainProcesses() []helpTerm {
	var out []helpTerm
	for _, c := range ProcessColumns() {
		text := c.Long
		if c.ID == ProcState {
			text += ": R runs, S sleeps, D waits for a device and cannot be killed, T stopped, t traced, Z ended and not waited for, I idle"
		}
		out = append(out, helpTerm{c.Title, text})
	}
	return append(out, helpTerm{"tree", "who started whom; those of nested containers stand in it too"})
}

func (t *Theme) explainShells() []helpTerm {
	return []helpTerm{
		{"TAB", "a session's number: the prefix and the number go to it; a and b are the halves of a split"},
		{"x", "the session has ended: its text stays until it is dismissed"},
		{">", "what is typed goes into it and into others at once"},
		{"!", "it has rung"},
		{"R", "it is being recorded"},
		{"+", "it has written since it was looked at"},
		{t.Glyphs.Marked, "in the list of sessions: the one in focus"},
		{"line 17/10040", "while text is read: the line of the cursor, of all there are"},
	}
}

func (t *Theme) explainHost(topic HelpTopic) []helpTerm {
	switch topic {
	case HelpNetwork:
		return []helpTerm{
			{"a heading", "a bridge or an interface of the host; below it what is attached to it"},
			{"HOST", "the other end of the interface, on the host"},
			{"INSIDE", "the interface's name in the container"},
			{"ST, STATE", "up or down, and what the link is"},
			{"RX/s, TX/s", "bytes a second that the container receives and sends"},
			{"!", "an address of this row is another's too; the lines below say whose"},
		}
	case HelpSpace:
		return []helpTerm{
			{"ROOT, SNAPS, KEPT, REST", "its root; its N snapshots; old roots that restores keep; all else in its directory"},
			{"TOTAL", "allocated blocks: holes count nothing, what is mounted in a root nothing"},
			{"STORE, ON, FREE", "the backing store, the file system it lies on, and what is free there"},
			{"NOT A CONTAINER, USE", "what lies in an lxcpath and is none, and whether anything uses it. orphan: nothing speaks for it. Nothing is removed"},
			{">1.2G", "at least so much: not all could be measured"},
			{t.Glyphs.Ellipsis, "still to be measured"},
			{"silent", "its file system does not answer"},
		}
	case HelpFiles:
		return []helpTerm{
			{"left, right", "files of the host, and those inside the container; the pane in focus has " + t.Glyphs.Cursor},
			{t.Glyphs.Marked, "marked: copied all together"},
			{"MODE", "d directory, l link, b c devices, p pipe, s socket; then what owner, group and others may"},
			{"OWNER", "user and group: of the container's files as they are inside"},
		}
	default:
		return []helpTerm{
			{"a cell", "the mean of its time; the scale is the highest of what is shown"},
			{t.Glyphs.Up, "below a graph: the container was started anew. With several in one, their letters"},
			{"a gap", "nothing was read then"},
			{"A, B, C", "which container a line is of, where several share a graph"},
		}
	}
}

func (t *Theme) explainText(topic HelpTopic) []helpTerm {
	switch topic {
	case HelpConfig:
		return []helpTerm{
			{"!", "liblxc refuses the line, or what is included there"},
			{"?", "something is to be said of it, such as that it runs with another value: the lines below tell"},
			{"x", "it does not count: a later line has replaced or cleared it"},
			{"+, -", "what is included: folded, unfolded"},
			{"a dim line", "a comment, or what has no effect"},
		}
	case HelpLogs:
		return []helpTerm{
			{"E W I D", "before a line: error, warning, information, debugging, as far as the line says so"},
			{"follows", "new lines are shown as they come; scrolling up ends that, and the number of new ones is told"},
			{"a name before a line", "the container it is of, where several logs are read by time"},
			{"50% of 1.2M", "how far into the log the first line is"},
		}
	case HelpIsolation:
		var out []helpTerm
		for _, w := range []struct {
			weight runtime.Weight
			text   string
		}{{runtime.Heavy, "leads to the host"}, {runtime.Medium, "leads there with one more mistake"}, {runtime.Light, "a lock less"}} {
			sign, _ := WeaknessSign(w.weight)
			out = append(out, helpTerm{sign, w.text})
		}
		return append(out, helpTerm{"-", "behind a name: not known, with the reason. That is no mark against it"},
			helpTerm{"enter, copy", "a line that says what to set can be copied into the config"})
	default:
		return []helpTerm{
			{"TIME", "when it was seen; days older than today by their date"},
			{"WHAT, WHY", "what happened, and as far as it can be told by what"},
			{"while away", "found at the start: it happened since the screen was looked at last"},
		}
	}
}

func (t *Theme) explainWork(topic HelpTopic) []helpTerm {
	switch topic {
	case HelpJobs, HelpOutput:
		return []helpTerm{
			{"jobs", "what is under way or waits: at most four at once. Below them those of this session that are over"},
			{"history", "what was done to containers, by whom, how long it took, how it ended; the same for all lxcdecks of this host"},
			{"no end recorded", "the audit log has its begin alone: it was killed, or goes on"},
			{"lxc-...", "the command of LXC that does the same"},
		}
	case HelpSnapshots:
		return []helpTerm{
			{"size", "bytes on disk that are its own; - not known"},
			{"OLD ROOTS", "what was there before a restore: it stays until it is dismissed, and can be swapped back"},
			{"used by", "overlays that lie on it: it cannot be deleted"},
		}
	case HelpLeftovers:
		return []helpTerm{
			{"finish", "go on to the end that was asked for"},
			{"undo", "go back to how it was before"},
			{"dismiss", "remove what was left"},
		}
	case HelpHost:
		return []helpTerm{
			{"ok", "it is there"},
			{"! missing", "this user's containers do not work without it"},
			{"- optional", "only some things need it"},
			{"? unknown", "it could not be read, or did not answer in time"},
		}
	default:
		return []helpTerm{
			{"error, warning", "what went wrong; what to know. Below it what to do next"},
			{"the newest", "stands first; 200 are kept"},
		}
	}
}

func explainOwn(topic HelpTopic) []helpTerm {
	switch topic {
	case HelpSettings:
		return []helpTerm{
			{"from", "default, a file and its line, a flag, the environment; changed here: on the screen, until it is left"},
			{"at the next start", "what cannot change while the screen runs"},
			{"a fault", "stands above the table, with its line and column: what held before stays until it is mended"},
		}
	case HelpStart:
		return []helpTerm{
			{"cause", "what keeps the container from starting, as far as it could be found"},
			{"what to do", "and what would do it, where lxcdeck can: it asks first"},
			{"found", "what was looked at: the config, files, the kernel, the network"},
			{"the error", "liblxc's own words; below them what it has logged"},
		}
	case HelpKeys:
		return []helpTerm{
			{"the first column", "the name of the action in [keys] of the settings, which is where a change is written"},
			{"keys", "those that count now; the line below the table says what the preset has"},
			{"enter", "the next key that is pressed is the action's; where another has it already you are asked"},
		}
	default:
		return []helpTerm{
			{"an answer", "what the command wrote, and below which names: containers with the same answer stand together"},
			{"failed", "it ended with another status than 0, which stands beside the names"},
			{"cancelled", "it was ended before it had answered"},
		}
	}
}

func explainTyping(topic HelpTopic) []helpTerm {
	switch topic {
	case HelpFilter:
		return []helpTerm{
			{"web", "name, address or group has web in it; several words: all of them have to fit"},
			{"!test", "not; before every kind of word"},
			{"state:run", "its state begins so: running, stopped, frozen"},
			{"group:db", "it is in that group of lxc-autostart"},
			{"ip:10.0.3.", "an address has that in it; so name:, path:, manager:"},
			{"mem>1g, mem>80%", "memory: bytes, or share of its limit; < too"},
			{"cpu>50, pids<20", "percent of one core; tasks"},
			{"enter, esc", "keeps the filter; clears it"},
		}
	case HelpPalette:
		return []helpTerm{
			{"letters", "in order, not all of them: shd finds Shut down; the action's name in the settings counts too"},
			{"who 4711, who :80", "which container a pid or a port belongs to"},
			{"doctor user", "what works for this user"},
			{"a dim line", "it cannot be done now; enter says why"},
			{"enter, esc", "does it; leaves"},
		}
	default:
		return []helpTerm{
			{"tab, up, down", "next field, or the one before"},
			{"left, right, space", "the next value of a choice; space opens a long list, in which letters search"},
			{"enter, esc", "does it, if nothing stands against it; leaves without doing anything"},
			{"the last line", "the command of LXC that does the same"},
			{"a sentence below", "what stands against a value, which has to change first; or a warning, with which it can be done all the same"},
		}
	}
}
