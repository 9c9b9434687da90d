package views

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// filterWord is one word of a filter.
type filterWord struct {
	not   bool
	match func(*Row) bool
}

// Filter is the parsed text of the filter prompt: all its words must hold.
//
//	text          part of the name, an IP or a group, whatever the case
//	!text         not that
//	state:WORD    the state in LXC's words, or its beginning
//	group:WORD    one of lxc.group
//	name: ip: path: manager:  part of that one
//	mem>1g cpu>50 pids<20      comparisons; mem takes k, m, g and t, and mem
//	                           and pids take a share of their limit: mem>80%
type Filter struct {
	Text  string
	terms []filterWord
}

// ParseFilter reads the prompt's text. A word that cannot be understood is an
// error that says which; the words before it still count, so that the list
// does not jump while a word is being typed.
func ParseFilter(text string) (Filter, error) {
	f := Filter{Text: strings.TrimSpace(text)}
	for _, word := range strings.Fields(text) {
		t := filterWord{}
		if rest, ok := strings.CutPrefix(word, "!"); ok {
			t.not, word = true, rest
		}
		if word == "" {
			continue
		}
		match, err := parseWord(word)
		if err != nil {
			return f, err
		}
		t.match = match
		f.terms = append(f.terms, t)
	}
	return f, nil
}

func parseWord(word string) (func(*Row) bool, error) {
	if key, want, ok := strings.Cut(word, ":"); ok {
		if m := fieldMatcher(strings.ToLower(key), strings.ToLower(want)); m != nil {
			return m, nil
		}
	}
	if i := strings.IndexAny(word, "<>"); i > 0 {
		return parseComparison(word, strings.ToLower(word[:i]), word[i], strings.TrimPrefix(word[i+1:], "="))
	}
	low := strings.ToLower(word)
	return func(f *Row) bool {
		return contains(f.C.Name, low) || anyIP(f.C, low) || anyGroup(f.C, func(g string) bool { return contains(g, low) })
	}, nil
}

// fieldMatcher is nil for a key that no field has: such a word is plain text.
func fieldMatcher(key, want string) func(*Row) bool {
	switch key {
	case "state":
		return func(f *Row) bool { return strings.HasPrefix(strings.ToLower(f.C.State.String()), want) }
	case "group":
		return func(f *Row) bool {
			return anyGroup(f.C, func(g string) bool { return want == "" || strings.EqualFold(g, want) })
		}
	case "name":
		return func(f *Row) bool { return contains(f.C.Name, want) }
	case "ip":
		return func(f *Row) bool { return anyIP(f.C, want) }
	case "path":
		return func(f *Row) bool { return contains(f.C.Path, want) }
	case "manager":
		return func(f *Row) bool { return f.C.Manager != "" && contains(f.C.Manager, want) }
	default:
		return nil
	}
}

func parseComparison(word, key string, op byte, figure string) (func(*Row) bool, error) {
	if !slices.Contains([]string{"cpu", "mem", "pids"}, key) {
		return nil, fmt.Errorf("filter %q: only cpu, mem and pids can be compared", word)
	}
	if figure == "" {
		return func(*Row) bool { return true }, nil // still being typed
	}
	limit, err := ParseFigure(figure)
	if err != nil {
		return nil, fmt.Errorf("filter %q: %w", word, err)
	}
	of := figureOf
	if strings.HasSuffix(figure, "%") && key != "cpu" {
		of = partOfLimit
	}
	return func(f *Row) bool {
		v, ok := of(f, key)
		if op == '>' {
			return ok && v > limit
		}
		return ok && v < limit
	}, nil
}

// figureOf is what a comparison looks at; ok is false when it was not read.
func figureOf(r *Row, key string) (v float64, ok bool) {
	if r.Sample == nil {
		return 0, false
	}
	n := r.Sample.Pids.Current
	switch key {
	case "cpu":
		if r.Usage == nil {
			return 0, false
		}
		return r.Usage.CPU.Get()
	case "mem":
		if n = r.Sample.Memory.WorkingSet; n.Absent() {
			n = r.Sample.Memory.Usage
		}
	}
	u, ok := n.Get()
	return float64(u), ok
}

// partOfLimit is a figure in percent of its limit; ok is false without a limit.
func partOfLimit(r *Row, key string) (share float64, ok bool) {
	v, ok := figureOf(r, key)
	if !ok {
		return 0, false
	}
	limit := r.Sample.Memory.Limit
	if key == "pids" {
		limit = r.Sample.Pids.Max
	}
	most, ok := limit.Get()
	if !ok || most == 0 {
		return 0, false
	}
	return 100 * v / float64(most), true
}

// ParseFigure reads 50, 1.5g, 300MB, 20%.
func ParseFigure(s string) (float64, error) {
	scale := 1.0
	t := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(s), "%"), "b")
	t = strings.TrimSuffix(t, "i")
	if i := strings.IndexAny(t, "kmgt"); i >= 0 && i == len(t)-1 {
		for range strings.IndexByte("kmgt", t[i]) + 1 {
			scale *= 1024
		}
		t = t[:i]
	}
	v, err := strconv.ParseFloat(t, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return v * scale, nil
}

// Keeps says whether a container is shown.
func (f *Filter) Keeps(x *Row) bool {
	for _, t := range f.terms {
		if t.match(x) == t.not {
			return false
		}
	}
	return true
}

func contains(s, low string) bool { return strings.Contains(strings.ToLower(s), low) }

func anyIP(c *runtime.Container, part string) bool {
	return slices.ContainsFunc(c.IPs, func(a netip.Addr) bool { return strings.HasPrefix(a.String(), part) })
}

func anyGroup(c *runtime.Container, ok func(string) bool) bool {
	return c.Config != nil && slices.ContainsFunc(c.Config.Groups, ok)
}
