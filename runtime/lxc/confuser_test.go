package lxc

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// TestConfigOfAUser does as a user what the other tests do as root, with a config
// that never becomes a container.
func TestConfigOfAUser(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root: this test is for a user (runs in the virtual machine)")
	}
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(dir, 0o755))
	a := newAdapter(t, Options{Paths: []string{dir}})
	of := runtime.ConfigOf{Ref: runtime.Ref{Path: dir, Name: "lxcdt-conf"}}
	put(t, of.Path(), "lxc.uts.name = a\n")
	c := configText(t, a, of)
	if c.NoSave != "" {
		t.Fatalf("it cannot be saved: %s", c.NoSave)
	}
	must(t, saveText(t, a, of, c.Version, "lxc.uts.name = b\n"))
	if c = configText(t, a, of); len(c.Backups) != 1 || read(t, of.Path()) != "lxc.uts.name = b\n" {
		t.Errorf("%+v\n%s", c.Backups, read(t, of.Path()))
	}
	if err := saveText(t, a, of, c.Version, "lxc.foo = b\n"); !errors.Is(err, runtime.ErrConfig) {
		t.Errorf("a key that liblxc has not: %v", err)
	}
	must(t, os.Chmod(of.Path(), 0))
	if _, err := a.ConfigText(t.Context(), of); !errors.Is(err, runtime.ErrPermission) {
		t.Errorf("it cannot be read: %v", err)
	}
	for _, path := range a.DefaultConfigs() {
		c, err := a.ConfigText(t.Context(), runtime.ConfigOf{Default: path})
		if err != nil || strings.HasPrefix(path, "/etc/") && c.NoSave == "" {
			t.Errorf("%s: %v, %q", path, err, c.NoSave)
		}
	}
}
