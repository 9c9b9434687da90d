package archive

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"lxcdeck/runtime"
)

func site() Site {
	return Site{
		Ref:    runtime.Ref{Path: "/var/lib/lxc", Name: "new"},
		Bridge: func(name string) bool { return name == "lxcbr0" },
		File: func(path string) bool {
			return slices.Contains([]string{commonConf, usernsConf, lxcConfigs + "alpine.common.conf", lxcConfigs + "alpine.userns.conf"}, path)
		},
	}
}

func lines(c Config) string { return string(c.Text()) }

func TestJudgeKeepsWhatActsInside(t *testing.T) {
	for _, l := range []string{
		"lxc.arch = x86_64", "lxc.tty.max = 4", "lxc.pty.max = 1024", "lxc.signal.halt = SIGRTMIN+3", "lxc.group = web", "lxc.environment = A=b c",
		"lxc.start.order = -5", "lxc.cap.drop = sys_module mac_admin", "lxc.init.cmd = /sbin/init --x", "lxc.cgroup2.memory.max = 1G", "lxc.cgroup2.cpu.max = 50000 100000",
		"lxc.cgroup.memory.limit_in_bytes = 512M", "lxc.mount.auto = proc:mixed sys:ro cgroup:mixed", "lxc.mount.entry = shm dev/shm tmpfs rw,nosuid,size=64m,create=dir 0 0",
		"lxc.include = " + lxcConfigs + "alpine.common.conf", "lxc.no_new_privs = 1", "lxc.seccomp.profile = " + lxcConfigs + "common.seccomp",
	} {
		c := Judge([]byte("# comment\n\t"+strings.Replace(l, " = ", "=\"", 1)+"\"\n"), site())
		if !strings.Contains(lines(c), l+"\n") || len(c.Dropped) > 0 {
			t.Errorf("%s became %q, dropped %v", l, lines(c), c.Dropped)
		}
	}
}

func TestJudgeDropsWhatActsOutside(t *testing.T) {
	for _, l := range []string{
		"lxc.hook.pre-start = /bin/sh", "lxc.hook.start = x", "lxc.log.file = /etc/cron.d/x", "lxc.console.logfile = /x", "lxc.mount = /etc/fstab", "lxc.mount.fstab = /x",
		"lxc.mount.entry = / mnt none bind 0 0", "lxc.mount.entry = tmpfs ../../x tmpfs rw 0 0", "lxc.mount.entry = tmpfs /abs tmpfs rw 0 0",
		"lxc.mount.entry = x y tmpfs bind 0 0", "lxc.mount.entry = proc proc proc rw 0 0", "lxc.mount.auto = proc:rw", "lxc.mount.auto = cgroup-full:rw:force",
		"lxc.cgroup2.devices.allow = a", "lxc.cgroup.devices.allow = a", "lxc.cgroup.devices.deny =", "lxc.cap.drop =", "lxc.cap.drop = none", "lxc.cap.keep = sys_admin",
		"lxc.apparmor.profile = unconfined", "lxc.selinux.context = x", "lxc.seccomp.profile = /x", "lxc.include = /etc/passwd", "lxc.include = " + lxcConfigs + "nesting.conf",
		"lxc.include = " + lxcConfigs + "../x.common.conf", "lxc.include = " + lxcConfigs + "debian.common.conf", "lxc.cgroup.dir = x", "lxc.namespace.share.net = 1",
		"lxc.ephemeral = 1", "lxc.rootfs.options = dev", "lxc.rootfs.mount = /", "lxc.sysctl.kernel.core_pattern = |/x", "lxc.proc.oom_score_adj = -1000",
		"lxc.prlimit.nofile = unlimited", "lxc.environment = AWS_SECRET", "lxc.no_new_privs = 0", "lxc.tty.dir = ..", "nonsense", "lxc.arch = x\x01y", "lxc.net.x.type = veth",
	} {
		c := Judge([]byte(l+"\n"), site())
		key, value, _ := strings.Cut(l, " =")
		if len(c.Dropped) != 1 || c.Dropped[0].Key != key || strings.Contains(lines(c), key+" = "+strings.TrimSpace(value)+"\n") {
			t.Errorf("%s became %q, dropped %v", l, lines(c), c.Dropped)
		}
	}
}

