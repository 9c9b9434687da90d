package lxc

import (
	"fmt"
	"path/filepath"
	"strings"

	"lxcdeck/runtime"
)

// lineShown is how much of a line of a file that may be anything goes into an error.
const lineShown = 80

// badLine is the error of a line of a configuration that a create was to begin with.
func badLine(l configLine, why string) error {
	return &runtime.Error{
		Err:  fmt.Errorf("%w: config %s, line %d: %s: %q", runtime.ErrInvalid, l.file, l.number, why, short(shownLine(l.raw))),
		Hint: "Nothing was made. Name another file, or correct it: lxc.container.conf(5) has all keys.",
	}
}

func short(line string) string {
	if len(line) > lineShown {
		return strings.ToValidUTF8(line[:lineShown], "") + "..."
	}
	return line
}

// noSettings finds the first line that is neither a setting nor a comment. liblxc
// passes over a line that does not begin with lxc. (parse_line of confile.c), and
// takes the file for a string that ends at a NUL: it loads any text, as a container
// without a single setting.
func noSettings(lines []configLine) error {
	for _, l := range lines {
		text := strings.TrimSpace(l.raw)
		switch {
		case strings.Contains(text, "\x00"):
			return badLine(l, "it has a NUL, where the file ends for liblxc")
		case text == "" || text[0] == '#':
		case !strings.HasPrefix(text, "lxc."):
			return badLine(l, "this is no setting of LXC, and liblxc would pass over it")
		case l.key == "":
			return badLine(l, "a setting is KEY = VALUE")
		}
	}
	return nil
}

// refusedConfig is the error of a configuration that liblxc does not take. It is
// asked before anything is made, and of the file that was named: what the container
// gets is another, at a place that says nothing to anybody.
func refusedConfig(path string, lines []configLine) error {
	ok, why := tryConfig("/", path)
	if ok {
		return nil
	}
	// A line that has the words of the cause may stand before the first that says where.
	for line := range strings.Lines(why) {
		line = strings.TrimRight(line, "\n")
		_, text, found := strings.Cut(line, `" at line "`)
		file := quotedAfter(line, "Failed to parse config file ")
		if !found || file == "" {
			continue
		}
		text = strings.TrimSuffix(text, `"`)
		cause, _, _ := strings.Cut(why, "\n")
		if cause == line {
			cause = "liblxc does not take its value"
		}
		for _, l := range lines {
			if filepath.Clean(l.file) == filepath.Clean(file) && strings.TrimSpace(shownLine(l.raw)) == strings.TrimSpace(text) {
				return badLine(l, cause)
			}
		}
	}
	if why == "" {
		why = "liblxc gives no reason"
	}
	return fmt.Errorf("%w: config %s: %s", runtime.ErrInvalid, path, strings.ReplaceAll(why, "\n", ": "))
}
