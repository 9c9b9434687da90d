package keymap

// The actions while logs are read.
const (
	LogFind     ID = "log-search"
	LogNext     ID = "log-next-hit"
	LogPrev     ID = "log-previous-hit"
	LogFilter   ID = "log-only"
	LogHide     ID = "log-without"
	LogUnfilter ID = "log-filter-back"
	LogLevel    ID = "log-level"
	LogFollow   ID = "log-follow"
	LogJump     ID = "log-to-time"
	LogWrap     ID = "log-wrap"
	LogStamps   ID = "log-times"
	LogLeft     ID = "log-left"
	LogRight    ID = "log-right"
	LogStart    ID = "log-line-start"
	LogPageUp   ID = "log-page-up"
	LogPageDown ID = "log-page-down"
	LogOpen     ID = "log-open"
	LogList     ID = "log-list"
	LogBefore   ID = "log-list-previous"
	LogAfter    ID = "log-list-next"
	LogCopy     ID = "log-copy"
	LogSave     ID = "log-save"
)

var logActions = []Action{
	{ID: LogFind, Title: "Search; enter alone: once more", Keys: []string{"/"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogNext, Title: "Next match, in the search's direction", Keys: []string{"n"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogPrev, Title: "Next match the other way", Keys: []string{"N"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogFilter, Title: "Only lines with a text; none: all", Keys: []string{"&"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogHide, Title: "Without lines that have a text", Keys: []string{"!"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogUnfilter, Title: "Take the last filter back", Keys: []string{"backspace"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogLevel, Title: "Only info, warnings, errors or worse", Keys: []string{"v"}, Scope: LogText, Group: Finding, NoTyped: true},
	{ID: LogJump, Title: "To a time: 14:05, a day, -2h", Keys: []string{"T"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogFollow, Title: "Follow the end", Keys: []string{"F"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogPageDown, Title: "A page down", Keys: []string{"space"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogPageUp, Title: "A page up", Keys: []string{"b"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogLeft, Title: "Left", Keys: []string{"left", "h"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogRight, Title: "Right, in long lines", Keys: []string{"right", "l"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogStart, Title: "Start of the lines", Keys: []string{"0"}, Scope: LogText, Group: Moving, NoTyped: true},
	{ID: LogOpen, Title: "Open the log, or a line down", Keys: []string{"enter"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogList, Title: "Choose another log", Keys: []string{"s"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogBefore, Title: "The log before this one", Keys: []string{"["}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogAfter, Title: "The log after this one", Keys: []string{"]"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogWrap, Title: "Wrap long lines, or not", Keys: []string{"w"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogStamps, Title: "With or without the lines' times", Keys: []string{"t"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogCopy, Title: "Copy lines, path or command", Keys: []string{"y"}, Scope: LogText, Group: Looking, NoTyped: true},
	{ID: LogSave, Title: "Save it, or what is shown of it", Keys: []string{"ctrl+s"}, Scope: LogText, Group: Looking, Changes: true, NoTyped: true},
}
