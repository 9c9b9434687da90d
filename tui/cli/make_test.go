package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func ref(name string) runtime.Ref { return runtime.Ref{Path: path, Name: name} }

// keeper is testHost with snapshots, a clone and leftovers.
func keeper() *fake.Runtime {
	rt := testHost()
	rt.Add(fake.Spec{
		Container: runtime.Container{Ref: ref("keep"), State: runtime.Stopped, IPsRead: true, Config: &runtime.Config{Groups: []string{"web"}, Order: 3}},
		Snapshots: []runtime.SnapshotInfo{
			{Name: "snap0", Path: path + "/keep/snaps/snap0", Taken: start.Add(-48 * time.Hour), Comment: "before \x1b[31mred", Size: 64 << 20},
			{Name: "snap1", Path: path + "/keep/snaps/snap1", Taken: start.Add(-time.Hour), Size: -1},
		},
	})
	rt.Add(fake.Spec{Container: runtime.Container{Ref: ref("on-snap"), State: runtime.Stopped, Config: &runtime.Config{}}, Base: runtime.Ref{Path: path + "/keep/snaps", Name: "snap1"}})
	rt.Add(fake.Spec{Container: runtime.Container{Ref: ref("held"), State: runtime.Stopped, Config: &runtime.Config{}, Lock: &runtime.LockInfo{By: "anna"}}})
	rt.Add(fake.Spec{Container: runtime.Container{Ref: ref("net"), State: runtime.Running, Config: &runtime.Config{}}, Devices: []string{"eth0"}})
	rt.SetChoices(choices())
	rt.Leave(runtime.Leftover{ID: "create-1", Ref: ref("half"), What: "a create was interrupted", Since: start, Size: 5 << 20, Ways: []runtime.RecoverWay{runtime.Dismiss}})
	rt.Leave(runtime.Leftover{ID: "restore-2", Ref: ref("keep"), What: "the old root", Since: start, Size: -1, Ways: []runtime.RecoverWay{runtime.Dismiss, runtime.Undo}, Kept: true})
	return rt
}

// choices are what a new container can be made of here.
func choices() runtime.Choices {
	c := runtime.Choices{
		Bridges: []string{"br0"}, Default: runtime.DefaultNet{Type: "empty"}, Backings: []string{"dir", "lvm", "rbd"},
		IDMaps: []runtime.IDMap{{Host: 100000, Count: 65536}, {Group: true, Host: 100000, Count: 65536}},
	}
	for _, name := range []string{"busybox", "download", "x"} {
		c.Templates = append(c.Templates, runtime.Template{Name: name, Path: "/usr/share/lxc/templates/lxc-" + name})
	}
	if own, err := filepath.Abs("tmpl"); err == nil {
		c.Templates = append(c.Templates, runtime.Template{Name: own, Path: own})
	}
	return c
}

