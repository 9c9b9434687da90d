package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func names(t *testing.T, dir string) string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

// In pid namespaces of their own several lxcdecks have the same pid: what one is
// writing is not the other's, be it half written or forgotten.
func TestReplaceBesideAnotherOfTheSamePid(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "state")
	theirs := fmt.Sprintf("%s.%d", name, os.Getpid())
	if err := os.WriteFile(theirs, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replace(name, []byte("whole")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "whole" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := os.ReadFile(theirs); err != nil || string(text) != "half" {
		t.Errorf("the other's file: %q, %v", text, err)
	}
}

// All that write at once succeed, and what stands there is of one of them.
func TestReplaceAtOnce(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "state")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			text := []byte(strings.Repeat(string(rune('a'+i)), 8192))
			for range 10 {
				if err := replace(name, text); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	text, err := os.ReadFile(name)
	if err != nil || len(text) != 8192 || strings.Trim(string(text), string(text[:1])) != "" {
		t.Errorf("%d bytes, %v: not one text", len(text), err)
	}
	if got := names(t, dir); got != "state" {
		t.Errorf("left behind: %s", got)
	}
}

func TestReplaceThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "state")
	if err := os.MkdirAll(filepath.Join(name, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replace(name, []byte("text")); err == nil || !strings.Contains(err.Error(), "write "+name) {
		t.Errorf("over a directory: %v", err)
	}
	if got := names(t, dir); got != "state" {
		t.Errorf("left behind: %s", got)
	}
}

// What killed writers left goes, once it is old; what only looks like it stays.
func TestReplaceClearsWhatKilledOnesLeft(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * staleNext)
	for _, n := range []string{"state.1234", "state.99", "state.bak", "state.12x", "state2.1234", "state."} {
		if err := os.WriteFile(filepath.Join(dir, n), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if n != "state.99" { // somebody may be writing it
			if err := os.Chtimes(filepath.Join(dir, n), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := replace(filepath.Join(dir, "state"), nil); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "state state. state.12x state.99 state.bak state2.1234" {
		t.Errorf("there are %s", got)
	}
}
