package fake

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// listed are the names in a folder; those of folders end in a slash.
func listed(t *testing.T, f runtime.Folder, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range f.Entries {
		if e.Kind == runtime.FileFolder {
			e.Name += "/"
		}
		names = append(names, e.Name)
	}
	return strings.Join(names, " ")
}

func TestHostInMemory(t *testing.T) {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	r := New(Options{HostFiles: []TreeFile{
		{Path: "/home/me/app/x", Text: "new"}, {Path: "/home/me/app/pipe", Mode: fs.ModeNamedPipe}, {Path: "/home/me/y", Text: "y"}, {Path: "/home/me/no", Mode: fs.ModeDir},
	}}, Spec{Container: runtime.Container{Ref: runtime.Ref{Path: "/var/lib/lxc", Name: "web"}, State: runtime.Running}, Files: []TreeFile{{Path: "/srv/app/x", Text: "old"}, {Path: "/srv/app/z", Text: "z"}}})
	host := func(dir string) string { t.Helper(); f, err := r.HostFolder(ctx, dir); return listed(t, f, err) }
	web := runtime.Ref{Path: "/var/lib/lxc", Name: "web"}
	inner := func(dir string) string { t.Helper(); f, err := r.Files(ctx, web, dir); return listed(t, f, err) }
	if got := host("."); got != "pipe x" {
		t.Errorf("one begins with %q", got)
	}
	if _, err := r.HostFolder(ctx, "/home/me/no"); !errors.Is(err, runtime.ErrPermission) {
		t.Errorf("what nobody may read: %v", err)
	}
	copies := func(op runtime.Op, how runtime.Exists, to string, from ...string) (*runtime.Copied, error) {
		var got *runtime.Copied
		err := r.Do(ctx, runtime.Request{Op: op, Ref: web, Args: &runtime.CopyFilesArgs{From: from, To: to, Exists: how},
			Progress: func(p runtime.Progress) { got = p.Copied }})
		return got, err
	}
	if _, err := copies(runtime.Push, runtime.Refuse, "/srv", "/home/me/y", "/home/me/app"); !errors.Is(err, runtime.ErrExists) || !strings.Contains(err.Error(), "app/x") {
		t.Errorf("in the way: %v", err)
	}
	if got := inner("/srv"); got != "app/" {
		t.Errorf("%q, though all was refused", got)
	}
	done, err := copies(runtime.Push, runtime.Overwrite, "/srv", "/home/me/y", "/home/me/app")
	if err != nil || done == nil || done.Files != 2 || done.Left != 1 || done.Bytes != 4 {
		t.Errorf("%+v, %v", done, err)
	}
	if got := inner("/srv/app") + ", " + inner("/srv"); got != "x z, app/ y" {
		t.Errorf("pushed: %q", got)
	}
	if done, err = copies(runtime.Pull, runtime.Skip, "/home/me", "/srv/y", "/srv/app"); err != nil || done.Skipped != 2 || done.Files != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if got := host("/home/me/app"); got != "pipe x z" {
		t.Errorf("pulled: %q", got)
	}
	if done, err = copies(runtime.Pull, runtime.Refuse, "/home/me/as", "/srv/app/z"); err != nil || done.Files != 1 || !strings.Contains(host("/home/me"), "as") {
		t.Errorf("under another name: %+v, %v, %s", done, err, host("/home/me"))
	}
	if _, err := New(Options{}).HostFolder(ctx, "/"); !errors.Is(err, runtime.ErrUnsupported) {
		t.Errorf("without a host: %v", err)
	}
}

// The demo has something of every kind to show, and names that are hard on a screen.
func TestDemoFiles(t *testing.T) {
	r := Demo()
	defer r.Close()
	web := runtime.Ref{Path: "/var/lib/lxc", Name: "web-1"}
	seen := map[runtime.FileKind]bool{}
	odd := false
	for _, dir := range []string{"/", "/run", "/run/systemd", "/dev", "/var/www/html/uploads"} {
		f, err := r.Files(context.Background(), web, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range f.Entries {
			seen[e.Kind] = true
			odd = odd || strings.Contains(e.Name, "\x1b")
		}
	}
	for k := runtime.FileRegular; k <= runtime.FileDevice; k++ {
		if !seen[k] {
			t.Errorf("no %s", k)
		}
	}
	f, err := r.HostFolder(context.Background(), ".")
	if err != nil || !slices.ContainsFunc(f.Entries, func(e runtime.FileEntry) bool { return e.Name == "app.js" }) || !odd {
		t.Errorf("%+v, %v, odd names: %v", f, err, odd)
	}
}
