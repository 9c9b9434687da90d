package views

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

func nastyChecks() *ChecksState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	return &ChecksState{Title: bad, Offset: 2, Err: bad, Checks: []runtime.Check{
		{Topic: "kernel", What: bad, Verdict: runtime.CheckBad, Found: bad, Advice: bad},
		{Topic: bad, What: "日本語", Verdict: runtime.CheckUnknown, Found: strings.Repeat("長い", 90)},
		{Topic: bad},
	}}
}

func someChecks() []runtime.Check {
	return []runtime.Check{
		{Topic: "kernel", What: "user namespace", Found: "up to 63210"},
		{Topic: "kernel", What: "vlan devices", Verdict: runtime.CheckOptional, Found: "the kernel has none", Advice: "Networks of type vlan need it. Boot a kernel with CONFIG_VLAN_8021Q."},
		{Topic: "cgroups", What: "devices", Verdict: runtime.CheckUnknown, Found: "it could not be read: no configuration of the kernel is there"},
		{Topic: "lxcpaths", What: "way to roots in /home/dev/.local/share/lxc", Verdict: runtime.CheckBad,
			Found: "/home/dev has mode 0700: ids of unprivileged containers cannot pass it", Advice: "Let them pass, but not look: chmod o+x /home/dev"},
		{Topic: "lxcpaths", What: "directory old\x1b[2J", Verdict: runtime.CheckOptional, Found: "/var/lib/lxc/old\x1b[2J has no config file, and so is no container",
			Advice: "Put its config back; or, if nothing in it is needed, remove it."},
		{Topic: "programs", What: "rsync", Found: "/usr/bin/rsync"},
	}
}

func TestGoldenChecks(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	for name, s := range map[string][2]int{"40x10": {40, 10}, "80x24": {80, 24}, "120x40": {120, 40}, "200x60": {200, 60}} {
		golden(t, "checks-"+name, th.Checks(&ChecksState{Title: "This host", Checks: someChecks(), Hints: []keymap.Hint{{Key: "esc", Text: "closes"}, {Key: "r", Text: "looks again"}, {Key: "n", Text: "next that is not ok"}}}, s[0], s[1]), name == "80x24")
	}
}

// Every word of a check is in its lines, whatever the width, and none is wider.
func TestCheckLines(t *testing.T) {
	words := func(s string) []string { return strings.Fields(Clean(s)) }
	for _, w := range []int{0, 30, 40, 59, 60, 80, 200} {
		var got []string
		for _, l := range CheckLines(someChecks(), w) {
			if n := ansi.StringWidth(l.Word + l.Text); w > 0 && n > w {
				t.Errorf("width %d: %d cells: %q %q", w, n, l.Word, l.Text)
			}
			got = append(got, words(l.Word)...)
			got = append(got, words(l.Text)...)
		}
		all := strings.Join(got, "")
		for _, c := range someChecks() {
			for _, text := range []string{c.What, c.Found, c.Advice} {
				if want := strings.Join(words(text), ""); !strings.Contains(all, want) {
					t.Errorf("width %d: %q is not there", w, text)
				}
			}
		}
		for _, mark := range []string{"!missing", "-optional", "?unknown", "ok"} {
			if !strings.Contains(all, mark) {
				t.Errorf("width %d: no %q", w, mark)
			}
		}
		if n := strings.Count(strings.Join(got, "\n"), "lxcpaths"); n != 1 {
			t.Errorf("width %d: the heading stands %d times", w, n)
		}
	}
	if got := CheckSum(someChecks()); got != "1 missing, 2 optional, 1 unknown, 2 ok" {
		t.Error(got)
	}
	if i := slices.IndexFunc(CheckLines(someChecks(), 80), func(l CheckLine) bool { return l.Role == Bad }); i < 0 {
		t.Error("nothing is painted as bad")
	}
}
