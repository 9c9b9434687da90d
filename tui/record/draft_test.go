package record

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// begun begins a draft and writes into it.
func begun(t *testing.T, path string) *Draft {
	t.Helper()
	d, err := Begin(path, Places{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.WriteString("whole"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) || d.Name() != path {
		t.Fatalf("%s, called %s, is there before it is whole: %v", path, d.Name(), err)
	}
	return d
}

// hasIn checks what the files of a directory hold.
func hasIn(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(want) {
		t.Errorf("%v, %v; want %v", entries, err, want)
	}
	for name, text := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
			t.Errorf("%s has %q, %v; want %q", name, got, err, text)
		}
	}
}

func TestDraftHasItsNameWhenItIsWhole(t *testing.T) {
	broken := errors.New("broken")
	put := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			// By another name first, so that a file that is there is replaced.
			if err := errors.Join(os.WriteFile(dir+"/x", []byte("other"), 0o600), os.Rename(dir+"/x", dir+"/"+name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name    string
		between func(*testing.T, string) // while it is written
		rename  func(at int, from, to string) error
		err     error // of what writes
		want    error
		says    string
		left    map[string]string
	}{
		{"written", nil, nil, nil, nil, "", map[string]string{"a": "whole"}},
		{"failed", nil, nil, broken, broken, "", nil},
		{"taken meanwhile", put("a"), nil, nil, ErrExists, "stays as ", map[string]string{"a": "other", "a.part": "whole"}},
		{"taken meanwhile, and failed", put("a"), nil, broken, broken, "", map[string]string{"a": "other"}},
		{"replaced", put("a.part"), nil, nil, nil, "removed or replaced", map[string]string{"a.part": "other"}},
		{"replaced, and failed", put("a.part"), nil, broken, broken, "", map[string]string{"a.part": "other"}},
		{"without the flag", nil, linkNew, nil, nil, "", map[string]string{"a": "whole"}},
		{"without the flag, and taken", put("a"), linkNew, nil, ErrExists, "stays as ", map[string]string{"a": "other", "a.part": "whole"}},
		{"no way", nil, func(int, string, string) error { return unix.EPERM }, nil, ErrKept, "a.part", map[string]string{"a.part": "whole"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			d := begun(t, dir+"/a")
			hasIn(t, dir, map[string]string{"a.part": "whole"})
			if c.rename != nil {
				d.rename = c.rename
			}
			if c.between != nil {
				c.between(t, dir)
			}
			err := d.Finish(c.err)
			if (err == nil) != (c.want == nil && c.says == "") || !errors.Is(err, c.want) && c.want != nil || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			if kept := strings.Contains(c.says, "part") || strings.Contains(c.says, "stays"); kept != errors.Is(err, ErrKept) || kept != (Hint(err) != "") {
				t.Errorf("hint %q of %v", Hint(err), err)
			}
			hasIn(t, dir, c.left)
			if _, err := d.Stat(); err == nil {
				t.Error("it is open still")
			}
		})
	}
}

// TestDraftIsBegunOnce: what a kill has cut off is never written to, nor replaced.
func TestDraftIsBegunOnce(t *testing.T) {
	dir := t.TempDir()
	cut := begun(t, dir+"/a")
	t.Cleanup(func() { cut.Close(); unix.Close(cut.at) })
	for path, want := range map[string]error{"/a": ErrPartial, "/a.part": ErrExists} {
		d, err := Begin(dir+path, Places{})
		if !errors.Is(err, want) || d != nil || !strings.Contains(err.Error(), dir+"/a.part") {
			t.Errorf("%s: %v", path, err)
		}
		if (Hint(err) != "") != errors.Is(want, ErrPartial) {
			t.Errorf("%s: hint %q", path, Hint(err))
		}
	}
	hasIn(t, dir, map[string]string{"a.part": "whole"})
	if err := os.Symlink("nowhere", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	if _, err := Begin(dir+"/link", Places{}); !errors.Is(err, ErrExists) {
		t.Errorf("a link that leads nowhere: %v", err)
	}
	if _, err := Begin(dir+"/b", Places{Refuse: []string{dir}}); !errors.Is(err, ErrInside) {
		t.Errorf("inside a container: %v", err)
	}
	if _, err := Begin(dir+"/none/b", Places{}); !errors.Is(err, ErrNoDir) {
		t.Errorf("nowhere: %v", err)
	}
}

// TestLinkInPlaceOfRename is for a file system without RENAME_NOREPLACE.
func TestLinkInPlaceOfRename(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"from", "taken"} {
		if err := os.WriteFile(dir+"/"+name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at, err := openDir(unix.AT_FDCWD, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(at)
	for _, way := range []func(int, string, string) error{renameNew, linkNew} {
		if err := way(at, "from", "taken"); !errors.Is(err, ErrExists) {
			t.Errorf("a name that is taken: %v", err)
		}
		if err := way(at, "from", "to"); err != nil {
			t.Error(err)
		}
		hasIn(t, dir, map[string]string{"to": "from", "taken": "taken"})
		if err := os.Rename(dir+"/to", dir+"/from"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReplaceTakesThePlaceOfAFileAlone(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) error {
		d, err := Replace(filepath.Join(dir, name), Places{})
		if err != nil {
			return err
		}
		_, werr := d.WriteString(text)
		return d.Finish(werr)
	}
	if err := errors.Join(write("a", "one"), write("a", "two")); err != nil {
		t.Fatal(err)
	}
	hasIn(t, dir, map[string]string{"a": "two"})
	if st, err := os.Stat(filepath.Join(dir, "a")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	d, err := Replace(filepath.Join(dir, "a"), Places{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Finish(errors.New("broken")); err == nil {
		t.Error("what broke is no error")
	}
	hasIn(t, dir, map[string]string{"a": "two"}) // what broke replaces nothing

	if err := errors.Join(os.Symlink("a", filepath.Join(dir, "link")), os.Mkdir(filepath.Join(dir, "dir"), 0o700), unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, what := range map[string]string{"link": "a link", "dir": "a directory", "fifo": "a FIFO"} {
		if err := write(name, "x"); !errors.Is(err, ErrExists) || !errors.Is(err, ErrNotFile) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
