package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
	"lxcdeck/runtime/fake"
)

// shipHost is testHost with an unprivileged container whose config says more than
// an archive's may.
func shipHost() *fake.Runtime {
	rt := testHost()
	rt.Add(fake.Spec{
		Container:  runtime.Container{Ref: ref("box"), State: runtime.Stopped, IPsRead: true, Config: &runtime.Config{}},
		ConfigText: "lxc.uts.name = box\nlxc.hook.start = /bin/evil \u202e\nlxc.group = web\n",
	})
	return rt
}

// packedTo packs a container into a file.
func packedTo(t *testing.T, rt *fake.Runtime, name string) (file, sum string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "a.tar.zst")
	r := lxcdeck(t, rt, "pack", name, "-o", file)
	text, err := os.ReadFile(file)
	if r.code != 0 || err != nil {
		t.Fatalf("status %d, %q, %v", r.code, r.err, err)
	}
	s := sha256.Sum256(text)
	sum = hex.EncodeToString(s[:])
	if r.out != sum+"  "+file+"\n" || !strings.Contains(r.err, "1 entry") {
		t.Errorf("out %q, err %q", r.out, r.err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	return file, sum
}

func TestPackAndUnpack(t *testing.T) {
	rt := shipHost()
	file, sum := packedTo(t, rt, "box")
	if r := lxcdeck(t, rt, "pack", "box", "-o", file); r.code != exitRefused || !strings.Contains(r.err, "exists already") {
		t.Errorf("a file that is there: status %d, %q", r.code, r.err)
	}
	if r := lxcdeck(t, rt, "unpack", file); r.code != exitRefused || !strings.Contains(r.err, "name is taken") {
		t.Errorf("a name that is taken: status %d, %q", r.code, r.err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, config, _, err := archive.Head(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args  []string
		stdin bool
		name  string
		want  runtime.UnpackArgs
		says  string
	}{
		{[]string{"unpack", file, "--name", "one"}, false, "one", runtime.UnpackArgs{}, "undamaged"},
		{[]string{"unpack", "-n", "two", "--sha256", sum, "--timeout", "90s", file}, false, "two", runtime.UnpackArgs{SHA256: sum}, "the one that was given"},
		{[]string{"unpack", "-", "--name", "three"}, true, "three", runtime.UnpackArgs{}, "config left out: lxc.hook.start = /bin/evil"},
		{[]string{"unpack", file, "-n", "four", "--unprivileged", "--max-entries", "9"}, false, "four",
			runtime.UnpackArgs{MaxEntries: 9, IDMap: []runtime.IDMap{{Host: 100000, Count: 65536}, {Group: true, Host: 100000, Count: 65536}}}, "undamaged"},
		{[]string{"unpack", file, "-n", "five", "--idmap", "b 0 1000 5"}, false, "five",
			runtime.UnpackArgs{IDMap: []runtime.IDMap{{Host: 1000, Count: 5}, {Group: true, Host: 1000, Count: 5}}}, "undamaged"},
		{[]string{"unpack", file, "-n", "six", "--allow-config", "lxc.hook.start", "--allow-config", "lxc.none", "--yes"}, false, "six",
			runtime.UnpackArgs{AllowConfig: []string{"lxc.hook.start", "lxc.none"}}, "has no line with lxc.none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(rt.Requests())
			r := lxcdeckWith(t, rt, func(o *Options) {
				if !tt.stdin {
					return
				}
				text, err := os.ReadFile(file)
				pr, pw, perr := os.Pipe()
				if err := errors.Join(err, perr); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { pr.Close() })
				go func() { _, _ = pw.Write(text); pw.Close() }()
				o.Stdin = pr
			}, tt.args...)
			if r.code != 0 || r.out != tt.name+"\n" || !strings.Contains(r.err, tt.says) || strings.Contains(r.err, "\u202e") {
				t.Errorf("status %d, %q, %q", r.code, r.out, r.err)
			}
			tt.want.Looked(config)
			all := rt.Requests()[before:]
			if len(all) != 1 || all[0].Ref != ref(tt.name) || !reflect.DeepEqual(all[0].Args, &tt.want) || all[0].Record == "" {
				t.Fatalf("requests %+v", all)
			}
		})
	}
	// What was unprivileged stays so.
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	file, _ = packedTo(t, rt, "web-1")
	before := len(rt.Requests())
	for _, extra := range [][]string{{"-n", "mapped"}, {"-n", "plain", "--privileged"}} {
		if r := lxcdeck(t, rt, append([]string{"unpack", file}, extra...)...); r.code != 0 {
			t.Errorf("%v: status %d, %q", extra, r.code, r.err)
		}
	}
	for i, q := range rt.Requests()[before:] {
		if a, ok := q.Args.(*runtime.UnpackArgs); !ok || (len(a.IDMap) > 0) != (i == 0) {
			t.Errorf("%+v", q.Args)
		}
	}
	rt.SetChoices(runtime.Choices{IDMapsWhy: "no subuid"})
	if r := lxcdeck(t, rt, "unpack", file, "-n", "none"); r.code != exitFailed || !strings.Contains(r.err, "--privileged") || !strings.Contains(r.err, "no subuid") {
		t.Errorf("without ids: status %d, %q", r.code, r.err)
	}
}

func TestUnpackAsksForMoreThanTheList(t *testing.T) {
	rt := shipHost()
	file, _ := packedTo(t, rt, "box")
	n := len(rt.Requests())
	r := lxcdeck(t, rt, "unpack", file, "-n", "new", "--allow-config", "lxc.hook.start")
	if r.code != exitRefused || !strings.Contains(r.err, "lxc.hook.start = /bin/evil") || strings.Contains(r.err, "\u202e") || len(rt.Requests()) != n {
		t.Errorf("status %d, %q, %d requests", r.code, r.err, len(rt.Requests())-n)
	}
	if r := lxcdeck(t, rt, "--read-only", "unpack", file, "-n", "new", "--allow-config", "lxc.hook.start"); r.code != exitRefused || !strings.Contains(r.err, "read-only") {
		t.Errorf("--read-only: status %d, %q", r.code, r.err)
	}
}

func TestPackLeavesNoHalfFile(t *testing.T) {
	rt := shipHost()
	dir := t.TempDir()
	file := filepath.Join(dir, "a.tar.zst")
	rt.Fail(fake.Do, ref("box"), fake.Fault{Err: errors.New("broken")})
	for _, args := range [][]string{{"pack", "box", "-o", file}, {"pack", "absent", "-o", file}, {"--read-only", "pack", "db", "-o", file}} {
		if r := lxcdeck(t, rt, args...); r.code == 0 {
			t.Errorf("%v went well", args)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%v left %v, %v", args, left, err)
		}
	}
	r := lxcdeck(t, rt, "pack", "db", "-o", "-", "-q")
	if r.code != 0 || !strings.HasPrefix(r.out, "\x28\xb5\x2f\xfd") || r.err != "" {
		t.Errorf("to standard output: status %d, %.10q, %q", r.code, r.out, r.err)
	}
}

// meanwhile does something while an operation works.
type meanwhile struct {
	*fake.Runtime
	what func()
}

func (m meanwhile) Do(ctx context.Context, q runtime.Request) error {
	m.what()
	return m.Runtime.Do(ctx, q)
}

// TestPackIsNotCutOffUnderItsName: an archive has its name when it is whole.
func TestPackIsNotCutOffUnderItsName(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.tar.zst")
	part := file + ".part"
	rt := shipHost()
	// What a kill has left.
	if err := os.WriteFile(part, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := lxcdeck(t, rt, "pack", "box", "-o", file)
	for _, says := range []string{"pack box: save " + file + ": " + part + " is there already", "cut off", "Remove the .part file"} {
		if r.code != exitRefused || !strings.Contains(r.err, says) || len(rt.Requests()) > 0 {
			t.Errorf("status %d, %q, want %q", r.code, r.err, says)
		}
	}
	if text, err := os.ReadFile(part); err != nil || string(text) != "half" {
		t.Fatalf("%q, %v", text, err)
	}
	if err := os.Remove(part); err != nil {
		t.Fatal(err)
	}
	// The name is taken while it is written.
	r = lxcdeckWith(t, meanwhile{rt, func() {
		if _, err := os.Lstat(file); err == nil {
			t.Error("it has its name before it is whole")
		}
		if err := os.WriteFile(file, []byte("other"), 0o600); err != nil {
			t.Error(err)
		}
	}}, nil, "pack", "box", "-o", file)
	if r.code != exitRefused || r.out != "" || !strings.Contains(r.err, "pack box: save "+file) || !strings.Contains(r.err, "stays as "+part) {
		t.Errorf("status %d, out %q, err %q", r.code, r.out, r.err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "other" {
		t.Errorf("%q, %v", text, err)
	}
	if r := lxcdeck(t, rt, "unpack", part, "-n", "whole"); r.code != 0 {
		t.Errorf("what was kept: status %d, %q", r.code, r.err)
	}
}

func TestShipWrongUse(t *testing.T) {
	rt := shipHost()
	file, _ := packedTo(t, rt, "box")
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"pack"}, exitUsage, "needs the NAME"},
		{[]string{"pack", "db"}, exitUsage, "pack needs -o FILE"},
		{[]string{"pack", "db", "-o", "x", "--level", "20"}, exitUsage, "level 20"},
		{[]string{"pack", "db", "-o", "/nowhere/x"}, exitFailed, "no such directory"},
		{[]string{"unpack"}, exitUsage, "needs one FILE"},
		{[]string{"unpack", file, file}, exitUsage, "needs one FILE"},
		{[]string{"unpack", "/nowhere"}, exitFailed, "no such file"},
		{[]string{"unpack", text}, exitFailed, "archive is damaged"},
		{[]string{"unpack", filepath.Dir(text)}, exitFailed, "is a directory"},
		{[]string{"unpack", file, "--sha256", "xy"}, exitUsage, "no SHA-256"},
		{[]string{"unpack", file, "--sha256", ""}, exitUsage, "--sha256 is empty"},
		{[]string{"unpack", file, "--name", ""}, exitUsage, "--name is empty"},
		{[]string{"unpack", file, "--allow-config", "hook"}, exitUsage, "no key of a config"},
		{[]string{"unpack", file, "--allow-config", "lxc.idmap"}, exitUsage, "never taken"},
		{[]string{"unpack", file, "--name", "a/b"}, exitUsage, "not one path component"},
		{[]string{"unpack", file, "--idmap", "x"}, exitUsage, "--idmap"},
		{[]string{"unpack", file, "--privileged", "--unprivileged"}, exitUsage, "give one of them"},
	} {
		if r := lxcdeck(t, rt, tt.args...); r.code != tt.status || !strings.Contains(r.err, tt.says) {
			t.Errorf("%v: status %d, %q", tt.args, r.code, r.err)
		}
	}
}
