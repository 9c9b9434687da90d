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
		in := 2
		if rest, command := strings.CutPrefix(text, "  "); command {
			text, in = rest, 4
		}
		for _, part := range wrap(Clean(text), w-in-2) {
			l := t.newLine(w)
			l.gap(in)
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
		if s.All != "" {
			text = append(text, "Stopped ones are left out too; "+s.All+" shows all.")
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
		if !s.Root {
			text = append(text, fmt.Sprintf("lxcdeck runs as %s: containers in %s may be root's. To see them, or your own:", s.User, where),
				"  sudo lxcdeck"+pathFlags(s.Paths), "  lxcdeck -P LXCPATH")
		}
		return text
	case EmptyFailed:
		text := []string{"The containers cannot be read.", s.Err}
		if s.Key != "" {
			text = append(text, s.Key+" reads again.")
		}
		return text
	default:
		return emptyHost(s, where)
	}
}

// emptyHost is for who has no container yet, or looks in the wrong place.
func emptyHost(s *EmptyState, where string) []string {
	text := []string{"No containers in " + where + "."}
	at := "" // where a new one goes
	if len(s.Paths) > 0 && s.Given {
		at = pathFlags(s.Paths[:1])
	}
	if s.Key != "" {
		text = append(text, s.Key+" creates one, with what this host has to choose from. By command:")
	} else {
		text = append(text, "To create one:")
	}
	text = append(text, "  lxcdeck create"+at+" NAME -t download -- -d debian -r bookworm -a "+s.Arch)
	for _, e := range s.Elsewhere {
		text = append(text, elsewhereText(&e, s.Root)...)
	}
	if len(s.Elsewhere) == 0 {
		text = append(text, "To look elsewhere:", "  lxcdeck -P LXCPATH")
	}
	return text
}

// elsewhereText says how to see the containers of an lxcpath that is not in use: a
// sentence and a command.
func elsewhereText(e *runtime.Elsewhere, root bool) []string {
	owner, see := "Your own", "lxcdeck"+pathFlags([]string{e.Path})
	if e.Owner != "" {
		owner = e.Owner + "'s"
	}
	if e.Owner == "root" && !root { // where root's lxcdeck looks by itself
		see = "sudo lxcdeck"
	}
	there := owner + " in " + e.Path + ": " + plural(e.Containers, "container", "containers") + "."
	switch {
	case e.Hidden && root: // such as a home on a server that trusts no root
		return []string{owner + " containers in " + e.Path + " cannot be read, not even by root. Start lxcdeck as " + e.Owner + "."}
	case e.Hidden:
		return []string{owner + " containers, in " + e.Path + ", are for root to see:", "  " + see}
	case root && e.Owner != "root":
		return []string{there + " Only lxcdeck as " + e.Owner + " works with them; to see them:", "  " + see}
	default:
		return []string{there + " To see them:", "  " + see}
	}
}

// pathFlags are lxcpaths as flags, with a blank before each.
func pathFlags(paths []string) string {
	var b strings.Builder
	for _, p := range paths {
		b.WriteString(" -P " + runtime.ShellQuote(p))
	}
	return b.String()
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
