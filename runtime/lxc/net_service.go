package lxc

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// fixLxcNet is the ID of the Fix that enables lxc-net.
const fixLxcNet = "lxc-net"

const lxcNetUnit = "lxc-net.service"

// netService is the unit that makes LXC's own bridge. Its fields are places, so
// that tests have their own.
type netService struct {
	uid      int
	booted   string   // there only where systemd runs the host, see sd_booted(3)
	units    []string // directories of units, see systemd.unit(5)
	defaults []string // what the lxc-net script reads, in its order
	links    string   // the kernel's interfaces
	path     string   // where systemctl is looked for, as PATH has it
}

func newNetService() netService {
	return netService{
		uid:      os.Geteuid(),
		booted:   "/run/systemd/system",
		units:    []string{"/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"},
		defaults: []string{"/etc/default/lxc", "/etc/default/lxc-net", "/etc/sysconfig/lxc", "/etc/sysconfig/lxc-net"},
		links:    "/sys/class/net",
		path:     helperPath,
	}
}

// fix is the offer to make LXC's bridge by enabling lxc-net; nil where that
// cannot be done: without systemd or the unit, for a user, or where the service
// is told to make none.
func (n netService) fix() *runtime.Fix {
	bridge, used := n.bridge()
	if n.uid != 0 || !used || !exists(n.booted) || n.unit() == "" || n.systemctl() == "" {
		return nil
	}
	return &runtime.Fix{
		ID:      fixLxcNet,
		Title:   "Enable lxc-net, which makes the bridge " + bridge + ", now and at every boot",
		Command: []string{"systemctl", "enable", "--now", lxcNetUnit},
	}
}

// unit is where the unit lies; "" = it is not installed, or masked, which
// systemd does by a link to /dev/null.
func (n netService) unit() string {
	for _, dir := range n.units {
		file := filepath.Join(dir, lxcNetUnit)
		if !exists(file) {
			continue
		}
		if to, err := os.Readlink(file); err == nil && to == os.DevNull {
			return ""
		}
		return file
	}
	return ""
}

func (n netService) systemctl() string {
	for _, dir := range filepath.SplitList(n.path) {
		file := filepath.Join(dir, "systemctl")
		if st, err := os.Stat(file); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}

// bridge is the bridge that the service makes, and whether it makes one at
// all. The script sources shell files; plain assignments are all that is
// understood of them here.
func (n netService) bridge() (name string, used bool) {
	name, used = "lxcbr0", true
	for _, file := range n.defaults {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			value = strings.Trim(value, `"'`)
			switch key {
			case "LXC_BRIDGE":
				name = value
			case "USE_LXC_BRIDGE":
				used = value == "true"
			}
		}
	}
	return name, used
}

// isBridge says whether the host has a bridge of this name (the kernel's
// sysfs-class-net: only bridges have that directory).
func (n netService) isBridge(name string) bool {
	return filepath.IsLocal(name) && exists(filepath.Join(n.links, name, "bridge"))
}

// enable carries the fix out, and says what systemctl said. within is how long
// it may take.
func (n netService) enable(within time.Duration, output func([]byte)) error {
	bridge, _ := n.bridge()
	if n.isBridge(bridge) {
		return fmt.Errorf("%w: the bridge %s is there already", runtime.ErrWrongState, bridge)
	}
	fix := n.fix()
	if fix == nil {
		return fmt.Errorf("%w: %s cannot be enabled: it is not installed or told to make no bridge, systemd does not run this host, or lxcdeck is not root",
			runtime.ErrUnsupported, lxcNetUnit)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	cmd := exec.CommandContext(ctx, n.systemctl(), fix.Command[1:]...)
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second // of a child of its that keeps the pipe
	said, err := cmd.CombinedOutput()
	output(said)
	words := strings.Join(strings.Fields(string(said)), " ")
	switch {
	case ctx.Err() != nil:
		return tooLate("systemctl has not ended within %s", within)
	case err != nil:
		return hinted(fmt.Errorf("systemctl: %w: %s", err, words), "Its own words are in: journalctl -u "+lxcNetUnit)
	case !n.isBridge(bridge):
		return hinted(fmt.Errorf("%s started, but there is no bridge %s", lxcNetUnit, bridge), "Its own words are in: journalctl -u "+lxcNetUnit)
	}
	return nil
}

// hinted gives an error its own hint on the way out of a helper.
func hinted(err error, hint string) error { return &runtime.Error{Err: err, Hint: hint} }
