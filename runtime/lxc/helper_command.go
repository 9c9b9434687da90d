package lxc

import (
	"errors"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// helperCommand is the command line of a helper: a fixed environment, no
// terminal, nothing of the request.
func helperCommand(q helperRequest, asUser *user) *exec.Cmd {
	var cmd *exec.Cmd
	arg := helperArg
	if stays(&q, asUser) {
		arg = starterArg
	}
	if run := scopeRunner(q, asUser); run != nil {
		cmd = exec.Command(run[0], append(run[1:], arg)...)
	} else {
		cmd = exec.Command(selfExe, arg)
	}
	cmd.Dir = "/"
	cmd.Env = helperEnv(asUser)
	if q.Op == runtime.Create {
		cmd.Env = append(cmd.Env, proxies()...) // for templates that download
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if asUser != nil && asUser.uid != os.Geteuid() {
		cred := &syscall.Credential{Uid: uint32(asUser.uid), Gid: uint32(asUser.gid)}
		for _, g := range asUser.groups {
			cred.Groups = append(cred.Groups, uint32(g))
		}
		cmd.SysProcAttr.Credential = cred
	}
	return cmd
}

// startSafely starts a helper from a program that no container can write to.
// One in a user's scope is started by that user.
func startSafely(cmd *exec.Cmd) error {
	if cmd.Path != selfExe {
		return cmd.Start()
	}
	exe, err := helperExe()
	if err != nil {
		return err
	}
	if exe != nil {
		defer exe.Close()
		cmd.Path = "/proc/self/fd/" + strconv.Itoa(int(exe.Fd()))
	}
	return cmd.Start()
}

// helperEnv builds the environment of a helper from nothing. Root's HOME comes from
// passwd: an administrator's environment may be another user's.
func helperEnv(asUser *user) []string {
	env := []string{"PATH=" + helperPath}
	if asUser != nil && asUser.uid != os.Geteuid() {
		dir := "/run/user/" + strconv.Itoa(asUser.uid)
		env = append(env, "HOME="+asUser.home)
		if _, err := os.Stat(dir); err == nil {
			env = append(env, "XDG_RUNTIME_DIR="+dir, "DBUS_SESSION_BUS_ADDRESS=unix:path="+dir+"/bus")
		}
		return env
	}
	env = append(env, "HOME="+homeDir())
	// liblxc and templates write times as the screen reads them. The name of a zone, and
	// no path: root would read any file for it (tzset(3)).
	if tz := os.Getenv("TZ"); tz != "" && !strings.HasPrefix(tz, "/") && !strings.HasPrefix(tz, ":") && !strings.Contains(tz, "..") {
		env = append(env, "TZ="+tz)
	}
	if os.Geteuid() != 0 {
		for _, k := range []string{"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"} {
			if v := os.Getenv(k); v != "" {
				env = append(env, k+"="+v)
			}
		}
	}
	return env
}

// homeDir is where liblxc looks for what belongs to the caller, else /.
func homeDir() string { return ownHome(os.Geteuid(), os.Getenv("HOME")) }

// ownHome is a user's home: HOME, by which liblxc goes, where it is the user's own or not
// there yet; else, and for root, that of passwd. / = there is none.
func ownHome(uid int, env string) string {
	if uid != 0 && filepath.IsAbs(env) {
		var st unix.Stat_t
		switch err := unix.Stat(env, &st); {
		case errors.Is(err, unix.ENOENT), err == nil && int(st.Uid) == uid:
			return filepath.Clean(env)
		}
	}
	u, err := osuser.LookupId(strconv.Itoa(uid))
	if err != nil || !filepath.IsAbs(u.HomeDir) {
		return "/"
	}
	return u.HomeDir
}
