package conf

// netKeys are the keys of interfaces.
var netKeys = []Key{
	{Name: "lxc.net", Kind: Clear, Since: "2.1", Means: "Clears all interfaces before it."},
	{Name: "lxc.net.[i]", Kind: Clear, Since: "2.1", Means: "Clears this interface."},
	{Name: "lxc.net.[i].type", Value: Enum, Words: []string{"veth", "empty", "none", "vlan", "macvlan", "ipvlan", "phys"}, Since: "2.1", Means: "What kind of interface it is; has to come first, as it takes back what was said of it before."},
	{Name: "lxc.net.[i].flags", Value: Enum, Words: []string{"up"}, Since: "2.1", Means: "up = it is brought up at the start."},
	{Name: "lxc.net.[i].link", Value: Interface, Since: "2.1", Means: "The bridge or interface of the host that it is connected to."},
	{Name: "lxc.net.[i].l2proxy", Value: Bool, Since: "4.0", Default: "0", Means: "Answers on that interface for the container's addresses."},
	{Name: "lxc.net.[i].mtu", Value: Count, Since: "2.1", Means: "How many bytes a packet may have."},
	{Name: "lxc.net.[i].name", Value: Interface, Since: "2.1", Means: "Its name inside."},
	{Name: "lxc.net.[i].hwaddr", Value: MAC, Since: "2.1", Default: "by chance", Means: "Its hardware address; each x in it is chosen by chance."},
	{Name: "lxc.net.[i].ipv4.address", Kind: List, Value: Address4, Since: "2.1", Means: "An address with its prefix, and if wished the broadcast address."},
	{Name: "lxc.net.[i].ipv4.gateway", Value: Gateway4, Words: []string{"auto", "dev"}, Since: "2.1", Means: "Where packets for elsewhere go; auto = the bridge's address, dev = the interface itself."},
	{Name: "lxc.net.[i].ipv6.address", Kind: List, Value: Address6, Since: "2.1", Means: "An address with its prefix (64 without one)."},
	{Name: "lxc.net.[i].ipv6.gateway", Value: Gateway6, Words: []string{"auto", "dev"}, Since: "2.1", Means: "Where packets for elsewhere go; auto = the bridge's address, dev = the interface itself."},
	{Name: "lxc.net.[i].script.up", Value: Command, Since: "2.1", Means: "Run on the host when the interface has been made."},
	{Name: "lxc.net.[i].script.down", Value: Command, Since: "2.1", Means: "Run on the host before the interface goes."},
	{Name: "lxc.net.[i].veth.mode", Value: Enum, Words: []string{"bridge", "router"}, needs: "veth", Since: "4.0", Default: "bridge", Means: "Whether its end on the host joins a bridge, or gets routes to the container."},
	{Name: "lxc.net.[i].veth.pair", Value: Interface, needs: "veth", Since: "2.1", Means: "Name of its end on the host; not for a user's containers."},
	{Name: "lxc.net.[i].veth.ipv4.route", Kind: List, Value: Route4, needs: "veth", Since: "4.0", Means: "A network that the host reaches by way of the container."},
	{Name: "lxc.net.[i].veth.ipv6.route", Kind: List, Value: Route6, needs: "veth", Since: "4.0", Means: "A network that the host reaches by way of the container."},
	{Name: "lxc.net.[i].veth.vlan.id", Value: VLAN, Words: []string{"none"}, needs: "veth", Since: "5.0", Means: "The untagged VLAN of its port on the bridge; none = it leaves the default one."},
	{Name: "lxc.net.[i].veth.vlan.tagged.id", Kind: List, Value: VLAN, needs: "veth", Since: "5.0", Means: "One more VLAN of that port, with tags."},
	{Name: "lxc.net.[i].veth.n_rxqueues", Value: Count, needs: "veth", Since: "5.0", Means: "How many queues take packets in."},
	{Name: "lxc.net.[i].veth.n_txqueues", Value: Count, needs: "veth", Since: "5.0", Means: "How many queues send packets."},
	{Name: "lxc.net.[i].vlan.id", Value: VLAN, needs: "vlan", Since: "2.1", Means: "The VLAN of that interface of the host."},
	{Name: "lxc.net.[i].macvlan.mode", Value: Enum, Words: []string{"private", "vepa", "bridge", "passthru"}, needs: "macvlan", Since: "2.1", Default: "private", Means: "Whether those on one interface of the host reach each other, and by which way."},
	{Name: "lxc.net.[i].ipvlan.mode", Value: Enum, Words: []string{"l3", "l3s", "l2"}, needs: "ipvlan", Since: "4.0", Default: "l3", Means: "At which layer packets are passed on, and whether the host's firewall sees them (l3s)."},
	{Name: "lxc.net.[i].ipvlan.isolation", Value: Enum, Words: []string{"bridge", "private", "vepa"}, needs: "ipvlan", Since: "4.0", Default: "bridge", Means: "Whether those on one interface of the host reach each other."},
}