// Each verb becomes one request, whatever the order of its words.
func TestVerbsBecomeRequests(t *testing.T) {
	abs := func(p string) string {
		a, err := filepath.Abs(p)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, tt := range []struct {
		args string
		op   runtime.Op
		ref  string
		want runtime.Args
	}{
		{"create new -t busybox", runtime.Create, "new", &runtime.CreateArgs{Template: "busybox"}},
		{"create -t download -n new --start -q -- -d alpine -n x", runtime.Create, "new",
			&runtime.CreateArgs{Template: "download", Args: []string{"-d", "alpine", "-n", "x"}, Start: true}},
		{"create new -t ./tmpl -f c.conf --dir d -B dir", runtime.Create, "new",
			&runtime.CreateArgs{Template: abs("tmpl"), Config: abs("c.conf"), Backing: runtime.Backing{Type: "dir", Dir: abs("d")}}},
		{"create new -t x -B lvm --lvname l --vgname v --thinpool p --fstype xfs --fssize 10", runtime.Create, "new",
			&runtime.CreateArgs{Template: "x", Backing: runtime.Backing{Type: "lvm", LV: "l", VG: "v", ThinPool: "p", FSType: "xfs", Size: 10 << 20}}},
		{"create new -t x -B rbd --rbdname n --rbdpool p --fssize 2G --zfsroot z", runtime.Create, "new",
			&runtime.CreateArgs{Template: "x", Backing: runtime.Backing{Type: "rbd", RBDName: "n", RBDPool: "p", Size: 2 << 30, ZFSRoot: "z"}}},
		{"create new -t x --network none --memory 1.5G --cpus 0.5 --pids 100", runtime.Create, "new",
			&runtime.CreateArgs{Template: "x", Network: runtime.Network{Kind: runtime.NoNetwork}, Limits: runtime.Limits{Memory: 3 << 29, CPUs: 0.5, PIDs: 100}}},
		{"create new -t x --network br0 --autostart --order -3 --delay 5 --group web --group db", runtime.Create, "new",
			&runtime.CreateArgs{Template: "x", Network: runtime.Network{Kind: runtime.BridgeNetwork, Bridge: "br0"},
				Auto: &runtime.AutostartArgs{Auto: true, Order: -3, Delay: 5 * time.Second, Groups: []string{"web", "db"}}}},
		{"create new -t x --idmap b:0:100000:65536", runtime.Create, "new",
			&runtime.CreateArgs{Template: "x", IDMap: []runtime.IDMap{{Host: 100000, Count: 65536}, {Group: true, Host: 100000, Count: 65536}}}},
		{"create new -t x --unprivileged", runtime.Create, "new",
			&runtime.CreateArgs{Template: "x", IDMap: []runtime.IDMap{{Host: 100000, Count: 65536}, {Group: true, Host: 100000, Count: 65536}}}},
		{"clone db db2", runtime.Clone, "db", &runtime.CloneArgs{To: ref("db2")}},
		{"clone -n db -N db2 -s -M -K -B overlay -p /srv/lxc", runtime.Clone, "db",
			&runtime.CloneArgs{To: runtime.Ref{Path: "/srv/lxc", Name: "db2"}, CoW: true, KeepMAC: true, KeepName: true, Backing: "overlay"}},
		{"clone db /srv/lxc/db2 -e", runtime.Clone, "db",
			&runtime.CloneArgs{To: runtime.Ref{Path: "/srv/lxc", Name: "db2"}, CoW: true, Ephemeral: true, Start: true}},
		{"rename db db2 --copy", runtime.Rename, "db", &runtime.RenameArgs{To: "db2", Copy: true}},
		{"rename -n db -N db2", runtime.Rename, "db", &runtime.RenameArgs{To: "db2"}},
		{"destroy db --yes", runtime.Destroy, "db", &runtime.DestroyArgs{}},
		{"destroy keep --yes -s", runtime.Destroy, "keep", &runtime.DestroyArgs{Snapshots: true}},
		{"snapshot db", runtime.Snapshot, "db", &runtime.SnapshotArgs{}},
		{"snapshot -n db --comment words", runtime.Snapshot, "db", &runtime.SnapshotArgs{Comment: "words"}},
		{"snapshot create web-1 --stop", runtime.Snapshot, "web-1", &runtime.SnapshotArgs{Way: runtime.StopAndStart}},
		{"snapshot delete keep snap0 --yes", runtime.DeleteSnapshot, "keep", &runtime.RestoreArgs{Snap: "snap0"}},
		{"-n keep snapshot delete snap0 --yes", runtime.DeleteSnapshot, "keep", &runtime.RestoreArgs{Snap: "snap0"}},
		{"restore keep snap0 --yes --start", runtime.Restore, "keep", &runtime.RestoreArgs{Snap: "snap0", Start: true}},
		{"restore keep snap0 --as new -s", runtime.RestoreAs, "keep", &runtime.RestoreArgs{Snap: "snap0", To: ref("new"), CoW: true}},
		{"device add web-1 /dev/fuse", runtime.AddDevice, "web-1", &runtime.DeviceArgs{Device: "/dev/fuse"}},
		{"device del -n net --net eth1 eth0", runtime.RemoveDevice, "net", &runtime.DeviceArgs{Net: true, Device: "eth1", As: "eth0"}},
		{"limits db --memory 512M --cpu 50% --pids none --io vda:rbps=1M", runtime.SetLimits, "db", &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{
			{Name: runtime.LimitCPU, Value: "50000 100000"}, {Name: runtime.LimitMemory, Value: "536870912"}, {Name: runtime.LimitPids}, {Name: runtime.LimitIO, Device: "254:0", Value: "rbps=1048576"},
		}}},
		{"autostart set keep --on --delay 7s", runtime.SetAutostart, "keep",
			&runtime.AutostartArgs{Auto: true, Order: 3, Delay: 7 * time.Second, Groups: []string{"web"}}},
		{"autostart set keep --off --group=", runtime.SetAutostart, "keep", &runtime.AutostartArgs{Order: 3}},
		{"lock db --why disk", runtime.Lock, "db", &runtime.LockArgs{Why: "disk"}},
		{"unlock held", runtime.Unlock, "held", nil},
		{"recover half create-1 dismiss", runtime.Recover, "half", &runtime.RecoverArgs{ID: "create-1", Way: runtime.Dismiss}},
		{"recover restore-2 undo", runtime.Recover, "keep", &runtime.RecoverArgs{ID: "restore-2", Way: runtime.Undo}},
		{"run new --from db --rm -- echo hi", runtime.Run, "new",
			&runtime.RunArgs{From: []runtime.Base{{Ref: ref("db")}}, Command: []string{"echo", "hi"}, Remove: true}},
		{"run --from keep/snap0 --from " + path + "/db new -e A=b -e C= --cwd /srv --net none --memory 1G --cpus 2 --pids 9 -s lxc.tty.max=1 -- sh -c true --rm", runtime.Run, "new",
			&runtime.RunArgs{
				From: []runtime.Base{{Ref: ref("keep"), Snap: "snap0"}, {Ref: ref("db")}}, Command: []string{"sh", "-c", "true", "--rm"},
				Env: []string{"A=b", "C="}, Cwd: "/srv", Network: runtime.Network{Kind: runtime.NoNetwork},
				Limits: runtime.Limits{Memory: 1 << 30, CPUs: 2, PIDs: 9}, Config: []string{"lxc.tty.max=1"},
			}},
		{"checkpoint web-1 /srv/images", runtime.Checkpoint, "web-1", &runtime.CheckpointArgs{Dir: "/srv/images"}},
		{"checkpoint web-1 --keep images/", runtime.Checkpoint, "web-1", &runtime.CheckpointArgs{Dir: abs("images"), Keep: true}},
		{"start db -- sleep 5", runtime.Start, "db", &runtime.StartArgs{Command: []string{"sleep", "5"}}},
	} {
		t.Run(tt.args, func(t *testing.T) {
			rt := keeper()
			r := lxcdeck(t, rt, append([]string{"--timeout", "90s"}, strings.Fields(tt.args)...)...)
			if r.code != 0 || r.err != "" {
				t.Errorf("status %d, %q", r.code, r.err)
			}
			refused := 3
			if tt.op == runtime.Run {
				refused = 125
			}
			all := rt.Requests()
			if len(all) != 1 {
				t.Fatalf("%d requests", len(all))
			}
			q := all[0]
			if q.Op != tt.op || q.Ref != ref(tt.ref) || !reflect.DeepEqual(q.Args, tt.want) || q.Timeout != 90*time.Second || q.Record == "" {
				t.Errorf("request = %+v, args %+v\nwant %s %s, args %+v", q, q.Args, tt.op, tt.ref, tt.want)
			}
			if r := lxcdeck(t, rt, append([]string{"--read-only"}, strings.Fields(tt.args)...)...); r.code != refused || !strings.Contains(r.err, "read-only") || len(rt.Requests()) != 1 {
				if tt.op != runtime.Recover || r.code != 1 { // it is gone: there is nothing to clear
					t.Errorf("--read-only: status %d, %q, %d requests", r.code, r.err, len(rt.Requests()))
				}
			}
		})
	}
}

