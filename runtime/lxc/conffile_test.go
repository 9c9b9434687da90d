package lxc

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const confText = "# made by hand\n\nlxc.include = /usr/share/lxc/config/common.conf\n" +
	"  lxc.uts.name=web # no comment to liblxc\n\n" +
	"lxc.group = a\n# between\nlxc.group = b\r\nlxc.rootfs.path = overlay:/lxc/web2/rootfs:/lxc/web/delta0\nlxc.start.auto = 1"

func confOf(text string) *confFile { return &confFile{lines: confLines(text)} }

func TestConfSetKeepsTheRest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*confFile) error
		was    string
		want   string
	}{
		{"in its place", func(c *confFile) error { return c.set("lxc.group", "x") },
			"lxc.group = a\n# between\nlxc.group = b\r\n", "lxc.group = x\n# between\n"},
		{"its line end stays", func(c *confFile) error { return c.set("lxc.group", "x", "y") }, "a\r\nlxc.group = b\r\nc", "a\r\nlxc.group = x\r\nlxc.group = y\r\nc"},
		{"a last line without an end", func(c *confFile) error { return c.set("lxc.start.delay", "5") },
			"lxc.start.auto = 1", "lxc.start.auto = 1\nlxc.start.delay = 5\n"},
		{"behind an include", func(c *confFile) error { return c.set("lxc.start.auto", "0") },
			"lxc.start.auto = 1\nlxc.include = /x\n", "lxc.include = /x\nlxc.start.auto = 0\n"},
		{"before an include that is over", func(c *confFile) error { return c.set("lxc.start.auto", "0") },
			"lxc.include = /x\nlxc.start.auto = 1\n#\n", "lxc.include = /x\nlxc.start.auto = 0\n#\n"},
		{"none", func(c *confFile) error { return c.set("lxc.group") }, "a\nlxc.group = b\nc", "a\nc"},
		{"removed", func(c *confFile) error { c.remove("lxc.group"); return nil }, "lxc.group=a\n#lxc.group=b\n lxc.group = c", "#lxc.group=b\n"},
		{"blanks and quotes", func(c *confFile) error { return c.set("k", " a ", `"b"`, "") }, "", "k = \" a \"\nk = \"\"b\"\"\nk =\n"},
	} {
		c := confOf(tt.was)
		must(t, tt.change(c))
		if got := c.String(); got != tt.want {
			t.Errorf("%s: %q became %q, want %q", tt.name, tt.was, got, tt.want)
		}
	}
	if err := confOf("").set("k", "a\nlxc.hook.start = /bin/evil"); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("a value of two lines: %v", err)
	}
}

func TestConfReplacePath(t *testing.T) {
	for _, tt := range []struct{ was, want string }{
		{"lxc.rootfs.path = dir:/lxc/web/rootfs\n", "lxc.rootfs.path = dir:/lxc/new/rootfs\n"},
		{"lxc.rootfs.path = /lxc/web\n", "lxc.rootfs.path = /lxc/new\n"},
		{"lxc.rootfs.path = /lxc/web2/rootfs\n", ""},
		{"lxc.rootfs.path = /srv/lxc/web/rootfs\n", ""},
		{"lxc.rootfs.path = /lxc/web two/rootfs\n", ""},
		{"lxc.rootfs.path=overlay:/lxc/web/rootfs:/lxc/web/delta0", "lxc.rootfs.path=overlay:/lxc/new/rootfs:/lxc/new/delta0"},
		{"lxc.mount.entry = /lxc/web/data srv none bind,create=dir 0 0\n", "lxc.mount.entry = /lxc/new/data srv none bind,create=dir 0 0\n"},
		{"lxc.mount.entry = none opt overlay lowerdir=/lxc/web/a:/lxc/web/b,upperdir=/lxc/web/c 0 0", "lxc.mount.entry = none opt overlay lowerdir=/lxc/new/a:/lxc/new/b,upperdir=/lxc/new/c 0 0"},
		{"lxc.hook.start = sh -c '/lxc/web/hook /lxc/web'", "lxc.hook.start = sh -c '/lxc/new/hook /lxc/new'"},
		{"lxc.net.0.script.up = /lxc/web/up", "lxc.net.0.script.up = /lxc/new/up"},
		{"lxc.net.0.link = /lxc/web/up", ""},
		{"lxc.include = \"/lxc/web/more\"\n", "lxc.include = \"/lxc/new/more\"\n"},
		{"lxc.init.cmd = /lxc/web/init\n", ""},
		{"# lxc.include = /lxc/web/more\n", ""},
		{"lxc.apparmor.raw = /lxc/web/** rw,\n", "lxc.apparmor.raw = /lxc/new/** rw,\n"},
	} {
		if tt.want == "" {
			tt.want = tt.was
		}
		c := confOf(tt.was)
		n := c.replacePath("/lxc/web", "/lxc/new")
		if got := c.String(); got != tt.want || (n > 0) != (tt.was != tt.want) {
			t.Errorf("%q became %q (%d changed), want %q", tt.was, got, n, tt.want)
		}
	}
	c := confOf("lxc.mount.entry = /lxc/my\\040web/x x none bind\nlxc.rootfs.path = /lxc/my web/rootfs\n")
	if c.replacePath("/lxc/my web", "/lxc/a b"); c.String() != "lxc.mount.entry = /lxc/a\\040b/x x none bind\nlxc.rootfs.path = /lxc/a b/rootfs\n" {
		t.Errorf("blanks: %q", c)
	}
	if got := replaceInFstab("# /l/web\n/l/web/x /l/web2/y none bind\n/x /l/web\n", "/l/web", "/l/n"); got != "# /l/web\n/l/n/x /l/web2/y none bind\n/x /l/n\n" {
		t.Errorf("fstab: %q", got)
	}
}

func TestConfWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	put(t, filepath.Join(dir, newFile), "left by a kill")
	put(t, filepath.Join(dir, "real"), confText)
	must(t, os.Symlink("real", path))
	real := filepath.Join(dir, "real")
	must(t, os.Chmod(real, 0o4640))
	if os.Geteuid() == 0 {
		must(t, os.Chown(real, 1234, 4321))
		must(t, os.Chmod(real, 0o4640))
	}
	must(t, unix.Lsetxattr(real, "user.note", []byte("kept"), 0))
	var before, after unix.Stat_t
	must(t, lstat(real, &before))
	c, err := readConfOf(runtime.Ref{Path: filepath.Dir(dir), Name: filepath.Base(dir)})
	must(t, err)
	must(t, c.set("lxc.start.auto", "0"))
	must(t, c.write())
	text, err := os.ReadFile(path)
	must(t, err)
	if want := strings.Replace(confText, "lxc.start.auto = 1", "lxc.start.auto = 0\n", 1); string(text) != want {
		t.Errorf("%q, want %q", text, want)
	}
	must(t, lstat(real, &after))
	if after.Uid != before.Uid || after.Gid != before.Gid || after.Mode != before.Mode {
		t.Errorf("owner or mode changed: %o %d:%d", after.Mode, after.Uid, after.Gid)
	}
	note := make([]byte, 10)
	if n, err := unix.Lgetxattr(real, "user.note", note); err != nil || string(note[:n]) != "kept" {
		t.Errorf("extended attribute: %q, %v", note, err)
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 2 {
		t.Errorf("something was left: %v", entries)
	}
	must(t, c.set("lxc.start.auto", "1"))
	if err := c.write(); !errors.Is(err, runtime.ErrBusy) {
		t.Errorf("another version was overwritten: %v", err)
	}
	put(t, real, "a\x00b")
	if _, err := readConf(path); !errors.Is(err, runtime.ErrConfig) {
		t.Errorf("a NUL: %v", err)
	}
}

// FuzzConf: what is not touched stays byte for byte, and what is set is read back.
func FuzzConf(f *testing.F) {
	f.Add(confText, "lxc.group", "x")
	f.Add("a = b\r\rlxc.group=\"x\"\n\n", "lxc.group", "'y'")
	f.Add("lxc.group = a\nlxc.include = x", "lxc.group", "")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		c := confOf(text)
		if c.String() != text {
			t.Fatalf("%q came back as %q", text, c)
		}
		if strings.TrimSpace(key) != key || key == "" || strings.ContainsAny(key, "=#\r\n\x00") {
			return
		}
		was := c.without(key)
		if c.set(key, value) != nil {
			return
		}
		if got := c.values(key); len(got) != 1 || got[0] != value {
			t.Fatalf("%q set in %q: read back %q", value, text, got)
		}
		now := c.without(key)
		// A last line without an end gets one when something is put behind it.
		if n := len(was); n > 0 && len(now) == n {
			was[n-1], now[n-1] = strings.TrimRight(was[n-1], "\r\n"), strings.TrimRight(now[n-1], "\r\n")
		}
		if !slices.Equal(was, now) {
			t.Fatalf("other lines changed: %q, %q", was, now)
		}
		again := confOf(text)
		if again.replacePath("/no/such/path", "/x"); again.String() != text && !strings.Contains(text, "/no/such/path") {
			t.Fatalf("nothing to replace, and yet %q became %q", text, again)
		}
	})
}
