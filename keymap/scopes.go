package keymap

// Scope is where a key has its meaning.
type Scope uint8

// The scopes. A key of Everywhere has its meaning wherever no text is typed
// and the scope in focus does not use it itself.
const (
	Everywhere  Scope = iota
	List              // the container list
	Detail            // the detail pane
	Shell             // a shell pane: only after the prefix
	Scrollback        // a shell pane while its text is being read
	Help              // the help screen
	Processes         // the processes of a container
	Network           // the network map
	Graphs            // the graphs of containers, or of the host
	Space             // what takes room on disk
	Config            // a config, line by line
	LogText           // the logs of containers
	Files             // files of the host and of a container
	Events            // what has happened
	JobList           // jobs and history
	Output            // what a job has written
	Sessions          // the list of sessions
	Snapshots         // the snapshots of a container
	LeftList          // what killed operations have left
	Answers           // what a command in all marked has answered
	SettingList       // the settings
	KeyList           // the keys of all actions
	HostChecks        // the look at the host
	StartWhy          // why a start failed
)

var scopeNames = [...]string{"everywhere", "list", "detail", "shell", "scrollback", "help", "processes", "network", "graphs", "space", "config", "log", "files",
	"events", "jobs", "output", "sessions", "snapshots", "leftovers", "answers", "settings", "keys",
	"checks", "start-failed"}

// Apart says whether a scope has the screen for itself, with keys of its own: no
// other help lists them, and no palette.
func (s Scope) Apart() bool { return s == Scrollback || s >= Processes }

// String is the scope's name in config files and help.
func (s Scope) String() string { return scopeNames[s] }

var scopeTitles = [...]string{
	"Everywhere", "In the list of containers", "In the detail pane", "In a shell, after the prefix", "While a shell's text is read",
	"In the help", "Processes", "Network", "Graphs", "Room on disk", "A config", "Logs", "Files",
	"Events", "Jobs and history", "Output of a job", "The list of sessions", "Snapshots", "What killed operations have left", "Answers of all marked",
	"Settings", "The keys themselves", "The look at the host", "Why a start failed",
}

// Title is the scope as a heading.
func (s Scope) Title() string { return scopeTitles[s] }