var arches = []string{
	"x86_64", "amd64", "i686", "i586", "i486", "i386", "x86", "linux64", "linux32", "athlon", "aarch64", "arm64", "arm", "armel", "armhf", "armv7l",
	"mips", "mipsel", "mips64", "mips64el", "ppc", "powerpc", "ppc64", "ppc64el", "ppc64le", "powerpc64", "riscv64", "s390x",
}

var namespaces = []string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}

// autoMounts are the words of lxc.mount.auto; shmounts: takes paths behind it.
var autoMounts = []string{
	"proc", "proc:mixed", "proc:rw", "sys", "sys:mixed", "sys:ro", "sys:rw",
	"cgroup", "cgroup:mixed", "cgroup:ro", "cgroup:rw", "cgroup:force", "cgroup:mixed:force", "cgroup:ro:force", "cgroup:rw:force",
	"cgroup-full", "cgroup-full:mixed", "cgroup-full:ro", "cgroup-full:rw", "cgroup-full:force", "cgroup-full:mixed:force",
	"cgroup-full:ro:force", "cgroup-full:rw:force", "cgroup2", "cgroup2:ro", "cgroup2:force", "cgroup2:ro:force", "shmounts:",
}

// caps are the capabilities of linux/capability.h.
var caps = []string{
	"audit_control", "audit_read", "audit_write", "block_suspend", "bpf", "checkpoint_restore", "chown", "dac_override", "dac_read_search",
	"fowner", "fsetid", "ipc_lock", "ipc_owner", "kill", "lease", "linux_immutable", "mac_admin", "mac_override", "mknod", "net_admin",
	"net_bind_service", "net_broadcast", "net_raw", "perfmon", "setfcap", "setgid", "setpcap", "setuid", "sys_admin", "sys_boot", "sys_chroot",
	"sys_module", "sys_nice", "sys_pacct", "sys_ptrace", "sys_rawio", "sys_resource", "sys_time", "sys_tty_config", "syslog", "wake_alarm",
}

// limits are the resources of setrlimit(2).
var limits = []string{
	"as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
}

// logLevels are those of lxc_log_priority_to_int in log.h.
var logLevels = []string{
	"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "FATAL", "0", "1", "2", "3", "4", "5", "6", "7", "8",
}

// signals are the names that liblxc knows, beside numbers, SIGRTMIN+n and SIGRTMAX-n.
var signals = []string{
	"SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT", "SIGKILL",
	"SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP",
	"SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "SIGRTMIN+1", "SIGRTMIN+3", "SIGRTMAX-1",
}

var cgroup2Files = []string{
	"cpu.max", "cpu.weight", "cpuset.cpus", "cpuset.mems", "devices.allow", "devices.deny", "hugetlb.2MB.max", "io.max", "io.weight",
	"memory.high", "memory.low", "memory.max", "memory.min", "memory.oom.group", "memory.swap.max", "memory.zswap.max", "pids.max",
}

var cgroup1Files = []string{
	"blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device", "blkio.weight", "cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.shares",
	"cpuset.cpus", "cpuset.mems", "devices.allow", "devices.deny", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
	"memory.soft_limit_in_bytes", "memory.swappiness", "pids.max",
}

// renamed are the keys of LXC before 2.1 (lxc-update-config(1)).
var renamed = []struct{ old, now string }{
	{"lxc.utsname", "lxc.uts.name"}, {"lxc.rootfs", "lxc.rootfs.path"}, {"lxc.rootfs.backend", "lxc.rootfs.path"}, {"lxc.mount", "lxc.mount.fstab"},
	{"lxc.id_map", "lxc.idmap"}, {"lxc.tty", "lxc.tty.max"}, {"lxc.pts", "lxc.pty.max"}, {"lxc.devttydir", "lxc.tty.dir"},
	{"lxc.console", "lxc.console.path"}, {"lxc.seccomp", "lxc.seccomp.profile"}, {"lxc.aa_profile", "lxc.apparmor.profile"},
	{"lxc.aa_allow_incomplete", "lxc.apparmor.allow_incomplete"}, {"lxc.se_context", "lxc.selinux.context"}, {"lxc.init_cmd", "lxc.init.cmd"},
	{"lxc.init_uid", "lxc.init.uid"}, {"lxc.init_gid", "lxc.init.gid"}, {"lxc.haltsignal", "lxc.signal.halt"},
	{"lxc.rebootsignal", "lxc.signal.reboot"}, {"lxc.stopsignal", "lxc.signal.stop"}, {"lxc.loglevel", "lxc.log.level"},
	{"lxc.logfile", "lxc.log.file"}, {"lxc.syslog", "lxc.log.syslog"}, {"lxc.limit", "lxc.prlimit"}, {"lxc.network", "lxc.net"},
	{"lxc.kmsg", ""}, {"lxc.pivotdir", ""},
}
