package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// shipDeck is a screen with a container whose config says more than an archive's may.
func shipDeck(t *testing.T) *deck {
	t.Helper()
	b := box("alpha", runtime.Stopped)
	b.ConfigText = "lxc.uts.name = alpha\nlxc.hook.start = /bin/evil \u202e\nlxc.log.file = /x\nlxc.group = web\nlxc.net.0.type = veth\nlxc.net.0.link = br9\n"
	return newDeck(t, 100, 40, Options{}, b, box("bravo", runtime.Stopped))
}

// packed packs alpha into a file of this name.
func (d *deck) packed(file string) {
	d.t.Helper()
	d.press("g")
	d.action(keymap.PackKey)
	d.sees("Pack alpha into an archive", "mode 0600")
	d.press("ctrl+u")
	d.typed(file)
	d.press("enter")
}

func TestPackIntoAFile(t *testing.T) {
	d := shipDeck(t)
	dir, err := os.MkdirTemp("", "p") // a short name, which a message has room for
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "a.tar.zst")
	d.packed(file)
	d.until("the end of the job", func() bool { return len(d.m.jobs.list) == 0 && len(d.m.jobs.wrote) == 1 })
	q := d.rt.Requests()[0]
	if q.Op != runtime.Pack || q.Ref != ref("alpha") || q.Expect != runtime.Stopped || q.File == nil {
		t.Errorf("%+v", q)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Fatalf("%v, %v", info, err)
	}
	if _, err := q.File.Stat(); err == nil {
		t.Error("it is open still")
	}
	d.packed(file) // there is one of that name now
	d.until("the failure", func() bool { return len(d.m.jobs.wrote) == 2 })
	d.sees("such a file")
	other := filepath.Join(filepath.Dir(file), "b")
	d.rt.Fail(fake.Do, ref("alpha"), fake.Fault{Err: runtime.ErrHelper})
	d.packed(other)
	d.until("the failure", func() bool { return len(d.m.jobs.wrote) == 3 })
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("a half-written file was left: %v, %v", all, err)
	}
	// What a kill has left is neither written to nor replaced.
	if err := os.WriteFile(other+".part", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.packed(other)
	d.until("the refusal", func() bool { return len(d.m.jobs.wrote) == 4 })
	if n := d.m.notices.now; n == nil || !strings.Contains(n.text, "b.part is there already") {
		t.Errorf("told: %+v", n)
	}
	if text, err := os.ReadFile(other + ".part"); err != nil || string(text) != "half" {
		t.Errorf("%q, %v", text, err)
	}
	d.action(keymap.PackKey)
	d.press("tab")
	d.typed("20")
	d.sees("level 20")
	d.press("esc")
}

func TestUnpackAsAUserMapsIDs(t *testing.T) {
	d := shipDeck(t)
	file := filepath.Join(t.TempDir(), "a.tar.zst")
	d.packed(file)
	d.until("the end of the job", func() bool { return len(d.m.jobs.wrote) == 1 })
	c := offers()
	c.MustMap = true
	d.rt.SetChoices(c)
	d.action(keymap.UnpackKey)
	d.typed(file)
	d.press("enter")
	d.until("the form", func() bool { f, ok := d.m.overlay.(*form); return ok && len(f.fields) > unpackKeys })
	d.sees("[x] always, since lxcdeck does not run as root")
	d.press("ctrl+u")
	d.typed("echo")
	d.press("enter")
	d.pass(questionGrace)
	d.press("y")
	d.until("the new container", func() bool { return d.m.byRef(ref("echo")) != nil })
	if a, ok := d.last().Args.(*runtime.UnpackArgs); !ok || len(a.IDMap) == 0 {
		t.Errorf("%+v", d.last().Args)
	}
}

