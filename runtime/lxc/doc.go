// Package lxc is the Runtime of real containers: LXC's own, through go-lxc.
//
// Rules of this room:
//   - It is the only importer of go-lxc and the only cgo.
//   - No configuration reaches liblxc before safety.go and config.go have
//     found that only those we trust can write it.
//   - Every question to a container has a deadline; at most one is out at a
//     time. States and pids come from the monitor's command socket, asked in
//     Go (probe.go), events from the kernel (watch.go), addresses from netlink
//     (addr.go), figures from cgroup files (runtime/cgroup).
//   - What forks, blocks, prints or can hang in liblxc runs in a helper
//     (helper.go). main and TestMain call HelperMain before anything else.
//   - Nothing of ours stays open inside a container, and no terminal of ours
//     is given to one (attach_helper.go, confine.go).
//   - Goroutines start through runtime.Spawn, which turns panics into errors.
//   - What a container contains is read through inroot.go alone.
package lxc
