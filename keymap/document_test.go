package keymap

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the tests would have in documents")

// TestKeysDocument holds docs/keys.md to the table of actions.
func TestKeysDocument(t *testing.T) {
	const file = "../docs/keys.md"
	want := keysDocument(t)
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s is not what the table of actions says: go test ./keymap -run TestKeysDocument -update writes it", file)
	}
}

func keysDocument(t *testing.T) []byte {
	t.Helper()
	titles := scopeTitles[:]
	if len(titles) != len(scopeNames) {
		t.Fatalf("%d headings for %d scopes", len(titles), len(scopeNames))
	}
	maps := make([]*Map, 0, len(Presets()))
	for _, preset := range Presets() {
		m, err := New(preset, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		maps = append(maps, m)
	}
	var b bytes.Buffer
	b.WriteString("# Keys\n\nAll actions by where they have their keys. `?` shows those that are of use where one is, `:` finds an action by its\n" +
		"name. The first column is the name of an action in `[keys]` of the [settings](settings.md); presets differ\n" +
		"where more than one column of keys has something. What has no key is asked for by `:`.\n")
	for scope, title := range titles {
		fmt.Fprintf(&b, "\n## %s\n\n| action | does | keys | %s |\n|---|---|---|%s\n", title, strings.Join(Presets()[1:], " | "), strings.Repeat("---|", len(Presets())-1))
		for _, a := range actions {
			if a.Scope != Scope(scope) {
				continue
			}
			keys := cells(maps[0].keyNames(a.ID))
			fmt.Fprintf(&b, "| `%s` | %s | %s |", a.ID, a.Title, keys)
			for _, m := range maps[1:] {
				if other := cells(m.keyNames(a.ID)); other != keys {
					fmt.Fprintf(&b, " %s |", other)
				} else {
					b.WriteString(" |")
				}
			}
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// cells are keys in a table of Markdown.
func cells(keys []string) string {
	out := make([]string, 0, len(keys))
	for _, k := range keys {
		switch {
		case strings.ContainsAny(k, "`|"):
			out = append(out, "<code>"+strings.NewReplacer("|", "&#124;", "`", "&#96;").Replace(k)+"</code>")
		default:
			out = append(out, "`"+k+"`")
		}
	}
	return strings.Join(out, " ")
}

// Help at 80 columns has room for 27 cells of a title.
func TestLogTitlesFitIntoHelp(t *testing.T) {
	const room = 27
	for _, a := range Actions() {
		if a.Scope == LogText && len(a.Title) > room {
			t.Errorf("%s: %q has %d cells", a.ID, a.Title, len(a.Title))
		}
	}
}
