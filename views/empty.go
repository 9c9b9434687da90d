package views

import (
	"fmt"
	"strings"

	"lxcdeck/runtime"
)

// Empty explains a list without rows and says what to do.
func (t *Theme) Empty(s *EmptyState, w, h int) Block {
	rows := make([]string, 0, max(0, h))
	if h >= 6 {
		rows = append(rows, blank(w))
	}
	for i, text := range emptyText(s) {
		for _, part := range wrap(Clean(text), w-4) {
			l := t.newLine(w)
			l.gap(2)
			r := Plain
			if i == 0 {
				r = Strong
			}
			l.add(r, part)
			rows = append(rows, l.String())
		}
	}
	return exactly(rows, w, h)
}

func emptyText(s *EmptyState) []string {
	where := strings.Join(s.Paths, ", ")
	switch s.Kind {
	case EmptyLoading:
		return []string{"Reading the containers ..."}
	case EmptyFilter:
		text := []string{fmt.Sprintf("No container matches %q.", s.Filter), fmt.Sprintf("%s there without the filter.", plural(s.Total, "container is", "containers are"))}
		if s.Key != "" {
			text = append(text, s.Key+" clears the filter.")
		}
		return text
	case EmptyStopped:
		text := []string{"No container is running.", fmt.Sprintf("%s left out.", plural(s.Total, "stopped one is", "stopped ones are"))}
		if s.Key != "" {
			text = append(text, s.Key+" shows all.")
		}
		return text
	case EmptyDenied:
		text := []string{"The containers cannot be read.", s.Err}
		if s.UID != 0 {
			text = append(text, fmt.Sprintf("lxcdeck runs as uid %d: containers in %s may belong to root. Try sudo, or name your own lxcpath with -P.", s.UID, where))
		}
		return text
	case EmptyFailed:
		text := []string{"The containers cannot be read.", s.Err}
		if s.Key != "" {
			text = append(text, s.Key+" reads again.")
		}
		return text
	default:
		at := "" // LXC's tools look in their own place else
		if len(s.Paths) > 0 {
			at = "-P " + runtime.ShellQuote(s.Paths[0]) + " "
		}
		return []string{
			"No containers in " + where + ".",
			"Make one:  lxc-create " + at + "-n NAME -t download",
			"Or look elsewhere:  lxcdeck -P LXCPATH",
		}
	}
}

// wrap breaks clean text at blanks into lines of at most w cells; a longer
// word is cut.
func wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	var lines []string
	for s != "" {
		part := s
		for most := 4 * (w + 4); most < len(s); most *= 4 {
			if Width(s[:most]) > w+4 {
				part = s[:most] // what is far behind does not count: it may be long
				break
			}
		}
		if Width(part) <= w {
			return append(lines, s)
		}
		head := cells(part, w)
		at := len(head)
		if at == len(s) {
			return append(lines, s)
		}
		if s[at] != ' ' {
			if i := strings.LastIndexByte(head, ' '); i > 0 {
				at = i
			}
		}
		if at == 0 {
			return lines // a wide character in a narrower column
		}
		lines = append(lines, strings.TrimRight(s[:at], " "))
		s = strings.TrimLeft(s[at:], " ")
	}
	return lines
}
