package conf

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryKeyIsTold: what a form asks of the table is there.
func TestEveryKeyIsTold(t *testing.T) {
	series := regexp.MustCompile(`^\d+\.\d+(\.\d+)?$`)
	seen := map[string]bool{}
	all := Keys()
	if len(all) < 110 {
		t.Errorf("only %d keys", len(all))
	}
	for i := range all {
		k := &all[i]
		switch {
		case seen[k.Name]:
			t.Errorf("%s stands twice in the table", k.Name)
		case !strings.HasSuffix(k.Means, "."), len(k.Means) < 15, len(k.Means) > 120, strings.Contains(k.Means, "\n"):
			t.Errorf("%s: meaning %q", k.Name, k.Means)
		case !series.MatchString(k.Since):
			t.Errorf("%s: since %q", k.Name, k.Since)
		case k.Value == Enum && len(k.Words) == 0, k.Value == WordList && len(k.Words) == 0:
			t.Errorf("%s has no words", k.Name)
		}
		seen[k.Name] = true
		example := strings.ReplaceAll(k.Name, "[i]", "3")
		if begin, open := restOf(k.Name); open {
			if len(k.Subs) == 0 {
				t.Errorf("%s has nothing to complete", k.Name)
				continue
			}
			example = begin + k.Subs[0]
		}
		if got, ok := Lookup(example); !ok || got.Name != k.Name {
			t.Errorf("%s is found as %q", example, got.Name)
		}
	}
}

// TestManualIsCovered has the keys of lxc.container.conf(5) of LXC 5.0.2, and
// those that lxc.container.conf(5) of LXC 6 adds.
func TestManualIsCovered(t *testing.T) {
	manual := `lxc.include lxc.arch lxc.uts.name lxc.signal.halt lxc.signal.reboot lxc.signal.stop lxc.execute.cmd lxc.init.cmd lxc.init.cwd
lxc.init.uid lxc.init.gid lxc.init.groups lxc.sched.core lxc.proc.oom_score_adj lxc.ephemeral lxc.net lxc.net.0.type lxc.net.0.flags lxc.net.0.link
lxc.net.0.l2proxy lxc.net.0.mtu lxc.net.0.name lxc.net.0.hwaddr lxc.net.0.ipv4.address lxc.net.0.ipv4.gateway lxc.net.0.ipv6.address
lxc.net.0.ipv6.gateway lxc.net.0.script.up lxc.net.0.script.down lxc.net.0.veth.mode lxc.net.0.veth.pair lxc.net.0.veth.ipv4.route
lxc.net.0.veth.ipv6.route lxc.net.0.veth.vlan.id lxc.net.0.veth.vlan.tagged.id lxc.net.0.vlan.id lxc.net.0.macvlan.mode lxc.net.0.ipvlan.mode
lxc.net.0.ipvlan.isolation lxc.net.0.veth.n_rxqueues lxc.net.0.veth.n_txqueues lxc.pty.max lxc.console.buffer.size lxc.console.size
lxc.console.logfile lxc.console.rotate lxc.console.path lxc.tty.max lxc.tty.dir lxc.autodev lxc.autodev.tmpfs.size lxc.mount.fstab lxc.mount.entry
lxc.mount.auto lxc.rootfs.path lxc.rootfs.mount lxc.rootfs.options lxc.rootfs.managed lxc.cgroup.cpu.shares lxc.cgroup2.memory.max lxc.cgroup.dir
lxc.cgroup.dir.container lxc.cgroup.dir.monitor lxc.cgroup.dir.monitor.pivot lxc.cgroup.dir.container.inner lxc.cgroup.relative lxc.cap.drop
lxc.cap.keep lxc.namespace.clone lxc.namespace.keep lxc.namespace.share.net lxc.time.offset.boot lxc.time.offset.monotonic lxc.prlimit.nofile
lxc.sysctl.net.ipv4.ip_forward lxc.apparmor.profile lxc.apparmor.allow_incomplete lxc.apparmor.allow_nesting lxc.apparmor.raw lxc.selinux.context
lxc.selinux.context.keyring lxc.keyring.session lxc.seccomp.profile lxc.seccomp.allow_nesting lxc.seccomp.notify.proxy lxc.seccomp.notify.cookie
lxc.no_new_privs lxc.idmap lxc.hook lxc.hook.version lxc.hook.pre-start lxc.hook.pre-mount lxc.hook.mount lxc.hook.autodev lxc.hook.start-host
lxc.hook.start lxc.hook.stop lxc.hook.post-stop lxc.hook.clone lxc.hook.destroy lxc.log.level lxc.log.file lxc.log.syslog lxc.start.auto
lxc.start.delay lxc.start.order lxc.monitor.unshare lxc.monitor.signal.pdeath lxc.group lxc.environment lxc.environment.runtime lxc.environment.hooks`
	for key := range strings.FieldsSeq(manual) {
		if _, ok := Lookup(key); !ok {
			t.Errorf("%s is not known", key)
		}
	}
}