func TestNewVerbsWrongUse(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"create"}, "create needs the NAME"},
		{[]string{"create", "a"}, "create needs -t TEMPLATE"},
		{[]string{"create", "a", "b", "-t", "x"}, "takes one container, not 2"},
		{[]string{"create", "a", "-t", "x", "--fssize", "big"}, "--fssize: \"big\" is no size"},
		{[]string{"create", "a", "-t", "x", "--memory", "-1G"}, "--memory"},
		{[]string{"create", "a", "-t", "x", "--memory", "9999999999T"}, "--memory"},
		{[]string{"create", "a", "-t", "x", "--network", ""}, "--network is empty"},
		{[]string{"create", "a", "-t", "x", "--idmap", "x 1 2 3"}, "--idmap"},
		{[]string{"create", "a", "-t", "x", "--idmap", "u 0 1 2", "--unprivileged"}, "give one of them"},
		{[]string{"create", "a", "-t", "x", "--delay", "soon"}, "--delay \"soon\" is no time"},
		{[]string{"create", "a", "-t", "x", "--delay", "1500ms"}, "whole seconds"},
		{[]string{"create", "a", "-t", "none"}, "no template"},
		{[]string{"create", "a/b", "-t", "x"}, "not one path component"},
		{[]string{"create", "..", "-t", "x"}, "not one path component"},
		{[]string{"create", "", "-t", "x"}, "empty container name"},
		{[]string{"create", long, "-t", "x"}, "300 bytes"},
		{[]string{"create", "a", "-t", "x", "-P", "/a", "-P", "/b"}, "in which lxcpath"},
		{[]string{"clone", "db"}, "clone needs two names"},
		{[]string{"clone", "db", "db"}, "the name of the old one"},
		{[]string{"clone", "db", "a", "b"}, "clone needs two names"},
		{[]string{"clone", "db", "a/b"}, "not one path component"},
		{[]string{"rename", "db"}, "rename needs two names"},
		{[]string{"rename", "db", "../x"}, "not one path component"},
		{[]string{"destroy"}, "destroy needs the NAME"},
		{[]string{"snapshot"}, "snapshot needs the NAME"},
		{[]string{"snapshot", "db", "snap0"}, "LXC names a new snapshot itself"},
		{[]string{"snapshot", "db", "--stop", "--freeze"}, "choose one"},
		{[]string{"snapshot", "list"}, "snapshot list needs the NAME"},
		{[]string{"snapshot", "delete", "db"}, "needs a container and a snapshot"},
		{[]string{"snapshot", "delete", "db", "../x"}, "not one path component"},
		{[]string{"snapshot", "db", "--comment", strings.Repeat("x", 5000)}, "4096 at most"},
		{[]string{"restore", "db"}, "restore needs a container and a snapshot"},
		{[]string{"restore", "db", "snap0", "--as", ""}, "--as is empty"},
		{[]string{"restore", "db", "snap0", "-s"}, "--as names it"},
		{[]string{"device", "web-1", "/dev/fuse"}, "add or remove"},
		{[]string{"device", "add", "web-1"}, "needs a container and a device"},
		{[]string{"device", "add", "web-1", "eth1"}, "--net moves a network interface"},
		{[]string{"device", "add", "web-1", "/dev/../etc"}, "not an absolute, clean path"},
		{[]string{"limits"}, "limits needs the NAME"},
		{[]string{"limits", "db", "--json", "--pids", "9"}, "--json shows limits"},
		{[]string{"limits", "db", "--memory", "much"}, "--memory: invalid argument"},
		{[]string{"limits", "db", "--cpu-weight", "0"}, "a weight is a number from 1 to 10000"},
		{[]string{"limits", "db", "--io", "nodisk:rbps=1M"}, "there are: dm-0, vda"},
		{[]string{"limits", "db", "--io", "vda"}, "DISK:LIMITS"},
		{[]string{"limits", "db", "--io", "vda:rbps=0"}, "--io vda:rbps=0: invalid argument: \"rbps=0\": a number above 0"},
		{[]string{"limits", "db", "--io", "vda:rbps=1", "--io", "254:0:wbps=1"}, "given twice"},
		{[]string{"limits", "db", "--pids", "-1"}, "from 0 on, or none"},
		{[]string{"limits", "db", "--cpu", "0.001"}, "from 0.01 to"},
		{[]string{"limits", "db", "--preset", "huge"}, "no preset \"huge\""},
		{[]string{"autostart", "web-1"}, "autostart takes no names"},
		{[]string{"autostart", "-a", "-g", "x"}, "choose one"},
		{[]string{"autostart", "--on"}, "belong to \"autostart set NAME\""},
		{[]string{"autostart", "--json"}, "goes with --dry-run"},
		{[]string{"autostart", "set"}, "needs the NAME"},
		{[]string{"autostart", "set", "db"}, "needs one of --on"},
		{[]string{"autostart", "set", "db", "--on", "--off"}, "choose one"},
		{[]string{"autostart", "set", "db", "--group", "a b"}, "has a blank"},
		{[]string{"lock"}, "lock needs the NAME"},
		{[]string{"lock", "db", "--why", "a\nb"}, "one line"},
		{[]string{"unlock"}, "unlock needs the NAME"},
		{[]string{"recover", "x"}, "needs the ID"},
		{[]string{"recover", "x", "mend"}, "finish, undo or dismiss"},
		{[]string{"recover", "--list", "x"}, "takes no ID"},
		{[]string{"run", "a", "--from", "db"}, "needs a command behind --"},
		{[]string{"run", "a", "--from", "db", "--"}, "needs a command behind --"},
		{[]string{"run", "a", "--", "x"}, "needs --from BASE"},
		{[]string{"run", "--from", "db", "--", "x"}, "run needs the NAME"},
		{[]string{"run", "a", "b", "--from", "db", "--", "x"}, "takes one container"},
		{[]string{"run", "a", "--from", "db", "--", ""}, "no command is named"},
		{[]string{"run", "a", "--from", "db", "-e", "X", "--", "x"}, "is not NAME=VALUE"},
		{[]string{"run", "a", "--from", "db", "--cwd", "tmp", "--", "x"}, "not an absolute path"},
		{[]string{"run", "a", "--from", "db", "--net", "", "--", "x"}, "--network is empty"},
		{[]string{"run", "a", "--from", "db/../x", "--", "x"}, "not one path component"},
		{[]string{"run", "a", "--from", "db", "-s", "x", "--", "x"}, "is not key = value"},
		{[]string{"checkpoint", "web-1"}, "needs a container and a directory"},
		{[]string{"resume", "web-1", ""}, "name is empty"},
		{[]string{"start", "db", "--"}, "no command stands behind --"},
		{[]string{"start", "db", "--", ""}, "empty command"},
		{[]string{"stop", "web-1", "--", "x"}, "stop runs no command"},
		{[]string{"create", "a", "-t", "x", "--timeout", "-1s"}, "negative"},
	} {
		t.Run(fmt.Sprintf("%.60s", strings.Join(tt.args, " ")), func(t *testing.T) {
			rt := keeper()
			r := lxcdeck(t, rt, tt.args...)
			if r.code != 2 || r.out != "" || !strings.Contains(r.err, tt.says) {
				t.Errorf("status %d, output %q, errors %q; want 2, none, %q", r.code, r.out, r.err, tt.says)
			}
			for _, info := range rt.Requests() {
				if c, ok := rt.Get(info.Ref); ok && c.State == runtime.Running && c.Name == "db" {
					t.Error("it was done all the same")
				}
			}
		})
	}
}

