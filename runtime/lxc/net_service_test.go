package lxc

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// netHost is a host with systemd and lxc-net, made of files; systemctl is a
// script that does what body says.
func netHost(t *testing.T, body string) netService {
	t.Helper()
	dir := t.TempDir()
	n := netService{
		booted: filepath.Join(dir, "booted"), units: []string{filepath.Join(dir, "units")}, defaults: []string{filepath.Join(dir, "lxc-net")},
		links: filepath.Join(dir, "net"), path: "/nowhere:" + filepath.Join(dir, "bin"),
	}
	put(t, filepath.Join(n.booted, "x"), "")
	put(t, filepath.Join(n.units[0], lxcNetUnit), "[Service]\n")
	put(t, n.defaults[0], "# USE_LXC_BRIDGE=\"false\"\nUSE_LXC_BRIDGE=\"true\"\nLXC_BRIDGE=\"br9\"\n")
	tool := filepath.Join(dir, "bin", "systemctl")
	put(t, tool, "#!/bin/sh\necho \"$@\" > "+dir+"/asked\n"+strings.ReplaceAll(body, "NET", n.links)+"\n")
	must(t, os.Chmod(tool, 0o755))
	return n
}

func TestLxcNetIsOfferedWhereItCanWork(t *testing.T) {
	fix := netHost(t, "").fix()
	if fix == nil || fix.ID != fixLxcNet || !strings.Contains(fix.Title, "br9") ||
		!slices.Equal(fix.Command, []string{"systemctl", "enable", "--now", "lxc-net.service"}) {
		t.Fatalf("fix = %+v", fix)
	}
	for name, spoil := range map[string]func(*netService) error{
		"a user":       func(n *netService) error { n.uid = 1000; return nil },
		"no systemd":   func(n *netService) error { return os.RemoveAll(n.booted) },
		"no unit":      func(n *netService) error { return os.Remove(filepath.Join(n.units[0], lxcNetUnit)) },
		"no systemctl": func(n *netService) error { n.path = "/nowhere"; return nil },
		"told to do not": func(n *netService) error {
			return os.WriteFile(n.defaults[0], []byte("USE_LXC_BRIDGE=\"false\"\n"), 0o644)
		},
		"masked": func(n *netService) error {
			unit := filepath.Join(n.units[0], lxcNetUnit)
			return errors.Join(os.Remove(unit), os.Symlink("/dev/null", unit))
		},
	} {
		n := netHost(t, "")
		must(t, spoil(&n))
		if fix := n.fix(); fix != nil {
			t.Errorf("%s: it is offered: %+v", name, fix)
		}
		if err := n.enable(time.Minute, func([]byte) {}); !errors.Is(err, runtime.ErrUnsupported) {
			t.Errorf("%s: enabling it: %v", name, err)
		}
	}
}

func TestLxcNetIsEnabled(t *testing.T) {
	var said string
	output := func(p []byte) { said += string(p) }
	n := netHost(t, "echo Created symlink; mkdir -p NET/br9/bridge")
	must(t, n.enable(time.Minute, output))
	asked, err := os.ReadFile(filepath.Join(filepath.Dir(n.links), "asked"))
	must(t, err)
	if string(asked) != "enable --now lxc-net.service\n" || said != "Created symlink\n" {
		t.Errorf("systemctl was asked %q and said %q", asked, said)
	}
	if err := n.enable(time.Minute, output); !errors.Is(err, runtime.ErrWrongState) {
		t.Errorf("a second time, with the bridge there: %v", err)
	}
	for body, want := range map[string]string{
		"echo Job failed >&2; exit 1": "Job failed",
		"true":                        "no bridge br9",
		"exec sleep 600":              "has not ended",
	} {
		n := netHost(t, body)
		within := time.Minute
		if strings.Contains(body, "sleep") {
			within = 100 * time.Millisecond
		}
		if err := n.enable(within, output); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", body, err, want)
		}
	}
}
