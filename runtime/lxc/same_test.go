package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// liblxc calls a container stopped that was started by another name of its lxcpath.
func TestWhatRunsByAnotherNameIsLeftAlone(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-twice")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Restore, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}}))
	kept, err := journals(s.Path)
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(s.Path, link))
	b := adapterFor(t, link)
	as := runtime.Ref{Path: link, Name: ref.Name}
	must(t, do(t, b, runtime.Start, as))
	t.Cleanup(func() { _ = do(t, b, runtime.Kill, as) })

	back := &runtime.RecoverArgs{ID: kept[0].ID, Way: runtime.Undo}
	for _, q := range []runtime.Request{
		{Op: runtime.Start, Ref: ref},
		{Op: runtime.Snapshot, Ref: ref},
		{Op: runtime.Rename, Ref: ref, Args: &runtime.RenameArgs{To: "lxcdt-other"}},
		{Op: runtime.Restore, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}},
		{Op: runtime.Recover, Ref: ref, Args: back},
		{Op: runtime.Destroy, Ref: ref, Args: &runtime.DestroyArgs{Snapshots: true}},
	} {
		if err := a.Do(t.Context(), q); !errors.Is(err, runtime.ErrWrongState) || !strings.Contains(err.Error(), link) {
			t.Errorf("%s: %v", q.Op, err)
		}
	}
	must(t, do(t, b, runtime.Kill, as))
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Recover, Ref: ref, Args: back}))
}

// An empty line takes back a root, and is none that two containers share; an earlier
// line does not count.
func TestEmptyRootIsSharedByNobody(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	for _, name := range []string{"lxcdt-one", "lxcdt-two"} {
		must(t, s.Add(name))
		put(t, filepath.Join(s.Path, name, "config"), "lxc.rootfs.path = dir:/lxcdt-nowhere\nlxc.rootfs.path =\nlxc.uts.name = "+name+"\n")
	}
	must(t, do(t, a, runtime.Destroy, runtime.Ref{Path: s.Path, Name: "lxcdt-one"}))
	must(t, do(t, a, runtime.Destroy, runtime.Ref{Path: s.Path, Name: "lxcdt-two"}))
}

// liblxc notes when a snapshot was taken without a time zone, and a helper may be in
// another than the screen.
func TestSnapshotSeenInAnotherTimeZone(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-zone")
	t.Setenv("TZ", "Etc/GMT-9")
	must(t, do(t, a, runtime.Snapshot, ref))
	seen := snapshots(t, a, ref)
	t.Setenv("TZ", "Etc/GMT+3")
	q := runtime.Request{Op: runtime.DeleteSnapshot, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0", Taken: seen[0].Taken.Add(time.Hour)}}
	if err := a.Do(t.Context(), q); !errors.Is(err, runtime.ErrWrongState) {
		t.Errorf("another snapshot: %v", err)
	}
	q.Args = &runtime.RestoreArgs{Snap: "snap0", Taken: seen[0].Taken}
	must(t, a.Do(t.Context(), q))
}

// A stop waits for the halt signal's effect. What has the name by then, and did not
// when it began, is not killed.
func TestStopKillsNoOtherThanItHasHalted(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-halted"}
	must(t, s.Add(ref.Name, "lxc.init.cmd = /bin/sh /deaf"))
	put(t, filepath.Join(s.Path, ".root/deaf"), "trap 'touch /dev/halted' USR1\nwhile :; do sleep 1; done\n")
	must(t, s.Start(ref.Name))
	other := filepath.Join(s.Path, "lxcdt-aside")
	pid, err := a.initPID(t.Context(), ref)
	must(t, err)
	asked := make(chan error, 1)
	go func() {
		asked <- a.Do(t.Context(), runtime.Request{Op: runtime.Stop, Ref: ref, Timeout: 5 * time.Second})
	}()
	eventually(t, "the halt signal", func() bool { return exists(fmt.Sprintf("/proc/%d/root/dev/halted", pid)) })
	must(t, os.Rename(ref.String(), other))
	t.Cleanup(func() { must(t, os.RemoveAll(ref.String())); must(t, os.Rename(other, ref.String())) })
	must(t, os.Mkdir(ref.String(), 0o700))
	text, err := os.ReadFile(filepath.Join(other, "config"))
	must(t, err)
	put(t, filepath.Join(ref.String(), "config"), string(text))
	if err := <-asked; !errors.Is(err, runtime.ErrWrongState) || !strings.Contains(err.Error(), "another container") {
		t.Errorf("stop: %v", err)
	}
	if syscall.Kill(pid, 0) != nil {
		t.Error("it was killed")
	}
}