func TestRefusedAndMissing(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"create db -t x", 3, "create db: name is taken"},
		{"clone nope x", 4, "no such container"},
		{"clone web-1 x", 3, "it is RUNNING"},
		{"clone db keep", 3, "name is taken: keep"},
		{"rename web-1 x", 3, "it is RUNNING"},
		{"destroy nope --yes", 4, "no such container"},
		{"destroy nope", 4, "destroy nope: no such container"},
		{"destroy keep --yes", 3, "--snapshots destroys them too"},
		{"destroy web-1 --yes", 3, "it is RUNNING"},
		{"snapshot web-1", 3, "--stop stops it for that"},
		{"snapshot web-1 --freeze", 1, "not supported here"},
		{"snapshot list nope", 4, "no such container"},
		{"snapshot delete keep snap9 --yes", 1, "no such snapshot"},
		{"snapshot delete keep snap9", 1, "keep: no such snapshot: snap9"},
		{"snapshot delete keep snap1 --yes", 3, "others depend on it: on-snap"},
		{"restore keep snap9 --as x", 1, "no such snapshot"},
		{"restore keep snap0 --as db", 3, "name is taken"},
		{"device add db /dev/fuse", 3, "it is STOPPED"},
		{"limits nope --pids 9", 4, "no such container"},
		{"limits web-1 --cpus 99", 1, "does not take cpuset.cpus = 99"},
		{"autostart set nope --on", 4, "no such container"},
		{"autostart set 東京\x1b[31m --on", 3, "its config was not read"},
		{"recover nope dismiss", 1, "nothing of that kind was left"},
		{"recover keep create-1 dismiss", 1, "nothing of that kind was left"},
		{"recover create-1 undo", 3, "undo is no way out of this"},
		{"start nope db", 4, "no such container"},
		{"run new --from nope -- true", 125, "run new: no such container: nope"},
		{"run new --from web-1 -- true", 125, "web-1 is RUNNING"},
		{"run new --from keep/snap7 -- true", 125, "no such snapshot: keep/snap7"},
		{"run db --from keep -- true", 125, "run db: name is taken"},
		{"checkpoint db /srv/x", 3, "it is STOPPED"},
		{"resume db /srv/x", 2, "no checkpoint in /srv/x"},
	} {
		rt := keeper()
		r := lxcdeck(t, rt, strings.Fields(tt.args)...)
		if r.code != tt.code || !strings.Contains(r.err, tt.says) || strings.ContainsRune(r.err, '\x1b') || r.out != "" {
			t.Errorf("%s: status %d, output %q, errors %q; want %d, none, %q", tt.args, r.code, r.out, r.err, tt.code, tt.says)
		}
	}
	rt := keeper()
	if r := lxcdeck(t, rt, "lock", "db", "web-1", "--why", "disk"); r.code != 0 {
		t.Errorf("lock: %+v", r)
	}
	if r := lxcdeck(t, rt, "destroy", "db", "--yes"); r.code != 3 || !strings.Contains(r.err, "locked by root since 2026-03-01") || !strings.Contains(r.err, "lxcdeck unlock db") {
		t.Errorf("destroy of a locked one: %+v", r)
	}
}

