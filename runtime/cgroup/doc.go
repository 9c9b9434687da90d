// Package cgroup reads the kernel's statistics files of containers into
// runtime.Sample: cgroup v1, v2 and hybrid hosts, decided per controller.
//
// Most callers need three things only:
//
//	set := cgroup.NewSet(cgroup.FS{}, dirs)   // dirs may be nil
//	err := set.Sample(ctx, batch)             // each tick; fills every Reading, not Batch.Host
//	set.Close()
//
// The parts below it:
//
//	FS{Root}                      where /proc and /sys are; the zero FS is this machine
//	FS.Mounts() Mounts            the cgroup hierarchies of /proc/self/mountinfo
//	Mounts.Dir(controller, path)  the directory of a cgroup; controller "" = v2
//	FS.Locate(pid, dirs...)       the payload cgroup of a container's init, per hierarchy
//	FS.Open(pid, dirs...)         a Reader: Read(tier, *Sample), Close
//	FS.ListPayloads(deep)         the lxc.payload* directories there are, whoever owns them
//	FS.PayloadInit(Payload)       the pid of a payload's init
//	NewSet, Set.Sample, Set.Close Readers kept by runtime.Ref from tick to tick
//	Set.Locate                    FS.Locate for many containers, cheaper
//	Dirs                          the hook for configured cgroup directories
//	ErrGone                       the cgroup vanished under an open Reader
//	kernfile                      buffer and parser parts, shared with package host
//
// Rules of this room:
//   - A container's place is what /proc/PID/cgroup says, cut back to the
//     payload directory; a name is never turned into a path.
//   - Where that path has no payload component of its own nothing is read at
//     all: the figures would be those of a login session or of the host.
//   - Files are opened once, while the init is known to live, and read with
//     pread from then on. A read of an open Reader allocates nothing.
//   - A first look at many containers is shared out to a few workers; ticks
//     after it are one goroutine's. Readings of the Totals tier open
//     only the files that they need, and close them again.
//   - What is missing, refused or garbled is an absent Value and a word in
//     Sample.Controls; only a vanished cgroup is an error.
//   - File contents are foreign text: every parser is bounded, safe from
//     overflow and fuzzed.
package cgroup
