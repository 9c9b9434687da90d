package lxc

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// rootOnly is the one place that says why a test needs root.
func rootOnly(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: tests that give files to other users are left out")
	}
}

// home makes an lxcpath with one container, c, that is safe.
func home(t testing.TB) runtime.Ref {
	t.Helper()
	rootOnly(t)
	dir, err := os.MkdirTemp("", "lxcdt-safety-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	put(t, filepath.Join(dir, "c", "config"), "lxc.uts.name = c\n")
	return runtime.Ref{Path: dir, Name: "c"}
}

func inspect(ref runtime.Ref) inspection {
	in := inspector{walk: newWalker(trust{}), cache: newConfigCache()}
	return in.inspect(ref)
}

func TestWhatIsSafeToLoad(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, dir string) // dir is the lxcpath
		want error
		uid  int // expected Foreign; -1 = none
	}{
		{"as LXC makes it", func(t *testing.T, d string) { must(t, os.Chmod(d+"/c", 0o770)) }, nil, -1},
		{"sticky lxcpath", func(t *testing.T, d string) { must(t, os.Chmod(d, 0o777|os.ModeSticky)) }, nil, -1},
		{"lxcpath for all", func(t *testing.T, d string) { must(t, os.Chmod(d, 0o777)) }, runtime.ErrForeign, -1},
		{"config for all", func(t *testing.T, d string) { must(t, os.Chmod(d+"/c/config", 0o666)) }, runtime.ErrForeign, -1},
		{"another's config", func(t *testing.T, d string) { must(t, os.Chown(d+"/c/config", 1000, 0)) }, runtime.ErrForeign, 1000},
		{"another's directory", func(t *testing.T, d string) { must(t, os.Chown(d+"/c", 1001, 0)) }, runtime.ErrForeign, 1001},
		{"the topmost counts", func(t *testing.T, d string) {
			must(t, os.Chown(d, 1002, 0))
			must(t, os.Chown(d+"/c", 100000, 0))
		}, runtime.ErrForeign, 1002},
		{"another's group", func(t *testing.T, d string) {
			must(t, os.Chown(d+"/c", 0, 50))
			must(t, os.Chmod(d+"/c", 0o775))
		}, runtime.ErrForeign, -1},
		{"another's group may only read", func(t *testing.T, d string) {
			must(t, os.Chown(d+"/c", 0, 50))
			must(t, os.Chmod(d+"/c", 0o755))
		}, nil, -1},
		{"a safe include", func(t *testing.T, d string) {
			put(t, d+"/inc", "lxc.start.auto = 1\n")
			put(t, d+"/c/config", "lxc.include = "+d+"/inc\n")
		}, nil, -1},
		{"another's include", func(t *testing.T, d string) {
			put(t, d+"/inc", "")
			must(t, os.Chown(d+"/inc", 1003, 0))
			put(t, d+"/c/config", "lxc.include = \""+d+"/inc\"\n")
		}, runtime.ErrForeign, 1003},
		{"an include of an include", func(t *testing.T, d string) {
			put(t, d+"/inc", "lxc.include="+d+"/inc2\n")
			put(t, d+"/inc2", "")
			must(t, os.Chown(d+"/inc2", 1004, 0))
			put(t, d+"/c/config", "\t lxc.include = "+d+"/inc\n")
		}, runtime.ErrForeign, 1004},
		{"hidden behind a carriage return", func(t *testing.T, d string) {
			put(t, d+"/inc", "")
			must(t, os.Chown(d+"/inc", 1005, 0))
			put(t, d+"/c/config", "lxc.uts.name = c\rlxc.include = "+d+"/inc\r")
		}, runtime.ErrForeign, 1005},
		{"a directory of includes", func(t *testing.T, d string) {
			put(t, d+"/inc.d/one.conf", "")
			put(t, d+"/inc.d/two.txt", "")
			must(t, os.Chown(d+"/inc.d/two.txt", 1006, 0))
			put(t, d+"/c/config", "lxc.include = "+d+"/inc.d\n")
		}, nil, -1},
		{"a bad one in it", func(t *testing.T, d string) {
			put(t, d+"/inc.d/one.conf", "")
			must(t, os.Chown(d+"/inc.d/one.conf", 1007, 0))
			put(t, d+"/c/config", "lxc.include = "+d+"/inc.d\n")
		}, runtime.ErrForeign, 1007},
		{"a FIFO in it", func(t *testing.T, d string) {
			must(t, os.Mkdir(d+"/inc.d", 0o755))
			must(t, unix.Mkfifo(d+"/inc.d/one.conf", 0o644))
			put(t, d+"/c/config", "lxc.include = "+d+"/inc.d\n")
		}, runtime.ErrConfig, -1},
		{"no such directory of includes", func(t *testing.T, d string) {
			put(t, d+"/c/config", "lxc.include = "+d+"/none.d/\n")
		}, nil, -1},
		{"no such include", func(t *testing.T, d string) {
			put(t, d+"/c/config", "lxc.include = "+d+"/none\n")
		}, runtime.ErrConfig, -1},
		{"a relative include", func(t *testing.T, d string) {
			put(t, d+"/c/config", "lxc.include = inc\n")
		}, runtime.ErrConfig, -1},
		{"includes in a circle", func(t *testing.T, d string) {
			put(t, d+"/c/config", "lxc.include = "+d+"/inc\n")
			put(t, d+"/inc", "lxc.include = "+d+"/inc\n")
		}, runtime.ErrConfig, -1},
		{"too many includes", func(t *testing.T, d string) {
			put(t, d+"/inc", "")
			put(t, d+"/c/config", strings.Repeat("lxc.include = "+d+"/inc\n", maxIncludes+1))
		}, runtime.ErrConfig, -1},
		{"a link to a safe file", func(t *testing.T, d string) {
			put(t, d+"/real", "")
			must(t, os.Remove(d+"/c/config"))
			must(t, os.Symlink("../real", d+"/c/config"))
		}, nil, -1},
		{"another's link", func(t *testing.T, d string) {
			put(t, d+"/real", "")
			must(t, os.Remove(d+"/c/config"))
			must(t, os.Symlink("../real", d+"/c/config"))
			must(t, os.Lchown(d+"/c/config", 1008, 0))
		}, runtime.ErrForeign, 1008},
		{"a link in a circle", func(t *testing.T, d string) {
			must(t, os.Remove(d+"/c/config"))
			must(t, os.Symlink("config", d+"/c/config"))
		}, runtime.ErrConfig, -1},
		{"a device", func(t *testing.T, d string) {
			put(t, d+"/c/config", "lxc.include = /dev/null\n")
			must(t, os.Remove(d+"/c/config"))
			must(t, os.Symlink("/dev/zero", d+"/c/config"))
		}, runtime.ErrConfig, -1},
		{"a socket", func(t *testing.T, d string) {
			must(t, os.Remove(d+"/c/config"))
			must(t, unix.Mknod(d+"/c/config", unix.S_IFSOCK|0o644, 0))
		}, runtime.ErrConfig, -1},
		{"too big", func(t *testing.T, d string) { must(t, os.Truncate(d+"/c/config", maxConfig+1)) }, runtime.ErrConfig, -1},
		{"no config", func(t *testing.T, d string) { must(t, os.Remove(d+"/c/config")) }, runtime.ErrNotFound, -1},
		{"no directory", func(t *testing.T, d string) { must(t, os.RemoveAll(d+"/c")) }, runtime.ErrNotFound, -1},
		{"creation under way", func(t *testing.T, d string) { put(t, d+"/c/partial", "") }, runtime.ErrConfig, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			ref := home(t)
			c.do(t, ref.Path)
			err := inspect(ref).err
			if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			uid := foreignUID(err)
			if (uid == nil) != (c.uid < 0) || (uid != nil && *uid != c.uid) {
				t.Errorf("foreign uid in %v", err)
			}
			if errors.Is(c.want, runtime.ErrForeign) && hint(err, "") == "" {
				t.Errorf("no hint for %v", err)
			}
		})
	}
}

