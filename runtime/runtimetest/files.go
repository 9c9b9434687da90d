package runtimetest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"lxcdeck/runtime"
)

// copyOne carries out a Push or Pull and gives what was told at its end.
func (s *suite) copyOne(t *testing.T, op runtime.Op, ref runtime.Ref, a *runtime.CopyFilesArgs, f *os.File) (*runtime.Copied, error) {
	t.Helper()
	var mu sync.Mutex
	var what *runtime.Copied
	err := s.rt.Do(s.context(t), runtime.Request{Op: op, Ref: ref, Args: a, File: f, Progress: func(p runtime.Progress) {
		mu.Lock()
		defer mu.Unlock()
		if p.Copied != nil {
			what = p.Copied
		}
	}})
	mu.Lock()
	defer mu.Unlock()
	if err == nil && what == nil {
		t.Fatalf("%s: nothing was told of what it came to", op)
	}
	return what, err
}

// testFiles looks into folders and copies both ways, in every state that lasts.
func testFiles(t *testing.T, s *suite) {
	ref := s.own(t, "files")
	dir := t.TempDir()
	tree := filepath.Join(dir, "tree")
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	write("tree/a", "text of a")
	write("tree/sub/b \xff", "text of b")
	if err := os.Symlink("/nowhere", filepath.Join(tree, "link")); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("text of a"))
	for _, state := range []runtime.State{runtime.Stopped, runtime.Running, runtime.Frozen} {
		s.bring(t, ref, state)
		to := "/root/" + strings.ToLower(state.String())
		push := func(exists runtime.Exists, from string) (*runtime.Copied, error) {
			return s.copyOne(t, runtime.Push, ref, &runtime.CopyFilesArgs{From: []string{from}, To: to, Exists: exists, Verify: true}, nil)
		}
		what, err := push(runtime.Refuse, tree)
		if err != nil {
			t.Fatalf("%s: %v", state, err)
		}
		if what.Files != 2 || what.Folders != 2 || what.Links != 1 || what.Bytes != 18 || len(what.Sums) != 2 ||
			!slices.Contains(what.Sums, runtime.Sum{Path: filepath.Join(tree, "a"), SHA256: hex.EncodeToString(sum[:]), Size: 9}) {
			t.Errorf("%s: pushed %+v", state, what)
		}
		s.testFolder(t, ref, to)
		// It is a folder now: the tree goes into it.
		if _, err := push(runtime.Refuse, tree); err != nil {
			t.Errorf("into a folder: %v", err)
		}
		_, err = push(runtime.Refuse, tree)
		wantError(t, err, runtime.ErrExists, "push", ref)
		write("tree/a", "another a")
		if what, err = push(runtime.Skip, tree); err != nil || what.Skipped != 3 || what.Files != 0 {
			t.Errorf("skip: %+v, %v", what, err)
		}
		if what, err = push(runtime.Overwrite, tree); err != nil || what.Files != 2 {
			t.Errorf("overwrite: %+v, %v", what, err)
		}
		write("sub/tree", "a file in the place of a folder")
		_, err = push(runtime.Overwrite, filepath.Join(dir, "sub/tree"))
		wantError(t, err, runtime.ErrExists, "push", ref)
		s.testPulls(t, ref, to)
		write("tree/a", "text of a")
	}
	s.testFilesRefused(t, ref)
}

// testFolder looks at what was pushed.
func (s *suite) testFolder(t *testing.T, ref runtime.Ref, dir string) {
	t.Helper()
	f, err := s.rt.Files(s.context(t), ref, dir+"/../"+filepath.Base(dir))
	if err != nil {
		t.Fatal(err)
	}
	if f.Path != dir || len(f.Entries) != 3 || f.Free.Absent() {
		t.Fatalf("folder %+v", f)
	}
	sub, a, link := &f.Entries[0], &f.Entries[1], &f.Entries[2]
	if sub.Name != "sub" || sub.Kind != runtime.FileFolder || a.Name != "a" || a.Kind != runtime.FileRegular || a.Size != runtime.Of(9) ||
		a.Mode != 0o640 || a.Changed.IsZero() || link.Kind != runtime.FileLink || link.Target != "/nowhere" {
		t.Errorf("entries %+v", f.Entries)
	}
	f, err = s.rt.Files(s.context(t), ref, dir+"/sub")
	if err != nil || len(f.Entries) != 1 || f.Entries[0].Name != "b \xff" {
		t.Errorf("a name of odd bytes: %+v, %v", f, err)
	}
}

