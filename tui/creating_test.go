package tui

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// offers are what containers can be made of in these tests.
func offers() runtime.Choices {
	return runtime.Choices{
		Templates: []runtime.Template{{Name: "busybox"}, {Name: "debian", Missing: "debootstrap is not installed"}, {Name: "download"},
			{Name: "local"}, {Name: "oci"}, {Name: "void"}},
		Bridges: []string{"br0", "br1"}, Default: runtime.DefaultNet{Type: "veth", Link: "lxcbr0"},
		Backings: []string{"dir", "btrfs", "lvm", "loop", "zfs", "rbd"}, BackingOut: map[string]string{"overlay": "not for creating"},
		IDMaps: []runtime.IDMap{{Host: 100000, Count: 65536}, {Group: true, Host: 200000, Count: 65536}},
	}
}

func images() []runtime.Image {
	return []runtime.Image{
		{Dist: "alpine", Release: "3.20", Arch: hostArch(), Variant: "default", Build: "b1"},
		{Dist: "debian", Release: "bookworm", Arch: "s390x", Variant: "default", Build: "b2"},
		{Dist: "debian", Release: "bookworm", Arch: hostArch(), Variant: "cloud", Build: "b3"},
		{Dist: "debian", Release: "bookworm", Arch: hostArch(), Variant: "default", Build: "b4", Cached: true},
		{Dist: "debian", Release: "trixie", Arch: hostArch(), Variant: "default", Build: "b5"},
		{Dist: "ubuntu", Release: "noble", Arch: hostArch(), Variant: "desktop", Build: "b6"},
	}
}

// createDeck shows the create form. The host is told before the screen starts.
func createDeck(t *testing.T, w, h int, tell func(rt *fake.Runtime)) *deck {
	t.Helper()
	d := newDeck(t, w, h, Options{}, some()...)
	d.rt.SetChoices(offers())
	d.rt.SetImages(images()...)
	if tell != nil {
		tell(d.rt)
	}
	d.press("N")
	return d
}

// goTo moves the cursor to the field of that label, or of what it does.
func (d *deck) goTo(label string) {
	d.t.Helper()
	f, ok := d.m.overlay.(*form)
	if !ok {
		d.t.Fatalf("no form is open:\n%s", d.screen())
	}
	for range f.fields {
		if at := f.here(); at.label == label && !at.off {
			return
		}
		d.press("tab")
	}
	d.t.Fatalf("no field %q:\n%s", label, d.screen())
}

// fill writes text into a field in place of what stands there.
func (d *deck) fill(label, text string) {
	d.t.Helper()
	d.goTo(label)
	d.press("ctrl+e", "ctrl+u")
	d.typed(text)
}

// pick chooses in a list by its first letters.
func (d *deck) pick(label, text string) {
	d.t.Helper()
	d.goTo(label)
	d.typed(text)
	d.press("enter")
}

// created is the one Create that was asked for.
func (d *deck) created() (runtime.Request, *runtime.CreateArgs) {
	d.t.Helper()
	qs := d.rt.Requests()
	if len(qs) == 0 || qs[len(qs)-1].Op != runtime.Create {
		d.t.Fatalf("%+v\n%s", qs, d.screen())
	}
	q := qs[len(qs)-1]
	return q, q.Args.(*runtime.CreateArgs)
}

func TestCreateWithTheLeast(t *testing.T) {
	d := createDeck(t, 80, 24, nil)
	d.press("enter")
	d.sees("a container needs a name", "> name")
	d.typed("echo")
	d.seesNo("a container needs a name")
	d.sees("debian  cached", "bookworm  cached", hostArch(), "default  cached", "veth on lxcbr0",
		"$ lxc-create -P /var/lib/lxc -n echo -t download -- --dist debian")
	d.goTo("memory") // enter submits wherever the cursor is
	d.press("enter")
	q, a := d.created()
	want := &runtime.CreateArgs{Template: "download", Args: []string{"--dist", "debian", "--release", "bookworm", "--arch", hostArch(), "--variant", "default"}}
	if q.Ref != ref("echo") || !reflect.DeepEqual(a, want) {
		t.Fatalf("%v %+v", q.Ref, a)
	}
	if _, ok := d.rt.Get(ref("echo")); !ok || d.m.overlay != nil {
		t.Fatal("not there, or the form is still open")
	}
}

