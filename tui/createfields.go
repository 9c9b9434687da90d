package tui

import "lxcdeck/views"

// The fields of the create form. Those between newSlot and newArgs are the
// arguments of the template that is chosen.
const (
	newName = iota
	newPath
	newTemplate
	newScript
	newDist
	newRelease
	newArch
	newVariant
	newServer
	newSlot
	newArgs = iota + templateSlots - 1
	newConfig
	newBacking
	newDir
	newZFSRoot
	newVG
	newLV
	newThinPool
	newRBDPool
	newRBDName
	newFSType
	newSize
	newNetwork
	newEnable
	newMemory
	newCPUs
	newPIDs
	newStart
	newAuto
	newOrder
	newDelay
	newGroups
	newUnprivileged
	newIDMap
)

// templateSlots is how many arguments of a template have a field of their own
// at most.
const templateSlots = 5

// templateArg is one argument of a template.
type templateArg struct {
	label string
	flag  string
	help  string
	need  string // what to say without it; "" = it may be left out
}

// templateArgs are the arguments that a template is usually given. These are
// the templates of LXC itself, and those of the package lxc-templates; each
// lists its own with --help. Everything else is typed as it is.
func templateArgs(template string) []templateArg {
	release := templateArg{"release", "--release", "the template's own", ""}
	arch := templateArg{"architecture", "--arch", "that of the host", ""}
	mirror := templateArg{"mirror", "--mirror", "the template's own", ""}
	packages := templateArg{"packages", "--packages", "more of them, with commas between", ""}
	switch template {
	case "busybox":
		return []templateArg{{"busybox", "--busybox-path", "the busybox of the host's PATH", ""}}
	case "local":
		return []templateArg{
			{"metadata", "--metadata", "such as /path/to/meta.tar.xz", "name the archive with the image's metadata"},
			{"file tree", "--fstree", "such as /path/to/rootfs.tar.xz", "name the archive with the image's file tree"},
		}
	case "oci":
		return []templateArg{
			{"URL", "--url", "such as docker://alpine:latest, oci:/path:tag", "name the image: docker://alpine:latest"},
			{"user name", "--username", "for the registry", ""},
		}
	case "debian":
		return []templateArg{release, arch, mirror, {"security", "--security-mirror", "mirror of the security updates", ""}, packages}
	case "ubuntu":
		return []templateArg{release, arch, mirror, packages, {"user", "--user", "ubuntu", ""}}
	case "alpine":
		return []templateArg{release, arch, mirror}
	case "fedora", "centos", "oracle":
		return []templateArg{release, arch}
	default:
		return nil
	}
}

// anyScript is the choice of a template that lies elsewhere than LXC's own.
const anyScript = "another script"

// onContainers is the choice of no template: an application container, whose root
// is an overlay on those of others. The form that runs a command goes on from here.
const onContainers = "containers that are here"

// createFields are all fields of the form; live says which of them matter.
func createFields(paths []string) []formField {
	f := make([]formField, newIDMap+1)
	put := func(i int, x formField) { f[i] = x }
	named := func(i int, label, help string) { put(i, textField(label, help, "")) }
	choice := func(i int, label string) {
		put(i, formField{kind: views.ChoiceField, label: label, list: true})
	}
	check := func(i int, label, help string) { put(i, formField{kind: views.CheckField, label: label, help: help}) }

	named(newName, "name", "")
	put(newPath, formField{kind: views.ChoiceField, label: "lxcpath", choices: paths, list: len(paths) > 3, off: len(paths) < 2})
	choice(newTemplate, "template")
	named(newScript, "script", "such as /path/to/a/template")
	for i, label := range []string{"distribution", "release", "architecture", "variant"} {
		choice(newDist+i, label)
	}
	named(newServer, "image server", "the template's own")
	for i := range templateSlots {
		named(newSlot+i, "", "")
	}
	named(newArgs, "arguments", "more for the template, as in a shell")
	named(newConfig, "config", "the host's default.conf")
	choice(newBacking, "backing")
	named(newDir, "directory", "rootfs in the container's own")
	named(newZFSRoot, "data set", "lxc.bdev.zfs.root")
	named(newVG, "volume group", "lxc.bdev.lvm.vg")
	named(newLV, "volume", "the container's name")
	named(newThinPool, "thin pool", "lxc.bdev.lvm.thin_pool")
	named(newRBDPool, "pool", "lxc.bdev.rbd.rbdpool")
	named(newRBDName, "image", "the container's name")
	named(newFSType, "file system", "liblxc's default; ext4, xfs, btrfs")
	named(newSize, "size", "liblxc's default; 2G, 500M")
	choice(newNetwork, "interface")
	put(newEnable, formField{kind: views.PressField})
	named(newMemory, "memory", "no limit; 512M, 2G")
	named(newCPUs, "cores", "no limit; 0.5, 2")
	named(newPIDs, "processes", "no limit; 500")
	check(newStart, "start", "as soon as it is made")
	check(newAuto, "autostart", "when the host boots")
	named(newOrder, "order", "0; a lower one starts earlier")
	named(newDelay, "delay", "0: seconds to wait after it")
	named(newGroups, "groups", "of lxc-autostart, with commas between")
	check(newUnprivileged, "unprivileged", "")
	choice(newIDMap, "id map")

	f[newTemplate].section, f[newBacking].section, f[newNetwork].section = "made of", "stored as", "network"
	f[newMemory].section, f[newStart].section, f[newUnprivileged].section = "limits", "start", "user ids"
	f[newName].need = "a container needs a name"
	f[newScript].need = "name the script"
	f[newTemplate].need = "no template is installed"
	f[newDist].need, f[newRelease].need, f[newArch].need = "name the distribution", "name its release", "name the architecture"
	return f
}
