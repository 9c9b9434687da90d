package keymap

import "slices"

// The actions of views that go by the keys of the table as it stands: what a person
// binds to them is told to the view as that key. See Map.Usual.
const (
	EventGo    ID = "events-to-container"
	EventAlone ID = "events-alone"
	EventFlip  ID = "events-reverse"
	EventCopy  ID = "events-copy"

	JobOpen    ID = "job-open"
	JobCancel  ID = "job-cancel"
	JobUndo    ID = "job-undo"
	JobExplain ID = "job-explain"
	JobCopy    ID = "job-copy"

	OutFind    ID = "output-search"
	OutNext    ID = "output-next-hit"
	OutPrev    ID = "output-previous-hit"
	OutLeft    ID = "output-left"
	OutRight   ID = "output-right"
	OutStart   ID = "output-line-start"
	OutCancel  ID = "output-cancel"
	OutExplain ID = "output-explain"
	OutCopy    ID = "output-copy"
	OutSave    ID = "output-save"

	SessGo      ID = "session-go"
	SessRename  ID = "session-rename"
	SessKill    ID = "session-kill"
	SessDismiss ID = "session-dismiss"
	SessBeside  ID = "session-split-beside"
	SessBelow   ID = "session-split-below"
	SessReopen  ID = "session-reopen"

	SnapTake      ID = "snapshot-take"
	SnapText      ID = "snapshot-in-full"
	SnapRestore   ID = "snapshot-restore"
	SnapRestoreAs ID = "snapshot-restore-as"
	SnapDelete    ID = "snapshot-delete"
	SnapDismiss   ID = "snapshot-dismiss"
	SnapSwap      ID = "snapshot-swap-back"

	LeftFirst   ID = "leftover-first"
	LeftFinish  ID = "leftover-finish"
	LeftUndo    ID = "leftover-undo"
	LeftDismiss ID = "leftover-dismiss"

	CheckAgain ID = "checks-again"
	CheckNext  ID = "checks-next"
	CheckPrev  ID = "checks-previous"
	CheckUser  ID = "checks-user"

	WhyMend  ID = "start-failed-mend"
	WhyLeave ID = "start-failed-leave"

	AnswersCopy ID = "answers-copy"
	AnswersSave ID = "answers-save"
)

