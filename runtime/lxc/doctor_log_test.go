package lxc

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// TestDoctorReadsRecordedLines is for causes that this host cannot have: the
// lines are those of liblxc's sources (5.0.2 and 6.0), as it writes them.
func TestDoctorReadsRecordedLines(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-log", "lxc.idmap = u 0 7000000 65536", "lxc.idmap = g 0 7000000 65536", "lxc.apparmor.profile = lxcdt-profile"))
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-log"}
	bin := t.TempDir()
	put(t, filepath.Join(bin, "newuidmap"), "")
	for _, c := range []struct {
		why, log, cause, advice string
		uid                     int
		path                    string
	}{
		{"newuidmap is not installed everywhere", "newuidmap failed to write mapping \"newuidmap: uid range [0-65536) -> [7000000-7065536) not allowed\": newuidmap 77 0 7000000 65536",
			"/etc/subuid", "usermod --add-subuids 7000000-7065535", 0, bin},
		{"as root nothing stands in the way", "Operation not permitted - Failed to write uid mapping to \"/proc/77/uid_map\"",
			"newuidmap is not installed", "uidmap", 1000, "/nowhere"},
		{"root needs no delegation", "Failed to setup cgroup limits for container \"lxcdt-log\"",
			"No cgroup is delegated to " + accountName(1000) + ":", "systemd-run --user --scope -p Delegate=yes", 1000, ""},
		{"the controllers of a test's host are all there", "One or more requested controllers unavailable or not delegated",
			"not handed down", "cgroup.subtree_control", 0, ""},
		{"not every kernel has AppArmor", "No such file or directory - Failed to change AppArmor profile to lxcdt-profile",
			"AppArmor profile that its config names is not loaded: ", "apparmor_parser -r", 0, ""},
		{"the limit is the whole host's", "No space left on device - Failed to clone a new set of namespaces",
			"no more namespaces", "user.max_", 0, ""},
		{"a thousand cgroups would have to be made", "Numerical result out of range - Failed to create container cgroup",
			"are taken: lxcdt-log to lxcdt-log-999", "rmdir", 0, ""},
		{"the limit is the whole user's", "Too many open files - Failed to create pipe", "no more open files", "ulimit -n", 0, ""},
		{"the limit is the whole user's", "Resource temporarily unavailable - Failed to fork first child process", "no more processes", "pids.max", 0, ""},
		{"lxc-user-nic works for users only", "lxc-user-nic failed to configure requested network: Quota reached", "lxc-user-nic gives", "/etc/lxc/lxc-usernet", 1000, ""},
		{"nobody knows", "Something new", "", "Something new", 0, ""},
	} {
		p := newPatient(ref, &failedStart{Log: []byte(c.log + "\nReceived container state \"ABORTING\" instead of \"RUNNING\"")})
		p.uid = c.uid
		if c.path != "" {
			p.net.path = c.path
		}
		d := p.diagnose()
		p.release()
		t.Logf("%s: %s\n  %s\n  saw %q", c.why, d.Cause, d.Advice, d.Detail)
		wantCause(t, d, c.cause, c.advice)
		if c.cause == "" && d.Cause != "" {
			t.Errorf("a cause is invented: %q", d.Cause)
		}
	}
}

// TestDoctorLooksForARoot: liblxc's lines on console and terminals name descriptors,
// which are no paths, and no line of the config is meant by them.
func TestDoctorLooksForARoot(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-with"))
	bare := runtime.Ref{Path: s.Path, Name: "lxcdt-without"}
	must(t, os.Mkdir(bare.String(), 0o755))
	put(t, filepath.Join(bare.String(), "config"), "lxc.uts.name = x\nlxc.mount.entry = /tmp mnt none bind 0 0\n")
	const (
		console = "No such file or directory - Failed to mount temporary procfs\n" +
			"No such file or directory - Failed to open \"/dev/pts/3\"\n" +
			"No such file or directory - Failed to mount \"10(/dev/pts/3)\" on \"44\"\nFailed to setup console"
		ttys  = "No such file or directory - Failed to mount \"12\" on \"45\"\nFailed to setup ttys"
		entry = "No such file or directory - Failed to mount \"/tmp\" on \"/mnt\"\nFailed to setup mount entries"
		gone  = "No such file or directory - Failed to mount \"/no/source\" on \"/mnt\"\nFailed to setup mount entries"
	)
	for _, c := range []struct{ name, log, cause, advice string }{
		{"lxcdt-without", console, "has no lxc.rootfs.path", "lxc.rootfs.path = dir:/path/to/rootfs into " + bare.String() + "/config"},
		{"lxcdt-without", ttys, "has no lxc.rootfs.path", "lxc.rootfs.path = dir:"},
		{"lxcdt-without", entry, "has no lxc.rootfs.path", "lxc.rootfs.path = dir:"},
		{"lxcdt-without", gone, "no /no/source on the host", "optional"},
		{"lxcdt-with", console, "cannot set up the container's console: ", "lxc.console.path"},
		{"lxcdt-with", ttys, "cannot set up the container's terminals: ", "lxc.tty.max"},
		{"lxcdt-with", entry, "mount point /mnt is not there", "create=dir"},
	} {
		p := newPatient(runtime.Ref{Path: s.Path, Name: c.name}, &failedStart{Log: []byte(c.log + "\nFailed to setup container \"x\"")})
		d := p.diagnose()
		p.release()
		wantCause(t, d, c.cause, c.advice)
		if c.log != entry && strings.Contains(d.Advice, "create=") {
			t.Errorf("%s: %q", c.log, d.Advice)
		}
	}
}

