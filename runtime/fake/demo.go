package fake

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"lxcdeck/runtime"
)

// Demo is a lively host: containers of many kinds and in many conditions, so
// that every part of the screen has something to show.
func Demo() *Runtime { return demo(nil) }

// DemoAt is Demo by a clock of the test's.
func DemoAt(c *Clock) *Runtime { return demo(c) }

func demo(clock *Clock) *Runtime {
	const home = "/home/dev/.local/share/lxc"
	r := New(Options{
		Name: "demo", Paths: []string{"/var/lib/lxc", home}, Demo: true,
		Clock: clock, Seed: 7, Latency: 400 * time.Millisecond, CopyLatency: 8 * time.Second,
		HostFiles: demoHost(clock.Now()),
	})
	now := r.Now()
	for i, s := range demoSpecs(now) {
		s.Isolated = demoIsolation(s.Name)
		if s.State.Alive() && s.Started.IsZero() {
			s.Started = now.Add(-time.Duration(i+1) * 11 * time.Hour)
		}
		if s.State.Alive() && s.IPs == nil {
			s.IPs = addrs(fmt.Sprintf("10.0.3.%d", 30+i))
		}
		s.IPsRead = true
		s.Snapshots = demoSnapshots(s.Name, now)
		s.Logs, s.Files = demoLogs(&s, now), demoFiles(s.Name, now)
		r.Add(s)
	}
	owner := 1000
	r.Add(Spec{
		Container: runtime.Container{
			Ref: runtime.Ref{Path: home, Name: "sandbox"}, State: runtime.Running, Foreign: &owner,
			Started: now.Add(-3 * time.Hour),
			Problem: fmt.Errorf("%w (uid %d)", runtime.ErrForeign, owner),
		},
		Load: Load{CPU: 0.05, Swing: 0.6, Memory: 96 << 20, Cache: 20 << 20, Pids: 6},
	})
	stuck := runtime.Ref{Path: "/var/lib/lxc", Name: "legacy-erp"}
	r.Fail(List, stuck, Fault{Stuck: true})
	r.mu.Lock()
	r.faults[faultKey{List, stuck}].since = now.Add(-12 * time.Second)
	r.mu.Unlock()
	r.NoConfig(runtime.Ref{Path: "/var/lib/lxc", Name: "lost+found"})
	r.Lie(demoExtras(now)...)
	r.SetChoices(demoChoices())
	r.SetImages(demoImages()...)
	r.Leave(runtime.Leftover{
		ID: "restore-db-main", Ref: runtime.Ref{Path: "/var/lib/lxc", Name: "db-main"}, What: "the root before the restore of snap1",
		Since: now.Add(-50 * time.Hour), Where: "/var/lib/lxc/db-main/rootfs.old", Size: 2 << 30,
		Ways: []runtime.RecoverWay{runtime.Dismiss, runtime.Undo}, Kept: true,
	})
	r.Diagnosing(runtime.Ref{Path: "/var/lib/lxc", Name: "kiosk"}, runtime.Diagnosis{
		Cause: "The bridge lxcbr0, to which its network is to be attached, is not there.", Advice: "Enable lxc-net, which makes it.",
		Detail: []string{"lxc.net.0.link = lxcbr0", "no interface has that name", "lxc-net.service is installed, and not enabled"},
		Fix:    &runtime.Fix{ID: "lxc-net", Title: "Enable lxc-net", Command: []string{"systemctl", "enable", "--now", "lxc-net.service"}},
	})
	return r
}

func addrs(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, t := range texts {
		if a, err := netip.ParseAddr(t); err == nil {
			all = append(all, a)
		}
	}
	return all
}

func config(autostart bool, groups ...string) *runtime.Config {
	return &runtime.Config{Autostart: autostart, Groups: groups, Nets: []runtime.NetConfig{{Type: "veth", Link: "lxcbr0"}}}
}

func container(name string, s runtime.State, c *runtime.Config) runtime.Container {
	return runtime.Container{Ref: runtime.Ref{Name: name}, State: s, Config: c}
}