func TestUnpackShowsWhatIsLeftOut(t *testing.T) {
	d := shipDeck(t)
	dir, err := os.MkdirTemp("", "p") // a short name, which a message has room for
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "a.tar.zst")
	d.packed(file)
	d.until("the end of the job", func() bool { return len(d.m.jobs.wrote) == 1 })
	look := func() {
		d.action(keymap.UnpackKey)
		d.sees("Unpack an archive", "Nothing is made yet")
		d.typed(file)
		d.press("enter")
		d.until("the form", func() bool { f, ok := d.m.overlay.(*form); return ok && len(f.fields) > unpackKeys })
	}
	look()
	d.sees("as alpha", "Left out", "lxc.hook.start", "lxc.log.file", "there is a container of that name")
	if s := d.m.View().Content; strings.Contains(s, "\u202e") {
		t.Fatal("foreign text is not cleaned")
	}
	d.press("ctrl+u")
	d.typed("echo")
	d.press("enter")
	d.sees("Unpack a.tar.zst as echo?", "left out", "/bin/evil", "changed", "br9")
	d.pass(questionGrace)
	before := len(d.rt.Requests())
	d.press("enter")
	if len(d.rt.Requests()) != before {
		t.Fatal("enter means no")
	}
	look()
	d.press("ctrl+u")
	d.typed("echo")
	d.press("tab", "tab", "tab", "space", "enter") // past lxcpath and ids: the hook
	d.sees("taken", "lxc.hook.start = /bin/evil")
	d.pass(questionGrace)
	d.press("y")
	d.until("the new container", func() bool { return d.m.byRef(ref("echo")) != nil })
	all := d.rt.Requests()
	a, ok := all[len(all)-1].Args.(*runtime.UnpackArgs)
	if !ok || len(a.AllowConfig) != 1 || a.AllowConfig[0] != "lxc.hook.start" || a.IDMap != nil || a.Config == "" {
		t.Errorf("%+v", all[len(all)-1].Args)
	}
	// What was shown is what is unpacked.
	look()
	d.press("ctrl+u")
	d.typed("foxtrot")
	d.press("enter")
	d.pass(questionGrace)
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(text, 0), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	before = len(d.rt.Requests())
	d.press("y")
	d.until("the refusal", func() bool { return len(d.m.jobs.list) == 0 })
	if len(d.rt.Requests()) != before {
		t.Error("another archive was unpacked than the one that was shown")
	}
	d.sees("has changed since")
}

// All lines with a key are taken with it: none of them may be hidden behind the others.
func TestUnpackHidesNoLine(t *testing.T) {
	b := box("alpha", runtime.Stopped)
	b.ConfigText = strings.Repeat("lxc.hook.start = /bin/true\n", 60) + "lxc.hook.start = /bin/evil\n"
	d := newDeck(t, 100, 40, Options{}, b, box("bravo", runtime.Stopped))
	dir, err := os.MkdirTemp("", "p") // a short name, which a message has room for
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "a.tar.zst")
	d.packed(file)
	d.until("the end of the job", func() bool { return len(d.m.jobs.wrote) == 1 })
	d.action(keymap.UnpackKey)
	d.typed(file)
	d.press("enter")
	d.until("the form", func() bool { f, ok := d.m.overlay.(*form); return ok && len(f.fields) > unpackKeys })
	d.sees("61 lines: /bin/true")
	d.press("ctrl+u")
	d.typed("echo")
	d.press("tab", "tab", "tab", "space", "enter")
	d.pass(questionGrace)
	before := len(d.rt.Requests())
	d.press("y")
	d.sees("not yet: read on")
	if len(d.rt.Requests()) != before || strings.Contains(d.screen(), "/bin/evil") {
		t.Fatal("it was done before all was shown")
	}
	for range 20 {
		d.press("pgdown")
	}
	d.sees("/bin/evil")
	if strings.Contains(d.screen(), "not yet") {
		t.Error("it says to read on at the end")
	}
	d.press("y")
	d.until("the new container", func() bool { return d.m.byRef(ref("echo")) != nil })
}

func TestUnpackRefusesWhatIsNone(t *testing.T) {
	d := shipDeck(t)
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{file: "archive is damaged", "/nowhere/x": "no such file", filepath.Dir(file): "no regular file"} {
		d.action(keymap.UnpackKey)
		d.typed(path)
		d.press("enter")
		d.until("the refusal", func() bool { return strings.Contains(d.screen(), says) })
		if d.m.overlay != nil {
			t.Errorf("%s: something is asked", path)
		}
	}
	d.action(keymap.UnpackKey)
	d.typed("relative")
	d.sees("an absolute path is wanted")
	d.press("tab")
	d.typed("xyz")
	d.press("esc")
}