func TestCreateWithEverything(t *testing.T) {
	d := createDeck(t, 120, 40, nil)
	d.typed("echo")
	d.goTo("lxcpath")
	d.press("space")
	d.pick("template", "busy")
	d.seesNo("distribution", "image server")
	d.fill("busybox", "/opt/busybox")
	d.fill("arguments", "--flag 'a b'")
	d.fill("config", "/etc/lxc/other.conf")
	d.pick("backing", "lvm")
	d.fill("volume group", "vg0")
	d.fill("volume", "lv0")
	d.fill("thin pool", "tp")
	d.fill("file system", "xfs")
	d.fill("size", "1.5G")
	d.pick("interface", "bridge br1")
	d.fill("memory", "512M")
	d.fill("cores", "0.5")
	d.fill("processes", "500")
	d.goTo("start")
	d.press("space", "tab", "space")
	d.fill("order", "-3")
	d.fill("delay", "5s")
	d.fill("groups", "web, db")
	d.goTo("unprivileged")
	d.press("space")
	d.sees("u 0 100000 65536, g 0 200000 65536")
	d.press("enter")
	q, a := d.created()
	want := &runtime.CreateArgs{
		Template: "busybox", Args: []string{"--busybox-path", "/opt/busybox", "--flag", "a b"}, Config: "/etc/lxc/other.conf",
		Backing: runtime.Backing{Type: "lvm", VG: "vg0", LV: "lv0", ThinPool: "tp", FSType: "xfs", Size: 3 << 29},
		Network: runtime.Network{Kind: runtime.BridgeNetwork, Bridge: "br1"}, Limits: runtime.Limits{Memory: 512 << 20, CPUs: 0.5, PIDs: 500},
		Auto: &runtime.AutostartArgs{Auto: true, Order: -3, Delay: 5e9, Groups: []string{"web", "db"}}, IDMap: offers().IDMaps, Start: true,
	}
	if q.Ref != (runtime.Ref{Path: "/srv/lxc", Name: "echo"}) || !reflect.DeepEqual(a, want) {
		t.Fatalf("%v\n%+v\n%+v", q.Ref, a, want)
	}
}

func TestCreateAsksForWhatMattersOnly(t *testing.T) {
	for _, c := range []struct {
		field, choice string
		there, gone   []string
	}{
		{"template", "download", []string{"distribution", "variant", "image server"}, []string{"busybox", "URL", "script"}},
		{"template", "oci", []string{"URL", "user name"}, []string{"distribution", "metadata"}},
		{"template", "local", []string{"metadata", "file tree"}, []string{"URL"}},
		{"template", "debian", []string{"release", "mirror", "packages"}, []string{"distribution", "variant"}},
		{"template", "void", []string{"arguments"}, []string{"release", "distribution", "script"}},
		{"template", "another", []string{"script"}, []string{"distribution"}},
		{"backing", "dir", []string{"directory"}, []string{"size", "data set"}},
		{"backing", "zfs", []string{"data set"}, []string{"size", "directory"}},
		{"backing", "loop", []string{"size", "file system"}, []string{"volume", "directory"}},
		{"backing", "rbd", []string{"pool", "image", "size"}, []string{"thin pool", "directory"}},
		{"backing", "btrfs", nil, []string{"size", "directory", "file system"}},
	} {
		d := createDeck(t, 120, 40, nil)
		d.pick(c.field, c.choice)
		labels := map[string]bool{}
		for i := range d.m.creation.form.fields {
			if at := &d.m.creation.form.fields[i]; !at.off {
				labels[at.label] = true
			}
		}
		for _, l := range c.there {
			if !labels[l] {
				t.Errorf("%s %s: no field %s:\n%s", c.field, c.choice, l, d.screen())
			}
		}
		for _, l := range c.gone {
			if labels[l] {
				t.Errorf("%s %s: field %s is of no use", c.field, c.choice, l)
			}
		}
	}
}

