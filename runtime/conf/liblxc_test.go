package conf

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// These tests hold Resolve against liblxc itself: lxc-info reads a config and
// says what came of every key. Nothing is started.

// asked are keys and values that are given to both. An empty value clears.
var asked = map[string][]string{
	"lxc.uts.name": {"a", "b", "'c d'", "\"e\"", ""}, "lxc.tty.max": {"1", "2", ""}, "lxc.tty.dir": {"lxc", ""}, "lxc.init.cmd": {"/sbin/init x", ""},
	"lxc.net.0.type": {"veth", "macvlan", "phys", ""}, "lxc.net.0.link": {"br0", "br1", ""}, "lxc.net.0.name": {"eth0", ""},
	"lxc.net.0.veth.pair": {"v0", ""}, "lxc.net.1.type": {"veth", "empty", ""}, "lxc.net.01.link": {"br3", ""}, "lxc.net.1.link": {"br0", ""},
	"lxc.net": {"", "", "x"}, "lxc.net.1": {"", ""}, "lxc.net.0.macvlan.mode": {"bridge", "vepa"}, "lxc.start.order": {"-3", ""},
	"lxc.cap.drop": {"kill chown", "sys_time", ""}, "lxc.cap.keep": {"kill", "none", "none chown", ""},
	"lxc.namespace.keep": {"net", "ipc net", ""}, "lxc.namespace.clone": {"uts", ""},
	"lxc.mount.entry": {"a b none bind", "c d none bind", ""}, "lxc.mount.fstab": {"/a", "/b"}, "lxc.hook.start": {"/a", "/b", ""}, "lxc.hook": {""},
	"lxc.hook.version": {"1"}, "lxc.group": {"x y", "z", ""}, "lxc.sysctl.a": {"1", "2", ""}, "lxc.sysctl": {""}, "lxc.prlimit.nofile": {"1", "2:3", ""},
	"lxc.prlimit": {""}, "lxc.environment": {"A=1", "B=2", "A=3", ""}, "lxc.rootfs.options": {"ro", "noatime", ""}, "lxc.apparmor.raw": {"x", "y", ""},
	"lxc.idmap": {"u 0 1 1", "g 0 1 1", ""}, "lxc.init.groups": {"1,2", "3", ""}, "lxc.seccomp.profile": {"/p", ""}, "lxc.ephemeral": {"1", "0", ""},
	"lxc.cgroup.dir": {"a/b", "/a", ""}, "lxc.arch": {"x86_64", ""}, "lxc.foo": {"x"}, "lxc.include": {"@/inc.d", "@/none/", "@/none"},
}

// often are those of them that a config is seldom refused for.
func often(key string) bool {
	return !slices.Contains([]string{"lxc.foo", "lxc.net", "lxc.namespace.clone", "lxc.cap.keep", "lxc.net.0.macvlan.mode", "lxc.cgroup.dir",
		"lxc.net.1", "lxc.net.01.link", "lxc.net.0.veth.pair", "lxc.arch"}, key)
}

// told are single values and lists that lxc-info is asked for.
var (
	toldSingle = []string{"lxc.uts.name", "lxc.tty.max", "lxc.tty.dir", "lxc.init.cmd", "lxc.start.order", "lxc.mount.fstab", "lxc.hook.version",
		"lxc.rootfs.options", "lxc.seccomp.profile", "lxc.ephemeral", "lxc.sysctl.a", "lxc.prlimit.nofile"}
	toldNet  = []string{"lxc.net.0.type", "lxc.net.0.link", "lxc.net.0.name", "lxc.net.1.type", "lxc.net.1.link"}
	toldList = []string{"lxc.cap.drop", "lxc.namespace.keep", "lxc.mount.entry", "lxc.hook.start", "lxc.group", "lxc.environment",
		"lxc.apparmor.raw", "lxc.idmap"}
)

// lxcInfo says what liblxc made of keys of container c; false = it did not load the config.
func lxcInfo(t *testing.T, dir string, keys []string) (map[string][]string, bool) {
	t.Helper()
	args := []string{"-P", dir, "-n", "c"}
	for _, k := range keys {
		args = append(args, "-c", k)
	}
	out, err := exec.CommandContext(t.Context(), "lxc-info", args...).CombinedOutput()
	if err != nil || strings.Contains(string(out), "Failed to load") {
		return nil, false
	}
	got, key := map[string][]string{}, ""
	for line := range strings.Lines(string(out)) { // the values of a list follow on lines of their own
		line = strings.TrimSpace(line)
		if k, v, ok := strings.Cut(line, " ="); ok && strings.HasPrefix(k, "lxc.") {
			key, line = k, strings.TrimSpace(v)
		}
		if line != "" {
			got[key] = append(got[key], line)
		}
	}
	return got, true
}

// needLXC makes a container's directory, where liblxc is one that was compared.
func needLXC(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "lxc-info", "--version").Output()
	if version := strings.TrimSpace(string(out)); err != nil || !strings.HasPrefix(version, "5.0.") {
		t.Skipf("compares with LXC 5.0, here is %q (%v)", version, err)
	}
	dir := t.TempDir()
	t.Cleanup(func() { _ = os.RemoveAll("/run/lxc/lock" + dir) })
	for _, name := range []string{"c", "inc.d"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "c", "config"), "lxc.uts.name = probe\n")
	if got, ok := lxcInfo(t, dir, []string{"lxc.uts.name"}); !ok || !slices.Equal(got["lxc.uts.name"], []string{"probe"}) {
		t.Skipf("lxc-info cannot read a config here: %v", got)
	}
	return dir
}

