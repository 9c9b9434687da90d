package e2e

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ciScript runs one of .ci with variables added to the environment.
func ciScript(t *testing.T, name string, add []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), add...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// sourceTree skips a test that looks at the scripts, where the program alone was brought.
func sourceTree(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("../../.ci/install"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("LEFT OUT: the source tree is not here")
	}
}

// What is installed is what was built, needs no Go, and goes away again.
func TestInstall(t *testing.T) {
	sourceTree(t)
	dest := t.TempDir()
	other := filepath.Join(dest, "opt/lx/share/doc/lxcdeck/another's")
	if err := os.MkdirAll(filepath.Dir(other), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	add := []string{"DESTDIR=" + dest, "PREFIX=/opt/lx", "BIN=" + bin, "PATH=/usr/bin:/bin"}
	files := func() (all []string) {
		t.Helper()
		err := filepath.WalkDir(dest, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			info, err := e.Info()
			if err == nil && path != other && info.Size() == 0 {
				t.Errorf("%s is empty", path)
			}
			all = append(all, strings.TrimPrefix(path, dest+"/opt/lx/"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	ciScript(t, "../../.ci/install", add)
	want := []string{
		"bin/lxcdeck", "share/bash-completion/completions/lxcdeck", "share/doc/lxcdeck/another's", "share/doc/lxcdeck/examples/config.toml",
		"share/fish/vendor_completions.d/lxcdeck.fish", "share/man/man1/lxcdeck.1", "share/zsh/site-functions/_lxcdeck",
	}
	if got := files(); !slices.Equal(got, want) {
		t.Errorf("installed %q, want %q", got, want)
	}
	ciScript(t, "../../.ci/install", add, "remove")
	if got := files(); !slices.Equal(got, want[2:3]) {
		t.Errorf("left are %q", got)
	}
}

// Versions of packages are ordered as the commits are.
func TestPackageVersions(t *testing.T) {
	sourceTree(t)
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("LEFT OUT: there is no git")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".ci"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lib.sh", "version"} {
		text, err := os.ReadFile("../../.ci/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ".ci", name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const day = "2026-03-01T23:30:00-05:00" // the next day in UTC
	add := []string{
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a",
		"GIT_COMMITTER_EMAIL=a@b", "GIT_AUTHOR_DATE=" + day, "GIT_COMMITTER_DATE=" + day, "SOURCE_DATE_EPOCH=",
	}
	git := func(args ...string) string { return ciScript(t, "git", add, append([]string{"-C", dir}, args...)...) }
	version := func() string { return ciScript(t, filepath.Join(dir, ".ci/version"), add, "package") }
	var got []string
	want := []string{"0~git20260302.COMMIT", "1.2.0~rc1", "1.2.0~rc1+1.gCOMMIT", "1.2.0", "1.2.0+1.gCOMMIT", "1.2.0+1.gCOMMIT.dirty"}
	see := func() {
		commit := git("rev-parse", "--short=7", "HEAD")
		v := version()
		got = append(got, strings.ReplaceAll(v, commit, "COMMIT"))
	}
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "one")
	see()
	git("tag", "v1.2.0-rc1")
	see()
	git("commit", "-q", "--allow-empty", "-m", "two")
	see()
	git("tag", "v1.2.0")
	see()
	git("commit", "-q", "--allow-empty", "-m", "three")
	see()
	if err := os.WriteFile(filepath.Join(dir, ".ci/lib.sh"), append([]byte("# more\n"), mustRead(t, filepath.Join(dir, ".ci/lib.sh"))...), 0o600); err != nil {
		t.Fatal(err)
	}
	see()
	if !slices.Equal(got, want) {
		t.Errorf("versions %q, want %q", got, want)
	}
	if dpkg, err := exec.LookPath("dpkg"); err == nil {
		for i := 1; i < len(got); i++ {
			ciScript(t, dpkg, nil, "--compare-versions", got[i-1], "lt", got[i])
		}
	}
	if epoch := ciScript(t, filepath.Join(dir, ".ci/version"), add, "epoch"); epoch != "1772425800" {
		t.Errorf("epoch %s", epoch)
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
