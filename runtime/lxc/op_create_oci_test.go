package lxc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// ociImage makes an image of a busybox that sleeps, with the tools that the
// template itself works with, and gives its URL.
func ociImage(t *testing.T, s *lxctest.Scratch) string {
	t.Helper()
	dir := filepath.Join(s.Path, ".image")
	layout, image, bundle := filepath.Join(dir, "layout"), filepath.Join(dir, "layout:latest"), filepath.Join(dir, "bundle")
	must(t, os.Mkdir(dir, 0o755))
	umoci := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("umoci", args...).CombinedOutput(); err != nil {
			t.Fatalf("umoci %q: %v\n%s", args, err, out)
		}
	}
	umoci("init", "--layout", layout)
	umoci("new", "--image", image)
	umoci("unpack", "--image", image, bundle)
	root := filepath.Join(bundle, "rootfs")
	for _, d := range []string{"bin", "etc", "dev", "proc", "sys"} {
		must(t, os.Mkdir(filepath.Join(root, d), 0o755))
	}
	box, err := exec.LookPath("busybox")
	must(t, err)
	text, err := os.ReadFile(box)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(root, "bin/busybox"), text, 0o755))
	must(t, os.Symlink("busybox", filepath.Join(root, "bin/sleep")))
	put(t, filepath.Join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\n")
	put(t, filepath.Join(root, "etc/group"), "root:x:0:\n")
	umoci("repack", "--image", image, bundle)
	umoci("config", "--image", image, "--config.env", "LXCDT=1", "--config.cmd", "/bin/sleep", "--config.cmd", "600")
	return "oci:" + image
}

// TestCreateFromOCI: an image becomes a container, whose command the start doctor
// points to where there is no init; one that cannot be had leaves nothing.
func TestCreateFromOCI(t *testing.T) {
	m := newMaking(t, "oci")
	url := ociImage(t, m.s)
	args := &runtime.CreateArgs{Template: "oci", Args: []string{"--url", url + "-not"}}
	var e *runtime.Error
	if err := m.do(t.Context(), args); !errors.As(err, &e) || !strings.Contains(e.LastLog(), "latest-not") {
		t.Errorf("an image that is not there: %v", err)
	}
	m.nothingLeft()
	args.Args = []string{"--url", url}
	must(t, m.do(t.Context(), args))
	if out := m.output(); !strings.Contains(out, "Unpacking the rootfs") {
		t.Errorf("what the template wrote: %q", out)
	}
	err := do(t, m.a, runtime.Start, m.ref)
	found, derr := m.a.Diagnose(t.Context(), m.ref, err)
	if must(t, derr); err == nil || !strings.Contains(found.Advice, `-- "/bin/sleep" "600"`) {
		t.Errorf("a start without its command: %v; %q", err, found.Advice)
	}
	must(t, startWith(t, m.a, m.ref, "/bin/sleep", "600"))
	c := find(t, list(t, m.a), m.ref.Name)
	if c.State != runtime.Running {
		t.Errorf("it is %s", c.State)
	}
	env, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.InitPID), "environ"))
	if must(t, err); !strings.Contains(string(env), "LXCDT=1") {
		t.Errorf("its environment is %q", env)
	}
	must(t, do(t, m.a, runtime.Kill, m.ref))
}
