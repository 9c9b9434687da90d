package lxc

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

const (
	maxPasswd    = 1 << 20 // bytes of /etc/passwd that are looked at
	defaultShell = "/bin/sh"
	// defaultPath is the PATH of a process in a container.
	defaultPath = helperPath
	defaultTerm = "xterm-256color"
)

// account is one user of a container.
type account struct {
	name     string
	uid, gid int
	home     string
	shell    string
}

// parsePasswd finds a user by name, or by number where no name matches
// (passwd(5)). Lines that are no entries are passed over, as libc does.
func parsePasswd(b []byte, who string) (account, bool) {
	uid, numeric := parseID(who)
	var byID account
	found := false
	for line := range bytes.Lines(b) {
		a, ok := parseAccount(strings.TrimRight(string(line), "\r\n"))
		if !ok {
			continue
		}
		if a.name == who {
			return a, true
		}
		if numeric && !found && a.uid == uid {
			byID, found = a, true
		}
	}
	return byID, found
}

func parseAccount(line string) (account, bool) {
	f := strings.Split(line, ":")
	if len(f) != 7 || f[0] == "" {
		return account{}, false
	}
	uid, okUID := parseID(f[2])
	gid, okGID := parseID(f[3])
	return account{name: f[0], uid: uid, gid: gid, home: f[5], shell: f[6]}, okUID && okGID
}

// parseID reads a uid or gid; the highest number means "none" to the kernel.
func parseID(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err == nil && n < math.MaxUint32
}

// lookup finds the account that who names in the container; "" is root. A
// container without a readable passwd still has root and numbers.
func lookup(root *inRoot, who string) (account, error) {
	name := who
	if name == "" {
		name = "0"
	}
	b, readErr := root.readFile("/etc/passwd", maxPasswd)
	if a, ok := parsePasswd(b, name); readErr == nil && ok {
		return a, nil
	}
	if name == "0" || name == "root" {
		return account{name: "root", home: "/root"}, nil
	}
	if uid, ok := parseID(name); ok {
		return account{name: name, uid: uid, gid: uid, home: "/"}, nil
	}
	if readErr != nil {
		return account{}, fmt.Errorf("user %q: %w", who, readErr)
	}
	return account{}, fmt.Errorf("%w: no user %q in the container's /etc/passwd", runtime.ErrInvalid, who)
}

// process is how a process is to be started in a container.
type process struct {
	argv     []string
	env      []string
	cwd      string
	uid, gid int
	ttyOwner int // the host's uid of uid; -1 = not known
}

// planProcess turns what was asked for into what the container can do: the
// login shell of its own passwd, a home that exists, a clean environment.
func planProcess(root *inRoot, s *runtime.Shell) (process, error) {
	who, err := lookup(root, s.User)
	if err != nil {
		return process{}, err
	}
	p := process{uid: who.uid, gid: who.gid, argv: s.Command, cwd: s.Cwd}
	shell := who.shell
	if !root.isProgram(shell) {
		shell = defaultShell
	}
	if len(p.argv) == 0 {
		p.argv = loginArgv(root, shell)
	}
	home := who.home
	if !root.isDir(home) {
		home = "/"
	}
	switch {
	case p.cwd == "":
		p.cwd = home
	case !root.isDir(p.cwd):
		return process{}, fmt.Errorf("%w: %q is no directory in the container", runtime.ErrInvalid, p.cwd)
	}
	term := s.Term
	if term == "" {
		term = defaultTerm
	}
	p.env = []string{
		"TERM=" + term, "LANG=C.UTF-8", "PATH=" + defaultPath,
		"HOME=" + home, "USER=" + who.name, "LOGNAME=" + who.name, "SHELL=" + shell,
	}
	p.env, err = addEnv(p.env, s.Env)
	if err != nil {
		return process{}, err
	}
	return p, checkWords(p)
}

// loginArgv starts shell as a login shell where it knows -l; liblxc offers no
// other first argument than the program's own path. Old dash refuses -l.
func loginArgv(root *inRoot, shell string) []string {
	_, real, err := root.stat(shell)
	if err != nil {
		return []string{shell}
	}
	switch real {
	case "bash", "busybox", "ash", "zsh", "ksh", "ksh93", "mksh", "fish", "csh", "tcsh":
		return []string{shell, "-l"}
	}
	if root.same(shell, "/bin/busybox") {
		return []string{shell, "-l"}
	}
	return []string{shell}
}

// hostID maps a container's uid or gid to the host's by its init's uid_map or
// gid_map (user_namespaces(7)).
func hostID(init int, file string, id int) (int, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(init) + "/" + file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		var inside, outside, count int
		if _, err := fmt.Sscan(line, &inside, &outside, &count); err != nil {
			continue
		}
		if id >= inside && id-inside < count {
			return outside + id - inside, true
		}
	}
	return 0, false
}

// addEnv puts more over env; each is KEY=VALUE.
func addEnv(env, more []string) ([]string, error) {
	for _, kv := range more {
		key, _, ok := strings.Cut(kv, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%w: environment entry %q is not KEY=VALUE", runtime.ErrInvalid, kv)
		}
		kept := env[:0:0]
		for _, old := range env {
			if !strings.HasPrefix(old, key+"=") {
				kept = append(kept, old)
			}
		}
		env = append(kept, kv)
	}
	return env, nil
}

// checkWords refuses what C strings would silently cut.
func checkWords(p process) error {
	if len(p.argv) == 0 || p.argv[0] == "" {
		return fmt.Errorf("%w: empty command", runtime.ErrInvalid)
	}
	for _, list := range [][]string{p.argv, p.env, {p.cwd}} {
		for _, w := range list {
			if strings.ContainsRune(w, 0) {
				return fmt.Errorf("%w: NUL in %q", runtime.ErrInvalid, w)
			}
		}
	}
	return nil
}
