package tui

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

const aConfig = "# mine\nlxc.include = /usr/share/lxc/config/common.conf\nlxc.uts.name = alpha\nlxc.tty.max = 2\nlxc.environment = TOKEN=hush\nlxc.start.order = 1\n"

// configDeck is a host that shows the config of alpha.
func configDeck(t *testing.T, o Options, config string) *deck {
	t.Helper()
	specs := some()
	specs[0].ConfigText = config
	if o.SaveDir == "" {
		o.SaveDir = filepath.Join(t.TempDir(), "saved")
	}
	d := newDeck(t, 110, 30, o, specs...)
	d.press("e")
	return d
}

// edits lets the next edits write a text, or fail.
func (d *deck) edits(text string, err error) (files *[]string) {
	files = &[]string{}
	d.m.editor = func(_ context.Context, file string) error {
		*files = append(*files, file)
		if text != "" {
			if werr := os.WriteFile(file, []byte(text), 0o600); werr != nil {
				return werr
			}
		}
		return err
	}
	return files
}

func (d *deck) config() string {
	d.t.Helper()
	c, err := d.rt.ConfigText(d.t.Context(), runtime.ConfigOf{Ref: ref("alpha")})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(c.Files[0].Text)
}

func TestConfigIsShown(t *testing.T) {
	d := configDeck(t, Options{}, aConfig)
	d.sees("Config of alpha", "1>  # mine", "+ /usr/share/lxc/config/common.conf  7 lines", "TOKEN=***", "e edit")
	d.seesNo("hush", "lxc.cap.drop")
	d.press("s")
	d.sees("TOKEN=hush")
	d.press("s", "j", "j", "space")
	d.sees("lxc.cap.drop = mac_admin", "x lxc.tty.max = 4  overridden by /var/lib/lxc/alpha/config:4")
	d.press("space", "j")
	d.sees("lxc.uts.name: The host name inside.")
	d.press("y")
	d.sees("copied: lxc.uts.name = alpha")
	d.press("n")
	d.sees("nothing is said against any line")
	d.press("?")
	d.sees("Unfold what is included")
	d.press("esc", "q")
	d.seesNo("Config of alpha")
	d.press(":")
	d.typed("default-config")
	d.press("enter")
	d.sees("Default config /etc/lxc/default.conf", "lxc.net.0.link = lxcbr0")
}

func TestConfigIsEditedAndSaved(t *testing.T) {
	d := configDeck(t, Options{}, aConfig)
	made := strings.Replace(aConfig, "lxc.tty.max = 2", "lxc.tty.max = 3", 1)
	files := d.edits(made, nil)
	d.press("e")
	d.sees("Save this to /var/lib/lxc/alpha/config?", "- lxc.tty.max = 2", "+ lxc.tty.max = 3", "TOKEN=***")
	d.press("y") // too early
	d.sees("Save this to")
	d.pass(questionGrace)
	d.press("n")
	d.sees("not saved")
	d.press("w")
	d.pass(questionGrace)
	d.press("y")
	d.pass(3 * time.Second)
	if got := d.config(); got != made {
		t.Fatalf("saved:\n%s", got)
	}
	d.sees("needs a restart", "runs with 2")
	if len(*files) != 1 || exists((*files)[0]) {
		t.Errorf("files of the edit: %q", *files)
	}
	d.press("q")
	d.until("the mark of the list", func() bool {
		d.pass(time.Second)
		return strings.Contains(d.screen(), "R* ")
	})
	d.press("i")
	d.sees("changed since: needs a restart")
	d.press("i", "e")
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.rt.Become(ref("alpha"), runtime.Running)
	d.until("the mark is gone", func() bool {
		d.pass(time.Second)
		return !strings.Contains(d.screen(), "needs a restart")
	})

	d.press("b")
	d.sees("Earlier versions of alpha")
	d.press("enter")
	d.sees("- lxc.tty.max = 3", "+ lxc.tty.max = 2")
	d.pass(questionGrace)
	d.press("n")
	if s := d.screen(); strings.Contains(s, "not saved") || !strings.Contains(s, "lxc.tty.max = 3") {
		t.Errorf("after a look at an earlier version:\n%s", s)
	}
	d.press("b", "enter")
	d.sees("+ lxc.tty.max = 2")
	d.pass(questionGrace)
	d.press("y")
	d.pass(3 * time.Second)
	if got := d.config(); got != aConfig {
		t.Errorf("restored:\n%s", got)
	}
	d.press("q", ":")
	d.typed("config-history")
	d.press("enter")
	d.sees("Earlier versions of alpha")
}

func exists(path string) bool { _, err := os.Lstat(path); return err == nil }

