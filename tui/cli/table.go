package cli

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/views"
)

// table is plain text in columns, aligned by display width.
type table struct {
	head  []string
	right []int // columns of figures
	rows  [][]string
}

// add takes a row; its text is cleaned.
func (t *table) add(cells []string) {
	for i := range cells {
		cells[i] = views.Clean(cells[i])
	}
	t.rows = append(t.rows, cells)
}

// text lays the table out. A last column without any text is left away.
func (t *table) text() []byte {
	n := len(t.head)
	if !slices.ContainsFunc(t.rows, func(r []string) bool { return r[n-1] != "" }) {
		n--
	}
	width := make([]int, n)
	for _, r := range append([][]string{t.head}, t.rows...) {
		for i := range n {
			width[i] = max(width[i], ansi.StringWidth(r[i]))
		}
	}
	var b strings.Builder
	for _, r := range append([][]string{t.head}, t.rows...) {
		var line strings.Builder
		for i := range n {
			if i > 0 {
				line.WriteString("  ")
			}
			gap := strings.Repeat(" ", width[i]-ansi.StringWidth(r[i]))
			if slices.Contains(t.right, i) {
				line.WriteString(gap + r[i])
			} else {
				line.WriteString(r[i] + gap)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	return []byte(b.String())
}
