package lxc

import (
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
)

// liblxc repeats the line of a config that it refuses (parse_line and lxc_config_read
// of confile.c, the latter in quotes).
const (
	atLine       = `at line "`
	badLineWords = "Invalid configuration line: "
	badItemWords = "Invalid configuration item: "
)

// maskWords hides secrets in a line of liblxc's words: in the line of a config that it
// repeats, and in whatever looks like one elsewhere.
func maskWords(words string) string {
	for _, before := range []string{atLine, badLineWords, badItemWords} {
		head, line, ok := strings.Cut(words, before)
		if !ok {
			continue
		}
		end := ""
		if before == atLine && strings.HasSuffix(line, `"`) {
			line, end = line[:len(line)-1], `"`
		}
		return runtime.MaskSaid(head) + before + shownLine(line) + end
	}
	return runtime.MaskSaid(words)
}

// shownLine is a line of a config without its secrets. The value of a key that LXC does
// not have could be anything: who mistypes lxc.environment has a secret there.
func shownLine(line string) string {
	f := conf.Parse("", []byte(line))
	if len(f.Lines) != 1 {
		return runtime.SecretMask
	}
	l := &f.Lines[0]
	text := strings.TrimLeft(line, " \t")
	if l.Kind == conf.Comment || !strings.HasPrefix(text, "lxc.") {
		return l.Shown()
	}
	if _, known := conf.Lookup(l.Key); known && l.Kind == conf.Setting {
		return l.Shown()
	}
	key, rest, assigned := strings.Cut(line, "=")
	if !assigned {
		if n := strings.IndexAny(text, " \t"); n >= 0 {
			return text[:n] + " " + runtime.SecretMask
		}
		return l.Shown()
	}
	if strings.TrimSpace(rest) == "" {
		return line
	}
	if name := strings.Fields(key); len(name) > 1 { // no = behind the key, but in the value
		return name[0] + " " + runtime.SecretMask
	}
	return key + "= " + runtime.SecretMask
}
