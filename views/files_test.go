package views

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// fileEntry is an entry of a test; dir makes it a folder.
func fileEntry(name string, kind runtime.FileKind, size uint64, mode fs.FileMode) *runtime.FileEntry {
	e := &runtime.FileEntry{Name: name, Kind: kind, Mode: mode, Owner: "root", Group: "root", Changed: now.Add(-26 * time.Hour)}
	if kind == runtime.FileRegular {
		e.Size = runtime.Of(size)
	}
	return e
}

// filesState is a screen as it may stand.
func filesState() *FilesState {
	link := fileEntry("resolv.conf", runtime.FileLink, 0, fs.ModeSymlink|0o777)
	link.Target = "../run/resolvconf/resolv.conf"
	proc := fileEntry("proc", runtime.FileFolder, 0, fs.ModeDir|0o555)
	proc.Mount = true
	pic := fileEntry("a-picture-with-a-name-that-goes-on-and-on-0042.jpg", runtime.FileRegular, 71680, 0o644)
	pic.Owner, pic.Group, pic.UID, pic.GID = "", "", 33, 100033
	s := &FilesState{
		Focus: 1, Now: now, Hints: []keymap.Hint{{Key: "enter", Text: "open"}, {Key: "tab", Text: "host"}, {Key: "c", Text: "copy 2"}},
		Panes: [2]FilePane{
			{Where: "host", Path: "/home/dev/deploy", Total: 3, Hidden: 1, Free: runtime.Of(20 << 30), Cursor: 1, Rows: []FileRow{
				{E: fileEntry("static", runtime.FileFolder, 0, fs.ModeDir|0o755)}, {E: fileEntry("app.js", runtime.FileRegular, 424960, 0o644)},
			}},
			{Where: "web-1", Path: "/var/www/html/a-folder-that-lies-deep/in-the-tree", Total: 9, More: 12, Free: runtime.Of(3 << 20), Cursor: 2, Marked: "2 marked: 1 file (70k), 1 folder"},
		},
	}
	s.Panes[1].Rows = []FileRow{
		{E: fileEntry("uploads", runtime.FileFolder, 0, fs.ModeDir|fs.ModeSticky|0o777), Marked: true}, {E: proc}, {E: link},
		{E: pic, Marked: true}, {E: fileEntry("年度報告書.pdf", runtime.FileRegular, 90<<20, 0o600)},
		{E: fileEntry("cat\x1b[2J.jpg", runtime.FileRegular, 0, 0o644)}, {E: fileEntry("initctl", runtime.FileFIFO, 0, fs.ModeNamedPipe|0o600)},
		{E: fileEntry("notify", runtime.FileSocket, 0, fs.ModeSocket|0o777)}, {E: fileEntry("null", runtime.FileDevice, 0, fs.ModeDevice|fs.ModeCharDevice|0o666)},
	}
	return s
}

func TestGoldenFiles(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	mono := theme(t, "mono", ThemeOptions{ASCII: true})
	for _, s := range [][2]int{{40, 10}, {80, 24}, {120, 40}, {200, 60}} {
		at := fmt.Sprintf("%dx%d", s[0], s[1])
		golden(t, "files-"+at, th.Files(filesState(), s[0], s[1]), false)
		bad := filesState()
		bad.Focus, bad.Sort = 0, FilesBySize
		bad.Panes[0] = FilePane{Where: "host", Path: "/root", Empty: "It cannot be read: permission denied", Bad: true}
		bad.Panes[1].Rows, bad.Panes[1].Marked, bad.Panes[1].Empty, bad.Panes[1].Total, bad.Panes[1].More = nil, "", "empty", 0, 0
		bad.Say = &NoticeState{Level: LevelWarn, Text: keymap.WhyReadOnly}
		golden(t, "files-empty-"+at, th.Files(bad, s[0], s[1]), false)
	}
	golden(t, "files-colour", th.Files(filesState(), 80, 16), true)
	golden(t, "files-mono", mono.Files(filesState(), 80, 16), true)
	busy := filesState()
	busy.Job = &JobState{Text: "copying files to web-1", Since: now.Add(-3 * time.Second), Progress: JobProgress{Done: 30 << 20, Total: 90 << 20, Step: "/srv/年度"}, Key: "ctrl+c"}
	busy.Panes[0].Waiting, busy.Panes[0].Path, busy.Sort = true, "/net/slow", FilesByTime
	golden(t, "files-busy", th.Files(busy, 80, 16), false)
	typed := filesState()
	typed.Prompt, typed.Typed, typed.Behind, typed.Panes[1].Filter = "/", "jpg", 1, "jpg"
	golden(t, "files-typed", th.Files(typed, 80, 16), false)
	golden(t, "files-typed-low", th.Files(typed, 40, 7), false)
}