func demoSpecs(now time.Time) []Spec {
	const mib = 1 << 20
	web := []string{"/sbin/init", "nginx: master process", "nginx: worker process", "nginx: worker process"}
	unprivileged := config(true, "web")
	unprivileged.Unprivileged = true
	managed := container("ct-104", runtime.Running, config(true))
	managed.Manager = "proxmox"
	unit := container("mail", runtime.Running, config(false, "infra"))
	unit.Manager = "lxc@mail.service"
	broken := container("broken-cfg", runtime.Stopped, nil)
	broken.Problem = &runtime.Error{
		Op: "load config", Ref: runtime.Ref{Path: "/var/lib/lxc", Name: "broken-cfg"}, Err: runtime.ErrConfig,
		Log:  "confile.c: parse_line: 2314 Unknown configuration key \"lxc.net.0.lnik\"",
		Hint: "Line 7 of its config has an unknown key.",
	}
	web1 := container("web-1", runtime.Running, unprivileged)
	web1.IPs = addrs("10.0.3.21", "2001:db8::21")
	attic := container("attic", runtime.Stopped, config(false))
	attic.Lock = &runtime.LockInfo{By: "jo", Why: "being moved to another host", Since: now.Add(-26 * time.Hour)}
	fresh := container("ci-runner", runtime.Running, config(false, "build"))
	fresh.Started = now.Add(-94 * time.Second)
	return []Spec{
		{Container: web1, Procs: web, Load: Load{CPU: 1.1, Swing: 0.5, Memory: 812 * mib, Cache: 300 * mib,
			Limit: 2048 * mib, Rx: 1.2e6, Tx: 88e3, Pids: 42, PidsMax: 512, CPUStall: 6}},
		{Container: container("web-2", runtime.Running, config(true, "web")), Procs: web, Load: Load{CPU: 0.4,
			Swing: 0.7, Memory: 640 * mib, Cache: 210 * mib, Limit: 2048 * mib, Rx: 640e3, Tx: 52e3, Pids: 38, PidsMax: 512}},
		{Container: container("db-main", runtime.Running, config(true, "db", "infra")),
			Procs: []string{"/sbin/init", "postgres", "postgres: checkpointer", "postgres: walwriter"},
			Load: Load{CPU: 0.41, Swing: 0.4, Memory: 6200 * mib, Cache: 900 * mib, Limit: 8192 * mib, Rx: 40e3, Tx: 120e3,
				Read: 2e6, Write: 18e6, Pids: 64, IOStall: 14}},
		{Container: container("cache", runtime.Running, config(true, "db")), Procs: []string{"/sbin/init", "redis-server *:6379"},
			Load: Load{CPU: 0.15, Swing: 0.3, Memory: 498 * mib, Limit: 512 * mib, Rx: 300e3, Tx: 900e3, Pids: 9,
				OOMKills: 2, MemoryStall: 22}},
		{Container: fresh, Procs: []string{"/sbin/init", "make -j8", "cc1"}, Load: Load{CPU: 1, Swing: 0.05, Quota: 1, Throttled: 0.62,
			Memory: 1400 * mib, Cache: 700 * mib, Limit: 4096 * mib, Read: 900e3, Write: 4e6, Pids: 112, PidsMax: 128, CPUStall: 48}},
		{Container: container("build-old", runtime.Frozen, config(false, "build")), Load: Load{CPU: 0.6, Swing: 0.4,
			Memory: 220 * mib, Cache: 40 * mib, Pids: 23}},
		{Container: container("test-7", runtime.Stopped, config(false, "build"))},
		{Container: attic},
		{Container: container("staging", runtime.Stopped, config(false, "web")), Base: runtime.Ref{Path: "/var/lib/lxc/web-1/snaps", Name: "snap0"}},
		{Container: container("kiosk", runtime.Stopped, config(false)), NoStart: &runtime.Error{
			Op: "start", Ref: runtime.Ref{Path: "/var/lib/lxc", Name: "kiosk"}, Err: errors.New("liblxc: starting the container failed"),
			Log: "Failed to attach \"vethQ7DkXa\" to bridge \"lxcbr0\": No such device\nFailed to create network devices",
		}},
		{Container: broken},
		{Container: container("legacy-erp", runtime.Running, config(true)),
			Load: Load{CPU: 0.06, Swing: 0.4, Memory: 410 * mib, Cache: 90 * mib, Pids: 31}},
		// Its config was copied by hand, hardware address and all.
		{Container: unit, MAC: "00:16:3e:41:00:0d", Load: Load{CPU: 0.03, Swing: 0.8, Memory: 180 * mib, Cache: 60 * mib, Rx: 9e3, Tx: 6e3, Pids: 27}},
		{Container: managed, Load: Load{CPU: 0.22, Swing: 0.5, Memory: 2300 * mib, Cache: 1100 * mib, Limit: 4096 * mib,
			Rx: 80e3, Tx: 70e3, Write: 300e3, Pids: 88}},
		{Container: container("東京-監視", runtime.Running, config(true, "infra")), Load: Load{CPU: 0.12, Swing: 0.6,
			Memory: 340 * mib, Cache: 90 * mib, Rx: 52e3, Tx: 210e3, Pids: 19, NoController: "io: not delegated"}},
	}
}