func TestLookup(t *testing.T) {
	for key, want := range map[string]string{
		"lxc.net.3.type": "lxc.net.[i].type", "lxc.net.12": "lxc.net.[i]", "lxc.net.00.link": "lxc.net.[i].link",
		"lxc.cgroup2.io.max": "lxc.cgroup2.[file]", "lxc.cgroup.dir": "lxc.cgroup.dir", "lxc.cgroup": "lxc.cgroup",
		"lxc.sysctl.a": "lxc.sysctl.[parameter]", "lxc.namespace.share.net": "lxc.namespace.share.[namespace]",
		"lxc.net.x.type": "", "lxc.net.0.": "", "lxc.net..type": "", "lxc.net.[i].type": "", "lxc.net.0.foo": "", "lxc.sysctl.": "", "lxc.namespace.share.foo": "",
		"lxc.utsname": "", "lxc.cgroup2foo": "", "lxc.uts.name" + blanks: "", "": "",
	} {
		if k, ok := Lookup(key); k.Name != want || ok != (want != "") {
			t.Errorf("Lookup(%q) = %q, %v, want %q", key, k.Name, ok, want)
		}
	}
}

func TestRenamed(t *testing.T) {
	for old, want := range map[string]string{
		"lxc.utsname": "lxc.uts.name", "lxc.limit.nofile": "lxc.prlimit.nofile", "lxc.network.type": "lxc.net.0.type",
		"lxc.network.2.ipv4": "lxc.net.2.ipv4.address", "lxc.network.ipv6.gateway": "lxc.net.0.ipv6.gateway", "lxc.kmsg": "",
	} {
		if now, ok := Renamed(old); !ok || now != want {
			t.Errorf("Renamed(%q) = %q, %v, want %q", old, now, ok, want)
		} else if _, known := Lookup(now); now != "" && !known {
			t.Errorf("%s leads to %s, which is not known", old, now)
		}
	}
	for _, r := range renamed {
		if _, known := Lookup(r.now); r.now != "" && !known || r.old == r.now {
			t.Errorf("%s leads to %s", r.old, r.now)
		}
	}
	if now, ok := Renamed("lxc.uts.name"); ok {
		t.Errorf("lxc.uts.name is renamed to %q", now)
	}
}

func TestIn(t *testing.T) {
	k, _ := Lookup("lxc.sched.core") // since 5.0
	for version, has := range map[string]bool{"5.0.2": true, "6.0": true, "10.0": true, "5.0.0~git": true, "4.0.12": false, "": false} {
		if k.In(version) != has {
			t.Errorf("LXC %s has %s: %v", version, k.Name, !has)
		}
	}
}

func texts(all []Candidate) []string {
	var out []string
	for _, c := range all {
		out = append(out, c.Text)
	}
	return out
}

func TestComplete(t *testing.T) {
	have := []string{"lxc.net.0.type", "lxc.net.7.type"}
	for _, c := range []struct {
		typed string
		want  []string // that are among them, in this order
		not   string
	}{
		{"lxc.net.3.t", []string{"lxc.net.3.type"}, "lxc.net.0.type"},
		{"lxc.net.", []string{"lxc.net.0.flags", "lxc.net.1.type", "lxc.net.7.type"}, "lxc.net.2.type"},
		{"lxc.cgroup2.mem", []string{"lxc.cgroup2.memory.high", "lxc.cgroup2.memory.max"}, "lxc.cgroup2."},
		{"lxc.sys", []string{"lxc.sysctl", "lxc.sysctl."}, ""},
		{"lxc.namespace.share.", []string{"lxc.namespace.share.cgroup", "lxc.namespace.share.uts"}, "lxc.namespace.share."},
		{"lxc.uts.name", []string{"lxc.uts.name"}, ""},
	} {
		got := texts(Complete(c.typed, have, nil))
		at := 0
		for _, w := range c.want {
			i := slices.Index(got, w)
			if i < at {
				t.Errorf("%q: %q is not in its place of %q", c.typed, w, got)
			}
			at = i
		}
		if c.not != "" && slices.Contains(got, c.not) {
			t.Errorf("%q: %q is among %q", c.typed, c.not, got)
		}
		for _, g := range got {
			if !strings.HasPrefix(g, c.typed) {
				t.Errorf("%q becomes %q", c.typed, g)
			}
		}
	}
	only := func(key string) bool { return key == "lxc.tty.max" }
	if got := texts(Complete("lxc.", nil, only)); len(got) != 1 || got[0] != "lxc.tty.max" {
		t.Errorf("of a liblxc with one key: %q", got)
	}
	if got := Complete("foo", nil, nil); len(got) != 0 {
		t.Errorf("foo becomes %q", texts(got))
	}
}

