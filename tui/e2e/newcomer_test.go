package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/tui/drive"
)

// Who is new is told what to press once: never again after it was put away, in the
// demo each time.
func TestFirstSteps(t *testing.T) {
	home, paths := t.TempDir(), t.TempDir()
	begin := func(args ...string) (*drive.Term, func()) {
		cmd := exec.Command(bin, args...)
		cmd.Env = append(env(t), "HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"))
		term := start(t, cmd, 100, 30)
		return term, func() {
			t.Helper()
			want(t, term.Type("q"))
			_, err := term.WaitExit(patience)
			want(t, err)
		}
	}
	seen := filepath.Join(home, "state", "lxcdeck", "first-steps-seen")

	term, quit := begin("--demo")
	want(t, term.Wait("New here?", patience))
	want(t, term.Type("x"))
	want(t, term.WaitGone("New here?", patience))
	quit()
	if _, err := os.Lstat(seen); err == nil {
		t.Fatal("the demo keeps something")
	}
	for range 2 { // leaving alone does not put it away
		term, quit = begin("-P", paths)
		want(t, term.Wait("New here?", patience))
		quit()
	}
	term, quit = begin("-P", paths)
	want(t, term.Wait("hides this", patience))
	want(t, term.Type("x"))
	quit() // at once: it is written all the same
	if info, err := os.Lstat(seen); err != nil || info.Mode().Perm() != 0o600 || time.Since(info.ModTime()) > time.Hour {
		t.Fatalf("not kept: %v, %v", info, err)
	}
	term, quit = begin("-P", paths)
	want(t, term.Wait("No containers", patience))
	if strings.Contains(term.Screen(), "New here?") {
		t.Errorf("told again:\n%s", term.Screen())
	}
	quit()
}