var ownActions = []Action{
	{ID: EventGo, Title: "To the container in the list", Keys: []string{"enter"}, Scope: Events, Group: Looking, NoTyped: true},
	{ID: EventAlone, Title: "Of this container alone, or all", Keys: []string{"c"}, Scope: Events, Group: Looking, NoTyped: true},
	{ID: EventFlip, Title: "Reverse the order", Keys: []string{"O"}, Scope: Events, Group: Finding, NoTyped: true},
	{ID: EventCopy, Title: "Copy the line", Keys: []string{"y"}, Scope: Events, Group: Looking, NoTyped: true},

	{ID: JobOpen, Title: "Each container, or the output", Keys: []string{"enter", "space", "right", "l"}, Scope: JobList, Group: Looking, NoTyped: true},
	{ID: JobCancel, Title: "Cancel it", Keys: []string{"x"}, Scope: JobList, Group: Changing, NoTyped: true},
	{ID: JobUndo, Title: "Take it back", Keys: []string{"u"}, Scope: JobList, Group: Changing, Changes: true, NoTyped: true},
	{ID: JobExplain, Title: "Explain why it failed", Keys: []string{"d"}, Scope: JobList, Group: Looking, NoTyped: true},
	{ID: JobCopy, Title: "Copy the command", Keys: []string{"y"}, Scope: JobList, Group: Looking, NoTyped: true},

	{ID: OutFind, Title: "Search", Keys: []string{"/"}, Scope: Output, Group: Finding, NoTyped: true},
	{ID: OutNext, Title: "Next match", Keys: []string{"n"}, Scope: Output, Group: Finding, NoTyped: true},
	{ID: OutPrev, Title: "Match before", Keys: []string{"N"}, Scope: Output, Group: Finding, NoTyped: true},
	{ID: OutLeft, Title: "Left", Keys: []string{"left", "h"}, Scope: Output, Group: Moving, NoTyped: true},
	{ID: OutRight, Title: "Right, in long lines", Keys: []string{"right", "l"}, Scope: Output, Group: Moving, NoTyped: true},
	{ID: OutStart, Title: "Start of the lines", Keys: []string{"0"}, Scope: Output, Group: Moving, NoTyped: true},
	{ID: OutCancel, Title: "Cancel the job", Keys: []string{"x"}, Scope: Output, Group: Changing, NoTyped: true},
	{ID: OutExplain, Title: "Explain why it failed", Keys: []string{"d"}, Scope: Output, Group: Looking, NoTyped: true},
	{ID: OutCopy, Title: "Copy the command", Keys: []string{"y"}, Scope: Output, Group: Looking, NoTyped: true},
	{ID: OutSave, Title: "Save it to a file", Keys: []string{"ctrl+s"}, Scope: Output, Group: Looking, Changes: true, NoTyped: true},

	{ID: SessGo, Title: "Go there", Keys: []string{"enter", "space"}, Scope: Sessions, Group: Terminal, NoTyped: true},
	{ID: SessRename, Title: "Name it", Keys: []string{"r"}, Scope: Sessions, Group: Terminal, NoTyped: true},
	{ID: SessKill, Title: "End it", Keys: []string{"k"}, Scope: Sessions, Group: Terminal, NoTyped: true},
	{ID: SessDismiss, Title: "Dismiss one that has ended", Keys: []string{"x"}, Scope: Sessions, Group: Terminal, NoTyped: true},
	{ID: SessBeside, Title: "Put it beside the one in focus", Keys: []string{"|", "%"}, Scope: Sessions, Group: Terminal, NoTyped: true},
	{ID: SessBelow, Title: "Put it below the one in focus", Keys: []string{"-", "\""}, Scope: Sessions, Group: Terminal, NoTyped: true},
	{ID: SessReopen, Title: "Reopen the last closed one", Keys: []string{"u"}, Scope: Sessions, Group: Terminal, Changes: true, NoTyped: true},

	{ID: SnapTake, Title: "Take one", Keys: []string{"n"}, Scope: Snapshots, Group: Changing, Changes: true, NoTyped: true},
	{ID: SnapText, Title: "All about it", Keys: []string{"enter"}, Scope: Snapshots, Group: Looking, NoTyped: true},
	{ID: SnapRestore, Title: "Restore it in place", Keys: []string{"R"}, Scope: Snapshots, Group: Changing, Changes: true, NoTyped: true},
	{ID: SnapRestoreAs, Title: "Restore it as a new container", Keys: []string{"A"}, Scope: Snapshots, Group: Changing, Changes: true, NoTyped: true},
	{ID: SnapDelete, Title: "Delete it", Keys: []string{"D"}, Scope: Snapshots, Group: Changing, Changes: true, NoTyped: true},
	{ID: SnapDismiss, Title: "Dismiss a kept root", Keys: []string{"x"}, Scope: Snapshots, Group: Changing, Changes: true, NoTyped: true},
	{ID: SnapSwap, Title: "Swap a kept root back", Keys: []string{"u"}, Scope: Snapshots, Group: Changing, Changes: true, NoTyped: true},

	{ID: LeftFirst, Title: "The first way out that it has", Keys: []string{"enter"}, Scope: LeftList, Group: Changing, Changes: true, NoTyped: true},
	{ID: LeftFinish, Title: "Finish it", Keys: []string{"f"}, Scope: LeftList, Group: Changing, Changes: true, NoTyped: true},
	{ID: LeftUndo, Title: "Undo it", Keys: []string{"u"}, Scope: LeftList, Group: Changing, Changes: true, NoTyped: true},
	{ID: LeftDismiss, Title: "Dismiss it", Keys: []string{"x"}, Scope: LeftList, Group: Changing, Changes: true, NoTyped: true},

	{ID: CheckAgain, Title: "Look again", Keys: []string{"r"}, Scope: HostChecks, Group: Looking, NoTyped: true},
	{ID: CheckNext, Title: "Next that is not ok", Keys: []string{"n"}, Scope: HostChecks, Group: Finding, NoTyped: true},
	{ID: CheckPrev, Title: "The one before that is not ok", Keys: []string{"N"}, Scope: HostChecks, Group: Finding, NoTyped: true},
	{ID: CheckUser, Title: "What this user can do, or all", Keys: []string{"u"}, Scope: HostChecks, Group: Looking, NoTyped: true},

	{ID: WhyMend, Title: "Do what mends it", Keys: []string{"y"}, Scope: StartWhy, Group: Changing, Changes: true, NoTyped: true},
	{ID: WhyLeave, Title: "Close it", Keys: []string{"d"}, Scope: StartWhy, Group: Looking, NoTyped: true},

	{ID: AnswersCopy, Title: "Copy all answers", Keys: []string{"y"}, Scope: Answers, Group: Looking, NoTyped: true},
	{ID: AnswersSave, Title: "Save all answers to a file", Keys: []string{"ctrl+s"}, Scope: Answers, Group: Looking, Changes: true, NoTyped: true},
}

