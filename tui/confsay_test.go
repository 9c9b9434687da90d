package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

// A key that an include says again further down gets its line behind that: where it
// stands a change would do nothing.
func TestConfigKeyBehindAnInclude(t *testing.T) {
	const text = "lxc.tty.max = 2\nlxc.include = /usr/share/lxc/config/common.conf\nlxc.uts.name = alpha\n"
	want := "lxc.include = /usr/share/lxc/config/common.conf\nlxc.uts.name = alpha\nlxc.tty.max = 9\n"
	ways := map[string]func(d *deck){
		"from the include": func(d *deck) {
			d.press("j", "j", "space")
			at := slices.IndexFunc(d.m.configOpen().rows, func(r confRow) bool { return r.node > 0 && r.key == "lxc.tty.max" })
			for d.m.configOpen().at < at {
				d.press("j")
			}
			d.press("enter")
		},
		"from its own line": func(d *deck) { d.press("enter") },
		"as a key that is added": func(d *deck) {
			d.press("a")
			d.typed("tty.max")
			d.press("tab")
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := configDeck(t, Options{}, text)
			way(d)
			d.sees("Change line 1 of alpha, and move it to the end")
			d.press("ctrl+u")
			d.typed("9")
			d.press("enter")
			d.sees("3>  lxc.tty.max = 9", "changed, and not saved yet")
			if got := string(d.m.configOpen().draft); got != want {
				t.Errorf("it became\n%s", got)
			}
		})
	}
	d := configDeck(t, Options{}, "lxc.start.order = 1\nlxc.start.order = 2\n"+strings.Repeat("# more\n", 40))
	d.press("enter", "ctrl+u")
	d.typed("3")
	d.press("enter")
	d.sees("does not count: overridden by line 2")
	d.press("a")
	d.typed("uts.name")
	d.sees("Add a line to alpha")
	d.press("tab")
	d.typed("omega")
	d.press("enter")
	d.sees("43>  lxc.uts.name = omega")
}

// What is said of lines in files that are folded is not lost, and not told as if
// no file had them.
func TestConfigSaysWhatIsFolded(t *testing.T) {
	d := configDeck(t, Options{}, "# a\n\nlxc.include = /usr/share/lxc/config/common.conf\nlxc.uts.name = alpha\n")
	x := d.m.configOpen()
	if x.at != 0 {
		t.Errorf("it opens with row %d", x.at)
	}
	x.got.InForce = []runtime.ConfigInForce{
		{Key: "lxc.tty.max", Runs: []string{"7"}, File: []string{"4"}, Later: true},
		{Key: "lxc.init.cwd", Runs: []string{"/x"}, Later: true},
	}
	x.build(d.m)
	if x.at != 0 {
		t.Errorf("row %d, by what is in force", x.at)
	}
	d.press("j", "j", "j")
	d.sees("? /usr/share/lxc/config/common.conf  runs with another lxc.tty.max", "In force, and in no file any more", "lxc.init.cwd = /x")
	d.seesNo("lxc.tty.max = 7")
	d.press("g", "n")
	d.sees("lxc.tty.max = 4  runs with 7")
	if r := &x.rows[x.at]; r.key != "lxc.tty.max" || r.node == 0 {
		t.Errorf("n goes to %+v", r)
	}
	d.press("G", "k", "y")
	d.seesNo("copied: In force")

	for name, in := range map[string]string{"unknown key": "lxc.foo = 1\n", "loop": "lxc.include = /var/lib/lxc/alpha/config\n"} {
		t.Run(name, func(t *testing.T) {
			d := configDeck(t, Options{}, "lxc.uts.name = alpha\nlxc.include = /inc\n")
			x := d.m.configOpen()
			x.got.Files = append(slices.DeleteFunc(x.got.Files, func(f runtime.ConfigFile) bool { return f.Path == "/inc" }),
				runtime.ConfigFile{Path: "/outer", Real: "/outer", Text: []byte("# outer\n" + in)}, runtime.ConfigFile{Path: "/inc", Real: "/inc", Text: []byte("# i\nlxc.include = /outer\n")})
			x.draft = x.base
			x.resolve()
			x.build(d.m)
			d.press("j")
			d.sees("! /inc  liblxc refuses what is in it")
			d.press("g", "n")
			if r := &x.rows[x.at]; !r.said || r.hides || r.node < 2 {
				t.Errorf("n goes to %+v", r)
			}
			d.seesNo("nothing is said")
		})
	}
}

