package settings

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lxcdeck/runtime"
)

var known = Known{Columns: []string{"name", "state", "cpu", "memory"}, Themes: []string{"default", "mono"}}

// write puts text into a file of a directory of the test's own.
func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestEveryKeyAndWhereItCameFrom(t *testing.T) {
	name := write(t, `# mine
interval = "500ms"
columns = ["name", "cpu"]
sort = "-cpu"
prefix = "ctrl+a"
theme = "mono"
  ascii = true
mouse = true
read_only = true
lxcpath = ["/var/lib/lxc", "/srv/lxc"]
key_preset = "vim"

[keys]
quit = ["q", "ctrl+q"]
redraw = []
`)
	s, err := Load(Places{User: name}, known)
	if err != nil {
		t.Fatal(err)
	}
	if s.Interval.Value != 500*time.Millisecond || s.Interval.From.Line != 2 || s.Interval.From.Column != 1 {
		t.Errorf("interval = %+v", s.Interval)
	}
	if !slices.Equal(s.Columns.Value, []string{"name", "cpu"}) {
		t.Errorf("columns = %v", s.Columns.Value)
	}
	if s.Sort.Value != "-cpu" || s.Prefix.Value != "ctrl+a" || s.Theme.Value != "mono" || s.Preset.Value != "vim" {
		t.Errorf("sort %q prefix %q theme %q preset %q", s.Sort.Value, s.Prefix.Value, s.Theme.Value, s.Preset.Value)
	}
	if !s.ASCII.Value || !s.Mouse.Value || !s.ReadOnly.Value {
		t.Errorf("ascii %v mouse %v read_only %v, want all true", s.ASCII.Value, s.Mouse.Value, s.ReadOnly.Value)
	}
	if want := name + ":7:3"; s.ASCII.From.String() != want {
		t.Errorf("ascii comes from %s, want %s", s.ASCII.From, want)
	}
	if !slices.Equal(s.Paths.Value, []string{"/var/lib/lxc", "/srv/lxc"}) {
		t.Errorf("lxcpath = %v", s.Paths.Value)
	}
	if q := s.Keys["quit"]; !slices.Equal(q.Value, []string{"q", "ctrl+q"}) || q.From.Line != 14 {
		t.Errorf("keys.quit = %+v", q)
	}
	if r, ok := s.Keys["redraw"]; !ok || len(r.Value) != 0 {
		t.Errorf("keys.redraw = %+v, %v; want an empty list", r, ok)
	}
	m, err := s.Keymap()
	if err != nil {
		t.Fatal(err)
	}
	if m.Prefix() != "ctrl+a" {
		t.Errorf("prefix of the keymap = %q", m.Prefix())
	}
}