// The actions on settings and keys.
const (
	SettingsKey ID = "settings"
	KeysKey     ID = "keys"
	MouseKey    ID = "mouse"

	SettingFilter ID = "settings-filter"
	SettingEdit   ID = "settings-edit"
	SettingCopy   ID = "settings-copy"

	BindingSet    ID = "keys-bind"
	BindingAdd    ID = "keys-add"
	BindingUsual  ID = "keys-preset"
	BindingNone   ID = "keys-take-away"
	BindingFilter ID = "keys-filter"
	BindingEdit   ID = "keys-edit"
)

var settingActions = []Action{
	{ID: SettingsKey, Title: "Settings, where they are from", Group: General, Also: "config.toml"},
	{ID: KeysKey, Title: "Keys of all actions: bind", Group: General, Also: "bindings"},
	{ID: MouseKey, Title: "Mouse: lxcdeck's, or not", Group: General},

	{ID: SettingEdit, Title: "Edit the file in $EDITOR", Short: "edit", Keys: []string{"e", "enter"}, Scope: SettingList, Group: Changing, Changes: true, NoTyped: true},
	{ID: SettingFilter, Title: "Search", Short: "search", Keys: []string{"/"}, Scope: SettingList, Group: Finding, NoTyped: true},
	{ID: SettingCopy, Title: "Copy the line", Short: "copy", Keys: []string{"y"}, Scope: SettingList, Group: Looking, NoTyped: true},

	{ID: BindingSet, Title: "Bind another key", Short: "bind", Keys: []string{"enter"}, Scope: KeyList, Group: Changing, Changes: true, NoTyped: true},
	{ID: BindingAdd, Title: "Bind one key more", Short: "one more", Keys: []string{"a"}, Scope: KeyList, Group: Changing, Changes: true, NoTyped: true},
	{ID: BindingUsual, Title: "Back to the keys of the preset", Short: "preset's", Keys: []string{"d"}, Scope: KeyList, Group: Changing, Changes: true, NoTyped: true},
	{ID: BindingNone, Title: "Take all its keys away", Keys: []string{"x"}, Scope: KeyList, Group: Changing, Changes: true, NoTyped: true},
	{ID: BindingFilter, Title: "Search by action, key or words", Short: "search", Keys: []string{"/"}, Scope: KeyList, Group: Finding, NoTyped: true},
	{ID: BindingEdit, Title: "Edit the file in $EDITOR", Keys: []string{"e"}, Scope: KeyList, Group: Changing, Changes: true, NoTyped: true},
}

var actions = slices.Concat(mainActions, ownActions, settingActions) //nolint:gochecknoglobals // tables that nobody writes to, as one

// OwnActions are those of views that go by the keys of the table.
func OwnActions() []Action { return slices.Clone(ownActions) }

// Usual is the key of the table of actions for what a key means in a scope, for
// views that go by those. "" = it means nothing there: its action has other keys now.
func (m *Map) Usual(scope Scope, key string) string {
	if a, ok := m.Lookup(scope, key); ok {
		if len(a.Keys) == 0 || slices.Contains(a.Keys, key) {
			return key
		}
		return a.Keys[0]
	}
	for _, a := range actions {
		if slices.Contains(lookIn(scope), a.Scope) && slices.Contains(a.Keys, key) {
			return ""
		}
	}
	return key
}