func TestConfigThatLiblxcRefusesIsNotSaved(t *testing.T) {
	d := configDeck(t, Options{}, aConfig)
	d.edits(aConfig+"lxc.nonsense = 1\n", nil)
	d.press("e")
	d.sees("liblxc refuses it: line 7: lxc.nonsense", "! lxc.nonsense = 1", "not saved")
	d.press("q")
	d.sees("Drop the changes of alpha?")
	d.pass(questionGrace)
	d.press("n")
	d.sees("Config of alpha", "not saved")
	d.press("u")
	d.sees("Drop the changes of alpha?", "lxc.nonsense")
	d.pass(questionGrace)
	d.press("n")
	d.sees("not saved", "lxc.nonsense")
	d.press("u")
	d.pass(questionGrace)
	d.press("y")
	d.seesNo("lxc.nonsense")
	if got := d.config(); got != aConfig {
		t.Errorf("it was saved:\n%s", got)
	}
	d.edits(aConfig+"# more\n", nil)
	d.press("e")
	d.pass(questionGrace)
	d.press("n", "q")
	d.pass(questionGrace)
	d.press("y")
	d.seesNo("Config of alpha")
}

func TestConfigKeyByKey(t *testing.T) {
	d := configDeck(t, Options{}, aConfig)
	d.press("j", "j", "j", "enter") // lxc.uts.name
	d.sees("Change line 3 of alpha", "The host name inside.")
	d.press("ctrl+u")
	d.typed("omega")
	d.press("enter")
	d.sees("not saved", "lxc.uts.name = omega")
	d.press("a")
	d.typed("sig")
	d.press("tab")
	d.typed("h")
	d.press("tab", "tab")
	d.sees("lxc.signal.halt", "What init is sent to shut down.")
	d.typed("SIGTE")
	d.press("tab", "enter")
	d.sees("lxc.signal.halt = SIGTERM")
	d.press("a")
	d.typed("nope")
	d.sees("this liblxc has no such key")
	d.press("esc", "G", "k", "k") // the environment
	d.press("enter")
	d.sees("the value of lxc.environment is hidden", "s shows them")
	d.press("D")
	d.seesNo("TOKEN")
	d.press("w")
	d.pass(questionGrace)
	d.press("y")
	d.pass(3 * time.Second)
	want := strings.NewReplacer("= alpha", "= omega", "lxc.environment = TOKEN=hush\n", "").Replace(aConfig) + "lxc.signal.halt = SIGTERM\n"
	if got := d.config(); got != want {
		t.Errorf("saved:\n%s", got)
	}
	d.sees("In force, and in no file any more", "TOKEN=***")
}

func TestConfigChangedMeanwhile(t *testing.T) {
	of := runtime.ConfigOf{Ref: ref("alpha")}
	for name, c := range map[string]struct{ mine, theirs, want string }{
		"apart": {strings.Replace(aConfig, "order = 1", "order = 2", 1), "# theirs\n" + aConfig, "# theirs\n" + strings.Replace(aConfig, "order = 1", "order = 2", 1)},
		"same":  {strings.Replace(aConfig, "order = 1", "order = 2", 1), strings.Replace(aConfig, "order = 1", "order = 3", 1), ""},
		"clash": {strings.Replace(aConfig, "order = 1", "order = 2", 1), "lxc.start.order = 9\n" + strings.Replace(aConfig, "lxc.start.order = 1\n", "", 1), ""},
		"alike": {aConfig + "lxc.arch = arm\n", "lxc.arch = x86_64\n" + aConfig, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := configDeck(t, Options{}, aConfig)
			d.edits(c.mine, nil)
			if err := d.rt.EditConfig(of, c.theirs); err != nil {
				t.Fatal(err)
			}
			d.press("e")
			if c.want == "" {
				d.sees("Somebody else has changed alpha meanwhile", "2 keep theirs, drop mine")
				if got := d.config(); got != c.theirs {
					t.Fatalf("theirs became\n%s", got)
				}
				d.pass(questionGrace)
				d.edits("", errors.New("killed"))
				d.press("1") // theirs is not what mine was made of
				d.sees("not edited: killed")
				d.press("w")
				d.sees("Somebody else has changed alpha meanwhile")
				d.pass(questionGrace)
				d.edits("", nil)
				d.press("1")
				d.sees("begins with <<<<<<<")
				text := string(d.m.configOpen().draft)
				if !strings.Contains(text, "<<<<<<<") {
					t.Errorf("both versions:\n%s", text)
				}
				d.press("u")
				d.pass(questionGrace)
				d.press("y")
				if d.m.configOpen().drafted {
					t.Error("the changes are still there")
				}
				return
			}
			d.sees("Save this to", "+ lxc.start.order = 2")
			d.seesNo("+ # theirs")
			d.pass(questionGrace)
			d.press("y")
			d.pass(3 * time.Second)
			if got := d.config(); got != c.want {
				t.Errorf("merged:\n%s", got)
			}
		})
	}
}

