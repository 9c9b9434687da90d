package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// meshedHost has two servers with equal addresses, and one that stands still.
func meshedHost() *fake.Runtime {
	rt := testHost()
	rt.Set(runtime.Ref{Path: path, Name: "web-1"}, runtime.Edited, func(s *fake.Spec) { s.Procs = []string{"/sbin/init", "nginx: \x1b[2J master"} })
	rt.Set(runtime.Ref{Path: path, Name: "db"}, runtime.Edited, func(s *fake.Spec) {
		s.Config = &runtime.Config{Nets: []runtime.NetConfig{{Type: "veth", Link: "lxcbr0", IPs: []string{"10.0.3.7/24"}}}}
	})
	rt.Add(fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "web-2"}, State: runtime.Running, InitPID: 5121, IPs: nil}, MAC: "00:16:3e:41:00:08"})
	rt.Set(runtime.Ref{Path: path, Name: "web-1"}, runtime.Edited, func(s *fake.Spec) { s.MAC = "00:16:3e:41:00:08" })
	return rt
}

func TestNetwork(t *testing.T) {
	rt := meshedHost()
	r := lxcdeck(t, rt, "network")
	if r.code != 0 || strings.ContainsAny(r.out+r.err, "\x1b\a") {
		t.Fatalf("%+v", r)
	}
	for _, want := range []string{"CONTAINER", "lxcbr0", "10.0.3.21/24 2001:db8::21/64", "(does not run; asks for veth on lxcbr0 10.0.3.7/24)"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if want := "00:16:3e:41:00:08 is on lxcbr0 more than once: web-1 (eth0), web-2 (eth0)"; !strings.Contains(r.err, want) || strings.Contains(r.out, "LISTENS") {
		t.Errorf("no %q in %+v", want, r)
	}
	r = lxcdeck(t, rt, "network", "-n", "web-1")
	if r.code != 0 || !strings.Contains(r.out, "tcp 0.0.0.0:80") || !strings.Contains(r.out, `nginx: \x1b[2J master`) || strings.Contains(r.out, "web-2") {
		t.Errorf("%+v", r)
	}
	r = lxcdeck(t, rt, "network", "web-1", "db", "--json")
	var all []map[string]any
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 2 || r.code != 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	web, db := all[1], all[0]
	if web["name"] != "web-1" {
		web, db = db, web
	}
	for key, want := range map[string]any{"path": path, "name": "web-1", "state": "RUNNING", "pid": 4121.0, "network": "own", "shares_with": nil, "more_interfaces": false, "configured": nil, "problem": nil} {
		if got := web[key]; got != want {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	link := web["interfaces"].([]any)[0].(map[string]any)
	for key, want := range map[string]any{"name": "eth0", "index": 2.0, "kind": "veth", "state": "up", "mac": "00:16:3e:41:00:08", "mtu": 1500.0, "more_addresses": false, "bridge": "lxcbr0", "vlan": nil} {
		if got := link[key]; got != want {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	port := web["listening"].([]any)[0].(map[string]any)
	if port["protocol"] != "tcp" || port["port"] != 80.0 || port["program"] != "nginx" || port["address"] != "0.0.0.0" {
		t.Errorf("%v", port)
	}
	who := web["conflicts"].([]any)[0].(map[string]any)["who"].([]any)
	if len(who) != 2 || len(web) != 15 || len(link) != 13 {
		t.Errorf("%v, %d and %d names", who, len(web), len(link))
	}
	if db["configured_network"] != "own" || db["configured_network_of"] != nil || db["more_configured"] != false || web["configured_network"] != nil {
		t.Errorf("%v", db)
	}
	if db["interfaces"] != nil || db["listening"] != nil || db["pid"] != nil || len(db["configured"].([]any)) != 1 {
		t.Errorf("%v", db)
	}
	rt.Fail(fake.Networks, runtime.Ref{Path: path, Name: "web-1"}, fake.Fault{Stuck: true})
	if r := lxcdeck(t, rt, "network", "web-2"); r.code != 0 || strings.Contains(r.err, "has not come back") {
		t.Errorf("one that was not asked for: %+v", r)
	}
	rt.Fail(fake.List, runtime.Ref{Path: path, Name: "db"}, fake.Fault{Stuck: true})
	if r := lxcdeck(t, rt, "network", "db"); r.code != 1 || strings.Contains(r.out, "does not run") || !strings.Contains(r.err, "network db: its state is not known") {
		t.Errorf("one that does not answer: %+v", r)
	}
	rt.Fail(fake.Networks, runtime.Ref{Path: path, Name: "web-1"}, fake.Fault{Err: errors.New("setns: \x1bno")})
	if r := lxcdeck(t, rt, "network", "web-1"); r.code != 1 || !strings.Contains(r.err, `network web-1: setns: \x1bno`) || !strings.Contains(r.out, "(not read)") {
		t.Errorf("one that was asked for and is not read: %+v", r)
	}
	if r := lxcdeck(t, rt, "network"); !strings.Contains(r.err, `lxcdeck: web-1: setns: \x1bno`) || !strings.Contains(r.out, "web-2") {
		t.Errorf("all, one of which is not read: %+v", r)
	}
	for args, want := range map[string]int{"network nope": 4, "network --tree": 2} {
		if r := lxcdeck(t, rt, strings.Fields(args)...); r.code != want {
			t.Errorf("%s: %+v, want %d", args, r, want)
		}
	}
}

// TestNetworkWished: whose network one that does not run gets, whatever interfaces its
// configuration names.
func TestNetworkWished(t *testing.T) {
	rt := testHost()
	db := runtime.Ref{Path: path, Name: "db"}
	nets := []runtime.NetConfig{{Type: "veth", Link: "lxcbr0"}}
	for want, cfg := range map[string]runtime.Config{
		"own null asks for veth on lxcbr0":                 {Nets: nets},
		"own null asks for veth on lxcbr0, others":         {Nets: nets, MoreNets: true},
		"own null asks for loopback alone":                 {Nets: []runtime.NetConfig{{Type: "empty"}}},
		"host null asks for the host's network":            {Nets: nets, NetOfHost: true},
		`shared "w\u001bb" asks for the network of w\x1bb`: {Nets: nets, NetOf: "w\x1bb", NetOfHost: true},
	} {
		rt.Set(db, runtime.Edited, func(s *fake.Spec) { s.Config = &cfg })
		r := lxcdeck(t, rt, "network", "db")
		var all []map[string]json.RawMessage
		if err := json.Unmarshal([]byte(lxcdeck(t, rt, "network", "db", "--json").out), &all); err != nil || len(all) != 1 {
			t.Fatal(err)
		}
		kind, of, words := strings.Trim(string(all[0]["configured_network"]), `"`), string(all[0]["configured_network_of"]), r.out
		if got := kind + " " + of + " "; r.code != 0 || !strings.HasPrefix(want, got) || !strings.Contains(words, "(does not run; "+want[len(got):]+")") {
			t.Errorf("want %q, got %q and %s", want, got, words)
		}
	}
}

// TestNetworkUnattached: one with interfaces of which none is on the host's network has
// its line, and so has one of which nothing or not all is known.
func TestNetworkUnattached(t *testing.T) {
	rt := testHost()
	web := runtime.Ref{Path: path, Name: "web-1"}
	inner := []runtime.NetLink{{Index: 5, Name: "dummy0", Kind: "dummy", LinkNS: runtime.HereNS}, {Index: 6, Name: "dummy1", Kind: "dummy", LinkNS: runtime.HereNS}}
	for _, c := range []struct {
		net              runtime.ContainerNet
		all, named, warn string
	}{
		{runtime.ContainerNet{NS: 7, NSID: -1, Links: inner}, "(2 interfaces, none that is known to be on the host's network: name it to see them)", "dummy1", ""},
		{runtime.ContainerNet{NS: 7, NSID: -1, Links: inner[:1]}, "dummy0", "dummy0", ""},
		{runtime.ContainerNet{NS: 7, NSID: -1}, "(loopback alone)", "(loopback alone)", ""},
		{runtime.ContainerNet{NS: 7, NSID: -1, More: true}, "(not read)", "(not read)", "web-1: not known: its interfaces: there is more than is read"},
		{runtime.ContainerNet{NS: 7, NSID: -1, Part: "interfaces: not all came in time"}, "(not read)", "(not read)", "web-1: not known: interfaces: not all came in time"},
		{runtime.ContainerNet{NS: 7, NSID: -1, Links: inner, More: true, Unsteady: true}, "(2 interfaces", "dummy0", "web-1: not known: interfaces beyond the first 2; what changed while it was read"},
	} {
		rt.Set(web, runtime.Edited, func(s *fake.Spec) { s.Net = &c.net })
		r := lxcdeck(t, rt, "network")
		if n := strings.Count(r.out, "\nweb-1 "); r.code != 0 || n != 1 || !strings.Contains(r.out, c.all) || !strings.Contains(r.err, c.warn) || c.warn == "" && r.err != "" {
			t.Errorf("%d lines, want %q and %q: %+v", n, c.all, c.warn, r)
		}
		if r = lxcdeck(t, rt, "network", "web-1"); r.code != 0 || !strings.Contains(r.out, c.named) || !strings.Contains(r.err, c.warn) {
			t.Errorf("named, want %q and %q: %+v", c.named, c.warn, r)
		}
	}
}

// TestNetworkPortsOfAnotherLife: sockets of one life are not told with the interfaces
// of another.
func TestNetworkPortsOfAnotherLife(t *testing.T) {
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	r := &netReport{d: &deck{Options: Options{Stderr: said}}, ports: table{head: []string{"LISTENS ON"}}}
	ref, pid := runtime.Ref{Path: path, Name: "web-1"}, 7
	ports := &runtime.PortList{InitPID: 7, Ports: []runtime.Owner{{Ref: ref, Listens: runtime.Listener{Proto: "tcp"}}}}
	if r.addPorts(&netObject{PID: &pid}, ref, "web-1", ports); len(r.ports.rows) != 1 || r.d.status != 0 {
		t.Errorf("of one life: %q, %d", r.ports.rows, r.d.status)
	}
	pid = 8
	o := netObject{PID: &pid}
	r.addPorts(&o, ref, "web-1", ports)
	words, err := os.ReadFile(said.Name())
	if err != nil || len(r.ports.rows) != 1 || o.Listening != nil || r.d.status != 1 || !strings.Contains(string(words), "ports web-1: it was started again meanwhile") {
		t.Errorf("of another: %q, %d, %q, %v", r.ports.rows, r.d.status, words, err)
	}
}

// TestNetworkShared: an address in a network that is shared is of the container that
// has it of its own.
func TestNetworkShared(t *testing.T) {
	rt := meshedHost()
	m, err := rt.Network(t.Context(), []runtime.Ref{{Path: path, Name: "web-2"}})
	if err != nil || len(m.Containers) != 1 || m.Containers[0].Why != "" {
		t.Fatalf("%+v, %v", m, err)
	}
	net := m.Containers[0]
	rt.Add(fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "a-sharer"}, State: runtime.Running, InitPID: 6121, Config: &runtime.Config{NetOf: "web-2"}}, Net: &net})
	r := lxcdeck(t, rt, "network", "a-sharer")
	if want := "more than once: web-1 (eth0), web-2 (eth0)"; r.code != 0 || !strings.Contains(r.err, want) || !strings.Contains(r.out, "a-sharer") {
		t.Errorf("no %q in %+v", want, r)
	}
}