func TestResolveAgreesWithLiblxc(t *testing.T) {
	dir := needLXC(t)
	r := rand.New(rand.NewPCG(11, 12))
	var all []string
	for key := range asked {
		all = append(all, key)
	}
	slices.Sort(all)
	config := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			key := all[r.IntN(len(all))]
			value := asked[key][r.IntN(len(asked[key]))]
			if often(key) && value != "@/none" || r.IntN(8) == 0 {
				fmt.Fprintf(&b, "%s = %s\n", key, strings.ReplaceAll(value, "@", dir))
			}
		}
		return b.String()
	}
	loaded := 0
	for range 200 {
		text, inc := config(14), strings.ReplaceAll(config(5), "lxc.include", "#")
		top := put(t, filepath.Join(dir, "c", "config"), text)
		put(t, filepath.Join(dir, "inc.d", "x.conf"), inc)
		tree := Resolve(top, Open, Options{})
		keys := slices.Concat(toldSingle, toldList)
		for _, key := range toldNet { // lxc-info fails for an interface that is not there, or is empty
			if kind := tree.Of(key[:len("lxc.net.0")] + ".type"); len(kind) == 1 && tree.Items[kind[0]].Value != "empty" {
				keys = append(keys, key)
			}
		}
		got, ok := lxcInfo(t, dir, keys)
		if fatal := tree.Fatal(); ok != (fatal == nil) {
			t.Fatalf("liblxc loads it: %v, here it is %+v\n%s-- included:\n%s", ok, fatal, text, inc)
		}
		if !ok {
			continue
		}
		loaded++
		for _, key := range keys {
			if want, have := expected(tree, key), got[key]; !slices.Equal(want, have) {
				t.Fatalf("%s is %q to liblxc and %q here\n%s-- included:\n%s\n%s", key, have, want, text, inc, story(tree))
			}
		}
	}
	if loaded < 50 {
		t.Errorf("only %d configs were loaded", loaded)
	}
}

// Of a value that liblxc does not take it is said that the config is refused, also
// where another one comes later, and of no other.
func TestRefusedValuesAgreeWithLiblxc(t *testing.T) {
	dir := needLXC(t)
	values := map[ValueKind][]string{
		Bool: {"yes", "2", "-1", "1 x", "0x1", "01"}, Count: {"x", "-1", "4 # four", "99999999999", "1.5", "0x10", "+3"}, Integer: {"x", "-4", "4 # four", "99999999999", "0x10"},
		Signal: {"SIGFOO", "99", "-1", "sigterm", "SIGRTMIN+1", "SIGRTMIN+99"}, Enum: {"nope", "FOO"},
	}
	n := 0
	for _, k := range Keys() {
		key, before := strings.Replace(k.Name, "[i]", "0", 1), ""
		if kind := k.needs; strings.HasPrefix(key, "lxc.net.0.") && key != "lxc.net.0.type" {
			if kind == "" {
				kind = "veth"
			}
			before = "lxc.net.0.type = " + kind + "\n"
		}
		for _, v := range values[k.Value] {
			good := ""
			if len(k.Words) > 0 {
				good = key + " = " + k.Words[0] + "\n"
			}
			text := before + key + " = " + v + "\n" + good
			top := put(t, filepath.Join(dir, "c", "config"), text)
			_, ok := lxcInfo(t, dir, []string{"lxc.uts.name"})
			tree := Resolve(top, Open, Options{})
			if known := tree.Fatal() == nil; known != ok && !(known && slices.Contains(lenient, k.Name)) {
				t.Errorf("liblxc loads it: %v, here: %v\n%s", ok, known, text)
			}
			n++
		}
	}
	if n < 100 {
		t.Errorf("only %d values", n)
	}
}

// expected are the values of a key that count here, as lxc-info prints them.
func expected(tree *Tree, key string) []string {
	k := lookup(key)
	var out []string
	for i := range tree.Items {
		it := &tree.Items[i]
		caps := strings.HasPrefix(key, "lxc.cap.") && strings.HasPrefix(it.Key, "lxc.cap.") // lxc-info prints one for both
		if canonical(it.Key) != key && !caps {
			continue
		}
		// liblxc keeps what is said twice, and all of one variable's values.
		kept := it.State == Counts || it.State == Partly || k.Kind == List && it.State == Doubled || key == "lxc.environment" && it.State == Overridden
		switch {
		case !kept:
		case k.Kind == List && (k.Value == WordList || k.Value == NameList):
			out = append(out, slices.DeleteFunc(strings.Fields(it.Value), func(w string) bool { return w == "none" })...)
		default:
			out = append(out, it.Value)
		}
	}
	if key == "lxc.namespace.keep" { // a set
		slices.Sort(out)
		out = slices.Compact(out)
	}
	if len(out) == 0 && (key == "lxc.tty.max" || key == "lxc.start.order" || key == "lxc.hook.version" || key == "lxc.ephemeral") {
		out = []string{"0"}
	}
	return out
}
