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