func TestWithoutYesItSaysWhatWouldGo(t *testing.T) {
	rt := keeper()
	rt.Set(ref("web-1"), runtime.Changed, func(s *fake.Spec) { s.Lock = &runtime.LockInfo{By: "ann\x1b[2J"} })
	rt.Add(fake.Spec{Container: runtime.Container{Ref: ref("over"), State: runtime.Stopped, Config: &runtime.Config{}}, Base: ref("db")})
	snap := func(name string, size int64) []runtime.SnapshotInfo {
		return []runtime.SnapshotInfo{{Name: name, Path: path + "/x/snaps/" + name, Taken: start, Size: size}}
	}
	rt.Add(fake.Spec{Container: runtime.Container{Ref: ref("big"), State: runtime.Stopped, Config: &runtime.Config{}}, Snapshots: snap("huge", 64<<30)})
	rt.Set(ref("web-1"), runtime.Changed, func(s *fake.Spec) { s.Snapshots = snap("up", 1<<20) })
	rt.Add(fake.Spec{Container: runtime.Container{Ref: ref("under"), State: runtime.Stopped, Config: &runtime.Config{}}, Snapshots: snap("old", 1<<20)})
	rt.Add(fake.Spec{Container: runtime.Container{Ref: ref("over-2"), State: runtime.Stopped, Config: &runtime.Config{}}, Base: ref("under")})
	for args, says := range map[string][]string{
		"destroy keep":               {"destroy keep: nothing was done; with --yes it is", "gone for good: /var/lib/lxc/keep (dir, ", "2 snapshots (64M): snap0, snap1", "without --snapshots"},
		"destroy keep -s":            {"its snapshots too"},
		"destroy db":                 {"overlays on it and have to go before: over"},
		"destroy web-1":              {"it would be refused: it is RUNNING", `locked by ann\x1b[2J`},
		"snapshot delete keep snap0": {"delete snap0 of keep: nothing was done", "/keep/snaps/snap0 (64M, taken ", `comment: before \x1b[31mred`},
		"snapshot delete keep snap1": {"overlays on it: on-snap"},
		"restore keep snap0":         {"restore keep from snap0: nothing was done", "the old ones are kept until dismissed", "needs 64M for a copy of the snapshot; 40G is free"},
		"restore keep snap1":         {"needs size not known for a copy of the snapshot"},
		"restore under old":          {"it would be refused: these are overlays on its root and would lose it: over-2"},
		"restore big huge":           {"it would be refused: a copy of the snapshot needs 64G, 40G is free"},
		"restore web-1 up":           {"it would be refused: it is RUNNING", `locked by ann\x1b[2J`},
	} {
		r := lxcdeck(t, rt, strings.Fields(args)...)
		if r.code != 3 || r.out != "" || strings.ContainsRune(r.err, '\x1b') {
			t.Errorf("%s: status %d, %q", args, r.code, r.out+r.err)
		}
		for _, s := range says {
			if !strings.Contains(r.err, s) {
				t.Errorf("%s says\n%swithout %q", args, r.err, s)
			}
		}
	}
	if len(rt.Requests()) != 0 {
		t.Errorf("%d requests reached the runtime", len(rt.Requests()))
	}
	r := lxcdeck(t, rt, "destroy", "keep", "db", "nope")
	if r.code != 4 || strings.Count(r.err, "nothing was done") != 2 {
		t.Errorf("several: %+v", r)
	}
	rt.Fail(fake.Survey, ref("db"), fake.Fault{Stuck: true})
	if r := lxcdeck(t, rt, "destroy", "db", "--timeout", "20ms"); r.code != 3 || !strings.Contains(r.err, "could not be measured") {
		t.Errorf("a root that cannot be measured: %+v", r)
	}
}

