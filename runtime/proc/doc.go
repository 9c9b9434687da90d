// Package proc reads the processes of containers from /proc: who they are
// inside and outside, what they take, which unit they are in, what they listen
// on.
//
//	FS{Root}                     where /proc and /sys are; the zero FS is this machine
//	FS.Read(ctx, Target, query)  all processes of a container
//	FS.Find(Target, pid)         one of them, and whether it is one
//	FS.Owners(ctx, query, all)   whom a pid or a listening port belongs to
//
// Rules of this room:
//   - A process belongs to a container when its cgroup is the container's or
//     below it, which the container itself cannot change. Where the container
//     has no cgroup of its own, its pid namespace counts, and descent from its init.
//   - All files of a process are opened below one descriptor of its directory:
//     they are of one process, whoever gets its pid next. The cgroup is looked
//     at among them.
//   - What ends in mid-read is left out, and is no error.
//   - Nothing inside a container's root is opened, and no name of /proc that
//     leads there. Reading a command line may still take long, as the kernel
//     waits for the process's memory map: whoever calls has a deadline.
//   - File contents are foreign text: every parser is bounded and fuzzed.
package proc
