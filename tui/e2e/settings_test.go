package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/tui/drive"
)

// settingsDeck starts the demo with a home of its own, and gives the place of its
// config.toml, which is not there yet.
func settingsDeck(t *testing.T, editor string, args ...string) (term *drive.Term, file string) {
	t.Helper()
	cmd := exec.Command(bin, append([]string{"--demo"}, args...)...)
	cmd.Env = append(env(t), "EDITOR="+editor)
	for _, v := range cmd.Env {
		if dir, ok := strings.CutPrefix(v, "XDG_CONFIG_HOME="); ok {
			file = filepath.Join(dir, "lxcdeck", "config.toml")
		}
	}
	term = start(t, cmd, 120, 40)
	want(t, term.Wait("web-1", patience))
	return term, file
}

// TestSettingsWhileItRuns: a file is made, spoilt, mended, replaced and removed, and a
// flag stays above it all the while.
func TestSettingsWhileItRuns(t *testing.T) {
	term, file := settingsDeck(t, "true", "--interval", "5s")
	write := func(text string) {
		want(t, os.MkdirAll(filepath.Dir(file), 0o700))
		want(t, os.WriteFile(file, []byte(text), 0o600))
	}
	write("interval = \"2s\"\nascii = true\nsort = \"-name\"\n")
	want(t, term.Wait("settings taken over: sort, ascii", patience))
	write("ascii = 3\n")
	want(t, term.Wait("settings: config.toml:1:9: ascii: true or false is allowed", patience))
	want(t, term.Type(":settings\r"))
	want(t, term.Wait("--interval", patience))
	want(t, term.Wait("config.toml:2", patience)) // what held before stays
	want(t, os.WriteFile(file+".new", []byte("key_preset = \"vim\"\n[keys]\nevents = [\"E\"]\n"), 0o600))
	want(t, os.Rename(file+".new", file))
	want(t, term.Wait("keys.events", patience))
	want(t, term.Type("qE"))
	want(t, term.Wait("Events", patience))
	want(t, term.Type("q"))
	want(t, os.Chmod(file, 0o666))
	if os.Geteuid() == 0 {
		want(t, term.Wait("settings: refused: config.toml can be written by others than root", patience))
	}
	want(t, os.Remove(file))
	want(t, term.Wait("settings taken over: key_preset, keys", patience))
	want(t, term.Type("q"))
	if code, err := term.WaitExit(patience); err != nil || code != 0 {
		t.Errorf("exit status %d, %v", code, err)
	}
}

// TestKeysAndSettingsAreEdited: the editor has the file that is begun for it, and what
// is bound stands in it.
func TestKeysAndSettingsAreEdited(t *testing.T) {
	term, file := settingsDeck(t, `sed -i 's/^#interval.*/interval = "2s" # mine/'`)
	want(t, term.Type(":settings\re"))
	want(t, term.Wait("settings taken over: interval", patience))
	want(t, term.Type("q:keys\r/host-graphs\rj\r"))
	want(t, term.Wait("Press the key for: Graphs of the host", patience))
	want(t, term.Type("H"))
	want(t, term.Wait("* H", patience))
	text, err := os.ReadFile(file)
	want(t, err)
	if !strings.HasSuffix(string(text), "\n\n[keys]\nhost-graphs = [\"H\"]\n") || !strings.Contains(string(text), "\ninterval = \"2s\" # mine\n") {
		t.Errorf("%s", text)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	want(t, term.Type("\x1bq"))
	want(t, term.WaitGone("as the preset has it", patience))
	want(t, term.Type("H"))
	want(t, term.Wait("Graphs", patience))
}

// TestMouseOnTheScreen: clicks as a terminal sends them, where the screen has the words.
func TestMouseOnTheScreen(t *testing.T) {
	term, _ := settingsDeck(t, "true")
	want(t, term.Type(":mouse\r"))
	want(t, term.Wait("the mouse is lxcdeck's", patience))
	click := func(button int, text string) {
		t.Helper()
		want(t, term.Wait(text, patience))
		for y, row := range strings.Split(term.Screen(), "\n") {
			if before, _, found := strings.Cut(row, text); found {
				at := fmt.Sprintf("%d;%d", len([]rune(before))+1, y+1)
				want(t, term.Type(fmt.Sprintf("\x1b[<%d;%sM\x1b[<%d;%sm", button, at, button, at)))
				return
			}
		}
		t.Fatalf("no %q on screen:\n%s", text, term.Screen())
	}
	click(2, "db-main")
	click(0, "Processes ")
	want(t, term.Wait("Processes of db-main", patience))
	click(0, "q back")
	want(t, term.WaitGone("Processes of db-main", patience))
}
