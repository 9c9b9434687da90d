package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// world is an Opener of files in memory; a value that begins with "dir " is a
// directory with these names.
func world(files map[string]string) Opener {
	return func(path string) (Opened, error) {
		text, ok := files[path]
		if !ok {
			return Opened{}, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		if names, dir := strings.CutPrefix(text, "dir "); dir {
			return Opened{Real: strings.TrimSuffix(path, "/"), Dir: true, Names: strings.Fields(names)}, nil
		}
		return Opened{Real: path, Text: []byte(text)}, nil
	}
}

// story is what a tree says of its items, one a line: file:line key = value: state by file:line.
func story(t *Tree) string {
	var b strings.Builder
	for i := range t.Items {
		it := &t.Items[i]
		file, line := t.Where(i)
		fmt.Fprintf(&b, "%s:%d %s = %s: %s", file, line, it.Key, it.Value, it.State)
		if it.By >= 0 {
			file, line := t.Where(it.By)
			fmt.Fprintf(&b, " by %s:%d", file, line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestResolveStates(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a later line wins, and the same one twice is one": {
			"lxc.tty.max = 1\nlxc.tty.max = 2\nlxc.tty.max = 2\nlxc.tty.max = 1\nlxc.tty.max = 1\n",
			"c:1 lxc.tty.max = 1: overridden by c:2|c:2 lxc.tty.max = 2: overridden by c:4|c:3 lxc.tty.max = 2: overridden by c:4|c:4 lxc.tty.max = 1: counts|c:5 lxc.tty.max = 1: said before by c:4",
		},
		"an empty value clears": {
			"lxc.tty.dir =\nlxc.tty.dir = lxc\nlxc.tty.dir =\n",
			"c:1 lxc.tty.dir = : clears nothing|c:2 lxc.tty.dir = lxc: cleared by c:3|c:3 lxc.tty.dir = : clears",
		},
		"lists add up": {
			"lxc.cap.drop = a b\nlxc.cap.drop = b c\nlxc.cap.drop = a c\nlxc.mount.entry = x\nlxc.mount.entry = x\n",
			"c:1 lxc.cap.drop = a b: counts|c:2 lxc.cap.drop = b c: counts|c:3 lxc.cap.drop = a c: said before by c:2|c:4 lxc.mount.entry = x: counts|c:5 lxc.mount.entry = x: counts",
		},
		"capabilities are one list": {
			"lxc.cap.drop = sys_time\nlxc.cap.keep =\nlxc.cap.keep = kill\nlxc.cap.keep = none chown\n",
			"c:1 lxc.cap.drop = sys_time: cleared by c:2|c:2 lxc.cap.keep = : clears|c:3 lxc.cap.keep = kill: cleared by c:4|c:4 lxc.cap.keep = none chown: counts",
		},
		"drop and keep exclude each other": {
			"lxc.cap.drop = sys_time\nlxc.cap.keep = kill\n",
			"c:1 lxc.cap.drop = sys_time: counts|c:2 lxc.cap.keep = kill: refused",
		},
		"mounts of the kernel's are told apart": {
			"lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed\nlxc.mount.auto = sys:rw\nlxc.mount.auto = proc cgroup2\n",
			"c:1 lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed: overridden by c:3|c:2 lxc.mount.auto = sys:rw: counts|c:3 lxc.mount.auto = proc cgroup2: counts",
		},
		"part of a line counts": {
			"lxc.mount.auto = proc sys\nlxc.mount.auto = sys:rw\n",
			"c:1 lxc.mount.auto = proc sys: counts in part by c:2|c:2 lxc.mount.auto = sys:rw: counts",
		},
		"the last variable of a name": {
			"lxc.environment = A=1\nlxc.environment = B=1\nlxc.environment = A=2\nlxc.environment = B=1\n",
			"c:1 lxc.environment = A=1: overridden by c:3|c:2 lxc.environment = B=1: counts|c:3 lxc.environment = A=2: counts|c:4 lxc.environment = B=1: said before by c:2",
		},
		"a type begins an interface anew": {
			"lxc.net.0.link = br0\nlxc.net.0.type = veth\nlxc.net.0.veth.pair = x\nlxc.net.00.type = veth\nlxc.net.1.type = veth\n",
			"c:1 lxc.net.0.link = br0: cleared by c:2|c:2 lxc.net.0.type = veth: cleared by c:4|c:3 lxc.net.0.veth.pair = x: cleared by c:4|c:4 lxc.net.00.type = veth: counts|c:5 lxc.net.1.type = veth: counts",
		},
		"keys of a type need it": {
			"lxc.net.0.veth.pair = x\nlxc.net.0.type = macvlan\nlxc.net.0.vlan.id = 3\nlxc.net.0.macvlan.mode = bridge\nlxc.net.2.link =\n",
			"c:1 lxc.net.0.veth.pair = x: refused|c:2 lxc.net.0.type = macvlan: counts|c:3 lxc.net.0.vlan.id = 3: refused|c:4 lxc.net.0.macvlan.mode = bridge: counts|c:5 lxc.net.2.link = : refused",
		},
		"all interfaces, or one": {
			"lxc.net.0.type = veth\nlxc.net.1.type = empty\nlxc.net.1 =\nlxc.net =\nlxc.net =\nlxc.net = x\nlxc.net.0.link = a\n",
			"c:1 lxc.net.0.type = veth: cleared by c:4|c:2 lxc.net.1.type = empty: cleared by c:3|c:3 lxc.net.1 = : clears|c:4 lxc.net = : clears|c:5 lxc.net = : clears nothing|c:6 lxc.net = x: refused|c:7 lxc.net.0.link = a: counts",
		},
		"families are cleared by their names": {
			"lxc.hook.start = /a\nlxc.hook.version = 1\nlxc.hook =\nlxc.sysctl.a = 1\nlxc.sysctl.b = 1\nlxc.sysctl.a =\nlxc.cgroup.dir = x\nlxc.cgroup.cpu.shares = 5\nlxc.cgroup =\n",
			"c:1 lxc.hook.start = /a: cleared by c:3|c:2 lxc.hook.version = 1: counts|c:3 lxc.hook = : clears|c:4 lxc.sysctl.a = 1: cleared by c:6|c:5 lxc.sysctl.b = 1: counts|c:6 lxc.sysctl.a = : clears|c:7 lxc.cgroup.dir = x: counts|c:8 lxc.cgroup.cpu.shares = 5: cleared by c:9|c:9 lxc.cgroup = : clears",
		},
		"rules for all devices begin anew": {
			"lxc.cgroup2.devices.deny = a\nlxc.cgroup2.devices.allow = c 1:3  rwm\nlxc.cgroup2.devices.allow = c 1:3 rwm\nlxc.cgroup2.devices.allow = a *:* rwm\nlxc.cgroup2.devices.deny = b *:* w\n",
			"c:1 lxc.cgroup2.devices.deny = a: cleared by c:4|c:2 lxc.cgroup2.devices.allow = c 1:3  rwm: cleared by c:4|c:3 lxc.cgroup2.devices.allow = c 1:3 rwm: cleared by c:4|c:4 lxc.cgroup2.devices.allow = a *:* rwm: counts|c:5 lxc.cgroup2.devices.deny = b *:* w: counts",
		},
		"a cgroup's file keeps what is written last, or for each device": {
			"lxc.cgroup2.memory.max = 1G\nlxc.cgroup2.memory.max = 2G\nlxc.cgroup2.io.max = 8:0 rbps=1\nlxc.cgroup2.io.max = 8:16 rbps=1\nlxc.cgroup2.io.max = 8:0 rbps=2\n",
			"c:1 lxc.cgroup2.memory.max = 1G: overridden by c:2|c:2 lxc.cgroup2.memory.max = 2G: counts|c:3 lxc.cgroup2.io.max = 8:0 rbps=1: overridden by c:5|c:4 lxc.cgroup2.io.max = 8:16 rbps=1: counts|c:5 lxc.cgroup2.io.max = 8:0 rbps=2: counts",
		},
		"unknown, old and refused": {
			"lxc.foo = 1\nlxc.utsname = a\nlxc.mount.fstab =\nlxc.arch = vax\nlxc.net.0.type = bridge\nlxc.namespace.keep = net\nlxc.namespace.clone = ipc\nlxc.include =\n",
			"c:1 lxc.foo = 1: unknown key|c:2 lxc.utsname = a: unknown key|c:3 lxc.mount.fstab = : refused|c:4 lxc.arch = vax: refused|c:5 lxc.net.0.type = bridge: refused|c:6 lxc.namespace.keep = net: counts|c:7 lxc.namespace.clone = ipc: refused|c:8 lxc.include = : clears nothing",
		},
	} {
		tree := Resolve("c", world(map[string]string{"c": c.text}), Options{})
		if got := strings.ReplaceAll(strings.TrimSuffix(story(tree), "\n"), "\n", "|"); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		for i := range tree.Items { // who is refused has a problem on its line
			it := &tree.Items[i]
			fatal := slices.ContainsFunc(tree.Problems, func(p Problem) bool { return p.Fatal && p.Node == it.Node && p.Line == it.Line })
			if bad := it.State == Refused || it.State == Unknown; bad != fatal {
				t.Errorf("%s: line %d is %v and has a fatal problem: %v", name, it.Line, it.State, fatal)
			}
		}
	}
}

func TestResolveIncludes(t *testing.T) {
	files := map[string]string{
		"/c":           "lxc.include = /common\nlxc.tty.max = 2\nlxc.include = /d/\nlxc.include = /none.d/\n",
		"/common":      "# all\nlxc.tty.max = 1\nlxc.cap.drop = kill\n",
		"/d/":          "dir b.conf x.txt a.conf .conf sub.conf",
		"/d/b.conf":    "lxc.cap.drop =\n",
		"/d/a.conf":    "lxc.tty.max = 3\nlxc.include = /d/deep\n",
		"/d/deep":      "lxc.pty.max = 9\n",
		"/d/sub.conf":  "dir y.conf",
		"/d/y.conf":    "",
		"/d/sub/y":     "",
		"/d/sub.conf/": "",
	}
	tree := Resolve("/c", world(files), Options{})
	want := `/c:1 lxc.include = /common: include
/common:2 lxc.tty.max = 1: overridden by /c:2
/common:3 lxc.cap.drop = kill: cleared by /d/b.conf:1
/c:2 lxc.tty.max = 2: overridden by /d/a.conf:1
/c:3 lxc.include = /d/: include
/d/b.conf:1 lxc.cap.drop = : clears
/d/a.conf:1 lxc.tty.max = 3: counts
/d/a.conf:2 lxc.include = /d/deep: include
/d/deep:1 lxc.pty.max = 9: counts
/c:4 lxc.include = /none.d/: include
`
	if got := story(tree); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	// The directory in a directory has a name that liblxc opens as a file; the
	// one that is not there is none.
	if len(tree.Problems) != 1 || tree.Problems[0].Err == nil {
		t.Errorf("problems %v", tree.Problems)
	}
	if got := tree.Of("lxc.tty.max"); len(got) != 1 || tree.Items[got[0]].Value != "3" {
		t.Errorf("lxc.tty.max is %v", got)
	}
	var nodes []string
	for _, n := range tree.Nodes {
		nodes = append(nodes, fmt.Sprintf("%s<%d:%d", n.Path, n.Parent, n.Line))
	}
	if got := strings.Join(nodes, " "); !strings.HasPrefix(got, "/c<-1:0 /common<0:1 /d/<0:3 /d/b.conf<2:0 /d/a.conf<2:0 /d/deep<4:2 ") {
		t.Errorf("nodes %s", got)
	}
}

func TestResolveOnErrors(t *testing.T) {
	deep := map[string]string{}
	for i := range MaxDepth + 5 {
		deep[fmt.Sprintf("/%d", i)] = fmt.Sprintf("lxc.include = /%d\n", i+1)
	}
	many := map[string]string{"/0": strings.Repeat("lxc.include = /1\n", MaxFiles+5), "/1": "lxc.tty.max = 1\n"}
	twice := map[string]string{} // doubles at each step
	for i := range 15 {
		twice[fmt.Sprintf("/%d", i)] = strings.Repeat(fmt.Sprintf("lxc.include = /%d\n", i+1), 2)
	}
	twice["/15"] = ""
	large := map[string]string{"/0": strings.Repeat("lxc.include = /1\n", 100), "/1": strings.Repeat("#", MaxSize)}
	for name, c := range map[string]struct {
		files map[string]string
		err   error
		line  int
	}{
		"itself":        {map[string]string{"/0": "\nlxc.include = /0\n"}, ErrLoop, 2},
		"a circle":      {map[string]string{"/0": "lxc.include = /1\n", "/1": "\n\nlxc.include = /0\n"}, ErrLoop, 3},
		"a directory":   {map[string]string{"/0": "lxc.include = /d\n", "/d": "dir x.conf", "/d/x.conf": "\nlxc.include = /d\n"}, ErrLoop, 2},
		"too deep":      {deep, ErrTooMany, 1},
		"too many":      {many, ErrTooMany, MaxFiles},
		"doubling":      {twice, ErrTooMany, 0},
		"too large":     {large, ErrTooMany, 9},
		"not there":     {map[string]string{"/0": "lxc.tty.max = 1\nlxc.include = /1\n"}, fs.ErrNotExist, 2},
		"no config":     {map[string]string{}, fs.ErrNotExist, 0},
		"too long":      {map[string]string{"/0": strings.Repeat("\n", MaxSize+1)}, ErrTooLong, 0},
		"binary":        {map[string]string{"/0": "a\x00"}, ErrBinary, 0},
		"a dir":         {map[string]string{"/0": "dir x"}, nil, 0},
		"relative":      {map[string]string{"/0": "lxc.include = x\n"}, nil, 1},
		"no equal sign": {map[string]string{"/0": "\nlxc.foo\n"}, nil, 2},
	} {
		tree := Resolve("/0", world(c.files), Options{})
		found := slices.ContainsFunc(tree.Problems, func(p Problem) bool {
			return (c.err == nil || errors.Is(p.Err, c.err)) && (c.line == 0 || p.Line == c.line) && (p.Fatal || errors.Is(c.err, ErrBinary))
		})
		if !found {
			t.Errorf("%s: no such problem among %v", name, tree.Problems)
		}
		if len(tree.Nodes) > MaxFiles || len(tree.Problems) > MaxProblems {
			t.Errorf("%s: %d files, %d problems", name, len(tree.Nodes), len(tree.Problems))
		}
	}
}

func TestResolveAsksThisLiblxc(t *testing.T) {
	files := map[string]string{"c": "lxc.sched.core = 1\nlxc.later.key = x\nlxc.net =\nlxc.net.0.foo = x\n"}
	supports := func(key string) bool { return key == "lxc.later.key" || strings.HasPrefix(key, "lxc.net.") }
	tree := Resolve("c", world(files), Options{Supports: supports})
	want := "c:1 lxc.sched.core = 1: unknown key|c:2 lxc.later.key = x: counts|c:3 lxc.net = : clears nothing|c:4 lxc.net.0.foo = x: unknown key|"
	if got := strings.ReplaceAll(story(tree), "\n", "|"); got != want {
		t.Errorf("got %s", got)
	}
	if p := tree.Fatal(); p == nil || !strings.Contains(p.Err.Error(), "5.0") {
		t.Errorf("problem %v", p)
	}
}

// TestResolveIsQuick: the worst there is for each part takes no more than a
// moment, whatever it is made of.
func TestResolveIsQuick(t *testing.T) {
	for name, line := range map[string]func(i int) string{
		"clears":     func(i int) string { return "lxc.net =\n" },
		"sysctls":    func(i int) string { return fmt.Sprintf("lxc.sysctl.a%d = 1\n", i) },
		"and clears": func(i int) string { return []string{fmt.Sprintf("lxc.sysctl.a%d = 1\n", i), "lxc.sysctl =\n"}[i%2] },
		"interfaces": func(i int) string {
			return []string{fmt.Sprintf("lxc.net.%d.type = veth\n", i), "lxc.net =\n"}[min(1, i%50)]
		},
		"capabilities": func(i int) string { return fmt.Sprintf("lxc.cap.drop = a%d kill\n", i) },
		"devices": func(i int) string {
			return []string{"lxc.cgroup2.devices.allow = a\n", "lxc.cgroup2.devices.deny = b 1:1 r\n"}[i%2]
		},
		"nonsense": func(i int) string { return fmt.Sprintf("lxc.x%d\n", i) },
	} {
		var b strings.Builder
		for i := 0; b.Len() < MaxSize-40 && i < MaxLines-1; i++ {
			b.WriteString(line(i))
		}
		begin := time.Now()
		tree := Resolve("c", world(map[string]string{"c": b.String()}), Options{})
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s: %v for %d settings", name, took, len(tree.Items))
		} else {
			t.Logf("%s: %v for %d settings", name, took, len(tree.Items))
		}
	}
}

func TestOpenHostFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inc := filepath.Join(dir, "inc.d")
	if err := os.Mkdir(inc, 0o755); err != nil {
		t.Fatal(err)
	}
	put("inc.d/a.conf", "lxc.tty.max = 3\n")
	put("inc.d/b.txt", "lxc.tty.max = 4\n")
	top := put("config", "lxc.include = "+inc+"\nlxc.include = "+dir+"/fifo\nlxc.include = "+dir+"/link\n")
	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(top, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	tree := Resolve(top, Open, Options{})
	if got := tree.Of("lxc.tty.max"); len(got) != 1 || tree.Items[got[0]].Value != "3" {
		t.Errorf("lxc.tty.max: %v of %s", got, story(tree))
	}
	var noFile, loop bool
	for _, p := range tree.Problems {
		noFile = noFile || errors.Is(p.Err, ErrNoFile) && p.Line == 2
		loop = loop || errors.Is(p.Err, ErrLoop) && p.Line == 3
	}
	if !noFile || !loop {
		t.Errorf("problems %v", tree.Problems)
	}
	if text, err := Open(put("large", strings.Repeat("x", 3*MaxSize))); err != nil || len(text.Text) != MaxSize+1 {
		t.Errorf("of a large file %d bytes, %v", len(text.Text), err)
	}
}

// FuzzResolve: it ends, whatever two files include of each other.
func FuzzResolve(f *testing.F) {
	f.Add("lxc.include = /b\nlxc.net.0.type = veth\n", "lxc.include = /d/\nlxc.net =\n")
	f.Add("lxc.include = /a\nlxc.mount.auto = proc sys\nlxc.mount.auto =\n", "lxc.cap.keep = none\nlxc.cap.drop = x\n")
	f.Add("lxc.cgroup2.devices.allow = a\nlxc.idmap = u 0 1 1\nlxc.hook =\nlxc.network.0.ipv4 = 1\n", "")
	f.Fuzz(func(t *testing.T, a, b string) {
		tree := Resolve("/a", world(map[string]string{"/a": a, "/b": b, "/d/": "dir x.conf y.conf", "/d/x.conf": b, "/d/y.conf": a}), Options{})
		for i := range tree.Items {
			it := &tree.Items[i]
			due := it.State == Overridden || it.State == Cleared || it.State == Doubled || it.State == Partly
			if due != (it.By >= 0) || it.By >= len(tree.Items) || it.By == i {
				t.Fatalf("item %d is %v by %d:\n%s", i, it.State, it.By, story(tree))
			}
			if it.Line < 1 || it.Line > len(tree.Nodes[it.Node].File.Lines) {
				t.Fatalf("item %d is in line %d", i, it.Line)
			}
			if k := lookup(it.Key); k != nil && k.Kind == Single && it.State == Counts && len(tree.Of(it.Key)) > 1 && canonical(it.Key) == it.Key {
				t.Fatalf("%s counts more than once:\n%s", it.Key, story(tree))
			}
		}
	})
}
