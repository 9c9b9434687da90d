package keymap

import (
	"fmt"
	"strings"

	"lxcdeck/runtime"
)

// managerCommands are what the managers that write their containers'
// configurations themselves have in place of an operation: pct(1) of Proxmox VE,
// incus(1), and LXD's client. {N} is the container's name as a shell reads it.
func managerCommands(manager string) map[runtime.Op]string {
	switch manager {
	case "proxmox":
		return map[runtime.Op]string{
			runtime.Clone:          "pct clone {N} NEWID",
			runtime.Rename:         "pct set {N} --hostname NAME", // the number is the name, and stays
			runtime.Destroy:        "pct destroy {N}",
			runtime.Snapshot:       "pct snapshot {N} NAME",
			runtime.DeleteSnapshot: "pct delsnapshot {N} NAME",
			runtime.Restore:        "pct rollback {N} NAME",
			runtime.RestoreAs:      "pct clone {N} NEWID --snapname NAME",
			runtime.AddDevice:      "pct set {N} --dev0 PATH",
			runtime.RemoveDevice:   "pct set {N} --delete dev0",
			runtime.SetConfig:      "pct set {N} --OPTION VALUE",
			runtime.SetAutostart:   "pct set {N} --onboot 1 --startup order=ORDER,up=DELAY",
			runtime.SetLimits:      "pct set {N} --memory MB --cores N",
			runtime.Pack:           "vzdump {N}",
			runtime.Checkpoint:     "pct suspend {N}",
			runtime.Resume:         "pct resume {N}",
		}
	case "incus":
		return map[runtime.Op]string{
			runtime.Clone:          "incus copy {N} NEW",
			runtime.Rename:         "incus rename {N} NEW",
			runtime.Destroy:        "incus delete {N}",
			runtime.Snapshot:       "incus snapshot create {N} NAME",
			runtime.DeleteSnapshot: "incus snapshot delete {N} NAME",
			runtime.Restore:        "incus snapshot restore {N} NAME",
			runtime.RestoreAs:      "incus copy {N}/NAME NEW",
			runtime.AddDevice:      "incus config device add {N} NAME unix-char path=PATH",
			runtime.RemoveDevice:   "incus config device remove {N} NAME",
			runtime.SetConfig:      "incus config edit {N}",
			runtime.SetAutostart:   "incus config set {N} boot.autostart=true",
			runtime.SetLimits:      "incus config set {N} limits.memory=SIZE",
			runtime.Pack:           "incus export {N} FILE",
			runtime.Checkpoint:     "incus stop {N} --stateful",
			runtime.Resume:         "incus start {N}",
		}
	case "lxd":
		return map[runtime.Op]string{
			runtime.Clone:          "lxc copy {N} NEW",
			runtime.Rename:         "lxc rename {N} NEW",
			runtime.Destroy:        "lxc delete {N}",
			runtime.Snapshot:       "lxc snapshot {N} NAME",
			runtime.DeleteSnapshot: "lxc delete {N}/NAME",
			runtime.Restore:        "lxc restore {N} NAME",
			runtime.RestoreAs:      "lxc copy {N}/NAME NEW",
			runtime.AddDevice:      "lxc config device add {N} NAME unix-char path=PATH",
			runtime.RemoveDevice:   "lxc config device remove {N} NAME",
			runtime.SetConfig:      "lxc config edit {N}",
			runtime.SetAutostart:   "lxc config set {N} boot.autostart=true",
			runtime.SetLimits:      "lxc config set {N} limits.memory=SIZE",
			runtime.Pack:           "lxc export {N} FILE",
			runtime.Checkpoint:     "lxc stop {N} --stateful",
			runtime.Resume:         "lxc start {N}",
		}
	default:
		return nil
	}
}

// ManagerCommand is the command of the container's own manager that does what
// an operation does; "" = it has none, or nobody manages the container.
func ManagerCommand(op runtime.Op, c runtime.Container) string {
	cmd := managerCommands(c.Manager)[op]
	return strings.ReplaceAll(cmd, "{N}", runtime.ShellQuote(c.Name))
}

// whyManaged refuses what another manager has to do.
func whyManaged(op runtime.Op, c runtime.Container) string {
	if cmd := ManagerCommand(op, c); cmd != "" {
		return fmt.Sprintf("%s belongs to %s: do it there, by %s", c.Name, c.Manager, cmd)
	}
	if unit, ok := strings.CutSuffix(c.Manager, ".service"); ok && unit != "" {
		return fmt.Sprintf("%s is run by %s, which would not know of it: end that first, by systemctl stop %s",
			c.Name, c.Manager, runtime.ShellQuote(c.Manager))
	}
	return fmt.Sprintf("%s belongs to %s: %s it there", c.Name, c.Manager, op)
}