// What is wrong is said while it is typed, and enter goes there.
func TestCreateChecksAsYouType(t *testing.T) {
	for _, c := range []struct{ field, text, why string }{
		{"name", "alpha", "there is a container of that name"},
		{"name", "a/b", "not one path component"},
		{"name", "..", "not one path component"},
		{"name", strings.Repeat("x", 256), "256 bytes (255 at most)"},
		{"name", "left", "a directory of that name is in the way: /var/lib/lxc/left"},
		{"memory", "lots", "an amount is wanted, such as 512M"},
		{"memory", "50%", "an amount is wanted"},
		{"memory", "512", "less than 1M"},
		{"memory", "-5M", "an amount is wanted"},
		{"memory", "NaN", "an amount is wanted"},
		{"cores", "0", "a number of cores is wanted"},
		{"cores", "nan", "a number of cores is wanted"},
		{"processes", "0", "a number of processes is wanted"},
		{"processes", "99999999999999999999", "a number of processes is wanted"},
		{"directory", "srv", "an absolute path is wanted"},
		{"config", "../x", "an absolute path is wanted"},
		{"arguments", "'", "a ' is not closed"},
	} {
		d := createDeck(t, 120, 40, func(rt *fake.Runtime) { rt.NoConfig(ref("left")) })
		d.send(listedMsg{listing: runtime.Listing{Containers: d.m.all, NoConfig: []runtime.Ref{ref("left")}}})
		d.typed("echo")
		d.fill(c.field, c.text)
		d.sees(c.why)
		if strings.Count(d.screen(), c.why) != 1 {
			t.Errorf("%s: %q is said more than once:\n%s", c.field, c.why, d.screen())
		}
		d.goTo("interface")
		d.press("enter")
		if n := len(d.rt.Requests()); n != 0 || d.m.overlay == nil || d.m.creation.form.here().label != c.field {
			t.Errorf("%s %q: %d requests, cursor on %s\n%s", c.field, c.text, n, d.m.creation.form.here().label, d.screen())
		}
		d.sees(c.why)
		if strings.Count(d.screen(), c.why) != 1 {
			t.Errorf("%s: %q is said more than once:\n%s", c.field, c.why, d.screen())
		}
	}
	d := createDeck(t, 120, 40, nil)
	d.typed("under_score")
	d.sees("letters, digits and - are safe") // said, and done all the same
	d.press("enter")
	d.created()
}

// What works, but not as one may think, is said and done.
func TestCreateWarns(t *testing.T) {
	d := createDeck(t, 120, 40, func(rt *fake.Runtime) {
		c := offers()
		c.Templates[1].Missing = ""
		rt.SetChoices(c)
	})
	d.typed("echo")
	d.seesNo("this machine is")
	d.pick("architecture", "s390x")
	d.sees("this machine is "+hostArch(), "s390x")
	d.goTo("unprivileged")
	d.press("space")
	d.seesNo("cannot make unprivileged")
	d.pick("template", "debian")
	d.sees("the template debian cannot make unprivileged containers")
	d.seesNo("this machine is")
	d.fill("name", strings.Repeat("x", 65))
	d.sees("which has 64 bytes at most")
	d.fill("name", "echo")
	d.press("enter")
	if _, a := d.created(); a.Template != "debian" || len(a.IDMap) != 2 {
		t.Fatalf("%+v", a)
	}
}

