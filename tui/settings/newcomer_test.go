package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFirstStepsArePutAwayOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "lxcdeck")
	if !FirstSteps(dir) || !FirstSteps("") {
		t.Fatal("who has never been here is not shown the first steps")
	}
	for range 2 { // two lxcdecks may do it
		if err := (Places{}).EndFirstSteps(dir); err != nil {
			t.Fatal(err)
		}
		if FirstSteps(dir) {
			t.Fatal("they are shown again")
		}
	}
	if err := (Places{}).EndFirstSteps(""); err != nil {
		t.Errorf("without a place: %v", err)
	}
}

func TestFirstStepsAreNotKeptWhereOthersWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	err := Places{Trust: true, TrustUID: os.Geteuid()}.EndFirstSteps(dir)
	if err == nil || !strings.Contains(err.Error(), "first steps") {
		t.Errorf("kept in a directory that everybody writes: %v", err)
	}
	if !FirstSteps(dir) {
		t.Error("a file was written there")
	}
	if err := (Places{}).EndFirstSteps(filepath.Join(dir, "no\x00name")); err == nil {
		t.Error("no error where nothing can be written")
	}
}
