package lxc

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// TestWordsOfLiblxc: what it repeats of a config shows no secret, what it says stays.
func TestWordsOfLiblxc(t *testing.T) {
	for said, want := range map[string]string{
		`Failed to parse config file "/c" at line "lxc.enviroment = DB_PASSWORD=hush"`: `Failed to parse config file "/c" at line "lxc.enviroment = ***"`,
		`Failed to parse config file "/c" at line "lxc.foo=hush"`:                      `Failed to parse config file "/c" at line "lxc.foo= ***"`,
		`Failed to parse config file "/c" at line "lxc.environment = a="hush""`:        `Failed to parse config file "/c" at line "lxc.environment = a=***"`,
		`Failed to parse config file "/c" at line "lxc.environment DB=hush"`:           `Failed to parse config file "/c" at line "lxc.environment ***"`,
		`Failed to parse config file "/c" at line "lxc.start.auto = yes"`:              `Failed to parse config file "/c" at line "lxc.start.auto = yes"`,
		`Failed to parse config file "/c" at line "lxc.foo = hu`:                       `Failed to parse config file "/c" at line "lxc.foo = ***`,
		"Invalid argument - Invalid configuration line: lxc.environment hush":          "Invalid argument - Invalid configuration line: lxc.environment ***",
		"Invalid configuration item: lxc.environment hush":                             "Invalid configuration item: lxc.environment ***",
		`Invalid argument - Unsupported config key "lxc.foo"`:                          `Invalid argument - Unsupported config key "lxc.foo"`,
		`Script "/x --password=hush" failed`:                                           `Script "/x --password=*** failed`,
		"token expired":                                                                "token expired",
	} {
		if got := cleanLog("lxc web 2026 ERROR confile - confile.c:parse_line:2000 - " + said + "\n"); got != want {
			t.Errorf("%q\nis shown as %q\nwant %q", said, got, want)
		}
	}
}

// TestRefusedLineIsMasked looks for the secret of a line that liblxc refuses wherever its
// words come out: in the list, of the doctor, of a start, and where a text is judged.
func TestRefusedLineIsMasked(t *testing.T) {
	for _, line := range []string{"lxc.enviroment = DB_PASSWORD=hushhush", "lxc.enviroment = word=hushhush", "lxc.environment hushhush"} {
		a, of, _ := confBox(t, line)
		c := find(t, list(t, a), of.Ref.Name)
		refused := a.Do(t.Context(), runtime.Request{Op: runtime.Start, Ref: of.Ref})
		d, err := a.Diagnose(t.Context(), of.Ref, refused)
		must(t, err)
		fault, err := a.CheckConfig(t.Context(), of, []byte(line+"\n"))
		must(t, err)
		if c.Problem == nil || refused == nil || fault == nil {
			t.Fatalf("%s is taken: %v, %v, %v", line, c.Problem, refused, fault)
		}
		all := fmt.Sprint(c.Problem, d, fault, refused)
		var e *runtime.Error
		if errors.As(refused, &e) {
			all += e.Log + e.Hint
		}
		if strings.Contains(all, "hushhush") || !strings.Contains(all, "lxc.env") {
			t.Errorf("%s: %s", line, all)
		}
	}
}