func TestErrorsNamePlaceAndWhatIsAllowed(t *testing.T) {
	tests := []struct {
		name, text string
		at         string // LINE:COLUMN
		says       string
	}{
		{"unknown key", "interval = \"1s\"\n  intervall = \"1s\"\n", "2:3", `unknown key "intervall"; allowed: ascii, columns, interval,`},
		{"unknown dotted key", "a.b = 1\n", "1:1", `unknown key "a.b"`},
		{"unknown table", "\n[colours]\nred = 1\n", "2:2", "unknown table [colours]; allowed: [keys]"},
		{"preset", "[limits]\nsmall = \"cpu=0.5 memory=much\"\n", "2:9", "limits.small: \"much\" is no size"},
		{"preset of a disk", "[limits]\nsmall = \"io=1\"\n", "2:9", "DISK:LIMITS"},
		{"preset that is none", "limits = 7\n", "1:1", "limits is a table: [limits]"},
		{"preset with a number", "[limits]\nsmall = 7\n", "2:9", "a string in quotes"},
		{"list of tables", "[[keys]]\nquit = [\"q\"]\n", "1:3", "unknown table [keys]"},
		{"not a duration", `interval = "fast"`, "1:12", "a duration from 200ms to 1m0s is allowed"},
		{"too fast", `interval = "199ms"`, "1:12", "a duration from 200ms to 1m0s is allowed"},
		{"too slow", `interval = "61s"`, "1:12", "a duration from 200ms to 1m0s is allowed"},
		{"number for a string", "interval = 1", "1:12", "interval: a string in quotes is allowed, not a number"},
		{"string for a boolean", `mouse = "yes"`, "1:9", "mouse: true or false is allowed, not a string"},
		{"string for a list", `columns = "name"`, "1:11", "columns: a list of strings is allowed, not a string"},
		{"unknown column", `columns = ["name", "speed"]`, "1:20", `unknown column "speed"; allowed: name, state, cpu, memory`},
		{"number in a list", "columns = [\n  \"name\",\n  7,\n]", "3:3", "columns: a string in quotes is allowed, not a number"},
		{"unknown sort", `sort = "-speed"`, "1:8", `unknown column "speed"`},
		{"unknown theme", `theme = "pink"`, "1:9", `unknown theme "pink"; allowed: default, mono`},
		{"unknown preset", `key_preset = "emacs"`, "1:14", `unknown preset "emacs"; allowed: default, vim, htop`},
		{"relative lxcpath", `lxcpath = ["lxc"]`, "1:12", `lxcpath: "lxc": an absolute path is allowed`},
		{"list for a boolean", `ascii = [true]`, "1:1", "ascii: true or false is allowed, not a list"},
		{"bad prefix", `prefix = "x"`, "1:10", "prefix: x would be typed in every shell"},
		{"bad key", "[keys]\nquit = [\"q\", \"frob+x\"]", "2:14", "frob"},
		{"unknown action", "[keys]\nqiut = [\"q\"]", "2:1", `unknown action "qiut" in [keys]; allowed: add-device, all-or-running,`},
		{"key is no list", "[keys]\nquit = \"q\"", "2:8", "keys.quit: a list of strings is allowed"},
		{"keys is no table", "keys = 3", "1:1", "keys is a table"},
		{"inline table", `keys = { qiut = ["q"] }`, "1:10", `unknown action "qiut"`},
		{"dotted keys", `keys.qiut = ["q"]`, "1:1", `unknown action "qiut"`},
		{"syntax", "interval = \n", "1:12", ""},
		{"unclosed string", "theme = \"mono\nascii = true", "1:14", ""},
		{"same key twice", "ascii = true\nascii = false\n", "2:1", "ascii"},
		{"two actions on one key", "[keys]\nrefresh = [\"q\"]\n", "2:12", "q"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := write(t, tt.text)
			_, err := Load(Places{User: name}, known)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error = %v, want one with a place", err)
			}
			if want := name + ":" + tt.at + ": "; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error = %q, want it to start with %q", err, want)
			}
			if !strings.Contains(e.Problem, tt.says) {
				t.Errorf("problem = %q, want it to say %q", e.Problem, tt.says)
			}
			if key, rest, _ := strings.Cut(e.Problem, ": "); strings.HasPrefix(rest, key+": ") {
				t.Errorf("problem = %q says %q twice", e.Problem, key)
			}
		})
	}
}

func TestAllErrorsAtOnceAndTheRestCounts(t *testing.T) {
	s, err := Load(Places{User: write(t, "intervall = 1\nascii = 2\nmouse = true\n")}, known)
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("error = %v, want two lines", err)
	}
	if !s.Mouse.Value {
		t.Error("mouse = false, want what the good line says")
	}
}

func TestPrecedence(t *testing.T) {
	system := write(t, "interval = \"5s\"\ntheme = \"mono\"\n[keys]\nquit = [\"ctrl+q\"]\n")
	own := write(t, "interval = \"2s\"\n[keys]\nredraw = [\"ctrl+g\"]\n")
	s, err := Load(Places{System: system, User: own}, known)
	if err != nil {
		t.Fatal(err)
	}
	if s.Interval.Value != 2*time.Second || s.Interval.From.File != own {
		t.Errorf("interval = %+v, want the user's", s.Interval)
	}
	if s.Theme.Value != "mono" || s.Theme.From.File != system {
		t.Errorf("theme = %+v, want the system's", s.Theme)
	}
	if len(s.Keys) != 2 {
		t.Errorf("keys = %v, want both files'", s.Keys)
	}
	explicit := write(t, "ascii = true\n")
	s, err = Load(Places{System: system, User: own, Explicit: explicit}, known)
	if err != nil {
		t.Fatal(err)
	}
	if s.Interval.Value != 5*time.Second || !s.ASCII.Value {
		t.Errorf("interval %v ascii %v, want --config's file instead of the user's", s.Interval.Value, s.ASCII.Value)
	}
}

func TestMissingFiles(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "config.toml")
	s, err := Load(Places{System: gone, User: gone}, known)
	if err != nil || s.Interval.Value != DefaultInterval || s.Interval.From.String() != "default" {
		t.Errorf("without files: %+v, %v; want the defaults", s.Interval, err)
	}
	if _, err := Load(Places{Explicit: gone}, known); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing --config: %v, want it to be an error", err)
	}
}

func TestFifoAndDirectoryAndSize(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, make([]byte, maxSize+1), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]string{fifo: "not a regular file", dir: "not a regular file", big: "too many"} {
		if _, err := Load(Places{User: name}, known); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
}

