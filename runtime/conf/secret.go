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
		if name, ok := firstWord(l.Key); ok { // the first = is one of the value
			return l.behind(name)
		}
		return moved(SecretsOf(l.Key, l.Value), int(l.ValueAt))
	case Broken:
		if name, ok := firstWord(strings.TrimLeft(l.body(), blanks)); ok {
			return l.behind(name)
		}
	case Blank:
		return nil
	case Comment: // a setting that is taken out for a while is one all the same
		at := len(l.Raw) - len(strings.TrimLeft(l.Raw, blanks+"#"))
		if in := parseLine(l.Raw[at:]); in.Kind == Setting {
			return moved(in.Secrets(), at)
		}
		parts := runtime.SecretParts(l.Raw)
		body := len(strings.TrimRight(l.Raw, blanks+"\r\n"))
		if from := runtime.SecretBehind(l.Raw); from >= 0 && from < body {
			parts = slices.DeleteFunc(parts, func(p [2]int) bool { return p[1] > from })
			return append(parts, [2]int{from, body})
		}
		return parts
	}
	return runtime.SecretParts(l.Raw)
}

// firstWord is what stands before the first blanks of a text; false = it has none.
func firstWord(text string) (string, bool) {
	i := strings.IndexAny(text, blanks)
	return text[:max(i, 0)], i >= 0
}

func (l *Line) body() string { return l.Raw[:len(l.Raw)-len(lineEnd(l.Raw))] }

// behind are the hidden parts of what stands behind a key that has no = of its own: all
// of it, where the key's values are secrets and it is no NAME=VALUE.
func (l *Line) behind(key string) [][2]int {
	body := l.body()
	rest := strings.TrimLeft(body[strings.Index(body, key)+len(key):], blanks)
	at, rest := len(body)-len(rest), strings.TrimRight(rest, blanks)
	if parts := SecretsOf(key, rest); parts != nil || rest == "" {
		return moved(parts, at)
	}
	if strings.HasPrefix(key, "lxc.environment") && !strings.Contains(rest, "=") {
		return [][2]int{{at, at + len(rest)}}
	}
	return nil
}

// SecretsOf are the hidden parts of a value.
func SecretsOf(key, value string) [][2]int {
	if value == "" {
		return nil
	}
	_, known := Lookup(key)
	switch {
	case !known && strings.HasPrefix(key, "lxc.") && variable(value), // lxc.environment, mistyped
		key == "lxc.environment" || strings.HasPrefix(key, "lxc.environment."):
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

// variable says whether a text is NAME=VALUE.
func variable(text string) bool {
	name, _, ok := strings.Cut(strings.TrimLeft(text, `"'`), "=")
	return ok && name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
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
