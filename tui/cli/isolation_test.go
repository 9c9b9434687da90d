package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestIsolation(t *testing.T) {
	rt := testHost()
	ref := runtime.Ref{Path: path, Name: "web-1"}
	rt.Set(ref, runtime.Edited, func(s *fake.Spec) {
		s.Isolated = func(i *runtime.Isolation) {
			i.Confined.Label = "unconfined"
			i.Mounts.Host = []runtime.Mount{{Dir: "/h\x1b[2J", Is: "/dev"}}
			i.GIDs, i.Root.At, i.Root.AtWhy = runtime.MappedIDs{Why: "permission denied"}, "", "permission denied"
			i.Namespaces[2].WithWhy, i.Mounts.SysWhy, i.Config.More = "permission denied", "too deep", true
			i.Namespaces[5].Host, i.Namespaces[5].HostWhy = runtime.NotKnown, "the host's may not be told"
			i.Namespaces[4].Host, i.Config.Fstab = runtime.Yes, []string{"/srv\x1b mnt none bind 0 0"}
			i.Namespaces[1].With = []runtime.Ref{{Path: path, Name: "db"}}
		}
	})
	r := lxcdeck(t, rt, "isolation", "web-1")
	for _, want := range []string{
		"weak points: !! leads", `the host's /dev at /h\x1b[2J. Its nodes lead`, "     do: take it out of lxc.mount.entry\n", "AppArmor: unconfined", "  pid           4026", "shared with db\n", "the host's; its configuration asks for its own\n", "whose is not known: the host's may not be told", `in its fstab  /srv\x1b mnt none bind`,
		"gid           -  permission denied\n", "made by       -  permission denied\n", "\nconfiguration: as it is now",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in %s%s", want, r.out, r.err)
		}
	}
	if r.code != 0 || strings.ContainsAny(r.out, "\x1b") {
		t.Errorf("%+v", r)
	}
	r = lxcdeck(t, rt, "isolation", "-n", "web-1", "db", "--json", "--read-only")
	var all []map[string]any
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 2 || r.code != 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	on, off := all[0], all[1]
	if on["name"] != "web-1" || on["gid_map"] != nil || on["devices_allowed"] != nil || on["security_label"] != "unconfined" || on["seccomp"] != "filter" || on["config_changed"] != nil {
		t.Errorf("%v", on)
	}
	unknown := on["unknown"].(map[string]any)
	if unknown["gid_map"] != "permission denied" || unknown["root.at"] != "permission denied" || !strings.Contains(unknown["devices_allowed"].(string), "v2") || unknown["mounts.sys_writable"] != "too deep" || unknown["namespaces.mnt.shared_with"] != "permission denied" || unknown["namespaces.uts.host"] != "the host's may not be told" || len(unknown) != 9 {
		t.Errorf("%v", unknown)
	}
	if root := on["root"].(map[string]any); root["at"] != nil || root["type"] != "ext4" || root["read_only"] != false {
		t.Errorf("%v", root)
	}
	if ns := on["namespaces"].([]any)[1].(map[string]any); ns["kind"] != "pid" || ns["host"] != false || ns["shared_with"].([]any)[0].(map[string]any)["name"] != "db" {
		t.Errorf("%v", ns)
	}
	if ns := on["namespaces"].([]any)[2].(map[string]any); ns["shared_with"] != nil || on["at"] == nil || on["config_more"] != true || on["devices_more"] != false {
		t.Errorf("%v", on)
	}
	// A namespace whose host is null says why.
	for _, x := range on["namespaces"].([]any) {
		ns := x.(map[string]any)
		kind := ns["kind"].(string)
		if _, why := unknown["namespaces."+kind+".host"]; why != (ns["host"] == nil) {
			t.Errorf("%v, told why: %v", ns, why)
		}
		if _, why := unknown["namespaces."+kind+".asked_host"]; why != (ns["asked_host"] == nil) {
			t.Errorf("%v, told why it is not known what is asked for: %v", ns, why)
		}
	}
	if ns := on["namespaces"].([]any)[4].(map[string]any); ns["host"] != true || ns["asked_host"] != false {
		t.Errorf("%v", ns)
	}
	weak := on["weak_points"].([]any)[0].(map[string]any)
	if weak["id"] != "host-directory" || weak["weight"] != "medium" || weak["asked_only"] != false || len(weak) != 7 || weak["set"] != "" || weak["do"] == "" {
		t.Errorf("%v", weak)
	}
	if off["pid"] != nil || off["namespaces"] != nil || off["capabilities"] != nil || off["root"] != nil || off["config"] == nil || off["user_namespace"] != nil {
		t.Errorf("%v", off)
	}
	if weak := off["weak_points"].([]any)[0].(map[string]any); weak["asked_only"] != true {
		t.Errorf("%v", weak)
	}
	if len(on) != len(off) || len(on) != 29 {
		t.Errorf("%d and %d names", len(on), len(off))
	}
	for args, want := range map[string]int{"isolation": 2, "isolation nope": 4, "isolation web-1 nope": 4, "isolation db": 0} {
		if r := lxcdeck(t, rt, strings.Fields(args)...); r.code != want {
			t.Errorf("%s: %+v, want %d", args, r, want)
		}
	}
}
