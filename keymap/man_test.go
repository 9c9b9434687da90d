package keymap

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestManKeys holds the man page's list of keys to the table of actions.
func TestManKeys(t *testing.T) {
	const file, begin, end = "../docs/lxcdeck.1", ".\\\" keys: written by go test ./keymap -run TestManKeys -update\n", ".\\\" keys: end\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the keys", file)
	}
	want := manKeys(t)
	if got == want {
		return
	}
	if !*update {
		t.Fatalf("the keys of %s are not what the table of actions says: go test ./keymap -run TestManKeys -update writes them", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// manKeys are the keys of the default preset in groff's man(7) macros.
func manKeys(t *testing.T) string {
	t.Helper()
	m, err := New("", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	// What would be a request at the start of a line, or another character in print.
	escape := strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`, ".", `\&.`)
	var b bytes.Buffer
	for scope, title := range scopeTitles {
		fmt.Fprintf(&b, ".SS %s\n.PD 0\n", title)
		for _, a := range actions {
			if a.Scope != Scope(scope) {
				continue
			}
			keys := m.keyNames(a.ID)
			if len(keys) == 0 {
				keys = []string{":" + string(a.ID)}
			}
			fmt.Fprintf(&b, ".TP 16\n\\fB%s\\fR\n%s (%s)\n", escape.Replace(strings.Join(keys, " ")), escape.Replace(a.Title), escape.Replace(string(a.ID)))
		}
		b.WriteString(".PD\n")
	}
	return b.String()
}