func TestCreateWhatCannotWorkSaysWhy(t *testing.T) {
	d := createDeck(t, 80, 24, nil)
	d.typed("echo")
	d.goTo("template")
	d.press("space")
	d.sees("busybox", "debootstrap is not installed", "a file that lxc-create -t can run", "type filters")
	d.typed("deb")
	d.seesNo("busybox")
	d.press("enter")
	d.sees("< debian >", "debootstrap is not installed")
	d.press("enter")
	if len(d.rt.Requests()) != 0 || d.m.overlay == nil {
		t.Fatal("done all the same")
	}
	d.pick("template", "busy")
	d.pick("backing", "over")
	d.sees("not for creating")
	d.press("enter")
	if len(d.rt.Requests()) != 0 {
		t.Fatal("done all the same")
	}
}

// The index of another server is read once its name stands there.
func TestCreateOffersTheMissingBridge(t *testing.T) {
	d := createDeck(t, 120, 40, func(rt *fake.Runtime) {
		c := offers()
		c.Default.Missing = true
		c.Default.Fix = &runtime.Fix{ID: "lxc-net", Title: "Enable lxc-net", Command: []string{"systemctl", "enable", "--now", "lxc-net"}}
		rt.SetChoices(c)
	})
	d.typed("echo")
	d.sees("the bridge lxcbr0 is not there", "[ Enable lxc-net ]")
	d.goTo("Enable lxc-net")
	d.sees("enter does it")
	d.press("enter")
	d.sees("Enable lxc-net?", "systemctl enable --now lxc-net", "changes the host")
	d.pass(questionGrace)
	d.press("n")
	d.sees("[ Enable lxc-net ]", "echo") // the form is back
	d.press("space")
	d.pass(questionGrace)
	d.press("y")
	q := d.rt.Requests()
	if len(q) != 1 || q[0].Op != runtime.Mend || q[0].Args.(*runtime.MendArgs).Fix != "lxc-net" {
		t.Fatalf("%+v", q)
	}
	d.seesNo("is not there", "[ Enable lxc-net ]")
	d.sees("echo")
	d.press("enter")
	d.created()
}

// A create that has failed can be repeated with what was typed.
func TestCreateIsRepeatable(t *testing.T) {
	d := createDeck(t, 120, 40, nil)
	d.rt.Fail(fake.Do, ref("echo"), fake.Fault{Err: errors.New("disk full"), Times: 1})
	d.typed("echo")
	d.pick("template", "oci")
	d.fill("URL", "docker://alpine")
	d.fill("memory", "1G")
	d.press("enter")
	d.sees("disk full")
	d.press("N")
	d.sees("echo", "oci", "docker://alpine", "1G")
	d.press("enter")
	if _, a := d.created(); a.Limits.Memory != 1<<30 || strings.Join(a.Args, " ") != "--url docker://alpine" {
		t.Fatalf("%+v", a)
	}
	if _, ok := d.rt.Get(ref("echo")); !ok {
		t.Fatal("not there")
	}
	d.press("N") // it is there: the next one is called otherwise
	d.sees("docker://alpine")
	if got := d.m.creation.form.text(newName); got != "" {
		t.Errorf("name %q", got)
	}
	// What is typed for one template is not lost while another is looked at.
	d.pick("template", "local")
	d.seesNo("docker://alpine")
	d.pick("template", "oci")
	d.sees("docker://alpine")
}

func TestCreateOnASmallScreen(t *testing.T) {
	for _, s := range [][2]int{{40, 8}, {40, 10}, {80, 24}} {
		d := createDeck(t, s[0], s[1], nil)
		d.typed("echo")
		f := d.m.creation.form
		for range f.fields {
			exact(t, d, s[0], s[1])
			if at := f.here(); at.press == nil {
				d.sees("> " + at.label)
			}
			d.press("tab")
		}
		d.goTo("distribution")
		d.press("space")
		d.sees("debian", "ubuntu")
	}
}

func TestCreateIsRefusedWhenReadOnly(t *testing.T) {
	d := newDeck(t, 80, 24, Options{ReadOnly: true}, some()...)
	d.press("N")
	d.sees("read-only")
	if d.m.overlay != nil {
		t.Fatal("the form is open")
	}
}
