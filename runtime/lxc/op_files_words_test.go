package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/copying"
	"lxcdeck/runtime/lxctest"
)

// TestFilesOfTheKernel: what /proc has is read though it says that it is empty, and what
// cannot be made or replaced is told with what helps, on both ways into a container.
func TestFilesOfTheKernel(t *testing.T) {
	for name, mapped := range map[string]bool{"own ids": true, "ids of the host": false} {
		t.Run(name, func(t *testing.T) {
			s := lxctest.New(t)
			shift, lines := 0, []string{}
			if mapped {
				lines, shift = rootMap(t)
			}
			lines = append(lines, idle, "lxc.cap.drop =", "lxc.mount.auto =", "lxc.mount.auto = proc:mixed")
			ref := boxWith(t, s, "lxcdt-kernel", shift, lines...)
			must(t, os.Chmod(ref.String(), 0o755))
			a := newAdapter(t, Options{Paths: []string{s.Path}})
			into(t, s, a, ref.Name, runtime.Running)
			to := t.TempDir()
			_, err := copies(t, a, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{"/proc/version"}, To: to})
			must(t, err)
			want, err := os.ReadFile("/proc/version")
			must(t, err)
			if got, err := os.ReadFile(filepath.Join(to, "version")); err != nil || string(got) != string(want) {
				t.Errorf("/proc/version: %q, %v", got, err)
			}
			f := filepath.Join(to, "null")
			put(t, f, "x")
			for _, tt := range []struct {
				to   string
				kind error
				hint string
			}{
				{"/proc/", runtime.ErrInvalid, "a shell of the container"},
				{"/dev/", runtime.ErrExists, "under another name"},
			} {
				_, err := copies(t, a, runtime.Push, ref, &runtime.CopyFilesArgs{From: []string{f}, To: tt.to, Exists: runtime.Overwrite})
				var e *runtime.Error
				if !errors.Is(err, tt.kind) || !errors.As(err, &e) || !strings.Contains(e.Hint, tt.hint) || strings.Contains(e.Hint, "--overwrite") {
					t.Errorf("%s: %v, %+v", tt.to, err, e)
				}
			}
		})
	}
}

// TestFilesWorkerKilled: no program is said to be missing.
func TestFilesWorkerKilled(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: only root makes a user namespace itself")
	}
	ids := hostIDs{{Host: 100000, Count: 65536}, {Host: 100000, Count: 65536, Group: true}}
	in, err := goInsideBy(ids, nil, nil, "", true)
	must(t, err)
	defer in.close()
	must(t, in.cmd.Process.Kill())
	_, err = in.ask(context.Background(), insideRequest{Do: insideFiles, Name: "/"}, nil)
	var e *runtime.Error
	if !errors.Is(err, runtime.ErrHelper) || !errors.As(err, &e) || !strings.Contains(e.Hint, "killed") || strings.Contains(e.Hint, "uidmap") {
		t.Errorf("%v, %+v", err, e)
	}
}

// TestFilesUnread: only what is forbidden is said to be.
func TestFilesUnread(t *testing.T) {
	for _, tt := range []struct {
		given copying.Given
		deny  bool
	}{{copying.Given{Unread: 2, Denied: 2}, true}, {copying.Given{Unread: 2, Denied: 1}, false}} {
		f := &filesCopy{}
		f.gave(&tt.given)
		if err := f.unread(); err == nil || errors.Is(err, runtime.ErrPermission) != tt.deny {
			t.Errorf("%+v: %v", tt.given, err)
		}
	}
}