func TestCompleteValue(t *testing.T) {
	for _, c := range []struct {
		key, typed string
		want       []string
	}{
		{"lxc.net.0.type", "v", []string{"veth", "vlan"}},
		{"lxc.start.auto", "", []string{"0", "1"}},
		{"lxc.cap.drop", "sys_time mac_", []string{"sys_time mac_admin", "sys_time mac_override"}},
		{"lxc.signal.halt", "SIGT", []string{"SIGTERM", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU"}},
		{"lxc.uts.name", "w", nil},
		{"lxc.foo", "", nil},
	} {
		if got := CompleteValue(c.key, c.typed); !slices.Equal(got, c.want) {
			t.Errorf("%s = %s: %q, want %q", c.key, c.typed, got, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	good := `lxc.start.auto=1|lxc.start.order=-5|lxc.tty.max=4|lxc.console.buffer.size=64KB|lxc.console.size=auto|lxc.console.size=4 MB|lxc.console.path=none
lxc.rootfs.path=dir:/a|lxc.rootfs.path=/a|lxc.rootfs.path=overlay:/a:/b|lxc.signal.halt=SIGRTMIN+3|lxc.signal.halt=sigterm|lxc.signal.stop=9
lxc.net.0.type=veth|lxc.net.0.hwaddr=00:16:3e:xx:xx:01|lxc.net.0.ipv4.address=10.0.3.5/24|lxc.net.0.ipv4.address=10.0.3.5/24 10.0.3.255
lxc.net.0.ipv6.address=fd00::5/64|lxc.net.0.ipv6.gateway=auto|lxc.net.0.ipv4.gateway=10.0.3.1|lxc.net.0.veth.ipv4.route=10.1.0.0/16
lxc.net.0.veth.vlan.id=none|lxc.net.0.vlan.id=4094|lxc.net.0.link=br-lan|lxc.idmap=u 0 100000 65536|lxc.mount.entry=proc proc proc nodev 0 0
lxc.mount.auto=proc:mixed sys:ro cgroup|lxc.cap.drop=sys_time 41|lxc.cap.keep=none|lxc.environment=A=|lxc.prlimit.nofile=1024:unlimited|lxc.prlimit.core=0
lxc.time.offset.boot=-3h|lxc.time.offset.monotonic=20ms|lxc.cgroup.dir=a/b|lxc.tty.dir=lxc|lxc.seccomp.notify.proxy=unix:/a|lxc.log.level=debug
lxc.hook.mount=/a b|lxc.uts.name=|lxc.group=a b|lxc.init.groups=1, 2|lxc.sysctl.x=anything|lxc.namespace.share.net=c1|lxc.init.cmd=/sbin/init x`
	for line := range strings.FieldsFuncSeq(good, func(r rune) bool { return r == '|' || r == '\n' }) {
		key, value, _ := strings.Cut(line, "=")
		if err := Check(key, value); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	bad := `lxc.start.auto=yes|lxc.start.order=x|lxc.tty.max=-1|lxc.console.buffer.size=64XB|lxc.console.path=null|lxc.rootfs.path=rootfs|lxc.signal.halt=TERM
lxc.net.0.type=bridge|lxc.net.0.hwaddr=00:16:3e:xx:xx|lxc.net.0.hwaddr=01:16:3e:00:00:00|lxc.net.0.ipv4.address=10.0.3.5/33|lxc.net.0.ipv4.address=fd00::5/64
lxc.net.0.ipv4.address=10.0.3|lxc.net.0.ipv6.address=10.0.3.5|lxc.net.0.ipv6.gateway=x|lxc.net.0.veth.ipv4.route=10.1.0.0|lxc.net.0.vlan.id=4095
lxc.net.0.vlan.id=none|lxc.net.0.link=a-name-of-16-byt|lxc.idmap=u 0 100000|lxc.idmap=x 0 1 1|lxc.idmap=u 0 4294967295 2|lxc.idmap=u 0 1 0
lxc.mount.entry=proc proc proc|lxc.mount.entry=/a /b none bind|lxc.mount.entry=/a ../b none bind|lxc.mount.auto=proc:none|lxc.cap.drop=CAP_CHOWN
lxc.environment==x|lxc.environment=HOME|lxc.prlimit.nofile=many|lxc.time.offset.boot=3|lxc.cgroup.dir=/a|lxc.cgroup.dir=a/../b|lxc.tty.dir=/dev/lxc
lxc.seccomp.notify.proxy=/a|lxc.log.level=loud|lxc.hook.mount=a|lxc.net=x|lxc.foo=1|lxc.utsname=a|lxc.init.groups=a|lxc.cgroup.dir.container.inner=a/b`
	for line := range strings.FieldsFuncSeq(bad, func(r rune) bool { return r == '|' || r == '\n' }) {
		key, value, _ := strings.Cut(line, "=")
		if err := Check(key, value); err == nil {
			t.Errorf("%s: nothing is odd about it", line)
		} else if !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s: %v does not name the key", line, err)
		}
	}
}
