package lxc

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"lxcdeck/runtime"
)

// Whose containers they are, beside LXC's own tools.
const (
	proxmox = "proxmox"
	incus   = "incus"
	lxd     = "lxd"
)

// Where other managers leave their traces.
const (
	pveConfigs = "/etc/pve/lxc"
	// systemd keeps one link here for every unit that is active
	// (unit_export_invocation_id in its unit.c).
	systemdUnits = "/run/systemd/units"
)

// hookManager recognises the hooks that other managers write into every
// configuration they make.
func hookManager(hook string) string {
	switch {
	case strings.Contains(hook, "/lxc-pve-"):
		return proxmox
	case !strings.Contains(hook, "callhook"):
		return ""
	case strings.Contains(hook, "/incus"):
		return incus
	case strings.Contains(hook, "/lxd"):
		return lxd
	}
	return ""
}

// managers looks managers up; its fields are places, so that tests have their own.
type managers struct {
	pve, units string
	system     string // the lxcpath that the lxc@ unit starts from
}

func newManagers() managers {
	return managers{pve: pveConfigs, units: systemdUnits, system: confPath(systemConf)}
}

// of says who else writes this container's configuration or runs it.
// fromHooks is what its configuration said.
func (m managers) of(ref runtime.Ref, fromHooks string) string {
	if fromHooks != "" {
		return fromHooks
	}
	if _, err := os.Lstat(filepath.Join(m.pve, ref.Name+".conf")); err == nil && isNumber(ref.Name) {
		return proxmox
	}
	if ref.Path != m.system {
		return ""
	}
	// Some write the instance escaped, most as it is: lxc@.service takes %i.
	for _, instance := range []string{ref.Name, unitEscape(ref.Name)} {
		if _, err := os.Lstat(filepath.Join(m.units, "invocation:lxc@"+instance+".service")); err == nil {
			return "lxc@" + instance + ".service"
		}
	}
	return ""
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// unitEscape writes a name as the instance of a unit, see systemd-escape(1).
func unitEscape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '/':
			b.WriteByte('-')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == ':', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}
