package guard

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func crashNow(dir string) {
	CatchCrash(dir)
	panic("on purpose")
}

func TestCrashIsKeptAndToldOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "lxcdeck")
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "GUARD_TEST=crash", "GUARD_DIR="+dir)
	if err := cmd.Run(); err == nil {
		t.Fatal("the crashing process ended well")
	}
	c := CatchCrash(dir)
	report := c.Earlier()
	i := strings.LastIndex(report, "/")
	if i < 0 {
		t.Fatalf("no report: %q", report)
	}
	text, err := os.ReadFile(filepath.Join(dir, report[i+1:]))
	if err != nil || !strings.Contains(string(text), "on purpose") {
		t.Errorf("the report says %q, %v", text, err)
	}
	if !strings.Contains(c.Epitaph(), dir) {
		t.Errorf("the epitaph names no file: %s", c.Epitaph())
	}
	c.Close()
	next := CatchCrash(dir)
	defer next.Close()
	if next.Earlier() != "" {
		t.Errorf("told twice: %s", next.Earlier())
	}
	left, err := filepath.Glob(filepath.Join(dir, crashPrefix+"*"))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

func TestStateThatOthersCanWriteIsNotUsed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	c := CatchCrash(dir)
	defer c.Close()
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("written to a directory that everybody can write: %v, %v", files, err)
	}
	if strings.Contains(c.Epitaph(), dir) {
		t.Errorf("the epitaph names a file that is not there: %s", c.Epitaph())
	}
}

func TestNoStateBelowWhatOthersCanWrite(t *testing.T) {
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(open, "state", "lxcdeck")
	if !safeAbove(dir) {
		t.Fatal("a directory of ours is refused")
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	c := CatchCrash(dir)
	defer c.Close()
	if _, err := os.Lstat(filepath.Join(open, "state")); c.path != "" || !os.IsNotExist(err) {
		t.Errorf("report in %q, state directory: %v", c.path, err)
	}
}
