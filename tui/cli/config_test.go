package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigIsShown(t *testing.T) {
	r := lxcdeck(t, plainHost(), "config", "web-2")
	if r.code != 0 || !strings.Contains(r.out, "   4  lxc.uts.name = web-2\n") || !strings.Contains(r.out, "/usr/share/lxc/config/common.conf:\n") {
		t.Errorf("config: %+v", r)
	}
	if r := lxcdeck(t, plainHost(), "config", "show", "web-2", "--explain"); !strings.Contains(r.out, "lxc.uts.name = web-2   (") {
		t.Errorf("--explain: %+v", r)
	}
	if r := lxcdeck(t, plainHost(), "config", "--default"); r.code != 0 || r.out == "" {
		t.Errorf("--default: %+v", r)
	}
	if r := lxcdeck(t, plainHost(), "config", "nosuch"); r.code != exitNotFound {
		t.Errorf("nosuch: %+v", r)
	}
}

func TestConfigIsChanged(t *testing.T) {
	rt := plainHost()
	r := lxcdeck(t, rt, "config", "set", "web-2", "lxc.start.delay", "5")
	if r.code != 0 || r.out != "+ lxc.start.delay = 5\n" {
		t.Fatalf("set: %+v", r)
	}
	if r := lxcdeck(t, rt, "config", "web-2"); !strings.Contains(r.out, "lxc.start.delay = 5\n") {
		t.Errorf("it is not saved: %s", r.out)
	}
	if r := lxcdeck(t, rt, "config", "set", "web-2", "lxc.start.delay", "5"); r.code != 0 || !strings.Contains(r.err, "nothing was changed") {
		t.Errorf("once more: %+v", r)
	}
	if r := lxcdeck(t, rt, "config", "unset", "web-2", "lxc.start.delay"); r.code != 0 || r.out != "- lxc.start.delay = 5\n" {
		t.Errorf("unset: %+v", r)
	}
	if r := lxcdeck(t, rt, "config", "unset", "web-2", "lxc.start.delay"); r.code != exitUsage || !strings.Contains(r.err, "stands in no line") {
		t.Errorf("unset once more: %+v", r)
	}
	r = lxcdeck(t, rt, "config", "history", "web-2")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 || len(lines) != 3 {
		t.Fatalf("history: %+v", r)
	}
	version := strings.Fields(lines[2])[0] // the newest: with the key
	if r := lxcdeck(t, rt, "config", "restore", "web-2", version); r.code != 0 || r.out != "+ lxc.start.delay = 5\n" {
		t.Errorf("restore %s: %+v", version, r)
	}
}

func TestConfigIsRefused(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"config"}, exitUsage, "needs the NAME"},
		{[]string{"config", "set", "web-2", "lxc.start.delay"}, exitUsage, "3 words are wanted"},
		{[]string{"config", "set", "--default", "lxc.start.delay"}, exitUsage, "2 words are wanted"},
		{[]string{"config", "set", "web-2", "nokey", "1"}, exitFailed, "nokey"},
		{[]string{"--read-only", "config", "set", "web-2", "lxc.start.delay", "5"}, exitRefused, "read-only"},
		{[]string{"--read-only", "config", "edit", "web-2"}, exitRefused, "read-only"},
		{[]string{"config", "edit", "web-2"}, exitUsage, "needs a terminal"},
		{[]string{"config", "restore", "web-2", "nosuch"}, exitFailed, "no such backup"},
	} {
		if r := lxcdeck(t, plainHost(), tt.args...); r.code != tt.code || !strings.Contains(r.err, tt.says) {
			t.Errorf("%v: %+v, want %d and %q", tt.args, r, tt.code, tt.says)
		}
	}
}

// TestConfigIsEdited: what the editor leaves is saved after a yes, and kept after a no.
func TestConfigIsEdited(t *testing.T) {
	editor := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\necho 'lxc.start.order = 7' >>\"$1\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	rt := plainHost()
	p := sitDownWith(t, rt, map[string]string{"EDITOR": editor, "XDG_STATE_HOME": t.TempDir(), "TERM": "dumb"})
	if said := p.says("config edit web-2"); !strings.Contains(said, "Comes, line 9: lxc.start.order = 7") {
		t.Fatalf("the changes are not told: %q", said)
	}
	if said := p.says("no"); !strings.Contains(said, "the text is kept in ") {
		t.Errorf("the text is lost: %q", said)
	}
	p.says("config edit web-2")
	if said := p.says("yes"); !strings.Contains(said, "set config web-2: done") {
		t.Errorf("it is not saved: %q", said)
	}
	if said := p.says("config web-2"); !strings.Contains(said, "lxc.start.order = 7") {
		t.Errorf("it is not there: %q", said)
	}
	p.leaves()
}

// TestConfigEditorHasCtrlC: ctrl+c in an editor is the editor's, and what it leaves is
// saved; one that fails with nothing edited leaves no file behind.
func TestConfigEditorHasCtrlC(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	editor := filepath.Join(dir, "editor")
	script := "#!/bin/sh\nkill -INT $PPID\nsleep 0.3\necho 'lxc.start.order = 7' >>\"$1\"\n"
	if err := os.WriteFile(editor, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	p := sitDownWith(t, plainHost(), map[string]string{"EDITOR": editor, "XDG_STATE_HOME": state, "TERM": "dumb"})
	if said := p.says("config edit web-2"); !strings.Contains(said, "Save the config of web-2? yes or no") {
		t.Fatalf("what was edited is not asked about: %q", said)
	}
	if said := p.says("yes"); !strings.Contains(said, "set config web-2: done") {
		t.Errorf("it is not saved: %q", said)
	}
	p.leaves()

	p = sitDownWith(t, plainHost(), map[string]string{"EDITOR": "/nonexistent/editor", "XDG_STATE_HOME": state, "TERM": "dumb"})
	if said := p.says("config edit web-2"); !strings.Contains(said, "no such file") || strings.Contains(said, "is kept") {
		t.Errorf("without an editor: %q", said)
	}
	p.leaves()
	if left, err := filepath.Glob(filepath.Join(state, "lxcdeck", "saved", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
