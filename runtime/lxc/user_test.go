package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lxcdeck/runtime"
)

// TestUnprivileged does as a user what the other tests do as root: with a
// container in a user namespace, for which liblxc before 6 needs a scope of
// systemd around each helper.
func TestUnprivileged(t *testing.T) {
	uid := os.Geteuid()
	switch _, err := exec.LookPath("lxc-create"); {
	case uid == 0:
		t.Skip("root: this test is for a user with subordinate ids (runs in the virtual machine)")
	case err != nil:
		t.Skip("lxc-create is not installed: tests on real LXC containers are left out")
	case len(ownTrust().uids) == 0:
		t.Skip("no /etc/subuid for this user: unprivileged containers are left out")
	}
	if _, err := exec.LookPath("newuidmap"); err != nil {
		t.Skip("newuidmap is not installed (package uidmap): unprivileged containers are left out")
	}
	if dir := fmt.Sprintf("/run/user/%d", uid); os.Getenv("XDG_RUNTIME_DIR") == "" && exists(dir) {
		t.Setenv("XDG_RUNTIME_DIR", dir)
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir == "" || !exists(dir+"/bus") {
		t.Skip("no systemd session to give a user's container its cgroup: unprivileged containers are left out")
	}
	path, err := os.MkdirTemp("", "lxcdt-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o755); err != nil { // for the container's root
		t.Fatal(err)
	}
	const name = "lxcdt-us-one"
	ref := runtime.Ref{Path: path, Name: name}
	tool := func(name string, args ...string) error {
		out, err := exec.Command(name, append([]string{"-P", ref.Path, "-n", ref.Name}, args...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		return nil
	}
	t.Cleanup(func() {
		_ = tool("lxc-stop", "-k") // fails when it does not run
		if err := tool("lxc-destroy"); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Error(err)
		}
	})
	config := filepath.Join(path, "default.conf")
	sub, group := ownTrust().uids[0], ownTrust().gids[0]
	text := fmt.Sprintf("lxc.net.0.type = empty\nlxc.idmap = u 0 %d %d\nlxc.idmap = g 0 %d %d\n", sub.first, sub.count, group.first, group.count)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := tool("lxc-create", "-f", config, "-t", "busybox"); err != nil {
		t.Fatal(err)
	}
	a := adapterFor(t, path)
	e := listen(t, a, 1)
	if err := a.Do(context.Background(), runtime.Request{Op: runtime.Start, Ref: ref}); err != nil {
		t.Fatal(err)
	}
	_, known := e.until(a, ref, runtime.Running)
	t.Logf("start known %v after its end", known)
	if err := a.Do(context.Background(), runtime.Request{Op: runtime.Freeze, Ref: ref}); err != nil {
		t.Fatal(err)
	}
	_, known = e.until(a, ref, runtime.Frozen)
	t.Logf("freeze known %v after its end", known)
	if err := a.Do(context.Background(), runtime.Request{Op: runtime.Thaw, Ref: ref}); err != nil {
		t.Fatal(err)
	}
	e.until(a, ref, runtime.Running)
	t.Run("figures", func(t *testing.T) { placed(t, a, nil, ref, payloadPrefix+ref.Name).figures() })

	p := attach(t, a, runtime.Shell{Ref: ref, Cols: 90, Rows: 33})
	p.expect("# ")
	t.Logf("notice: %q", p.s.Notice())
	p.send("id -u; stty size; tty\n")
	p.expect("0\r\n33 90\r\n/dev/pts/")
	p.send("sh -c 'echo go''ing; exec sleep 600'\n")
	p.expect("going")
	p.send("\x03")
	p.send("exit 7\n")
	p.endOfOutput()
	if exit := p.end(); exit != (runtime.Exit{Code: 7}) {
		t.Errorf("exit 7: %+v", exit)
	}
	r, w := pipe(t)
	exit, err := a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"sh", "-c", "echo out; exit 9"}}, runtime.Stdio{Out: w})
	if err != nil || exit.Code != 9 {
		t.Errorf("exec: %+v, %v", exit, err)
	}
	w.Close()
	if out, err := io.ReadAll(r); err != nil || string(out) != "out\n" {
		t.Errorf("exec: output %q, %v", out, err)
	}
	// A log that is for the container's root alone, which is another than this user.
	keep := "mkdir -p /var/log; echo mine > /var/log/own; chmod 600 /var/log/own; ln -s /etc/passwd /var/log/link"
	if exit, err := a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"sh", "-c", keep}}, runtime.Stdio{}); err != nil || exit.Code != 0 {
		t.Errorf("make a log: %+v, %v", exit, err)
	}
	logs := func(state string) {
		if l, ok := logsOf(t, a, ref)["/var/log/own"]; !ok || l.Why != "" {
			t.Errorf("%s: listed %v, %+v", state, ok, l)
		}
		if text := readLog(t, openLogOf(t, a, ref, fileLog("/var/log/own"))); string(text) != "mine\n" {
			t.Errorf("%s: its log is %q", state, text)
		}
		if _, err := a.OpenLog(t.Context(), ref, fileLog("/var/log/link")); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("%s: a link: %v", state, err)
		}
	}
	logs("running")
	for _, tty := range []int{runtime.FreeTTY, runtime.ConsoleTTY} {
		p = console(t, a, runtime.Console{Ref: ref, TTY: tty, Cols: 90, Rows: 33})
		t.Logf("notice of tty %d: %q", tty, p.s.Notice())
		p.send("\r")
		p.expect(map[int]string{runtime.FreeTTY: "login: ", runtime.ConsoleTTY: "# "}[tty])
		if err := p.s.Resize(91, 34); err != nil {
			t.Errorf("size of tty %d: %v", tty, err)
		}
		if err := p.s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := a.Do(context.Background(), runtime.Request{Op: runtime.Kill, Ref: ref}); err != nil {
		t.Fatal(err)
	}
	_, known = e.until(a, ref, runtime.Stopped)
	t.Logf("stop known %v after its end", known)
	logs("stopped")
}
