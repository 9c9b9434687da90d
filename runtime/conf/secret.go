package conf

import (
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// plainVariables are variables whose values are shown: they say where things are
// and how they are displayed. All others are hidden, whatever they are called.
var plainVariables = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LANGUAGE", "TZ", "PWD", "EDITOR", "PAGER", "HOSTNAME", "container",
	"container_ttys", "DEBIAN_FRONTEND", "XDG_RUNTIME_DIR",
}

// Secrets are the parts of a line that are hidden until they are asked for: from
// byte, up to byte of Raw, in order. Of variables it is the value; of everything
// else, comments too, what looks like a secret.
func (l *Line) Secrets() [][2]int {
	switch l.Kind {
	case Setting:
		return moved(SecretsOf(l.Key, l.Value), int(l.ValueAt))
	case Blank:
		return nil
	case Comment: // a setting that is taken out for a while is one all the same
		at := len(l.Raw) - len(strings.TrimLeft(l.Raw, blanks+"#"))
		if in := parseLine(l.Raw[at:]); in.Kind == Setting {
			return moved(in.Secrets(), at)
		}
	}
	return runtime.SecretParts(l.Raw)
}

// SecretsOf are the hidden parts of a value.
func SecretsOf(key, value string) [][2]int {
	if value == "" {
		return nil
	}
	switch {
	case key == "lxc.environment" || strings.HasPrefix(key, "lxc.environment."):
		name, rest, ok := strings.Cut(strings.TrimLeft(value, `"'`), "=")
		switch {
		case !ok || rest == "":
			return nil
		case slices.Contains(plainVariables, name) || strings.HasPrefix(name, "LC_"):
			return moved(runtime.SecretParts(rest), len(value)-len(rest))
		}
		return [][2]int{{len(value) - len(rest), len(value)}}
	case key == "lxc.seccomp.notify.cookie":
		return [][2]int{{0, len(value)}}
	}
	return runtime.SecretParts(value)
}

// moved are ranges that begin further behind.
func moved(parts [][2]int, by int) [][2]int {
	for i := range parts {
		parts[i][0] += by
		parts[i][1] += by
	}
	return parts
}

// Hide puts the mask in the place of parts of a text.
func Hide(text string, parts [][2]int) string {
	var b strings.Builder
	at := 0
	for _, p := range parts {
		if p[0] < at || p[1] > len(text) {
			continue
		}
		b.WriteString(text[at:p[0]])
		b.WriteString(runtime.SecretMask)
		at = p[1]
	}
	b.WriteString(text[at:])
	return b.String()
}

// Shown is a line as it may be shown before its secrets are asked for.
func (l *Line) Shown() string { return Hide(l.Raw, l.Secrets()) }
