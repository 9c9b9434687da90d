package lxc

import (
	"os"
	"path/filepath"
	"testing"

	"lxcdeck/runtime"
)

// TestFreezerCorrects: what a monitor says of freezing is put right by the kernel. A
// word that the kernel does not confirm yet stays.
func TestFreezerCorrects(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	frozen := []freezeFile{{v1: file("v1-frozen", "FROZEN\n")}, {v2: file("v2-frozen", "populated 1\nfrozen 1\n")}}
	thawed := []freezeFile{{v1: file("v1-thawed", "THAWED\n")}, {v2: file("v2-thawed", "populated 1\nfrozen 0\n")}}
	neither := []freezeFile{{v1: file("v1-freezing", "FREEZING\n")}, {v1: filepath.Join(dir, "gone")}, {}}
	for _, tt := range []struct {
		files []freezeFile
		says  runtime.State
		is    runtime.State
	}{
		{frozen, runtime.Running, runtime.Frozen},
		{frozen, runtime.Freezing, runtime.Frozen}, // FREEZING was heard after FROZEN
		{frozen, runtime.Frozen, runtime.Frozen},
		{frozen, runtime.Thawed, runtime.Thawed},
		{thawed, runtime.Frozen, runtime.Running},
		{thawed, runtime.Thawed, runtime.Running},
		{thawed, runtime.Running, runtime.Running},
		{thawed, runtime.Freezing, runtime.Freezing},
		{neither, runtime.Freezing, runtime.Freezing},
		{neither, runtime.Running, runtime.Running},
	} {
		for _, f := range tt.files {
			if is := f.correct(tt.says); is != tt.is {
				t.Errorf("%+v: the monitor says %s, and it is %s, want %s", f, tt.says, is, tt.is)
			}
		}
	}
	for _, s := range []runtime.State{runtime.Running, runtime.Frozen, runtime.Freezing, runtime.Thawed} {
		if !freezes(s) {
			t.Errorf("the kernel is not asked of %s", s)
		}
	}
}