func TestAccessControlListsCount(t *testing.T) {
	ref := home(t)
	entry := func(b []byte, tag, perm uint16, id uint32) []byte {
		b = binary.LittleEndian.AppendUint16(b, tag)
		b = binary.LittleEndian.AppendUint16(b, perm)
		return binary.LittleEndian.AppendUint32(b, id)
	}
	acl := binary.LittleEndian.AppendUint32(nil, 2)
	const none = ^uint32(0)
	acl = entry(acl, 0x01, 7, none) // owner
	acl = entry(acl, 0x02, 7, 1000) // user 1000
	acl = entry(acl, 0x04, 5, none) // group
	acl = entry(acl, 0x10, 7, none) // mask
	acl = entry(acl, 0x20, 5, none) // others
	err := unix.Setxattr(ref.String(), "system.posix_acl_access", acl, 0)
	if errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("the file system of the temporary directory has no access control lists: not tested")
	}
	must(t, err)
	if err := inspect(ref).err; !errors.Is(err, runtime.ErrForeign) || !strings.Contains(err.Error(), "1000") {
		t.Errorf("user 1000 may write, and it is found safe: %v", err)
	}
}

func TestUsersTrustTheirSubordinateIDs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "subuid")
	put(t, file, "other:1:2\nann:100000:65536\nnonsense\n1000:300000:10\nann:x:1\n")
	spans := subIDs(file, "ann", 1000)
	mine := trust{uid: 1000, gid: 1000, uids: spans}
	for id, want := range map[uint32]bool{0: true, 1000: true, 1001: false, 1: false,
		99999: false, 100000: true, 165535: true, 165536: false, 300009: true, 300010: false} {
		if mine.owner(id) != want {
			t.Errorf("uid %d: %v", id, !want)
		}
	}
	if root := (trust{}); root.owner(1000) || root.group(1) || !root.owner(0) {
		t.Error("root trusts others")
	}
}