func TestSnapshotNamesTheNewOneAndLists(t *testing.T) {
	rt := keeper()
	if r := lxcdeck(t, rt, "snapshot", "keep", "-c", "new"); r.code != 0 || r.out != "snap2\n" || r.err != "" {
		t.Errorf("snapshot = %+v", r)
	}
	r := lxcdeck(t, rt, "snapshot", "list", "keep", "db")
	for _, want := range []string{"CONTAINER  SNAPSHOT", "keep       snap0", "  2d   64M  ", `before \x1b[31mred`, "on-snap", "new"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the list lacks %q:\n%s", want, r.out)
		}
	}
	r = lxcdeck(t, rt, "snapshot", "list", "keep", "--json")
	var all []map[string]any
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 3 {
		t.Fatalf("%v: %s", err, r.out)
	}
	want := map[string]any{
		"path": path, "name": "keep", "snapshot": "snap0", "taken": "2026-02-27T12:00:00Z", "comment": "before \x1b[31mred",
		"size_bytes": float64(64 << 20), "directory": path + "/keep/snaps/snap0", "used_by": []any{},
	}
	if !reflect.DeepEqual(all[0], want) || all[1]["size_bytes"] != nil || !reflect.DeepEqual(all[1]["used_by"], []any{path + "/on-snap"}) {
		t.Errorf("json = %v", all)
	}
	if r := lxcdeck(t, rt, "snapshot", "list", "db", "--json"); r.out != "[]\n" || r.code != 0 {
		t.Errorf("none: %+v", r)
	}
	if r := lxcdeck(t, rt, "snapshot", "list", "db"); r.out != "" || !strings.Contains(r.err, "no snapshots") || r.code != 0 {
		t.Errorf("none: %+v", r)
	}
}

