package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// oldGo makes a directory with a go command of that version, which knows of one
// module: a Go that says how it was called, as a module brings it (no program of
// it may be run yet).
func oldGo(t *testing.T, version, answer string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	newer := filepath.Join(dir, "newer")
	for _, at := range []string{"bin", "pkg/tool/linux_amd64"} {
		if err := os.MkdirAll(filepath.Join(newer, at), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(newer, "bin/go"), "#!/bin/sh\necho \"newer $GOROOT $*\"; command -v go\n", 0o600)
	write(filepath.Join(newer, "pkg/tool/linux_amd64/compile"), "", 0o600)
	if answer == "" {
		answer = "{\n\t\"Path\": \"x\",\n\t\"Dir\": \"" + newer + "\",\n\t\"Sum\": \"y\"\n}"
	}
	write(filepath.Join(dir, "answer"), answer+"\n", 0o600)
	write(filepath.Join(dir, "go"), fmt.Sprintf(`#!/bin/sh
case "$1 $2" in
"version ") echo "go version go%s linux/amd64" ;;
"env GOHOSTOS") echo linux ;;
"env GOHOSTARCH") echo amd64 ;;
"mod download")
	case "$4" in golang.org/toolchain@v0.0.1-go1.*.linux-amd64) ;; *) echo "unexpected: $*" >&2; exit 3 ;; esac
	cat "%s/answer"
	! grep -q Error "%s/answer" ;;
*) echo "older, $GOTOOLCHAIN: $*" ;;
esac
`, version, dir, dir), 0o700)
	return dir
}

// A distribution's Go is seldom the one of go.mod: what can fetch that does, and
// what cannot says so.
func TestOlderGo(t *testing.T) {
	sourceTree(t)
	for _, c := range []struct {
		name, version, answer, toolchain string
		want                             string
		status                           int
	}{
		{"Debian 12's", "1.19.8", "", "", "newer DIR/newer build .\nDIR/newer/bin/go", 0},
		{"one that does it alone", "1.22.2", "", "", "older, auto: build .", 0},
		{"the newest", "99.1", "", "local", "older, local: build .", 0},
		{"nothing to be fetched from", "1.19.8", `{ "Error": "no such host" }`, "", "go: Go 1.19.8 could not fetch", 2},
		{"a very old one", "1.15", "", "", "go: Go 1.15 is too old", 2},
		{"it may not", "1.22", "", "local", "GOTOOLCHAIN=local keeps Go from fetching it", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := oldGo(t, c.version, c.answer)
			cmd := exec.CommandContext(t.Context(), "../../.ci/go", "build", ".")
			cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "HOME=" + dir}
			if c.toolchain != "" {
				cmd.Env = append(cmd.Env, "GOTOOLCHAIN="+c.toolchain)
			}
			out, _ := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != c.status {
				t.Errorf("status %d, want %d", got, c.status)
			}
			if want := strings.ReplaceAll(c.want, "DIR", dir); !strings.Contains(string(out), want) {
				t.Errorf("%q has no %q", out, want)
			}
		})
	}
}