// testPulls copies out what was pushed: /to has the tree, and once more in it.
func (s *suite) testPulls(t *testing.T, ref runtime.Ref, to string) {
	t.Helper()
	back := t.TempDir()
	what, err := s.copyOne(t, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{to + "/a", to + "/tree"}, To: back, Sums: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "text of a", "tree/a": "another a", "tree/sub/b \xff": "text of b"} {
		if b, err := os.ReadFile(filepath.Join(back, name)); err != nil || string(b) != want {
			t.Errorf("pulled %s: %q, %v", name, b, err)
		}
	}
	if target, err := os.Readlink(filepath.Join(back, "tree/link")); err != nil || target != "/nowhere" {
		t.Errorf("pulled a link to %q, %v", target, err)
	}
	if what.Files != 3 || len(what.Sums) != 3 || !slices.ContainsFunc(what.Sums, func(x runtime.Sum) bool { return x.Path == to+"/tree/sub/b \xff" }) {
		t.Errorf("pulled %+v", what)
	}
	_, err = s.copyOne(t, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{to + "/a"}, To: back}, nil)
	wantError(t, err, runtime.ErrExists, "pull", ref)
	f, err := os.Create(filepath.Join(back, "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := s.copyOne(t, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{to + "/a"}}, f); err != nil {
		t.Errorf("to a stream: %v", err)
	}
	if b, err := os.ReadFile(f.Name()); err != nil || string(b) != "text of a" {
		t.Errorf("to a stream: %q, %v", b, err)
	}
	if _, err := s.copyOne(t, runtime.Push, ref, &runtime.CopyFilesArgs{To: to + "/piped"}, s.piped(t, []byte("piped"))); err != nil {
		t.Errorf("from a stream: %v", err)
	}
	if l, err := s.rt.Files(s.context(t), ref, to); err != nil || len(l.Entries) != 5 || l.Entries[4].Name != "piped" || l.Entries[4].Size != runtime.Of(5) {
		t.Errorf("from a stream: %+v, %v", l, err)
	}
}

// testFilesRefused asks for what cannot be.
func (s *suite) testFilesRefused(t *testing.T, ref runtime.Ref) {
	t.Helper()
	dir := t.TempDir()
	for _, c := range []struct {
		op   runtime.Op
		args runtime.CopyFilesArgs
		want error
	}{
		{runtime.Push, runtime.CopyFilesArgs{From: []string{dir + "/none"}, To: "/root"}, runtime.ErrNoFile},
		{runtime.Push, runtime.CopyFilesArgs{From: []string{dir}, To: "/none/none"}, runtime.ErrNoFile},
		{runtime.Push, runtime.CopyFilesArgs{From: []string{dir}, To: "root"}, runtime.ErrInvalid},
		{runtime.Push, runtime.CopyFilesArgs{From: []string{dir}, To: ""}, runtime.ErrInvalid},
		{runtime.Push, runtime.CopyFilesArgs{To: "/root/x"}, runtime.ErrInvalid},
		{runtime.Push, runtime.CopyFilesArgs{From: []string{dir, dir}, To: "/root/none"}, runtime.ErrNoFile},
		{runtime.Pull, runtime.CopyFilesArgs{From: []string{"/none"}, To: dir}, runtime.ErrNoFile},
		{runtime.Pull, runtime.CopyFilesArgs{From: []string{"/"}, To: dir}, runtime.ErrInvalid},
		{runtime.Pull, runtime.CopyFilesArgs{From: []string{"/root\x00"}, To: dir}, runtime.ErrInvalid},
		{runtime.Pull, runtime.CopyFilesArgs{From: []string{"/root"}, To: dir, Owner: &runtime.FileOwner{}}, runtime.ErrInvalid},
	} {
		_, err := s.copyOne(t, c.op, ref, &c.args, nil)
		wantError(t, err, c.want, c.op.String(), ref)
	}
	for name, want := range map[string]error{"/none": runtime.ErrNoFile, "root": runtime.ErrInvalid, "/root/stopped/a": runtime.ErrInvalid} {
		_, err := s.rt.Files(s.context(t), ref, name)
		wantError(t, err, want, "files", ref)
	}
	_, err := s.rt.Files(s.context(t), s.ref(0, "missing"), "/")
	wantError(t, err, runtime.ErrNotFound, "files", s.ref(0, "missing"))
	ro := runtime.ReadOnly(s.rt)
	if _, err := ro.Files(s.context(t), ref, "/"); err != nil {
		t.Errorf("a look in read-only mode: %v", err)
	}
	for _, op := range []runtime.Op{runtime.Push, runtime.Pull} {
		wantError(t, ro.Do(s.context(t), runtime.Request{Op: op, Ref: ref}), runtime.ErrReadOnly, op.String(), ref)
	}
}