func TestLeftoversAreListed(t *testing.T) {
	r := lxcdeck(t, keeper(), "recover")
	for _, want := range []string{"create-1   half", "5.0M  dismiss", "a create was interrupted", "restore-2  keep", "dismiss,undo"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the list lacks %q:\n%s", want, r.out)
		}
	}
	if r := lxcdeck(t, keeper(), "recover", "-n", "half"); strings.Contains(r.out, "restore-2") || !strings.Contains(r.out, "create-1") {
		t.Errorf("-n half: %+v", r)
	}
	var all []map[string]any
	if r := lxcdeck(t, keeper(), "recover", "--json"); json.Unmarshal([]byte(r.out), &all) != nil || len(all) != 2 || all[1]["kept"] != true || all[1]["size_bytes"] != nil {
		t.Errorf("--json: %+v", r)
	}
	if r := lxcdeck(t, testHost(), "recover", "--list"); r.code != 0 || !strings.Contains(r.err, "nothing was left") {
		t.Errorf("none: %+v", r)
	}
}

// A limit that lets nothing run is set as it was asked for, and said.
func TestLimitsThatLetNothingRun(t *testing.T) {
	const words = "lxcdeck: pids: with 0 nothing can be started in it, by its init neither\n"
	for args, want := range map[string]string{"--pids 0": words, "--pids 1": "", "--pids none": "", "--memory 0": ""} {
		if r := lxcdeck(t, testHost(), append([]string{"limits", "db"}, strings.Fields(args)...)...); r.code != 0 || r.err != want {
			t.Errorf("%s: %+v", args, r)
		}
	}
}