// What somebody saves between the look at the differences and the yes is not
// overwritten either.
func TestConfigChangedAtTheLastMoment(t *testing.T) {
	d := configDeck(t, Options{}, aConfig)
	d.edits(aConfig+"# mine too\n", nil)
	d.press("e")
	d.pass(questionGrace)
	theirs := "# theirs\n" + aConfig
	if err := d.rt.EditConfig(runtime.ConfigOf{Ref: ref("alpha")}, theirs); err != nil {
		t.Fatal(err)
	}
	d.press("y")
	d.pass(3 * time.Second)
	if got := d.config(); got != theirs {
		t.Fatalf("theirs became\n%s", got)
	}
	d.sees("changed by somebody else", "not saved")
	d.press("w")
	d.pass(questionGrace)
	d.press("y")
	d.pass(3 * time.Second)
	if got := d.config(); got != theirs+"# mine too\n" {
		t.Errorf("merged:\n%s", got)
	}
}

func TestEditorThatFails(t *testing.T) {
	d := configDeck(t, Options{}, aConfig)
	files := d.edits("", errors.New("vi: not found"))
	d.press("e")
	d.sees("not edited: vi: not found", "VISUAL or EDITOR")
	if exists((*files)[0]) {
		t.Error("the file is left")
	}
	files = d.edits(aConfig+"# half\n", errors.New("killed"))
	d.clock.Advance(time.Second)
	d.press("e")
	d.sees("the text is kept in")
	if text, err := os.ReadFile((*files)[0]); err != nil || string(text) != aConfig+"# half\n" {
		t.Errorf("%v: %q", err, text)
	}
	if info, err := os.Stat((*files)[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	d.seesNo("not saved")
	d.press("q", "e")
	d.sees("an edit of it that never ended lies in", (*files)[0])
	d.edits("", nil)
	d.clock.Advance(time.Second)
	d.press("e")
	d.sees("nothing was changed")
}

func TestConfigThatCannotBeSaved(t *testing.T) {
	d := configDeck(t, Options{ReadOnly: true}, aConfig)
	d.edits(aConfig+"#\n", nil)
	for _, key := range []string{"e", "a", "D"} {
		d.press(key)
		d.sees("read-only")
	}
	d.press("enter")
	d.sees("read-only")
	d = configDeck(t, Options{}, aConfig)
	d.rt.Fail(fake.Configs, ref("alpha"), fake.Fault{Err: errors.New("it broke")})
	d.press("ctrl+r")
	d.sees("it broke")
	d.rt.Heal(fake.Configs, ref("alpha"))
	d.press("ctrl+r")
	d.seesNo("it broke")
}

// A config of the largest size is moved through as any other, and one that is no
// text, or includes itself, is shown with what is wrong.
func TestConfigThatIsOdd(t *testing.T) {
	long := strings.Repeat("lxc.environment = A=1\n", 40000)
	d := configDeck(t, Options{}, long)
	began := time.Now()
	d.press("G")
	d.sees("40000>x lxc.environment")
	moved := time.Since(began)
	began = time.Now()
	d.press("s")
	t.Logf("a key %v, all lines anew %v", moved, time.Since(began))
	if moved > 20*50*time.Millisecond {
		t.Errorf("a key took %v", moved)
	}
	d = configDeck(t, Options{}, "lxc.include = /var/lib/lxc/alpha/config\nlxc.foo = 1\nlxc.network.type = veth\nnot a key\nlxc.tty.max\n")
	d.sees("! /var/lib/lxc/alpha/config", "includes itself", "! lxc.foo = 1", "? not a key", "! lxc.tty.max")
	d.press("n", "n", "n")
	d.sees("lxc.network.type is called lxc.net.0.type since LXC 2.1")
	d = configDeck(t, Options{}, "lxc.uts.name = a\x1b]0;x\a\u202e\nlxc.uts.name = b\x00\xff\n")
	d.sees(`a\x1b]0;x\x07\u202e`, "not a text")
	d.edits("#\n", nil)
	d.press("e")
	d.sees("not a text")
}

// A user without a home directory is shown the host's default config, and told so.
func TestDefaultConfigWithoutAHome(t *testing.T) {
	for _, tt := range []struct {
		o    fake.Options
		says bool
	}{{fake.Options{UID: 1000, NoHome: true}, true}, {fake.Options{}, false}} {
		clock := fake.NewClock(noon)
		tt.o.Clock = clock
		f := fake.New(tt.o, some()...)
		d := newDeckOn(t, 80, 24, Options{}, f, f, clock)
		d.press(":")
		d.typed("default-config")
		d.press("enter")
		d.sees("Default config /etc/lxc/default.conf")
		if got := strings.Contains(d.screen(), "this user has no home directory"); got != tt.says {
			t.Errorf("%+v: %v\n%s", tt.o, got, d.screen())
		}
	}
}
