package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// lxcpath looks at the directory that containers lie in.
func (h *hostCheck) lxcpath(path string) checks {
	var c checks
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !h.given:
		c.optional(path, "it is not there yet", "The first container that is created makes it; look whether a file system has to be mounted there.")
		return c
	case errors.Is(err, fs.ErrPermission):
		c.bad(path, "it cannot be reached: "+plainErr(err), "Work as the user that owns it, or name another lxcpath with -P.")
		return c
	case err != nil:
		c.bad(path, plainErr(err), "Look whether a file system has to be mounted there, or name another lxcpath with -P.")
		return c
	case !st.IsDir():
		c.bad(path, "it is no directory", "Name another lxcpath with -P.")
		return c
	}
	owner := "unknown owner"
	if sys, ok := statOf(path); ok {
		owner = fmt.Sprintf("%s, mode %04o", userName(int(sys.Uid)), sys.Mode&0o7777)
	}
	h.trusted(&c, path, owner)
	// A user's other lxcpaths are the system's, only to be looked at.
	if len(h.paths) > 0 && path == h.paths[0] && unix.Access(path, unix.W_OK|unix.X_OK) != nil {
		c.optional("new containers in "+path, "this user cannot write there", "Work as the user that owns it, or name another lxcpath with -P, to create containers.")
	}
	h.wayIn(&c, path)
	freeSpace(&c, path)
	return c
}

func statOf(path string) (st unix.Stat_t, ok bool) {
	err := unix.Stat(path, &st)
	return st, err == nil
}

// trusted says whether what lies there is loaded by this process.
func (h *hostCheck) trusted(c *checks, path, owner string) {
	_, _, err := newWalker(h.trust).walk(path)
	var unsafe *unsafeError
	if !errors.As(err, &unsafe) {
		c.good(path, owner)
		return
	}
	if as, uerr := userFor(err); uerr == nil && as != nil {
		c.good(path, owner+"; lxcdeck works there as "+userName(unsafe.uid))
		return
	}
	c.bad(path, owner+"; nothing there is loaded: "+unsafe.Error(), unsafe.hint())
}

// wayIn looks whether ids of an id map can walk to the roots: the kernel asks for
// x on every directory above (path_resolution(7)).
func (h *hostCheck) wayIn(c *checks, path string) {
	what := "way to roots in " + path
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		c.unknown(what, err)
		return
	}
	for dir := real; ; dir = filepath.Dir(dir) {
		st, ok := statOf(dir)
		// An access control list may let single ids through.
		acl, _ := unix.Getxattr(dir, "system.posix_acl_access", nil)
		if ok && st.Mode&0o001 == 0 && acl <= 0 {
			c.lacks(h.uid != 0, what, fmt.Sprintf("%s has mode %04o: ids of unprivileged containers cannot pass it", dir, st.Mode&0o7777),
				"Let the container's root alone pass: setfacl -m u:ID:x "+runtime.ShellQuote(dir)+", with the first host id of its lxc.idmap.")
			return
		}
		if dir == "/" {
			break
		}
	}
	c.good(what, "ids of unprivileged containers can pass")
}

// freeSpace tells how much room containers have left.
func freeSpace(c *checks, path string) {
	what := "space in " + path
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		c.unknown(what, err)
		return
	}
	free, all := fs.Bavail*uint64(fs.Bsize), fs.Blocks*uint64(fs.Bsize)
	found := fmt.Sprintf("%s free of %s", mebibytes(free), mebibytes(all))
	const advice = "Remove something there (df and df -i tell how much is free), or enlarge it."
	switch {
	case fs.Blocks > 0 && fs.Bavail == 0:
		c.bad(what, found, advice)
	case fs.Files > 0 && fs.Ffree == 0:
		c.bad(what, "no inodes are free: it holds as many files as it can", advice)
	case fs.Blocks > 0 && free < 512<<20:
		c.optional(what, found, "A root with a distribution takes more than that. "+advice)
	case fs.Files > 0 && fs.Ffree < 20000:
		c.optional(what, fmt.Sprintf("%s, but only %d inodes", found, fs.Ffree), "A root with a distribution takes more inodes than that. "+advice)
	default:
		c.good(what, found)
	}
}

