package lxc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// userLimit is a limit of the user namespace this process is in.
const userLimit = "/proc/sys/user/max_inotify_watches"

// TestWatchDegraded runs itself again in a user namespace, where inotify's
// limits can be set without touching the host's.
func TestWatchDegraded(t *testing.T) {
	const inside = "LXCDECK_TEST_IN_USERNS"
	if os.Getenv(inside) != "" {
		watchDegraded(t)
		return
	}
	if why := lxctest.Missing(); why != "" {
		t.Skip(why)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestWatchDegraded$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1")
	same := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: same, GidMappings: same, GidMappingsEnableSetgroups: true}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: TestWatchDegraded") {
		t.Fatalf("the test inside did not pass:\n%s", out)
	}
}

func watchDegraded(t *testing.T) {
	dir := t.TempDir()
	refs := make([]runtime.Ref, 8)
	for i := range refs {
		refs[i] = runtime.Ref{Path: dir, Name: "lxcdt-" + string(rune('a'+i))}
		if err := os.Mkdir(refs[i].String(), 0o755); err != nil {
			t.Fatal(err)
		}
		edit(t, refs[i])
	}
	limit(t, "3")
	a := adapterFor(t, dir)
	e := listenFrom(t, a)
	e.hear("the limit", longTime, func(ev runtime.Event) bool {
		if ev.Kind == runtime.Degraded && !errors.Is(ev.Err, unix.ENOSPC) {
			t.Errorf("degraded because of %v, want ENOSPC", ev.Err)
		}
		return ev.Kind == runtime.Degraded
	})
	for _, ref := range refs {
		edit(t, ref)
		e.hear("edit while polling of "+ref.Name, longTime, e.kind(runtime.Edited, ref))
	}
	limit(t, "1000")
	e.hear("the end of the limit", longTime, func(ev runtime.Event) bool { return ev.Kind == runtime.Restored })
	for _, ref := range refs {
		edit(t, ref)
		e.hear("edit after it of "+ref.Name, announced, e.kind(runtime.Edited, ref))
	}
}

func edit(t *testing.T, ref runtime.Ref) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(ref.String(), "config"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err == nil {
		_, err = f.WriteString("# again\n")
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func limit(t *testing.T, n string) {
	t.Helper()
	if err := os.WriteFile(userLimit, []byte(n), 0); err != nil {
		t.Fatal(err)
	}
}
