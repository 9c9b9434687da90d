package tui

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// hostTree makes files in a folder of the host; names that end in a slash are folders.
func hostTree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lxcdt-files") // a short name, that fits a screen
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		to := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(to, 0o755)
		} else if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
			err = os.WriteFile(to, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// filesDeck shows the files of alpha beside a folder of the host.
func filesDeck(t *testing.T, w, h int, o Options, host map[string]string, inside ...fake.TreeFile) (d *deck, dir string) {
	t.Helper()
	specs := some()
	specs[0].Files = append([]fake.TreeFile{{Path: "/srv/", Mode: fs.ModeDir | 0o755}, {Path: "/etc/hostname", Text: "alpha\n"}}, inside...)
	d = newDeck(t, w, h, o, specs...)
	dir = hostTree(t, host)
	d.m.files.host = dir
	d.press("B")
	return d, dir
}

// answers lets a question take keys, then presses them.
func (d *deck) answers(keys ...string) {
	d.t.Helper()
	d.pass(questionGrace)
	d.press(keys...)
}

// lastCopy is the last request that copies.
func (d *deck) lastCopy() (q runtime.Request, a *runtime.CopyFilesArgs) {
	d.t.Helper()
	all := d.rt.Requests()
	if len(all) == 0 {
		d.t.Fatal("nothing was asked for")
	}
	q = all[len(all)-1]
	a, ok := q.Args.(*runtime.CopyFilesArgs)
	if !ok {
		d.t.Fatalf("the last request is %s", q.Op)
	}
	return q, a
}

func TestFilesAreCopiedBothWays(t *testing.T) {
	d, dir := filesDeck(t, 120, 40, Options{}, map[string]string{"app.js": "one", "site/index.html": "two", ".secret": "three"})
	d.sees("alpha: /", "etc/", "srv/", "app.js", "site/", "1 hidden")
	d.seesNo(".secret")
	d.press("down", "enter") // into /srv
	d.sees("alpha: /srv", "empty")
	d.press("tab", "*", "c")
	d.sees("Copy 2 entries into alpha?", "from  host:"+dir, "to    alpha:/srv", "what  site, app.js", "1 file (3B), 1 folder, and all that is in it")
	d.answers("y")
	q, a := d.lastCopy()
	if q.Op != runtime.Push || q.Ref != ref("alpha") || q.Expect != runtime.Running || q.Same == "" || a.To != "/srv" || a.Exists != runtime.Refuse ||
		!slices.Equal(a.From, []string{dir + "/site", dir + "/app.js"}) {
		t.Fatalf("%+v %+v", q, a)
	}
	d.sees("alpha: push done", "2 files (6B), 1 folder")
	d.seesNo("2 marked")
	d.press("tab")
	d.sees("app.js", "1/2") // what is there now was read

	d.press("enter", "c") // index.html, out of it
	d.sees("Copy index.html out of alpha?", "to    host:"+dir)
	d.answers("y")
	if text, err := os.ReadFile(filepath.Join(dir, "index.html")); err != nil || string(text) != "two" {
		t.Fatalf("%q, %v", text, err)
	}
	d.sees("pull done", "index.html")
	if q, a = d.lastCopy(); q.Op != runtime.Pull || !slices.Equal(a.From, []string{"/srv/site/index.html"}) || a.To != dir {
		t.Fatalf("%+v %+v", q, a)
	}
	d.press("left")
	d.sees("> alpha: /srv", ">site/") // the cursor is on where one came from
	d.press("backspace", "backspace")
	d.sees("> alpha: /", "etc/")
	d.press("esc")
	d.sees("lxcdeck")
	d.press("B") // where one was
	d.sees("alpha: /", "host: "+dir)
}

func TestFilesOwnerAndVerify(t *testing.T) {
	d, _ := filesDeck(t, 120, 40, Options{}, map[string]string{"app.js": "one"})
	d.press("tab", "w")
	d.sees("owner UID[:GID]")
	d.typed("12:nobody")
	d.press("enter")
	d.sees(`"12:nobody" is not UID or UID:GID`, "owner UID[:GID]") // what was typed stays
	d.press("ctrl+u")
	d.typed("12:34")
	d.press("enter")
	d.sees("will belong to 12:34")
	d.press("v", "c")
	d.sees("owner   12:34 inside", "verify  read again")
	d.answers("y")
	if q, a := d.lastCopy(); q.Op != runtime.Push || a.Owner == nil || *a.Owner != (runtime.FileOwner{UID: 12, GID: 34}) || !a.Verify {
		t.Fatalf("%+v %+v", q, a)
	}
	d.press("tab", "c") // an owner is for what goes in alone
	d.sees("out of alpha?", "verify  read again")
	d.seesNo("owner   12:34")
	d.answers("esc")
	d.press("tab", "w", "ctrl+u", "enter", "v")
	d.sees("what is copied is not read again")
	d.press("c")
	d.sees("into alpha?")
	d.seesNo("owner   ", "verify  ")
}

func TestFilesMarksBehindAFilter(t *testing.T) {
	d, _ := filesDeck(t, 120, 40, Options{}, map[string]string{"a.js": "one", "b.css": "two", "c.css": "three"})
	d.press("tab", "space", "/") // a.js
	d.typed("css")
	d.press("enter", "*", "c")
	d.sees("Copy 3 entries into alpha?", "a.js, b.css, c.css")
	d.answers("esc")
	d.press("\\", "c")
	d.sees("Copy b.css into alpha?")
}

func TestFilesInTheWay(t *testing.T) {
	d, dir := filesDeck(t, 80, 24, Options{}, map[string]string{"hostname": "new", "deep/a/x": "new", "clash": "x"},
		fake.TreeFile{Path: "/srv/hostname", Text: "old"}, fake.TreeFile{Path: "/srv/deep/a/x", Text: "old"}, fake.TreeFile{Path: "/srv/clash", Mode: fs.ModeDir | 0o755})
	inside := func(want string) {
		t.Helper()
		out := t.TempDir()
		err := d.rt.Do(patient(t), runtime.Request{Op: runtime.Pull, Ref: ref("alpha"), Args: &runtime.CopyFilesArgs{From: []string{"/srv/hostname"}, To: out}})
		text, rerr := os.ReadFile(filepath.Join(out, "hostname"))
		if err != nil || rerr != nil || string(text) != want {
			t.Fatalf("%q, want %q: %v, %v", text, want, err, rerr)
		}
	}
	d.press("down", "enter", "tab", "end") // on hostname
	d.press("c")
	d.sees("Copy hostname into alpha?", "there already  hostname", "1 overwrite", "2 skip", "3 cancel")
	before := len(d.rt.Requests())
	d.answers("3")
	if len(d.rt.Requests()) != before {
		t.Fatal("it was copied all the same")
	}
	d.press("c")
	d.answers("2")
	inside("old")
	d.press("c")
	d.answers("1")
	inside("new")

	d.press("home", "c") // of the folders, alike on both sides, an inner file is in the way
	d.sees("Copy deep into alpha?", "there already  deep")
	d.answers("esc")
	d.press("down", "c")
	d.sees("Copy clash into alpha?", "clash is a folder on one side alone", "1 skip", "2 cancel")
	d.seesNo("overwrite")
	d.answers("esc")

	// What came there since the folder was read is found by the copying itself.
	if err := os.WriteFile(filepath.Join(dir, "late"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.press("r", "end", "c")
	d.sees("Copy late into alpha?")
	from := filepath.Join(t.TempDir(), "late")
	if err := os.WriteFile(from, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.rt.Do(patient(t), runtime.Request{Op: runtime.Push, Ref: ref("alpha"), Args: &runtime.CopyFilesArgs{From: []string{from}, To: "/srv"}}); err != nil {
		t.Fatal(err)
	}
	d.answers("y")
	d.sees("Copy late into alpha?", "there already", "1 overwrite")
	d.answers("1")
	d.sees("push done")
	if _, a := d.lastCopy(); a.Exists != runtime.Overwrite || a.To != "/srv" {
		t.Fatalf("%+v", a)
	}
}

func TestFilesThatAreNotCopied(t *testing.T) {
	d, dir := filesDeck(t, 80, 24, Options{}, map[string]string{"a": "x"}, fake.TreeFile{Path: "/pipe", Mode: fs.ModeNamedPipe | 0o600})
	d.press("end")
	d.sees("pipe|", "fifo")
	d.press("c")
	d.sees("sockets, FIFOs and devices are not copied")
	d.press("home", "space", "end", "space", "c")
	d.sees("left out  pipe (fifo)")
	d.answers("n")
	d.press("\\")
	d.seesNo("marked")

	d.rt.Become(ref("alpha"), runtime.Starting)
	d.until("the event", func() bool { return d.m.byRef(ref("alpha")).State == runtime.Starting })
	d.press("home", "c")
	d.sees("alpha is starting")
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.until("the event", func() bool { return d.m.byRef(ref("alpha")).State == runtime.Stopped })
	d.press("c")
	d.sees("Copy etc out of alpha?")
	d.rt.Become(ref("alpha"), runtime.Running) // meanwhile
	d.answers("y")
	d.sees("it was STOPPED and is RUNNING now")
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
}

func TestFilesReadOnly(t *testing.T) {
	d, dir := filesDeck(t, 120, 24, Options{ReadOnly: true}, map[string]string{"a": "x", "sub/b": "y"})
	d.seesNo("c copy")
	d.press("c")
	d.sees(keymap.WhyReadOnly)
	d.press("tab", "enter")
	d.sees("host: "+filepath.Join(dir, "sub"), ">b ")
	d.press("f5")
	d.sees("read-only")
	if n := len(d.rt.Requests()); n != 0 {
		t.Fatalf("%d requests", n)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	d, dir := filesDeck(t, 120, 24, Options{}, map[string]string{"a": "x"},
		fake.TreeFile{Path: "/locked", Mode: fs.ModeDir}, fake.TreeFile{Path: "/nowhere", Target: "/not/there"}, fake.TreeFile{Path: "/loop", Target: "loop"},
		fake.TreeFile{Path: "/shop", Target: "../../srv"})
	d.press("down", "enter") // /locked
	d.sees("alpha: /locked", "It cannot be read: permission denied")
	d.press("space", "i", "enter", "c") // nothing is there to do that to
	d.sees("nothing is here to be copied")
	d.press("left")
	d.sees("alpha: /", "etc/", ">locked/")
	d.enters("o", "nowhere")
	d.sees("alpha: /", "/nowhere: it is not there", "etc/")
	d.enters("o", "../etc")
	d.sees("alpha: /etc", "hostname")
	d.enters("o", "hostname")
	d.sees("/etc/hostname is no folder", "alpha: /etc")
	d.enters("o", "/shop") // a link leads no further than the root
	d.sees("alpha: /srv", "empty")
	d.press("tab")
	d.enters("o", "a")
	d.sees("it is no folder")
	d.enters("o", "gone")
	d.sees("it is not there", "host: "+dir)
	d.press("q")
	d.rt.Fail(fake.Files, ref("alpha"), fake.Fault{Err: runtime.ErrNoFile, Times: 1})
	d.press("B") // the folder is not there for once
	d.sees("It cannot be read: it is not there")
	d.press("r")
	d.sees("alpha: /srv", "empty")
	d.press("tab")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	d.press("r")
	d.sees("It cannot be read: it is not there")
	d.press("left")
	d.sees("host: " + filepath.Dir(dir))
}

func TestFilesOfAContainerThatGoes(t *testing.T) {
	d, _ := filesDeck(t, 80, 24, Options{}, map[string]string{"a": "x"})
	calls := d.rt.Calls(fake.Files)
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.until("the event", func() bool { return d.m.byRef(ref("alpha")).State == runtime.Stopped })
	d.pass(2 * time.Second)
	if n := d.rt.Calls(fake.Files); n != calls+1 {
		t.Fatalf("read %d times after it was stopped", n-calls)
	}
	d.sees("etc/")
	d.rt.Remove(ref("alpha"))
	d.until("the event", func() bool { return d.m.isGone(ref("alpha")) })
	d.pass(2 * time.Second)
	d.sees("alpha is gone")
	d.press("tab", "c")
	d.sees("alpha is gone")
	d.press("q")
	d.at("bravo")
}

func TestFilesFilterSortAndHidden(t *testing.T) {
	d, _ := filesDeck(t, 80, 24, Options{}, map[string]string{"big.log": strings.Repeat("x", 2000), "a.txt": "x", "Notes.TXT": "xx", ".hidden": "", "zzz/": ""})
	d.press("tab")
	order := func(want string) {
		t.Helper()
		var got []string
		for _, r := range d.m.filesOpen().panes[hostSide].rows {
			got = append(got, r.E.Name)
		}
		if text := strings.Join(got, " "); text != want {
			t.Fatalf("%q, want %q", text, want)
		}
	}
	order("zzz Notes.TXT a.txt big.log")
	d.press("s")
	order("zzz big.log Notes.TXT a.txt")
	d.press(".")
	order("zzz big.log Notes.TXT a.txt .hidden")
	d.press("down", "down", "s", "s")
	d.sees(">Notes.TXT") // the cursor stays on it
	d.press("/")
	d.typed("txt")
	order("Notes.TXT a.txt")
	d.press("enter")
	d.sees("/txt 2 of 5")
	d.press("*", "esc")
	order("zzz .hidden Notes.TXT a.txt big.log")
	d.sees("2 marked: 2 files (3B)")
	d.press("/")
	d.typed("nothing like it")
	d.sees("no name has that in it")
	d.press("esc")
	order("zzz .hidden Notes.TXT a.txt big.log")
	d.press("home", "i")
	d.sees("kind     folder", "drwxr-xr-x  755")
	d.press("esc", "?")
	d.sees("To a path that is typed")
	d.press("esc", "tab", "tab")
	d.sees("─> host:")
}

func TestFilesOnANarrowScreen(t *testing.T) {
	d, dir := filesDeck(t, 40, 10, Options{}, map[string]string{"日本語日本語日本語日本語日本語日本語.txt": "x", "bad\x1b[2J\u202e": "x"})
	d.sees("> alpha: /", "etc/", "tab host")
	d.seesNo("host: ")
	d.press("tab")
	d.sees("> host:", filepath.Base(dir)[:1], `bad\x1b[2J\u202e`, "日本語")
	d.press("end", "c")
	d.sees("Copy 日本語")
	d.answers("esc")
	d.send(sizeMsg(120, 40))
	d.sees("host: "+dir, "alpha: /")
	d.send(sizeMsg(20, 5))
	d.send(sizeMsg(80, 24))
	d.sees("alpha: /")
}

// A file system that does not answer holds nobody up.
func TestFilesOfAHostThatHangs(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	o := Options{HostFiles: func(ctx context.Context, dir string) (runtime.Folder, error) {
		if strings.HasPrefix(dir, "/hung") {
			<-hang // the kernel listens to no context
		}
		return runtime.Folder{Path: dir, Entries: []runtime.FileEntry{{Name: "there", Kind: runtime.FileRegular}}}, nil
	}}
	d := newDeck(t, 80, 24, o, some()...)
	d.m.files.host = "/fine"
	d.press("B", "tab")
	d.sees("host: /fine", "there")
	for i := range hostHung {
		d.stuck = 1
		d.enters("o", fmt.Sprintf("/hung%d", i))
		d.pass(filesSlow)
		d.sees("reading", fmt.Sprintf("host: /hung%d", i))
		d.press("down", "enter", "tab", "down", "c") // the other side goes on
		d.sees("a folder is still being read")
		d.press("tab")
		d.stuck = 0
		d.press([]string{"esc", "left"}[i%2])
		d.sees("host: /fine", "there")
	}
	d.enters("o", "/other")
	d.sees("folders that were asked for before do not answer yet", "host: /fine", "there")
	d.press("q")
	d.sees("lxcdeck")
}

func TestFilesJobIsCancelled(t *testing.T) {
	d, _ := filesDeck(t, 120, 24, Options{}, map[string]string{"a": "x"})
	d.rt.Fail(fake.Do, ref("alpha"), fake.Fault{Stuck: true})
	d.press("tab", "c")
	d.pass(questionGrace)
	d.stuck = 1
	d.press("y")
	d.sees("copying files to alpha", "ctrl+c cancels")
	d.press("c")
	d.sees("alpha is busy (")
	d.press("down", "tab", "down") // it goes on
	d.stuck = 0
	d.press("ctrl+c")
	d.sees("push cancelled", "host:") // and the view stays
	d.press("ctrl+c")
	d.seesNo("host: ")
}

// sizeMsg is a terminal of another size.
func sizeMsg(w, h int) tea.WindowSizeMsg { return tea.WindowSizeMsg{Width: w, Height: h} }