// Of a list of lines each is said to be in force or not, and of a value that is not
// set what holds then.
func TestConfigInForceByLine(t *testing.T) {
	long := "lxc.environment = PATH=" + strings.Repeat("/long", 30) + "/the-end"
	configDeck(t, Options{}, long+"\n").sees("/the-end")
	d := configDeck(t, Options{}, "lxc.mount.entry = a b none bind\nlxc.mount.entry = c d none bind\nlxc.signal.stop = SIGUSR1\n")
	x := d.m.configOpen()
	x.got.InForce = []runtime.ConfigInForce{
		{Key: "lxc.mount.entry", Runs: []string{"a b none bind", "e f none bind"}, File: []string{"a b none bind", "c d none bind"}, Later: true},
		{Key: "lxc.signal.stop", File: []string{"SIGUSR1"}, Later: true},
	}
	x.build(d.m)
	d.press("j")
	d.sees("lxc.mount.entry = c d none bind  not in force yet", "? lxc.mount.entry = e f none bind", "runs with the default, SIGKILL")
	if x.rows[0].Note != "" {
		t.Errorf("the first line: %q", x.rows[0].Note)
	}
}

// A look at the changes says what two lines that look alike differ in, and of the file's
// owner and mode that they are another's.
func TestConfigThatDiffersUnseen(t *testing.T) {
	d := configDeck(t, Options{}, "lxc.include = /usr/share/lxc/config/common.conf\nlxc.uts.name = a\n")
	d.edits("lxc.include = /usr/share/lxc/config/common.conf\nlxc.uts.name = a", nil)
	d.press("e")
	d.sees("+ lxc.uts.name = a  no newline at the end", "kept as an earlier version")
	d.pass(questionGrace)
	d.press("n")
	d.m.configOpen().version = "of another mode"
	d.press("w")
	d.sees("Save this to", "owner or mode of alpha meanwhile, and not its text")
	d = configDeck(t, Options{}, "lxc.uts.name = a\n")
	x := d.m.configOpen()
	x.version = ""
	q := &confDiff{x: x}
	if note := q.state(d.m).Note; !strings.Contains(note, "The file is new") {
		t.Errorf("of a new file: %q", note)
	}
}

// What an editor that was hung up has kept beside its file is not lost with it.
func TestEditorThatKeepsTextBeside(t *testing.T) {
	for _, beside := range []string{".%s.swp", "#%s#", "%s.save"} {
		d := configDeck(t, Options{}, aConfig)
		var file, kept string
		d.m.editor = func(_ context.Context, path string) error {
			file, kept = path, filepath.Join(filepath.Dir(path), fmt.Sprintf(beside, filepath.Base(path)))
			return errors.Join(errors.New("killed"), os.WriteFile(kept, []byte("typed"), 0o600))
		}
		d.press("e")
		d.reads("what was typed lies in", kept)
		if !exists(file) || !exists(kept) {
			t.Errorf("%s: the file is gone", beside)
		}
		d.press("q", "e")
		d.reads("an edit of it never ended", "what was typed lies in", kept)
		d.clock.Advance(2 * time.Second)
		d.press("e")
		d.press("q", "e")
		d.reads("1 older")
	}
}

// What kept a config from being saved may be over: w looks again. While liblxc is
// asked, a y that is meant for the question copies nothing.
func TestConfigIsSavedOnceItCan(t *testing.T) {
	d := configDeck(t, Options{}, aConfig)
	d.press("D")
	x := d.m.configOpen()
	x.got.NoSave = "read-only file system"
	d.press("e")
	d.sees("it cannot be saved: read-only")
	if x.got.NoSave != "" {
		t.Error("e has not looked again")
	}
	x.got.NoSave = "read-only file system"
	d.press("w")
	d.sees("Save this to")
	d.pass(questionGrace)
	d.press("n")
	x.judging = true
	d.press("y")
	d.sees("asking liblxc", "liblxc is asked about the changes first")
	d.press("ctrl+r", "y")
	d.sees("copied:")
}

// The frame of the form for a key stays as it is while that is typed, and says what the
// key means on small screens too.
func TestKeyFormStands(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {40, 10}, {120, 40}} {
		d := configDeck(t, Options{}, "lxc.uts.name = a\n")
		d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		d.press("a")
		height := func() int { return strings.Count(d.screen(), "│") }
		first := height()
		look := func(after string) {
			t.Helper()
			if n := height(); n != first {
				t.Errorf("%v: %d bars after %q, not %d\n%s", size, n, after, first, d.screen())
			}
			if s := d.screen(); strings.Contains(s, "tab completes.") {
				t.Errorf("%v: nothing is completed after %q\n%s", size, after, s)
			}
		}
		look("a")
		for _, c := range "start.order" {
			d.typed(string(c))
			look(string(c))
		}
		d.sees("lxc.start.order: Its place among")
		d.press("tab")
		for _, c := range "xy" {
			d.typed(string(c))
			look(string(c))
		}
		if size[0] > 40 {
			d.press("shift+tab", "ctrl+u")
			d.typed("lxc.log.level")
			d.press("tab")
			d.typed("zz")
			d.sees("it takes one of", "FATAL, 0, 1") // two rows
			look("zz")
		}
		d.press("shift+tab", "ctrl+u")
		look("ctrl+u")
		d.typed("no.such.key")
		look("no.such.key")
	}
}
