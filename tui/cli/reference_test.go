package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestReference checks that docs/reference.md names every verb, and every field that
// is printed as JSON.
func TestReference(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, sub := range (&deck{}).root().Commands() {
		if name := sub.Name(); name != "help" && !sub.Hidden && !strings.Contains(text, "lxcdeck "+name) && !strings.Contains(text, "|"+name) {
			t.Errorf("there is no verb %s", name)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fields := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(source, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil {
				return true
			}
			name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json"), ",")
			if name == "" || name == "-" {
				return true
			}
			if fields++; !strings.Contains(text, "`"+name+"`") {
				t.Errorf("there is no field %s", name)
			}
			return true
		})
	}
	if fields < 100 {
		t.Errorf("only %d fields were found", fields)
	}
}