// nastyFiles is hard on the view.
func nastyFiles(kind int) *FilesState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	s := &FilesState{Now: now, Sort: FileSort(kind % 3), Say: &NoticeState{Text: bad}}
	for i := range s.Panes {
		p := &s.Panes[i]
		*p = FilePane{Where: bad, Path: "/" + bad, Cursor: 70, Offset: 90, Total: 1 << 30, More: 1 << 40, Hidden: 77, Filter: bad, Free: runtime.Of(1 << 62), Marked: bad, Empty: bad}
		for k := range 100 {
			e := &runtime.FileEntry{Name: bad, Kind: runtime.FileKind(k % 9), Size: runtime.Of(1 << 63), Mode: fs.FileMode(0xffffffff), UID: 1<<32 - 1, GID: 1<<32 - 1, Target: bad, Mount: k%7 == 0}
			if k%2 == 0 {
				e.Owner, e.Group, e.Changed = bad, bad, now.Add(time.Hour)
			}
			p.Rows = append(p.Rows, FileRow{E: e, Marked: k%3 == 0})
		}
	}
	switch kind {
	case 1:
		s.Panes[0].Rows, s.Panes[0].Bad, s.Panes[1].Waiting, s.Say, s.Focus = nil, true, true, nil, 1
	case 2:
		s.Job = &JobState{Text: bad, Progress: JobProgress{Done: 9, Total: 3, Step: bad}}
	case 3:
		s.Prompt, s.Typed, s.Behind = "go to: ", bad, 9
	}
	return s
}

// TestWrapLong: a text is laid out in one walk, and as any other. Four times as much
// takes four times as long, and not sixteen times.
func TestWrapLong(t *testing.T) {
	text := func(n int) string { return strings.Repeat("ab\u0301cd \u65e5\u672c ", n) }
	best := func(s string) (took time.Duration) {
		for i := range 3 {
			began := time.Now()
			wrap(s, 40)
			if d := time.Since(began); i == 0 || d < took {
				took = d
			}
		}
		return took
	}
	if one, four := best(text(4000)), best(text(16000)); four > 9*one {
		t.Errorf("a text took %s, one four times as long %s", one, four)
	}
	whole := text(4000)
	lines := wrap(whole, 40)
	for i, l := range lines {
		if Width(l) > 40 {
			t.Fatalf("line %d has %d cells", i, Width(l))
		}
	}
	if got := strings.Join(lines, " "); got != strings.TrimSuffix(whole, " ") && got != whole {
		t.Error("it is another text")
	}
}

func TestFileWords(t *testing.T) {
	for _, c := range []struct {
		kind runtime.FileKind
		mode fs.FileMode
		want string
	}{
		{runtime.FileRegular, 0o644, "-rw-r--r--"}, {runtime.FileRegular, fs.ModeSetuid | 0o755, "-rwsr-xr-x"},
		{runtime.FileRegular, fs.ModeSetuid | fs.ModeSetgid | 0o600, "-rwS--S---"}, {runtime.FileFolder, fs.ModeDir | fs.ModeSticky | 0o777, "drwxrwxrwt"},
		{runtime.FileFolder, fs.ModeDir | fs.ModeSticky | 0o770, "drwxrwx--T"}, {runtime.FileLink, fs.ModeSymlink | 0o777, "lrwxrwxrwx"},
		{runtime.FileDevice, fs.ModeDevice | 0o660, "brw-rw----"}, {runtime.FileDevice, fs.ModeDevice | fs.ModeCharDevice | 0o666, "crw-rw-rw-"},
		{runtime.FileFIFO, 0, "p---------"}, {runtime.FileSocket, 0o111, "s--x--x--x"},
	} {
		if got := FileMode(&runtime.FileEntry{Kind: c.kind, Mode: c.mode}); got != c.want {
			t.Errorf("%s %o: %q, want %q", c.kind, c.mode, got, c.want)
		}
	}
	th := theme(t, "", ThemeOptions{Colors: 16})
	for _, c := range []struct {
		name string
		kind runtime.FileKind
		n    int
		want string
	}{
		{"app.js", runtime.FileRegular, 6, "app.js"}, {"static", runtime.FileFolder, 7, "static/"},
		{"a-long-name-0042.jpg", runtime.FileRegular, 12, "a-long-….jpg"}, {"日本語日本語", runtime.FileFolder, 8, "日本…語/"},
		{"\x1b[2J", runtime.FileLink, 20, `\x1b[2J@`}, {"abcdef", runtime.FileRegular, 1, "…"},
	} {
		got := th.fileName(&runtime.FileEntry{Name: c.name, Kind: c.kind}, c.n)
		if got != c.want || Width(got) > c.n {
			t.Errorf("%q in %d: %q, want %q", c.name, c.n, got, c.want)
		}
	}
}
