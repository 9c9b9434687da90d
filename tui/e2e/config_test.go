package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lxcdeck/tui/drive"
)

// script makes an editor.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "editor")
	want(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755))
	return path
}

// configDeck is the screen with the config of a demo container, and where it keeps
// texts of edits.
func configDeck(t *testing.T, editor string) (*drive.Term, string) {
	t.Helper()
	cmd := exec.Command(bin, "--demo")
	cmd.Env = env(t, "EDITOR="+editor)
	term := start(t, cmd, 110, 30)
	want(t, term.Wait("web-1", patience))
	want(t, term.Type("/web-1\r"))
	want(t, term.WaitFunc("the one row", patience, func(s string) bool { return !strings.Contains(s, "attic") }))
	want(t, term.Type("e"))
	want(t, term.Wait("Config of web-1", patience))
	want(t, term.Wait("lxc.uts.name", patience))
	dir := ""
	for _, v := range cmd.Env {
		if rest, ok := strings.CutPrefix(v, "XDG_STATE_HOME="); ok {
			dir = filepath.Join(rest, "lxcdeck", "saved")
		}
	}
	return term, dir
}

// edits are the texts of edits that are kept.
func edits(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "edit-*.conf"))
	want(t, err)
	return all
}

// saves says yes to the differences, which ignore keys of their first 300 ms.
func saves(t *testing.T, term *drive.Term) {
	t.Helper()
	eventually(t, "the answer is taken", func() bool {
		if !strings.Contains(term.Screen(), "Save this to") {
			return true
		}
		want(t, term.Type("y"))
		return false
	})
}

// An editor has the terminal as it was before, and the screen comes back.
func TestEditor(t *testing.T) {
	ask := "printf 'EDITOR %s' \"$(stty -a | grep -ow '.\\?icanon')\"; read x; echo \"# $x\" >>\"$1\"\n"
	term, dir := configDeck(t, script(t, ask))
	want(t, term.Type("e"))
	want(t, term.Wait("EDITOR icanon", patience))
	if len(edits(t, dir)) != 1 {
		t.Errorf("files in %s: %q", dir, edits(t, dir))
	}
	want(t, term.Type("typed\r"))
	want(t, term.Wait("+ # typed", patience))
	want(t, term.Wait("Save this to", patience))
	saves(t, term)
	eventually(t, "the file of the edit is removed", func() bool { return len(edits(t, dir)) == 0 })
	want(t, term.Wait("# typed", patience))
}

// ctrl+c and ctrl+z in an editor are its own.
func TestEditorHasItsKeys(t *testing.T) {
	// One program alone: a shell's, stopped between vfork(2) and its begin, holds up
	// the shell, which is not told of as stopped.
	term, _ := configDeck(t, script(t, "echo READY; exec cat\n"))
	want(t, term.Type("e"))
	want(t, term.Wait("READY", patience))
	want(t, term.Type("\x1a")) // no shell could bring it back: it goes on
	want(t, term.Type("\x03"))
	want(t, term.Wait("signal: interrupt", patience))
	want(t, term.Wait("Config of", patience))
	want(t, term.Type("q"))
	want(t, term.WaitFunc("the list", patience, func(s string) bool { return !strings.Contains(s, "Config of") }))
}

func TestEditorThatIsNotThere(t *testing.T) {
	term, dir := configDeck(t, "/no/such/editor")
	want(t, term.Type("e"))
	want(t, term.Wait("not edited: /no/such/editor", patience))
	want(t, term.Wait("Config of", patience))
	eventually(t, "no file is left", func() bool { return len(edits(t, dir)) == 0 })
}

// With the terminal gone, and with the editor killed, what was written stays.
func TestEditorIsHungUp(t *testing.T) {
	editor := script(t, "echo '# half' >>\"$1\"; echo READY; while :; do sleep 0.1; done\n")
	for name, end := range map[string]func(term *drive.Term){
		"terminal gone": func(term *drive.Term) { term.Close() },
		"SIGTERM":       func(term *drive.Term) { want(t, term.Cmd.Process.Signal(syscall.SIGTERM)) },
	} {
		t.Run(name, func(t *testing.T) {
			term, dir := configDeck(t, editor)
			want(t, term.Type("e"))
			want(t, term.Wait("READY", patience))
			end(term)
			noneLeft(t, name)
			all := edits(t, dir)
			if len(all) != 1 {
				t.Fatalf("kept: %q", all)
			}
			text, err := os.ReadFile(all[0])
			if err != nil || !strings.HasSuffix(string(text), "# half\n") {
				t.Errorf("%v: %q", err, text)
			}
			eventually(t, "the editor has ended", func() bool {
				out, _ := exec.Command("pgrep", "-f", editor).Output() // fails when there is none
				return len(strings.TrimSpace(string(out))) == 0
			})
		})
	}
}

// TestConfigOfARealContainer saves a config on the screen, which liblxc then takes.
func TestConfigOfARealContainer(t *testing.T) {
	s := host(t, "lxcdt-conf")
	cmd := exec.Command(bin, "-P", s.Path)
	cmd.Env = env(t, "EDITOR="+script(t, "sed -i 's/^lxc.tty.max = 1/lxc.tty.max = 3/' \"$1\"\n"))
	term := start(t, cmd, 110, 30)
	want(t, term.Wait("lxcdt-conf", patience))
	want(t, term.Type("e"))
	want(t, term.Wait("lxc.tty.max = 1", patience))
	want(t, term.Type("e"))
	want(t, term.Wait("+ lxc.tty.max = 3", patience))
	saves(t, term)
	want(t, term.Wait("needs a restart", patience))
	want(t, term.Wait("runs with 1", patience))
	out, err := exec.Command("lxc-info", "-P", s.Path, "-n", "lxcdt-z-off", "-c", "lxc.uts.name").Output()
	want(t, err)
	if !strings.Contains(string(out), "lxcdt-z-off") {
		t.Errorf("%s", out)
	}
	text, err := os.ReadFile(filepath.Join(s.Path, "lxcdt-conf", "config"))
	want(t, err)
	if !strings.Contains(string(text), "\nlxc.tty.max = 3\n") {
		t.Errorf("saved:\n%s", text)
	}
}
