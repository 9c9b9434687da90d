package keymap

// The actions while a config is read, while graphs are, and on what takes room.
const (
	ConfEdit    ID = "config-edit"
	ConfSet     ID = "config-change"
	ConfAdd     ID = "config-add"
	ConfDrop    ID = "config-take-out"
	ConfSave    ID = "config-save"
	ConfUndo    ID = "config-undo"
	ConfFold    ID = "config-fold"
	ConfSecrets ID = "config-secrets"
	ConfEarlier ID = "config-earlier"
	ConfNext    ID = "config-next"
	ConfCopy    ID = "config-copy"

	ThemeKey ID = "theme"

	GraphLeft   ID = "graph-left"
	GraphRight  ID = "graph-right"
	GraphWider  ID = "graph-longer"
	GraphCloser ID = "graph-shorter"
	GraphSpan   ID = "graph-span"
	GraphPause  ID = "graph-pause"
	GraphCells  ID = "graph-cells"

	SpaceOpen ID = "space-parts"
	SpaceSort ID = "space-sort"
	SpaceFlip ID = "space-sort-reverse"
	SpaceCopy ID = "space-copy"
)