// TestDoctorKnowsHalfMadeContainers: what to do depends on who was making it.
func TestDoctorKnowsHalfMadeContainers(t *testing.T) {
	s := lxctest.New(t)
	for name, ours := range map[string]bool{"lxcdt-half": false, "lxcdt-ours": true} {
		ref := runtime.Ref{Path: s.Path, Name: name}
		must(t, os.Mkdir(ref.String(), 0o770))
		put(t, filepath.Join(ref.String(), "config"), "lxc.uts.name = x\n")
		put(t, filepath.Join(ref.String(), "partial"), "")
		advice := "remove that directory"
		if ours {
			j, err := openJournal(runtime.Create, ref, makingRoot, map[string]string{})
			must(t, err)
			advice = "lxcdeck recover " + name + " " + j.ID + " undo"
		}
		p := newPatient(ref, &failedStart{Kind: errKind(runtime.ErrConfig)})
		wantCause(t, p.diagnose(), ref.String()+"/partial stands there", advice)
		p.release()
		if !exists(filepath.Join(ref.String(), "config")) {
			t.Error("looking has destroyed it")
		}
	}
	// What cannot be looked at, as for a user whose container it is not, is no sign of it.
	hidden := runtime.Ref{Path: s.Path, Name: "lxcdt-hidden"}
	must(t, os.Symlink(hidden.String(), hidden.String()))
	t.Cleanup(func() { must(t, os.Remove(hidden.String())) })
	p := newPatient(hidden, &failedStart{Kind: errKind(runtime.ErrConfig)})
	defer p.release()
	p.load = &fs.PathError{Op: "lstat", Path: filepath.Join(hidden.String(), "config"), Err: fs.ErrPermission}
	wantCause(t, *p.badConfig(), "Its config cannot be read", "as the user who owns the container")
}

func TestDoctorComparesIDs(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-ids", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536"))
	p := newPatient(runtime.Ref{Path: s.Path, Name: "lxcdt-ids"}, &failedStart{Log: []byte("newuidmap failed")})
	defer p.release()
	bin := t.TempDir()
	put(t, filepath.Join(bin, "newuidmap"), "")
	p.net.path, p.subuid, p.subgid = bin, filepath.Join(bin, "subuid"), filepath.Join(bin, "subgid")
	name := userName(p.uid)
	for _, c := range []struct{ uids, gids, cause, advice string }{
		{"other:100000:65536\n", name + ":200000:65536\n", p.subuid + " gives " + name + " no ids", "--add-subuids 100000-165535"},
		{name + ":100000:65535\n", name + ":200000:65536\n", p.subuid + " does not give " + name + " all the ids", "--add-subuids 100000-165535"},
		{name + ":100000:65536\n", name + ":200001:65536\n", p.subgid + " does not give " + name + " all the ids", "--add-subgids 200000-265535"},
		{name + ":100000:65536\n", "", p.subgid + " gives " + name + " no ids", "--add-subgids 200000-265535"},
		{"x:1:1\n" + name + ":90000:100000\n", name + ":200000:65536\n", "newuidmap refuses", "setuid"},
	} {
		put(t, p.subuid, c.uids)
		put(t, p.subgid, c.gids)
		wantCause(t, *p.badIDs(), c.cause, c.advice)
	}
}

func TestDoctorKnowsModules(t *testing.T) {
	p := &patient{}
	wantCause(t, *p.noSource("/dev/net/tun", "/dev/net/tun"), "no /dev/net/tun", "modprobe tun")
	wantCause(t, *p.noSource("/dev/net", "/dev/net"), "no /dev/net,", "modprobe tun")
	wantCause(t, *p.noSource("/dev/ttyUSB7", "/dev/ttyUSB0"), "no device /dev/ttyUSB7", "Plug it in")
}

// TestDoctorOffersLXCsOwnBridge needs a host with systemd and lxc-net, made of files.
func TestDoctorOffersLXCsOwnBridge(t *testing.T) {
	p := &patient{net: netHost(t, ""), log: []string{`Failed to attach "vethX" to bridge "br9", bridge interface doesn't exist`}}
	d := p.badNetwork()
	wantCause(t, *d, "no bridge br9", "lxc-net makes it")
	if d.Fix == nil || d.Fix.ID != fixLxcNet {
		t.Errorf("fix = %+v", d.Fix)
	}
	must(t, os.WriteFile(p.net.defaults[0], []byte("USE_LXC_BRIDGE=false\nLXC_BRIDGE=br9\n"), 0o644))
	p.net.defaults = append(p.net.defaults, "/nowhere")
	d = p.badNetwork()
	wantCause(t, *d, "no bridge br9", "USE_LXC_BRIDGE")
	if d.Fix != nil {
		t.Errorf("a fix is offered that does nothing: %+v", d.Fix)
	}
	p.log = []string{`Failed to attach "vethX" to bridge "other0", bridge interface doesn't exist`}
	if d = p.badNetwork(); d.Fix != nil || !strings.Contains(d.Cause, "other0") {
		t.Errorf("another bridge: %+v", d)
	}
}
