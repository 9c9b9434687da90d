package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func filesHost() *fake.Runtime {
	rt := testHost()
	rt.Add(fake.Spec{
		Container: runtime.Container{Ref: ref("box"), State: runtime.Stopped, IPsRead: true, Config: &runtime.Config{}},
		Files: []fake.TreeFile{
			{Path: "/etc/motd", Text: "hello\n", Mode: 0o600, UID: 7, GID: 8}, {Path: "/etc/\x1b[31mred", Text: ""},
			{Path: "/etc/link", Target: "motd\x07"}, {Path: "/srv/a/b", Text: "deep"},
		},
	})
	return rt
}

func TestFiles(t *testing.T) {
	rt := filesHost()
	r := lxcdeck(t, rt, "files", "box", "/etc")
	if r.code != 0 || strings.ContainsAny(r.out, "\x1b\x07") {
		t.Fatalf("status %d, %q, %q", r.code, r.out, r.err)
	}
	for _, want := range []string{"MODE", "-rw-------  7", "motd", "link -> motd"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if r := lxcdeck(t, rt, "files", "box"); r.code != 0 || !strings.Contains(r.out, "srv/") {
		t.Errorf("root: status %d, %q", r.code, r.out)
	}
	var all []fileObject
	r = lxcdeck(t, rt, "files", "-n", "box", "--json", "/etc")
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 3 || all[2].Name != "motd" || all[2].Mode != "0600" || all[2].UID != 7 || all[2].Kind != "file" {
		t.Errorf("%v, %+v", err, all)
	}
	for _, tt := range []struct {
		args []string
		code int
	}{
		{[]string{"files"}, exitUsage}, {[]string{"files", "box", "etc"}, exitUsage}, {[]string{"files", "box", "/", "/"}, exitUsage},
		{[]string{"files", "none"}, exitNotFound}, {[]string{"files", "box", "/none"}, exitFailed}, {[]string{"files", "box", "/etc/motd"}, exitUsage},
		{[]string{"--read-only", "files", "box"}, exitOK},
	} {
		if r := lxcdeck(t, rt, tt.args...); r.code != tt.code {
			t.Errorf("%q: status %d, want %d, %q", tt.args, r.code, tt.code, r.err)
		}
	}
}

// TestSumsOfMany: that only the first checksums are told is said.
func TestSumsOfMany(t *testing.T) {
	rt := filesHost()
	dir := t.TempDir()
	for i := range runtime.MaxSums + 7 {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := lxcdeck(t, rt, "push", "box", dir, "/srv/many", "--sums")
	if r.code != 0 || strings.Count(r.out, "\n") != runtime.MaxSums || !strings.Contains(r.err, "checksums of 7 more files") {
		t.Errorf("status %d, %d lines, %q", r.code, strings.Count(r.out, "\n"), r.err)
	}
}

func TestPushAndPull(t *testing.T) {
	rt := filesHost()
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, []byte("pushed"), 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("pushed"))
	r := lxcdeck(t, rt, "push", "box", file, "/srv", "--sums", "--owner", "5", "--verify")
	if r.code != 0 || r.out != hex.EncodeToString(sum[:])+"  "+file+"\n" || !strings.Contains(r.err, "box: 1 file of 6B copied") {
		t.Errorf("push: status %d, %q, %q", r.code, r.out, r.err)
	}
	all := rt.Requests()
	if a, ok := all[len(all)-1].Args.(*runtime.CopyFilesArgs); !ok || a.Owner == nil || *a.Owner != (runtime.FileOwner{UID: 5, GID: 5}) || !a.Verify {
		t.Errorf("request %+v", all[len(all)-1])
	}
	if r := lxcdeck(t, rt, "push", "box", file, "/srv"); r.code != exitRefused || !strings.Contains(r.err, "in the way") {
		t.Errorf("twice: status %d, %q", r.code, r.err)
	}
	if r := lxcdeck(t, rt, "push", "box", file, "/srv", "--skip"); r.code != 0 || !strings.Contains(r.err, "1 was there already") {
		t.Errorf("skip: status %d, %q", r.code, r.err)
	}
	if r := lxcdeck(t, rt, "push", "box", file, "/srv", "--overwrite", "-q"); r.code != 0 || r.err != "" {
		t.Errorf("overwrite: status %d, %q", r.code, r.err)
	}
	if r := lxcdeck(t, rt, "pull", "box", "/srv", dir+"/got"); r.code != 0 {
		t.Errorf("pull: status %d, %q", r.code, r.err)
	}
	for name, want := range map[string]string{"got/f": "pushed", "got/a/b": "deep"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if r := lxcdeck(t, rt, "pull", "box", "/etc/motd", "-"); r.code != 0 || r.out != "hello\n" {
		t.Errorf("to standard output: status %d, %q, %q", r.code, r.out, r.err)
	}
	r = lxcdeckWith(t, rt, func(o *Options) {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		o.Stdin = f
	}, "push", "box", "-", "/srv/in")
	if got := lxcdeck(t, rt, "pull", "box", "/srv/in", "-"); r.code != 0 || got.out != "pushed" {
		t.Errorf("from standard input: status %d, %q, %q", r.code, r.err, got.out)
	}
	r = lxcdeckWith(t, rt, func(o *Options) { o.Stdin = devNull(t) }, "push", "box", "-", "/srv/in", "--overwrite")
	if got := lxcdeck(t, rt, "pull", "box", "/srv/in", "-"); r.code != exitUsage || got.out != "pushed" {
		t.Errorf("from no standard input: status %d, %q, %q", r.code, r.err, got.out)
	}
	for _, tt := range []struct {
		args []string
		code int
	}{
		{[]string{"push", "box", file}, exitUsage}, {[]string{"push", "box", file, "srv"}, exitUsage}, {[]string{"pull", "box", "etc", dir}, exitUsage},
		{[]string{"push", "box", file, "/srv", "--skip", "--overwrite"}, exitUsage}, {[]string{"push", "box", file, "/srv", "--owner", "root"}, exitUsage},
		{[]string{"push", "box", file, "/srv", "--owner", "4294967295"}, exitUsage}, {[]string{"pull", "box", "/etc", "/srv", "-"}, exitUsage},
		{[]string{"pull", "box", "/etc/motd", "-", "--sums"}, exitUsage}, {[]string{"push", "none", file, "/srv"}, exitNotFound},
		{[]string{"push", "box", dir + "/none", "/srv"}, exitFailed}, {[]string{"pull", "box", "/none", dir}, exitFailed},
		{[]string{"--read-only", "push", "box", file, "/srv/x"}, exitRefused}, {[]string{"--read-only", "pull", "box", "/etc", dir + "/x"}, exitRefused},
	} {
		if r := lxcdeck(t, rt, tt.args...); r.code != tt.code {
			t.Errorf("%q: status %d, want %d, %q", tt.args, r.code, tt.code, r.err)
		}
	}
}