func TestJudgeRewrites(t *testing.T) {
	config := "lxc.rootfs.path = dir:/\nlxc.uts.name = old\nlxc.start.auto = 1\nlxc.idmap = u 0 0 4294967295\r" +
		"lxc.include = /usr/share/lxc/config/common.conf\nlxc.include = /usr/share/lxc/config/alpine.userns.conf\n"
	s := site()
	c := Judge([]byte(config), s)
	want := "lxc.include = " + commonConf + "\nlxc.net.0.type = empty\nlxc.rootfs.path = dir:/var/lib/lxc/new/rootfs\nlxc.uts.name = new\n"
	if lines(c) != want || len(c.Dropped) > 0 || len(c.Notes) != 3 {
		t.Errorf("it became %q, dropped %v, notes %q", lines(c), c.Dropped, c.Notes)
	}
	s.IDMap = []runtime.IDMap{{Host: 100000, Count: 65536}, {Group: true, Host: 100000, Count: 65536}}
	c = Judge([]byte(config), s)
	want = "lxc.include = " + commonConf + "\nlxc.include = " + usernsConf + "\nlxc.include = " + lxcConfigs + "alpine.userns.conf\nlxc.net.0.type = empty\n" +
		"lxc.rootfs.path = dir:/var/lib/lxc/new/rootfs\nlxc.uts.name = new\nlxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 65536\n"
	if lines(c) != want || len(c.Notes) != 1 {
		t.Errorf("it became %q, notes %q", lines(c), c.Notes)
	}
	s.File = func(string) bool { return false }
	if c = Judge(nil, s); !strings.HasPrefix(lines(c), "lxc.cap.drop = mac_admin ") {
		t.Errorf("without LXC's own it became %q", lines(c))
	}
	s.Allow = []string{"lxc.hook.start", "lxc.mount.entry"}
	c = Judge([]byte("lxc.mount.entry = shm dev/shm tmpfs rw 0 0\nlxc.hook.start = /x\nlxc.hook.stop = /y\nlxc.mount.entry = / mnt none bind 0 0\n"), s)
	if len(c.Allowed) != 2 || len(c.Dropped) != 1 || !strings.HasSuffix(lines(c), "lxc.hook.start = /x\nlxc.mount.entry = / mnt none bind 0 0\n") {
		t.Errorf("allowed: %q, dropped %v", lines(c), c.Dropped)
	}
}

// liblxc makes the place of a mount by a path, before the root is one: a link of the
// archive's would lead it to the host.
func TestJudgeMakesNoPlaces(t *testing.T) {
	for entry, want := range map[string]string{
		"none evil/x tmpfs size=1m,create=dir,optional 0 0": "none evil/x tmpfs size=1m,optional 0 0",
		"none device/x tmpfs create=file":                   "none device/x tmpfs defaults",
		"none dev tmpfs create=dir":                         "none dev tmpfs defaults",
		"none dev/mqueue mqueue create=dir,optional 0 0":    "none dev/mqueue mqueue create=dir,optional 0 0",
		"none run tmpfs rw 0 0":                             "none run tmpfs rw 0 0",
	} {
		c := Judge([]byte("lxc.mount.entry = "+entry+"\n"), site())
		if !strings.Contains(lines(c), "lxc.mount.entry = "+want+"\n") || strings.Count(lines(c), "lxc.mount.entry") != 1 {
			t.Errorf("%q became %q", entry, lines(c))
		}
		if changed := entry != want; changed != (len(c.Notes) == 1) {
			t.Errorf("%q: notes %q", entry, c.Notes)
		}
	}
	s := site()
	s.Allow = []string{"lxc.mount.entry"}
	if c := Judge([]byte("lxc.mount.entry = none evil/x tmpfs create=dir\n"), s); len(c.Allowed) != 1 || !strings.Contains(lines(c), "create=dir") {
		t.Errorf("allowed: %q, %v", lines(c), c.Allowed)
	}
}

