package lxc

import (
	"os"
	"strconv"
	"strings"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

const systemdRun = "/usr/bin/systemd-run"

// scopeRunner is the command that a user's helper must run under to have a
// cgroup it may hand to the container: liblxc before 6 does not ask systemd
// for one itself, and attaching then fails after the shell has started. Each
// helper gets a scope of its own; sharing one would cost the container its
// memory and pids files. nil = none is needed or there is none.
func scopeRunner(q helperRequest, asUser *user) []string {
	uid := os.Geteuid()
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if asUser != nil && asUser.uid != uid {
		uid = asUser.uid
		dir = "/run/user/" + strconv.Itoa(uid)
	}
	if uid == 0 || dir == "" || !needsScope(q) || lxcMajor(golxc.Version()) >= 6 {
		return nil
	}
	for _, need := range []string{systemdRun, dir + "/bus"} {
		if _, err := os.Stat(need); err != nil {
			return nil
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{systemdRun, "--user", "--scope", "-q", "-p", "Delegate=yes", "--", exe}
}

// needsScope says whether q puts a process into a container's cgroup.
func needsScope(q helperRequest) bool {
	switch q.Kind {
	case kindAttach, kindExec:
		return true
	case kindConsole, kindBootLog, kindDiagnose:
		return false
	default:
		return q.Op == runtime.Run || starts(&runtime.Request{Op: q.Op, Args: q.Args})
	}
}

// lxcMajor is the first number of a version such as "5.0.2"; 0 if there is none.
func lxcMajor(version string) int {
	first, _, _ := strings.Cut(version, ".")
	n, _ := strconv.Atoi(first)
	return n
}