func TestNothingChangedNothingRead(t *testing.T) {
	ref := home(t)
	in := inspector{walk: newWalker(trust{}), cache: newConfigCache()}
	first := in.inspect(ref)
	must(t, first.err)
	// What the cache says is believed as long as the file is the same one.
	id := first.files[0]
	in.cache.put(id.path, parsed{id: id, manager: "from the cache"})
	if again := in.inspect(ref); again.manager != "from the cache" {
		t.Errorf("read again: %+v", again)
	}
	put(t, filepath.Join(ref.String(), "config"), "lxc.uts.name = cc\n")
	if again := in.inspect(ref); again.manager != "" || again.files[0] == id {
		t.Errorf("a change was not seen: %+v", again)
	}
	in.cache.keep(map[string]bool{})
	if _, ok := in.cache.get(id.path, id); ok {
		t.Error("the cache keeps what is gone")
	}
}

func TestManagersAreRecognised(t *testing.T) {
	dir := t.TempDir()
	m := managers{pve: dir + "/pve", units: dir + "/units", system: dir + "/lxc"}
	put(t, dir+"/pve/101.conf", "")
	put(t, dir+"/pve/web.conf", "")
	must(t, os.MkdirAll(dir+"/units", 0o755))
	must(t, os.Symlink("0", dir+"/units/invocation:lxc@web.service"))
	must(t, os.Symlink("0", dir+`/units/invocation:lxc@a\x2db.service`))
	system := func(name string) runtime.Ref { return runtime.Ref{Path: m.system, Name: name} }
	for _, c := range []struct {
		ref   runtime.Ref
		hooks string
		want  string
	}{
		{system("101"), "", proxmox},
		{system("102"), "", ""},
		{system("web"), "", "lxc@web.service"},
		{system("a-b"), "", `lxc@a\x2db.service`},
		{runtime.Ref{Path: dir + "/other", Name: "web"}, "", ""},
		{system("web"), incus, incus},
	} {
		if got := m.of(c.ref, c.hooks); got != c.want {
			t.Errorf("%v, hooks %q: %q, want %q", c.ref, c.hooks, got, c.want)
		}
	}
	for text, want := range map[string]string{
		"lxc.hook.pre-start = /usr/share/lxc/hooks/lxc-pve-prestart-hook\n":                         proxmox,
		"lxc.hook.pre-start = /proc/12/exe callhook /var/lib/incus \"default\" \"c1\" start\n":      incus,
		"lxc.hook.pre-start = /proc/12/exe callhook /var/snap/lxd/common/lxd \"default\" c start\n": lxd,
		"lxc.hook.pre-start = /usr/local/bin/mine\n#lxc.hook.mount = /lxc-pve-autodev-hook\n":       "",
	} {
		if got := parse([]byte(text)).manager; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSystemPathIsReadFromConf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lxc.conf")
	if got := confPath(file); got != systemPath {
		t.Errorf("without a file: %q", got)
	}
	put(t, file, "# lxc.lxcpath = /no\nlxc.bdev.zfs.root = x\n lxc.lxcpath=\"/srv/lxc/\"\n")
	if got := confPath(file); got != "/srv/lxc" {
		t.Errorf("%q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("lxc.include = /a\nlxc.include=\"/b\"\r\x00lxc.hook.mount = x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, inc := range parse(text).includes {
			if !strings.Contains(string(text), inc) || strings.ContainsAny(inc, "\n\r\x00") {
				t.Errorf("include %q is not in %q", inc, text)
			}
		}
	})
}

// A device is refused for being one: a hint to take its mode away would break
// the host.
func TestConfigThatLeadsToADevice(t *testing.T) {
	ref := runtime.Ref{Path: t.TempDir(), Name: "c"}
	dir := filepath.Join(ref.Path, ref.Name)
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.Symlink("/dev/tty", filepath.Join(dir, "config")))
	if err := loadableHere(ref); !errors.Is(err, runtime.ErrConfig) || errors.Is(err, runtime.ErrForeign) {
		t.Errorf("%v, want ErrConfig alone", err)
	}
}