func TestJudgeNetwork(t *testing.T) {
	c := Judge([]byte("lxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\nlxc.net.0.flags = up\nlxc.net.0.hwaddr = 00:16:3e:11:22:33\nlxc.net.0.name = eth0\n"+
		"lxc.net.0.ipv4.address = 10.0.3.5/24\nlxc.net.0.script.up = /x\nlxc.net.0.veth.pair = lo\n"+
		"lxc.net.1.type = veth\nlxc.net.1.link = br9\nlxc.net.1.script.up = /x\nlxc.net.2.type = none\nlxc.net.3.type = phys\nlxc.net.3.link = eth0\n"), site())
	text := lines(c)
	for _, w := range []string{"0.type = veth", "0.link = lxcbr0", "0.flags = up", "0.name = eth0", "0.ipv4.address = 10.0.3.5/24", "0.hwaddr = 00:16:3e:",
		"1.type = empty", "2.type = empty", "3.type = empty"} {
		if !strings.Contains(text, "lxc.net."+w) {
			t.Errorf("no %q in %q", w, text)
		}
	}
	for _, no := range []string{"11:22:33", "script", "pair", "br9", "none", "phys"} {
		if strings.Contains(text, no) {
			t.Errorf("%q in %q", no, text)
		}
	}
	if len(c.Dropped) != 2 || len(c.Notes) != 3 {
		t.Errorf("dropped %v, notes %q", c.Dropped, c.Notes)
	}
	if c = Judge([]byte("lxc.net.0.type = none\nlxc.net =\n"), site()); !strings.Contains(lines(c), "lxc.net.0.type = empty\n") || len(c.Notes) > 0 {
		t.Errorf("cleared: %q, %q", lines(c), c.Notes)
	}
}

// FuzzJudge: whatever a config says, no line of the new one but those that are
// allowed names a key that acts outside.
func FuzzJudge(f *testing.F) {
	f.Add("lxc.hook.start = x\nlxc.net.0.type = none\n")
	f.Add("lxc.mount.auto = proc:rw\r\nlxc.include = /x\x00\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := Judge([]byte(text), site())
		for l := range strings.Lines(lines(c)) {
			l = strings.TrimSuffix(l, "\n")
			key, value, ok := strings.Cut(l, " = ")
			if !ok || !strings.HasPrefix(key, "lxc.") || strings.ContainsAny(l, "\n\r\x00") {
				t.Fatalf("line %q", l)
			}
			for _, no := range []string{"lxc.hook", "lxc.log", "lxc.apparmor.profile = u", "devices", "lxc.console", "lxc.namespace"} {
				if strings.HasPrefix(l, no) || strings.Contains(key, no) {
					t.Fatalf("line %q", l)
				}
			}
			if strings.HasSuffix(key, ".type") && value != "empty" && value != "veth" {
				t.Fatalf("line %q", l)
			}
		}
	})
}

func TestHead(t *testing.T) {
	root := tree(t)
	archive, _ := packed(t, root, PackOptions{Config: []byte("lxc.uts.name = web\n")})
	for _, r := range []io.Reader{bytes.NewReader(archive), iotest.OneByteReader(bytes.NewReader(archive))} {
		m, config, again, err := Head(r)
		must(t, err)
		if m.Name != "web" || string(config) != "lxc.uts.name = web\n" {
			t.Errorf("%+v, %q", m, config)
		}
		whole, err := io.ReadAll(again)
		must(t, err)
		if !bytes.Equal(whole, archive) {
			t.Error("the stream is another afterwards")
		}
	}
	if _, _, again, err := Head(strings.NewReader("no archive")); err == nil || again == nil {
		t.Errorf("no archive: %v", err)
	}
}

func TestMeasure(t *testing.T) {
	root := tree(t)
	_, p := packed(t, root, PackOptions{})
	if n, err := Measure(t.Context(), opened(t, root)); err != nil || n != p.Read {
		t.Errorf("measured %d, packed %d, %v", n, p.Read, err)
	}
}
