package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRebindChangesOneLine(t *testing.T) {
	set := func(keys ...string) Binding { return Binding{Action: "shell", Keys: keys} }
	drop := Binding{Action: "shell", Drop: true}
	for _, c := range []struct {
		what, text string
		b          Binding
		want       string
	}{
		{"an existing line", "a = 1\n[keys]\n  shell  =  [\"s\"]   # mine\nkill = [\"K\"]\n", set("f5", "E"),
			"a = 1\n[keys]\n  shell  =  [\"f5\", \"E\"]   # mine\nkill = [\"K\"]\n"},
		{"an empty list", "[keys]\nshell = []\n", set("f5"), "[keys]\nshell = [\"f5\"]\n"},
		{"none left", "[keys]\nshell = [\"s\"]\n", set(), "[keys]\nshell = []\n"},
		{"over several lines", "[keys]\nshell = [ # first\n  \"s\", # it's ] \"\n  'e',\n] # last\nkill = [\"K\"]\n", set("f5"),
			"[keys]\n# first\n# it's ] \"\nshell = [\"f5\"] # last\nkill = [\"K\"]\n"},
		{"a new line behind the last", "[keys]\nkill = [\n  \"K\",\n] # x\n\n# more\n[alerts]\nbell = true\n", set("f5"),
			"[keys]\nkill = [\n  \"K\",\n] # x\nshell = [\"f5\"]\n\n# more\n[alerts]\nbell = true\n"},
		{"a table without lines", "[alerts]\nbell = true\n[keys] # mine\n# nothing yet\n", set("f5"), "[alerts]\nbell = true\n[keys] # mine\nshell = [\"f5\"]\n# nothing yet\n"},
		{"no table", "ascii = true", set("f5"), "ascii = true\n\n[keys]\nshell = [\"f5\"]\n"},
		{"an empty file", "", set("f5"), "[keys]\nshell = [\"f5\"]\n"},
		{"lines that end in CR LF", "[keys]\r\nkill = [\"K\"]\r\n[alerts]\r\n", set("f5"), "[keys]\r\nkill = [\"K\"]\r\nshell = [\"f5\"]\r\n[alerts]\r\n"},
		{"no newline at the end", "[keys]\nkill = [\"K\"]", set("f5"), "[keys]\nkill = [\"K\"]\nshell = [\"f5\"]\n"},
		{"dotted keys", "keys.kill = [\"K\"]\n[alerts]\nbell = true\n", set("f5"), "keys.kill = [\"K\"]\nkeys.shell = [\"f5\"]\n[alerts]\nbell = true\n"},
		{"a dotted key itself", "keys.\"shell\" = [\"s\"] # x\n", set("f5"), "keys.\"shell\" = [\"f5\"] # x\n"},
		{"within braces", "keys = { kill = [\"K\"], shell = [\"s\"] } # x\n", set("f5"), "keys = { kill = [\"K\"], shell = [\"f5\"] } # x\n"},
		{"quotes and backslashes", "[keys]\n", set(`"`, `\`), "[keys]\nshell = [\"\\\"\", \"\\\\\"]\n"},
		{"taken out", "[keys]\nkill = [\"K\"]\nshell = [\"s\"]\nlogs = [\"l\"]\n", drop, "[keys]\nkill = [\"K\"]\nlogs = [\"l\"]\n"},
		{"taken out beside comments", "[keys]\n# above\nshell = [\n  \"s\", # in\n] # behind\nlogs = [\"l\"]\n", drop, "[keys]\n# above\n# in\n# behind\nlogs = [\"l\"]\n"},
		{"taken out at the end", "[keys]\nshell = [\"s\"]", drop, "[keys]\n"},
		{"nothing to take out", "[keys]\nkill = [\"K\"]\n", drop, "[keys]\nkill = [\"K\"]\n"},
		{"a comment that looks like one", "# [keys]\n# shell = [\"x\"]\n[limits]\nsmall = \"cpu=1 # [keys]\"\n", set("f5"),
			"# [keys]\n# shell = [\"x\"]\n[limits]\nsmall = \"cpu=1 # [keys]\"\n\n[keys]\nshell = [\"f5\"]\n"},
	} {
		got, err := rebind([]byte(c.text), c.b)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.what, err, got, c.want)
		}
	}
}

func TestRebindRefusesWhatItCannot(t *testing.T) {
	for text, b := range map[string]Binding{
		"keys = { shell = [\"s\"] }\n": {Action: "shell", Drop: true},
		"keys = { kill = [\"K\"] }\n":  {Action: "shell", Keys: []string{"f5"}},
		"[keys\n":                      {Action: "shell", Keys: []string{"f5"}},
		"keys = 1\n":                   {Action: "shell", Keys: []string{"f5"}},
	} {
		if got, err := rebind([]byte(text), b); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func live(t *testing.T, text string) *Live {
	t.Helper()
	l := &Live{Places: Places{User: filepath.Join(t.TempDir(), "deep", "config.toml"), Trust: true, TrustUID: os.Geteuid()}, Known: known, Example: "# all of them\n#interval = \"1s\"\n"}
	if text != "" {
		if err := os.MkdirAll(filepath.Dir(l.Places.User), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(l.Places.User, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func textOf(t *testing.T, l *Live) string {
	t.Helper()
	text, err := os.ReadFile(l.Places.User)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBindBeginsAMissingFile(t *testing.T) {
	l := live(t, "")
	before := l.Stamp()
	if err := l.Bind([]Binding{{Action: "shell", Keys: []string{"f5"}}}); err != nil {
		t.Fatal(err)
	}
	if got, want := textOf(t, l), l.Example+"\n[keys]\nshell = [\"f5\"]\n"; got != want {
		t.Errorf("it ends in %q", got[max(0, len(got)-60):])
	}
	for name, mode := range map[string]os.FileMode{l.Places.User: 0o600, filepath.Dir(l.Places.User): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if all, err := os.ReadDir(filepath.Dir(l.Places.User)); err != nil || len(all) != 1 {
		t.Errorf("left behind: %v, %v", all, err)
	}
	if l.Stamp() == before {
		t.Error("the stamp is the same")
	}
	s, err := l.Load()
	if err != nil || len(s.Keys["shell"].Value) != 1 {
		t.Errorf("%v, %v", s.Keys, err)
	}
}

func TestBindKeepsModeAndLink(t *testing.T) {
	l := live(t, "[keys]\nkill = [\"K\"]\n")
	real := l.Places.User + ".real"
	if err := errors.Join(os.Rename(l.Places.User, real), os.Symlink(real, l.Places.User), os.Chmod(real, 0o640)); err != nil {
		t.Fatal(err)
	}
	if err := l.Bind([]Binding{{Action: "shell", Keys: []string{"f5"}}, {Action: "kill", Drop: true}}); err != nil {
		t.Fatal(err)
	}
	if got := textOf(t, l); got != "[keys]\nshell = [\"f5\"]\n" {
		t.Errorf("%q", got)
	}
	if info, err := os.Lstat(l.Places.User); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("it is no link any more: %v", err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// What would be refused, or was written by somebody else meanwhile, stays.
func TestBindLosesNothing(t *testing.T) {
	for _, c := range []struct {
		what, text string
		b          Binding
		want       string
	}{
		{"a clash", "[keys]\n", Binding{Action: "shell", Keys: []string{"S"}}, "both"},
		{"a key that is none", "[keys]\n", Binding{Action: "shell", Keys: []string{"hyper-s"}}, "hyper-s"},
		{"a file with a fault", "interval = 3\n", Binding{Action: "shell", Keys: []string{"f5"}}, ":1:12"},
	} {
		l := live(t, c.text)
		err := l.Bind([]Binding{c.b})
		if err == nil || !strings.Contains(err.Error(), c.want) || textOf(t, l) != c.text {
			t.Errorf("%s: %v, %q", c.what, err, textOf(t, l))
		}
	}
	l := live(t, "[keys]\n")
	before, err := os.Stat(l.Places.User)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.Places.User, []byte("# another's\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := swap(l.Places.User, []byte("[keys]\n"), []byte("mine"), before); !errors.Is(err, ErrChanged) {
		t.Errorf("written over: %v", err)
	}
	// It looks the same, but what comes out of its place is another text.
	if before, err = os.Stat(l.Places.User); err != nil {
		t.Fatal(err)
	}
	if err := swap(l.Places.User, []byte("[keys]\n"), []byte("mine"), before); !errors.Is(err, ErrChanged) {
		t.Errorf("written over: %v", err)
	}
	if got := textOf(t, l); got != "# another's\n" {
		t.Errorf("%q", got)
	}
	if all, err := os.ReadDir(filepath.Dir(l.Places.User)); err != nil || len(all) != 1 {
		t.Errorf("left behind: %v, %v", all, err)
	}
}

func TestBindTrustsNobodyElse(t *testing.T) {
	l := live(t, "[keys]\n")
	if err := os.Chmod(l.Places.User, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := l.Bind([]Binding{{Action: "shell", Keys: []string{"f5"}}}); err == nil || textOf(t, l) != "[keys]\n" {
		t.Errorf("%v, %q", err, textOf(t, l))
	}
	if _, err := l.Load(); err == nil {
		t.Error("it is read again though others can write it")
	}
}

// TestStampTellsEveryChange: also of a file that is replaced, removed or made.
func TestStampTellsEveryChange(t *testing.T) {
	l := live(t, "")
	seen := map[string]string{l.Stamp(): "missing"}
	for _, c := range []struct {
		what string
		do   func(name string) error
	}{
		{"made", func(n string) error {
			return errors.Join(os.MkdirAll(filepath.Dir(n), 0o755), os.WriteFile(n, []byte("#1\n"), 0o644))
		}},
		{"written", func(n string) error { return os.WriteFile(n, []byte("#2\n"), 0o644) }},
		{"replaced", func(n string) error {
			return errors.Join(os.WriteFile(n+".new", []byte("#3\n"), 0o644), os.Rename(n+".new", n))
		}},
		{"chmod", func(n string) error { return os.Chmod(n, 0o666) }},
	} {
		if err := c.do(l.Places.User); err != nil {
			t.Fatal(err)
		}
		s := l.Stamp()
		if was, same := seen[s]; same {
			t.Errorf("%s: as %s", c.what, was)
		}
		seen[s] = c.what
	}
	if err := os.Remove(l.Places.User); err != nil {
		t.Fatal(err)
	}
	if was := seen[l.Stamp()]; was != "missing" {
		t.Errorf("removed: as %q", was)
	}
}

func TestFlagsStayAboveTheFile(t *testing.T) {
	l := live(t, "ascii = true\n[alerts]\nmemory = 90\ncommand = [\"/bin/notify\", \"a b\"]\n[keys]\nshell = [\"f5\"]\n[limits]\nsmall = \"cpu=0.5 memory=256M io=sda:wbps=5M\"\n")
	l.Over = func(s *Settings) error {
		s.ASCII = Setting[bool]{Value: false, From: FromFlag("--ascii")}
		return nil
	}
	s, err := l.Load()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Line{}
	for _, line := range s.Lines(func(name string) string { return map[string]string{"NO_COLOR": "1"}[name] }) {
		if line.Means == "" || line.Default == "" || line.Value == "" {
			t.Errorf("%+v is not whole", line)
		}
		got[line.Name] = line
	}
	for _, name := range append(Names(), "limits.small") {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is not there", name)
		}
	}
	for name, want := range map[string][2]string{
		"ascii": {"false", "--ascii"}, "alerts.memory": {"90", l.Places.User + ":3:1"}, "alerts.pids": {"0", "default"},
		"alerts.command": {`"/bin/notify" "a b"`, l.Places.User + ":4:1"}, "keys.shell": {"f5", l.Places.User + ":6:1"},
		"limits.small": {"cpu=0.5 memory=256M io=sda:wbps=5M", l.Places.User + ":8:1"},
	} {
		if line := got[name]; line.Value != want[0] || line.From.String() != want[1] {
			t.Errorf("%s: %s from %s", name, line.Value, line.From)
		}
	}
	if line := got["theme"]; line.Value != "mono" || line.Env != "NO_COLOR" {
		t.Errorf("%+v", line)
	}
}

// The name of a draft says nothing to anybody.
func TestFaultsOfDraftsNameNoDraft(t *testing.T) {
	_, err := stage(filepath.Join(t.TempDir(), "gone", "config.toml"), nil, 0o600, -1, -1)
	if !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "config.toml") {
		t.Errorf("%v", err)
	}
}
