package conf

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSupport(t *testing.T) {
	liblxc := func(key string) bool {
		return !strings.HasPrefix(key, "lxc.time.") && !strings.HasPrefix(key, "lxc.sysctl") && !strings.HasPrefix(key, "lxc.net.0.veth.vlan") && key != "lxc.foo"
	}
	lacking, extra := AskSupport([]string{"lxc.foo", "lxc.next", "lxc.next", "lxc.uts.name", "lxc.time.offset.boot", "lxc.net.0.odd"}, liblxc)
	if want := []string{"lxc.time.offset.boot", "lxc.time.offset.monotonic", "lxc.sysctl.[parameter]", "lxc.net.[i].veth.vlan.id", "lxc.net.[i].veth.vlan.tagged.id"}; !slices.Equal(lacking, want) {
		t.Errorf("lacking %q, want %q", lacking, want)
	}
	if want := []string{"lxc.next"}; !slices.Equal(extra, want) {
		t.Errorf("extra %q, want %q", extra, want)
	}
	has := SupportedBy(lacking, extra)
	for key, want := range map[string]bool{
		"lxc.uts.name": true, "lxc.next": true, "lxc.foo": false, "lxc.sysctl.a.b": false, "lxc.sysctl": false, "lxc.net.7.veth.vlan.id": false,
		"lxc.net.7.link": true, "lxc.prlimit.nofile": true, "lxc.time.offset.boot": false, "lxc.namespace.share": true, "lxc.namespace.share.net": true,
		"lxc.namespace.share.none": false,
	} {
		if has(key) != want {
			t.Errorf("%s: %v, want %v", key, !want, want)
		}
	}
	for _, c := range Complete("lxc.", nil, has) {
		if slices.Contains(lacking, c.Key.Name) {
			t.Errorf("%s is offered, and lacking", c.Text)
		}
	}
	for _, k := range Keys() {
		if got, ok := Lookup(k.Example()); !ok || got.Name != k.Name {
			t.Errorf("%s: example %s is of %q", k.Name, k.Example(), got.Name)
		}
	}
}

func TestSupports(t *testing.T) {
	// What LXC 5.0.2 says.
	exact := []string{"lxc.uts.name", "lxc.net", "lxc.net.", "lxc.cgroup2", "lxc.prlimit", "lxc.namespace.share.", "lxc.environment"}
	has := Supports("5.0.2", func(key string) bool { return slices.Contains(exact, key) })
	for key, want := range map[string]bool{
		"lxc.uts.name": true, "lxc.net.0.type": true, "lxc.net.12.veth.pair": true, "lxc.net.0.odd": false, "lxc.cgroup2.memory.max": true,
		"lxc.prlimit.nofile": true, "lxc.namespace.share.net": true, "lxc.environment.runtime": false, "lxc.sysctl.a.b": false, "lxc.foo": false,
	} {
		if has(key) != want {
			t.Errorf("%s: %v, want %v", key, !want, want)
		}
	}
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lxc", "default.conf")
	if err := Create(path, []byte("lxc.net.0.type = empty\n")); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("#\n")); !errors.Is(err, ErrChanged) {
		t.Errorf("over what is there: %v", err)
	}
	d, err := Load(path)
	if err != nil || string(d.Text) != "lxc.net.0.type = empty\n" {
		t.Errorf("%v, %v", d, err)
	}
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(all) != 1 {
		t.Errorf("left beside it: %v, %v", all, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
