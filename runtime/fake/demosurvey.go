package fake

import (
	"fmt"
	"path/filepath"
	"time"

	"lxcdeck/runtime"
)

// demoSnapshots are those of one container of the demo, the oldest first.
func demoSnapshots(name string, now time.Time) []runtime.SnapshotInfo {
	type snap struct {
		age     time.Duration
		size    int64
		comment string
	}
	const mib = 1 << 20
	var all []snap
	switch name {
	case "web-1":
		all = []snap{{9 * 24 * time.Hour, 412 * mib, "as installed"}, {2 * time.Hour, 455 * mib, "before the upgrade to nginx 1.26"}}
	case "db-main":
		all = []snap{
			{40 * 24 * time.Hour, 1900 * mib, "empty"}, {51 * time.Hour, 2200 * mib, "before the migration\n\nSchema 41, all replicas in step.\nUndo: stop, restore, start."},
			{26 * time.Hour, 2300 * mib, ""},
		}
	case "test-7":
		all = []snap{{3 * 24 * time.Hour, 96 * mib, "clean"}}
	}
	var out []runtime.SnapshotInfo
	for i, s := range all {
		snap := fmt.Sprintf("snap%d", i)
		out = append(out, runtime.SnapshotInfo{
			Name: snap, Path: filepath.Join("/var/lib/lxc", name, "snaps", snap), Taken: now.Add(-s.age), Comment: s.comment, Size: s.size,
		})
	}
	return out
}

// demoChoices are those of a host on which some things are not installed.
func demoChoices() runtime.Choices {
	template := func(name, missing string) runtime.Template {
		return runtime.Template{Name: name, Path: "/usr/share/lxc/templates/lxc-" + name, Missing: missing}
	}
	return runtime.Choices{
		Templates: []runtime.Template{
			template("busybox", ""), template("debian", "debootstrap is not installed"), template("download", ""),
			template("local", ""), template("oci", "skopeo and umoci are not installed"),
		},
		Bridges: []string{"br0"},
		Default: runtime.DefaultNet{Type: "veth", Link: "lxcbr0", Missing: true, Fix: &runtime.Fix{
			ID: "lxc-net", Title: "Enable lxc-net, which makes lxcbr0", Command: []string{"systemctl", "enable", "--now", "lxc-net.service"},
		}},
		Backings: []string{"dir", "btrfs", "loop"},
		BackingOut: map[string]string{
			"lvm": "there is no volume group lxc", "zfs": "the zfs program is not installed", "rbd": "the rbd program is not installed",
		},
		IDMaps: []runtime.IDMap{{Host: 100000, Count: 65536}, {Group: true, Host: 100000, Count: 65536}},
	}
}

// demoImages are a part of what an image server has.
func demoImages() []runtime.Image {
	var out []runtime.Image
	for _, d := range []struct {
		dist     string
		releases []string
		variants []string
	}{
		{"almalinux", []string{"8", "9"}, []string{"cloud", "default"}},
		{"alpine", []string{"3.19", "3.20", "3.21", "edge"}, []string{"cloud", "default", "tinycloud"}},
		{"archlinux", []string{"current"}, []string{"cloud", "default"}},
		{"debian", []string{"bookworm", "bullseye", "forky", "trixie"}, []string{"cloud", "default"}},
		{"devuan", []string{"beowulf", "chimaera", "daedalus"}, []string{"cloud", "default"}},
		{"fedora", []string{"40", "41"}, []string{"cloud", "default"}},
		{"gentoo", []string{"current"}, []string{"openrc", "systemd"}},
		{"opensuse", []string{"15.6", "tumbleweed"}, []string{"cloud", "default"}},
		{"rockylinux", []string{"8", "9"}, []string{"cloud", "default"}},
		{"ubuntu", []string{"focal", "jammy", "noble"}, []string{"cloud", "default", "desktop"}},
		{"voidlinux", []string{"current"}, []string{"default", "musl"}},
	} {
		for _, release := range d.releases {
			for _, arch := range []string{"amd64", "arm64"} {
				for _, variant := range d.variants {
					out = append(out, runtime.Image{
						Dist: d.dist, Release: release, Arch: arch, Variant: variant, Build: "20260228_05:24",
						Cached: arch == "amd64" && variant == "default" && (release == "bookworm" || release == "3.21"),
					})
				}
			}
		}
	}
	return out
}
