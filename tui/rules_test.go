package tui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rule says what a room may import beside the standard library.
type rule struct {
	ours   []string // rooms of this module
	theirs []string // prefixes of other modules
	never  []string // parts of the standard library
}

const tea2 = "charm.land/bubbletea"

// rules of the house, by room; tests of a room may import more.
func rules() map[string]rule {
	shared := rule{ours: []string{"runtime", "runtime/cgroup", "runtime/cgroup/kernfile"}, theirs: []string{
		"github.com/klauspost", "github.com/prometheus", "golang.org/x/sys", "github.com/vishvananda"}}
	all := map[string]rule{
		"runtime":                 {},
		"runtime/cgroup/kernfile": {ours: []string{"runtime"}, theirs: []string{"golang.org/x/sys"}},
		"runtime/cgroup":          {ours: []string{"runtime", "runtime/cgroup/kernfile"}, theirs: []string{"golang.org/x/sys"}},
		"runtime/conf":            {ours: []string{"runtime"}, theirs: []string{"golang.org/x/sys"}},
		"runtime/fake":            {ours: []string{"runtime", "runtime/archive", "runtime/conf"}},
		"runtime/runtimetest":     {ours: []string{"runtime"}},
		"runtime/lxc": {ours: []string{"runtime", "runtime/"}, theirs: []string{
			"github.com/lxc/go-lxc", "github.com/creack/pty", "golang.org/x/sys", "github.com/vishvananda"}},
		"keymap": {ours: []string{"runtime"}},
		"views": {ours: []string{"runtime", "keymap", "tui/vt"}, theirs: []string{
			"charm.land/lipgloss", "github.com/charmbracelet/x/ansi", "github.com/clipperhouse", "github.com/rivo/uniseg"},
			never: []string{"os", "net", "sync", "net/http", "os/exec", "sync/atomic"}},
		"tui/vt": {theirs: []string{"github.com/clipperhouse", "github.com/charmbracelet/x/ansi", "github.com/rivo/uniseg"}, never: []string{"os", "net", "sync", "os/exec"}},
		"tui": {ours: []string{"runtime", "runtime/job", "runtime/archive", "runtime/conf", "runtime/events", "runtime/alert", "runtime/logfile", "keymap", "views", "tui/vt", "tui/passthru", "tui/record", "tui/trend"}, theirs: []string{
			tea2, "charm.land/bubbles", "charm.land/lipgloss", "github.com/charmbracelet/", "golang.org/x/sys"}},
		"tui/cli":      {ours: []string{"runtime", "runtime/", "keymap", "views", "tui/settings", "tui/passthru", "tui/record"}, theirs: []string{"github.com/spf13", "golang.org/x", "github.com/charmbracelet/x", "github.com/charmbracelet/colorprofile"}},
		"tui/settings": {ours: []string{"runtime", "runtime/events", "runtime/alert", "keymap", "views"}, theirs: []string{"github.com/pelletier", "golang.org/x/sys"}},
		"tui/guard":    {theirs: []string{"golang.org/x/sys"}},
		"tui/passthru": {theirs: []string{"golang.org/x/sys"}},
		"tui/record":   {theirs: []string{"golang.org/x/sys"}},
		"tui/trend":    {ours: []string{"runtime"}, theirs: []string{"golang.org/x/sys"}},
	}
	for _, room := range []string{"job", "audit", "archive", "logfile", "proc", "host", "doctor", "metrics", "events", "alert", "copying"} {
		all["runtime/"+room] = shared
	}
	return all
}

// allowed says whether a path is one of the list, or below one that ends in a slash.
func allowed(path string, list []string) bool {
	return slices.ContainsFunc(list, func(p string) bool {
		return path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p)
	})
}

func TestImportRules(t *testing.T) {
	const module = "lxcdeck/"
	seen := 0
	for room, r := range rules() {
		for name, file := range sources(t, filepath.Join("..", room)) {
			seen++
			for _, im := range file.Imports {
				path, err := strconv.Unquote(im.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				ours, mine := strings.CutPrefix(path, module)
				switch {
				case mine && ours == "runtime/lxc":
					t.Errorf("%s imports the adapter", name)
				case mine && !allowed(ours, r.ours):
					t.Errorf("%s imports our %s", name, ours)
				case !mine && strings.Contains(path, ".") && !slices.ContainsFunc(r.theirs, func(p string) bool { return strings.HasPrefix(path, p) }):
					t.Errorf("%s imports %s", name, path)
				case slices.Contains(r.never, path):
					t.Errorf("%s imports %s", name, path)
				}
			}
		}
	}
	if seen < 40 {
		t.Fatalf("only %d files looked at", seen)
	}
	known := rules()
	for room := range rooms(t) {
		if _, ok := known[room]; !ok && !slices.Contains(workshops(), room) {
			t.Errorf("%s has no rule: say in rules what it may import", room)
		}
	}
}

// workshops are folders that no product code imports: main, tests that drive
// the built program, benches, scripts.
func workshops() []string {
	return []string{".", "runtime/lxctest", "screenshots", "tui/bench", "tui/drive", "tui/e2e"}
}

// rooms are the folders of the module that hold Go files.
func rooms(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && e.Name() != ".." && (e.Name()[0] == '.' || e.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			room, err := filepath.Rel("..", filepath.Dir(path))
			if err != nil {
				return err
			}
			out[room] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGoroutinesStartInOnePlace holds the rule that a goroutine of the loop
// cannot take the terminal down with it.
func TestGoroutinesStartInOnePlace(t *testing.T) {
	for name, file := range sources(t, ".") {
		ast.Inspect(file, func(n ast.Node) bool {
			if _, is := n.(*ast.GoStmt); is && filepath.Base(name) != "spawn.go" {
				t.Errorf("%s starts a goroutine without spawn", name)
			}
			return true
		})
	}
}

// TestNoPackageState holds the rule against package-level variables and init.
func TestNoPackageState(t *testing.T) {
	for _, room := range []string{".", "../views", "../keymap", "../runtime"} {
		for name, file := range sources(t, room) {
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "init" && f.Recv == nil {
					t.Errorf("%s has an init", name)
				}
				g, ok := d.(*ast.GenDecl)
				if !ok || g.Tok != token.VAR {
					continue
				}
				for _, s := range g.Specs {
					v := s.(*ast.ValueSpec)
					if id := v.Names[0].Name; room == "." && id != "_" && !strings.HasPrefix(strings.ToLower(id), "err") {
						t.Errorf("%s: package-level variable %s", name, id)
					}
				}
			}
		}
	}
}

// sources parses the Go files of one folder, tests left out.
func sources(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	out := map[string]*ast.File{}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = file
	}
	return out
}

// TestWhoKnowsLXCAndMessages looks at every file of the module, tests and
// workshops included.
func TestWhoKnowsLXCAndMessages(t *testing.T) {
	for room := range rooms(t) {
		names, err := filepath.Glob(filepath.Join("..", room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, im := range file.Imports {
				path, _ := strconv.Unquote(im.Path.Value)
				if strings.HasPrefix(path, "github.com/lxc/go-lxc") && room != "runtime/lxc" {
					t.Errorf("%s imports go-lxc", name)
				}
				if strings.HasPrefix(path, tea2) && room != "tui" && room != "tui/bench" {
					t.Errorf("%s imports Bubble Tea", name)
				}
			}
		}
	}
}
