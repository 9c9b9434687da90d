package cli

import (
	"encoding/json"
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
	if r := lxcdeck(t, rt, "network", "db"); strings.Contains(r.out, "does not run") || !strings.Contains(r.err, "state is not known") {
		t.Errorf("one that does not answer: %+v", r)
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
