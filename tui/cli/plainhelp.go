package cli

import (
	"fmt"
	"slices"
	"strings"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// plainWords are what is typed for the actions of the screen. Behind the command stands
// what its verb needs besides containers.
func plainWords() map[keymap.ID]string {
	return map[keymap.ID]string{
		keymap.Open: "detail", keymap.Info: "detail", keymap.Copy: "detail", keymap.OnlyAlive: "list state:running", keymap.Slower: "top --interval TIME",
		keymap.Faster: "top --interval TIME", keymap.ProcessList: "ps", keymap.NetworkMap: "network", keymap.Logs: "logs", keymap.FilesKey: "files",
		keymap.Isolation: "isolation", keymap.ConfigKey: "config", keymap.ConfigHistory: "config history", keymap.ConfigDefault: "config --default",
		keymap.Who: "who", keymap.SpaceKey: "space", keymap.GraphList: "top", keymap.GraphHost: "top",
		keymap.OpenShell: "shell", keymap.OpenConsole: "console", keymap.OpenWith: "shell --user", keymap.FanOut: "exec", keymap.Broadcast: "exec",
		keymap.StartStop: "start", keymap.RestartKey: "restart", keymap.FreezeThaw: "freeze", keymap.KillKey: "kill", keymap.OpStart: "start",
		keymap.OpStop: "stop", keymap.OpShutdown: "shutdown", keymap.OpReboot: "reboot", keymap.OpFreeze: "freeze", keymap.OpThaw: "thaw",
		keymap.CreateKey: "create", keymap.CloneKey: "clone", keymap.RenameKey: "rename", keymap.SnapshotList: "snapshot list",
		keymap.SnapshotNow: "snapshot", keymap.DestroyKey: "destroy", keymap.LockKey: "lock", keymap.StartWith: "start -- CMD",
		keymap.LimitsKey: "limits", keymap.SetAutostart: "autostart set", keymap.BootGroups: "autostart", keymap.AddDevice: "device add",
		keymap.RemoveDevice: "device remove", keymap.PackKey: "pack", keymap.UnpackKey: "unpack", keymap.RunKey: "run",
		keymap.CheckpointKey: "checkpoint", keymap.ResumeKey: "resume", keymap.HistoryKey: "jobs", keymap.Diagnose: "diagnose",
		keymap.Leftovers: "recover", keymap.HostCheck: "doctor", keymap.EventList: "events", keymap.EventsOf: "events",
		keymap.Mark: "choose", keymap.MarkRange: "choose 3-5", keymap.MarkAll: "choose 1-9", keymap.ClearMarks: "all", keymap.Filter: "list FILTER",
		keymap.Sort: "list --sort COLUMN", keymap.SortLeft: "list --sort COLUMN", keymap.SortRight: "list --sort COLUMN", keymap.SortFlip: "list --sort=-COLUMN",
		keymap.HelpKey: "help", keymap.Palette: "help", keymap.Messages: "messages", keymap.Refresh: "list", keymap.Interrupt: "cancel", keymap.Quit: "quit",
		keymap.ProcSignal: "signal", keymap.ProcTree: "ps --tree", keymap.ProcOpen: "ps", keymap.NetAlone: "network", keymap.SpaceOpen: "space",
		keymap.ConfEdit: "config edit", keymap.ConfSet: "config set", keymap.ConfAdd: "config set", keymap.ConfDrop: "config unset",
		keymap.ConfSave: "config set", keymap.ConfSecrets: "config --secrets", keymap.ConfEarlier: "config history",
		keymap.LogFind: "logs --grep", keymap.LogFilter: "logs --grep", keymap.LogJump: "logs --since", keymap.LogFollow: "logs --follow",
		keymap.LogOpen: "logs", keymap.LogList: "logs", keymap.LogSave: "pull", keymap.FileCopy: "push", keymap.FileOpen: "files",
		keymap.FileGo: "files", keymap.FileUp: "files", keymap.FileInfo: "files", keymap.FileRead: "files", keymap.FileOwner: "push --owner",
		keymap.FileVerify: "push --verify",
	}
}

// plainOf is what is typed for an action; else why there is nothing to be typed.
func plainOf(id keymap.ID) (typed, why string) {
	if typed := plainWords()[id]; typed != "" {
		return typed, ""
	}
	a, ok := keymap.Find(id)
	switch {
	case !ok:
		return "", ""
	case a.Scope == keymap.Shell || id == keymap.SessionList || id == keymap.Reopen:
		return "", "a shell has the terminal for itself: the prefix and d leave it"
	case a.Scope == keymap.Scrollback:
		return "", "what a shell wrote is kept by the terminal"
	case a.Scope == keymap.Graphs:
		return "", "figures are told as they are: top tells them at every interval"
	case a.Scope == keymap.LogText, a.Scope == keymap.Config, a.Scope == keymap.Files, a.Scope == keymap.Processes, a.Scope == keymap.Network, a.Scope == keymap.Space:
		return "", "what is listed is printed as a whole, page by page"
	default:
		return "", "there is no screen, and no cursor on it"
	}
}

// help lists the commands by what they are for, with what stands against them now, or
// explains one.
func (s *session) help(d *deck, args []string) error {
	if len(args) > 0 {
		return s.explainWord(d, args[0])
	}
	root := s.root(s.deck())
	titles := map[string]string{}
	for _, cmd := range root.Commands() {
		if !cmd.Hidden {
			titles[cmd.Name()] = cmd.Short
		}
	}
	out := []string{
		"A line is a command and the names of containers: a name, its beginning, a number of the last list, or 3-5.",
		"Names alone choose containers, which the next commands are about. & at the end does not wait for the end.",
		"Of what else is needed you are asked: ? explains a question, ctrl+c leaves it, or what runs. help COMMAND explains one.",
	}
	at := s.here()
	seen := map[string]bool{}
	for _, group := range keymap.Groups() {
		first := true
		for _, a := range keymap.Actions() {
			typed, _ := plainOf(a.ID)
			if a.Group != group || typed == "" || seen[typed] || a.Scope.Apart() {
				continue
			}
			seen[typed], seen[strings.Fields(typed)[0]] = true, true
			if first {
				out, first = append(out, string(group)+":"), false
			}
			line := typed + ": " + a.Title + "."
			if short := titles[typed]; short != "" { // in the words of lines, not of keys
				line = typed + ": " + short + "."
			}
			if why := keymap.Why(a, at); why != "" && (len(at.Targets) > 0 || at.ReadOnly) {
				line += " Not now: " + inLines(why) + "."
			}
			out = append(out, line)
		}
	}
	var more []string
	for name, short := range titles {
		if !seen[name] {
			more = append(more, name+": "+short+".")
		}
	}
	slices.Sort(more)
	return s.lines(d, append(append(out, "Other commands:"), more...), "")
}

// here is the situation of the containers that are chosen.
func (s *session) here() keymap.Situation {
	var all []runtime.Container
	if l, err := s.listing(); err == nil {
		for _, c := range l.Containers {
			if slices.Contains(s.chosen, c.Ref) {
				all = append(all, c)
			}
		}
	}
	at := s.situation(all)
	at.Marks = len(all)
	return at
}

// explainWord explains a command, or an action of the screen by its name.
func (s *session) explainWord(d *deck, word string) error {
	at := s.here()
	if cmd, _ := s.command(word); cmd != nil {
		for _, a := range keymap.Actions() {
			typed, _ := plainOf(a.ID)
			if typed != cmd.Name() || len(at.Targets) == 0 {
				continue
			}
			if why := keymap.Why(a, at); why != "" {
				s.put("Not now: " + inLines(why) + ".")
				break
			}
		}
		d.status = s.do([]string{cmd.Name(), "--help"}, nil)
		return nil
	}
	if _, why := plainOf(keymap.ID(word)); why != "" {
		a, _ := keymap.Find(keymap.ID(word))
		s.put(a.Title + ": " + why + ".")
		return nil
	}
	return &exitError{exitUsage, fmt.Errorf("%s is no command; help lists them", views.Clean(word))}
}
