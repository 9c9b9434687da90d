package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	templatePrefix = "lxc-"
	// lastWordsMax is how many of a template's last lines go into the error.
	lastWordsMax = 20
	// usageMax is how far back the cause is looked for: a usage has many lines.
	usageMax = 200
)

// templateDirs is where LXC's templates lie. liblxc knows one of them, by its
// build (LXCTEMPLATEDIR), and does not tell which.
func templateDirs() []string {
	return []string{"/usr/share/lxc/templates", "/usr/local/share/lxc/templates"}
}

// findTemplate is the path of a template's script.
func findTemplate(name string) (string, error) {
	paths := []string{name}
	if !filepath.IsAbs(name) {
		paths = nil
		for _, dir := range templateDirs() {
			paths = append(paths, filepath.Join(dir, templatePrefix+name))
		}
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", fmt.Errorf("template %s: %w", name, fileErr(err))
		case !info.Mode().IsRegular():
			return "", fmt.Errorf("%w: template %s is no file that can be run", runtime.ErrInvalid, path)
		case unix.Access(path, unix.X_OK) != nil:
			return "", &runtime.Error{
				Err:  fmt.Errorf("%w: template %s cannot be executed", runtime.ErrInvalid, path),
				Hint: "chmod +x " + runtime.ShellQuote(path) + " makes it a program, if it is one.",
			}
		}
		return path, nil
	}
	return "", &runtime.Error{
		Err:  fmt.Errorf("%w: no template %s: there is no %s", runtime.ErrInvalid, name, paths[0]),
		Hint: "Choose one that is installed, or install the package that has it (lxc-templates has many).",
	}
}

// failure is the error of a create: what the template said last, what liblxc
// says, and what can be done.
func (p *createPlan) failure(err error, words []string, log string) error {
	// With the log at hand, liblxc's own copy of it on standard error says nothing new.
	words = slices.DeleteFunc(words, func(l string) bool { return log != "" && strings.HasPrefix(l, logPrefix+": ") })
	lines := mostTelling(words)
	if log != "" {
		lines = append(lines, strings.Split(log, "\n")...)
	}
	text := strings.Join(lines, "\n")
	hint := p.hint(text)
	if len(words) > 0 && hint == "" && complaint(strings.ToLower(lines[0])) {
		hint = "What stands behind -- is for the template: " + runtime.ShellQuote(p.template) + " --help tells what it takes."
	}
	if len(words) > 0 || strings.Contains(log, "from template") {
		err = fmt.Errorf("template %s failed", p.name)
	}
	if hint == "" && errors.Is(err, runtime.ErrHelper) {
		hint = takenBack // which it is next
	}
	e := &runtime.Error{Err: err, Log: text, Hint: hint}
	if full(p.ref.Path) || p.backing.Dir != "" && full(filepath.Dir(p.backing.Dir)) {
		e.Hint = noSpace
	}
	return e
}

const noSpace = "A file system is full: make room, or put the root elsewhere."

// createHints are what to do about a create that failed, by a piece of what was
// said. The first that fits is told; %s is the word behind a piece that ends so.
func createHints() []struct{ has, hint string } {
	return []struct{ has, hint string }{
		{"No space left on device", noSpace},
		{"insufficient free space", noRoomInGroup},
		{"Disk quota exceeded", "A quota is used up: make room, or put the root elsewhere."},
		{"Missing required tool: ", "Install the program %s: the template needs it."},
		{"Couldn't find a matching image", "The image server has no such image: look at distribution, release, architecture and variant."},
		{"gpg", "The image's signature could not be checked: gpg has to be installed and a key server to be reached."},
		{"Failed to download", "The image server cannot be reached: look at the network, at a proxy (https_proxy), and at the server's name."},
		{"Temporary failure in name resolution", "No name can be resolved: look at the network and /etc/resolv.conf."},
		{"unable to resolve host", "No name can be resolved: look at the network and /etc/resolv.conf."},
		{"Could not resolve host", "No name can be resolved: look at the network and /etc/resolv.conf."},
		{"Network is unreachable", "The network cannot be reached."},
		{"Connection timed out", "A server does not answer: look at the network and at a proxy (https_proxy)."},
		{"Connection refused", "A server refuses: look at its name, and at a proxy (https_proxy)."},
		{"newuidmap", "Its id map is refused: look at /etc/subuid, /etc/subgid and lxc.idmap; the package uidmap has the program."},
		{"failed to set mapping", "Its id map is refused: look at /etc/subuid, /etc/subgid and lxc.idmap."},
		{"Error chowning", "Its id map cannot be used: look at /etc/subuid, /etc/subgid and lxc.idmap, and whether its ids may pass the directories above the lxcpath."},
		{"Failed to find busybox binary", "Install busybox (Debian: busybox-static), or name it with --busybox-path."},
		{"Failed to execute template", "Its first line may name an interpreter that is not installed."},
		{"Permission denied", "Something is not permitted: look at the modes of the directories above the lxcpath, and whether its file system is mounted noexec."},
	}
}

// hint says what to do about the failure of a template.
func (p *createPlan) hint(text string) string {
	for _, h := range createHints() {
		if _, rest, ok := strings.Cut(text, h.has); ok {
			word, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
			return strings.ReplaceAll(h.hint, "%s", word)
		}
	}
	// As sh(1) says it: "PATH: LINE: NAME: not found", and bash: "NAME: command not found".
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		rest, ok := strings.CutSuffix(line, ": not found")
		if !ok {
			rest, ok = strings.CutSuffix(line, ": command not found")
		}
		if ok {
			if i := strings.LastIndex(rest, ": "); i >= 0 {
				rest = rest[i+2:]
			}
			return "Install the program " + rest + ": the template needs it."
		}
	}
	return ""
}

// full says whether a file system has no room for a user's next block.
func full(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && st.Blocks > 0 && (st.Bavail == 0 || st.Files > 0 && st.Ffree == 0)
}

// noSpaceHint adds what can be done when there is no room even to begin.
func noSpaceHint(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return &runtime.Error{Err: err, Hint: noSpace}
	}
	return err
}
