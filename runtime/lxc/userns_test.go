package lxc

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"lxcdeck/runtime"
)

// What a user may not map is refused, and nothing waits for ever. That it is done
// where it may be is tried by the scenario of a user in the virtual machine.
func TestExchangeInAUserNamespaceThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "one", "root"), filepath.Join(dir, "two", "root")
	for _, d := range []string{a, b} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(a, "first"), 0o755); err != nil {
		t.Fatal(err)
	}
	moved := false
	if os.Geteuid() == 0 {
		if err := os.Chown(a, 4000000000, 4000000000); err != nil { // in no range of /etc/subuid
			t.Fatal(err)
		}
		if err := exchangeMapped(a, b); !errors.Is(err, runtime.ErrPermission) {
			t.Fatal(err)
		}
	} else {
		err := exchangeMapped(a, b)
		if moved = err == nil; err != nil && !errors.Is(err, runtime.ErrPermission) {
			t.Fatal(err)
		}
	}
	if moved {
		a = b
	}
	if _, err := os.Stat(filepath.Join(a, "first")); err != nil {
		t.Error(err)
	}
}
