package keymap

// The actions on files of the host and of a container.
const (
	FilesKey    ID = "files"
	FileCopy    ID = "file-copy"
	FileOpen    ID = "file-open"
	FileUp      ID = "file-up"
	FileGo      ID = "file-go"
	FileMark    ID = "file-mark"
	FileMarkAll ID = "file-mark-all"
	FileUnmark  ID = "file-clear-marks"
	FileFilter  ID = "file-filter"
	FileSort    ID = "file-sort"
	FileHidden  ID = "file-hidden"
	FileInfo    ID = "file-info"
	FileRead    ID = "file-read"
	FileOwner   ID = "file-owner"
	FileVerify  ID = "file-verify"
)
