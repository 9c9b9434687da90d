package keymap

// The actions while a scrollback is read.
const (
	ScrollLeft   ID = "scroll-left"
	ScrollRight  ID = "scroll-right"
	ScrollStart  ID = "scroll-line-start"
	ScrollEnd    ID = "scroll-line-end"
	ScrollWord   ID = "scroll-word"
	ScrollBack   ID = "scroll-word-back"
	ScrollFind   ID = "scroll-search"
	ScrollRegex  ID = "scroll-search-regexp"
	ScrollNext   ID = "scroll-next-hit"
	ScrollPrev   ID = "scroll-previous-hit"
	ScrollJump   ID = "scroll-jump"
	ScrollSelect ID = "scroll-select"
	ScrollLines  ID = "scroll-select-lines"
	ScrollBlock  ID = "scroll-select-block"
	ScrollSwap   ID = "scroll-other-end"
	ScrollCopy   ID = "scroll-copy"
	ScrollSave   ID = "scroll-save"
)
