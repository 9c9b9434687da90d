package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// The first line is the version with liblxc's, then come commit, where it is known, and Go.
func TestVersion(t *testing.T) {
	said := func(bin string, want string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), bin, "--version")
		cmd.Env = env(t)
		out, err := cmd.CombinedOutput()
		if err != nil || !regexp.MustCompile(`^lxcdeck \S+ \(`+want+`\)\n(commit [0-9a-f]+(-dirty)?\n)?go\d\S* linux/\w+\n$`).Match(out) {
			t.Errorf("%s --version: %v: %q", bin, err, out)
		}
	}
	said(bin, `liblxc \d+\.\d+\.\d+(, built with \d+\.\d+\.\d+)?`)
	if os.Getenv("LXCDECK_BIN") != "" {
		return // there is no Go where the program was brought to
	}
	demo := filepath.Join(t.TempDir(), "lxcdeck")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X main.commit=0123abc", "-o", demo, "lxcdeck")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build without liblxc: %v: %s", err, out)
	}
	said(demo, "without liblxc: built with CGO_ENABLED=0")
}