func TestTrust(t *testing.T) {
	name := write(t, "ascii = true\n")
	uid := os.Getuid()
	try := func(name string, uid int) error {
		_, err := Load(Places{User: name, Trust: true, TrustUID: uid}, known)
		return err
	}
	if err := try(name, uid); err != nil {
		t.Fatalf("a file of our own: %v", err)
	}
	if err := os.Chmod(name, 0o664); err != nil {
		t.Fatal(err)
	}
	if err := try(name, uid); err == nil || !strings.Contains(err.Error(), name+" can be written by others") {
		t.Errorf("group-writable file: %v", err)
	}
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(name)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := try(name, uid); err == nil || !strings.Contains(err.Error(), dir+" can be written by others") {
		t.Errorf("world-writable directory: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link.toml")
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	if err := try(link, uid); err == nil || !strings.Contains(err.Error(), dir+" can be written by others") {
		t.Errorf("link into a world-writable directory: %v", err)
	}
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	if err := try(loop, uid); err == nil || !strings.Contains(err.Error(), "too many symbolic links") {
		t.Errorf("loop: %v", err)
	}
	if err := os.Chmod(dir, 0o700|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if uid == 0 {
		if err := os.Chown(name, 4242, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := try(name, 4243); err == nil || !strings.Contains(err.Error(), "belongs to uid") {
		t.Errorf("another user's file: %v", err)
	}
}

func TestFind(t *testing.T) {
	env := func(m map[string]string) func(string) string { return func(k string) string { return m[k] } }
	p := Find(env(map[string]string{"XDG_CONFIG_HOME": "/x", "HOME": "/h"}))
	if p.User != "/x/lxcdeck/config.toml" || p.System != System {
		t.Errorf("places = %+v", p)
	}
	p = Find(env(map[string]string{"XDG_CONFIG_HOME": "relative", "HOME": "/h"}))
	if os.Geteuid() == 0 {
		if p.User == "/h/.config/lxcdeck/config.toml" || !p.Trust {
			t.Errorf("as root: %+v; HOME of the environment must not count", p)
		}
	} else if p.User != "/h/.config/lxcdeck/config.toml" || p.Trust {
		t.Errorf("as a user: %+v", p)
	}
}

func TestEnvironmentOfAnotherUser(t *testing.T) {
	env := func(m map[string]string) func(string) string { return func(k string) string { return m[k] } }
	own := Home(env(nil))
	if os.Geteuid() != 0 {
		if got := Home(env(map[string]string{"HOME": "/"})); got != own {
			t.Errorf("HOME of root: %q, want %q", got, own)
		}
		return
	}
	theirs := t.TempDir()
	if err := os.Chown(theirs, 4242, -1); err != nil {
		t.Fatal(err)
	}
	below := theirs + "/config"
	if err := os.Mkdir(below, 0o755); err != nil { // root's own, but 4242 can replace it
		t.Fatal(err)
	}
	for _, dir := range []string{theirs, below, theirs + "/missing/deep"} {
		all := env(map[string]string{"HOME": theirs, "XDG_CONFIG_HOME": dir, "XDG_STATE_HOME": dir})
		if got := Find(all).User; got != own+"/.config/lxcdeck/config.toml" {
			t.Errorf("settings with %s: %q", dir, got)
		}
		if got := StateDir(all); got != own+"/.local/state/lxcdeck" {
			t.Errorf("state with %s: %q", dir, got)
		}
	}
}

func TestSourceAndInterval(t *testing.T) {
	if got := FromFlag("--interval").String(); got != "--interval" {
		t.Errorf("source = %q", got)
	}
	for text, ok := range map[string]bool{"200ms": true, "60s": true, "1m": true, "": false, "-1s": false, "1": false, "1h": false} {
		if _, err := ParseInterval(text); (err == nil) != ok {
			t.Errorf("ParseInterval(%q) = %v, want ok %v", text, err, ok)
		}
	}
}

func TestPresetsOfLimits(t *testing.T) {
	s := Defaults()
	if errs := s.merge("f", []byte("[limits]\nsmall = \"cpu=0.5 memory=256M\"\nfree = \"cpu=none\"\n"), Known{}); len(errs) > 0 {
		t.Fatal(errs)
	}
	small := []runtime.LimitSetting{{Name: runtime.LimitCPU, Value: "50000 100000"}, {Name: runtime.LimitMemory, Value: "268435456"}}
	if got := s.Limits["small"]; !slices.Equal(got.Value, small) || got.From.Line != 2 || len(s.Limits) != 2 || s.Limits["free"].Value[0].Value != "" {
		t.Errorf("%+v", s.Limits)
	}
}