func mebibytes(n uint64) string {
	if n >= 10<<30 {
		return strconv.FormatUint(n>>30, 10) + " GiB"
	}
	return strconv.FormatUint(n>>20, 10) + " MiB"
}

// containers tells what stands in the lxcpaths that is no container, or is one
// whose configuration is not loaded.
func (h *hostCheck) containers(ctx context.Context) checks {
	var c checks
	l, err := h.list(ctx)
	if err != nil {
		c.unknown("containers", err)
		return c
	}
	for _, p := range l.Problems {
		c.bad("list of containers", p.Error(), "Without reading the lxcpath its containers cannot be shown.")
	}
	failed := 0
	for i := range l.Containers {
		if x := &l.Containers[i]; x.Problem != nil || !x.NoAnswerSince.IsZero() {
			failed++
		}
	}
	found := strconv.Itoa(len(l.Containers))
	if failed > 0 {
		found += ", " + strconv.Itoa(failed) + " of them with a problem"
	}
	c.good("containers", found)
	for i := range l.Containers {
		troubled(&c, &l.Containers[i])
	}
	for _, ref := range l.NoConfig {
		noConfig(&c, ref)
	}
	h.stores(&c, l.Containers)
	return c
}

// stores looks for what containers need whose roots are volumes or data sets.
func (h *hostCheck) stores(c *checks, all []runtime.Container) {
	systems, _ := h.read("/proc/filesystems")
	for _, s := range []struct{ kind, program, from string }{
		{storeZFS, "zfs", "zfsutils-linux"},
		{storeLVM, "lvs", "lvm2"},
	} {
		var names []string
		for i := range all {
			lines := rootLines(all[i].Ref)
			if len(lines) > 0 && storeOf(lines[len(lines)-1]).kind == s.kind {
				names = append(names, all[i].Name)
			}
		}
		if len(names) == 0 {
			continue
		}
		what, who := "roots on "+s.kind, strings.Join(names[:min(len(names), 5)], ", ")
		if len(names) > 5 {
			who += " and " + strconv.Itoa(len(names)-5) + " more"
		}
		switch how, known := h.driver("zfs", "CONFIG_ZFS"); {
		case s.kind == storeZFS && !hasFileSystem(systems, "zfs") && how == "" && known:
			c.bad(what, "the kernel has no zfs: "+who+" cannot start", "Install its module (zfs-dkms on Debian) and load it: modprobe zfs.")
		case h.program(s.program) == "":
			c.bad(what, "the program "+s.program+" is not installed: "+who, "Install "+s.from+": without it they can be neither copied nor destroyed, and have no snapshots.")
		default:
			c.good(what, who)
		}
	}
}

func troubled(c *checks, x *runtime.Container) {
	what := "container " + x.Name
	var told *runtime.Error
	var unsafe *unsafeError
	switch {
	case !x.NoAnswerSince.IsZero():
		c.optional(what, "its monitor, or liblxc, does not answer: "+x.Ref.String(), "Look at its monitor (ps -C lxc-start, and the state in the list): one that was stopped goes on with kill -CONT.")
	case x.Problem == nil:
	case errors.As(x.Problem, &unsafe):
		c.optional(what, unsafe.Error(), unsafe.hint())
	case errors.As(x.Problem, &told):
		advice := told.Hint
		if advice == "" {
			advice = "Look at " + filepath.Join(x.Ref.String(), "config") + "."
		}
		c.optional(what, strings.TrimPrefix(told.Err.Error(), told.Op+" "), advice)
	default:
		c.optional(what, x.Problem.Error(), "Look at "+filepath.Join(x.Ref.String(), "config")+".")
	}
}

// noConfig names a directory that is no container.
func noConfig(c *checks, ref runtime.Ref) {
	if ref.Name == "lost+found" { // mke2fs(8) makes it
		c.good("directory "+ref.Name, ref.String()+" belongs to the file system")
		return
	}
	advice := "Put its config back; or, if nothing in it is needed, remove it."
	if kept, _ := filepath.Glob(filepath.Join(globQuote(ref.String()), "snaps", "*", "config")); len(kept) > 0 {
		advice = "Put its config back; a snapshot has one: " + kept[0]
	}
	c.optional("directory "+ref.Name, ref.String()+" has no config file, and so is no container", advice)
}
