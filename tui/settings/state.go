package settings

import (
	"os"
	"path/filepath"
)

// StateDir is where this user's state is kept: $XDG_STATE_HOME/lxcdeck, else
// ~/.local/state/lxcdeck; root's home comes from the password file. "" = there
// is no place. It need not exist.
func StateDir(getenv func(string) string) string {
	if x := getenv("XDG_STATE_HOME"); filepath.IsAbs(x) {
		return filepath.Join(x, "lxcdeck")
	}
	if h := home(os.Geteuid() == 0, getenv); h != "" {
		return filepath.Join(h, ".local", "state", "lxcdeck")
	}
	return ""
}
