package lxc

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// otherTime is how long the look for lxcpaths that are not in use may take: a
	// user's home may lie on a server that is gone.
	otherTime = 2 * time.Second
	// maxOther bounds them, and maxPlaceNames what is looked at in one.
	maxOther, maxPlaceNames = 16, 10000
)

// userPath is the lxcpath that a user has by default.
type userPath struct{ user, path string }

// userPaths are the lxcpaths of users that may have containers of their own: those
// that have subordinate ids (subuid(5)), without which there is no unprivileged
// container, and an lxcpath that is not in use; whole is false when there are too
// many users to look at.
func userPaths(used []string) (all []userPath, whole bool, err error) {
	const most = 1000
	subuid, err := os.ReadFile("/etc/subuid")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	passwd, err := os.Open("/etc/passwd")
	if err != nil {
		return nil, false, err
	}
	defer passwd.Close()
	ids := "\n" + string(subuid)
	n := 0
	for lines := bufio.NewScanner(passwd); lines.Scan(); {
		f := strings.Split(lines.Text(), ":")
		if len(f) < 7 || !filepath.IsAbs(f[5]) || !strings.Contains(ids, "\n"+f[0]+":") && !strings.Contains(ids, "\n"+f[2]+":") {
			continue
		}
		if n++; n > most {
			return all, false, nil
		}
		path := filepath.Join(f[5], ".local/share/lxc")
		if slices.ContainsFunc(used, func(u string) bool { return u == path || sameDir(u, path) }) {
			continue
		}
		d, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
			continue
		}
		if err == nil {
			names, rerr := d.Readdirnames(1)
			_ = d.Close()
			if len(names) == 0 && rerr != nil {
				continue
			}
		}
		all = append(all, userPath{f[0], path})
	}
	return all, true, nil
}

// elsewhere are lxcpaths that are not in use and have containers, for a list that has
// none. It is not waited for longer than otherTime, and not asked again before it has
// answered.
func (a *Adapter) elsewhere() []runtime.Elsewhere {
	select {
	case a.others <- struct{}{}:
	default:
		return nil // one that hangs
	}
	got := make(chan []runtime.Elsewhere, 1)
	done := func(found []runtime.Elsewhere) {
		<-a.others
		got <- found
	}
	used := slices.Clone(a.about.Paths)
	runtime.Spawn("look for other lxcpaths", func(error) { done(nil) }, func() { done(otherPaths(a.about.UID, used)) })
	late := time.NewTimer(otherTime)
	defer late.Stop()
	select {
	case found := <-got:
		return found
	case <-late.C:
		return nil
	}
}

// otherPaths looks for them: LXC's own lxcpaths, and for root those of users.
func otherPaths(uid int, used []string) []runtime.Elsewhere {
	candidates := []userPath{{"root", confPath(systemConf)}}
	if uid == 0 {
		users, _, _ := userPaths(used) // who cannot be read is nobody to be told of here
		candidates = append(candidates, users...)
	} else {
		candidates = append(candidates, userPath{"", filepath.Clean(golxc.GlobalConfigItem("lxc.lxcpath"))})
	}
	var out []runtime.Elsewhere
	for _, c := range candidates {
		if len(out) == maxOther || slices.ContainsFunc(used, func(u string) bool { return u == c.path || sameDir(u, c.path) }) {
			continue
		}
		n, err := countContainers(c.path)
		switch {
		case errors.Is(err, fs.ErrPermission):
			out = append(out, runtime.Elsewhere{Path: c.path, Owner: c.user, Hidden: true})
		case err == nil && n > 0:
			out = append(out, runtime.Elsewhere{Path: c.path, Owner: c.user, Containers: n})
		}
	}
	return out
}

// countContainers counts the directories with a config file in an lxcpath.
func countContainers(path string) (int, error) {
	d, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	names, err := d.Readdirnames(maxPlaceNames)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	n := 0
	for _, name := range names {
		if strings.HasPrefix(name, ".") {
			continue
		}
		if info, err := os.Lstat(filepath.Join(path, name, "config")); err == nil && info.Mode().IsRegular() {
			n++
		}
	}
	return n, nil
}
