package runtime

import (
	"fmt"
	"math/bits"
)

// capabilityNames are those of capabilities(7) by their number in
// linux/capability.h, without the "cap_" before them, as lxc.cap.drop names them.
var capabilityNames = [...]string{
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
	"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace",
	"sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write",
	"audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
	"checkpoint_restore",
}

// CapabilityName is the name of a capability; "cap_NN" for one that is newer.
func CapabilityName(n int) string {
	if n >= 0 && n < len(capabilityNames) {
		return capabilityNames[n]
	}
	return fmt.Sprintf("cap_%d", n)
}

// CapabilityNames are the names of a set, by their numbers.
func CapabilityNames(set uint64) []string {
	names := make([]string, 0, bits.OnesCount64(set))
	for n := range 64 {
		if set>>n&1 == 1 {
			names = append(names, CapabilityName(n))
		}
	}
	return names
}

// Has says whether a capability is known to be in the bounding set: some process
// of the container may have it.
func (c *Capabilities) Has(name string) bool {
	set, ok := c.Bounding.Get()
	if !ok {
		return false
	}
	for n, known := range capabilityNames {
		if known == name {
			return set>>n&1 == 1
		}
	}
	return false
}

// Dropped are the capabilities that the kernel knows and no process of the
// container can get; false = not known.
func (c *Capabilities) Dropped() (uint64, bool) {
	set, ok := c.Bounding.Get()
	if !ok {
		return 0, false
	}
	last, ok := c.Last.Get()
	if !ok || last > 63 {
		return 0, false
	}
	return ^set & (^uint64(0) >> (63 - last)), true
}
