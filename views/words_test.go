package views

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// has fails unless all words are in the block, in their order.
func has(t *testing.T, what string, b Block, words ...string) {
	t.Helper()
	all := strings.Join(plain(b), "\n")
	rest := all
	for _, w := range words {
		i := strings.Index(rest, w)
		if i < 0 {
			t.Errorf("%s: %q is not in\n%s", what, w, all)
			return
		}
		rest = rest[i+len(w):]
	}
}

func hasNot(t *testing.T, what string, b Block, words ...string) {
	t.Helper()
	for _, w := range words {
		if all := strings.Join(plain(b), "\n"); strings.Contains(all, w) {
			t.Errorf("%s: %q is in\n%s", what, w, all)
		}
	}
}

func TestThemes(t *testing.T) {
	for _, name := range append(Themes(), "") {
		for _, colors := range []int{0, 16, 256, 1 << 24} {
			th := theme(t, name, ThemeOptions{Colors: colors})
			for r := Plain; r < roleCount; r++ {
				s := th.Paint(r, "x")
				coloured := strings.Contains(s, "[3") || strings.Contains(s, ";3") || strings.Contains(s, "48;5")
				if coloured && (colors == 0 || name == "mono") {
					t.Errorf("theme %q with %d colours paints role %d as %q", name, colors, r, s)
				}
				if strings.Contains(s, "8;5;") && colors < 256 {
					t.Errorf("theme %q with %d colours uses 256: %q", name, colors, s)
				}
			}
		}
	}
	if _, err := NewTheme("neon", ThemeOptions{}); err == nil || !strings.Contains(err.Error(), `"neon"`) || !strings.Contains(err.Error(), "mono") {
		t.Errorf("an unknown theme: %v", err)
	}
}

func TestASCIIThemeIsASCII(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16, ASCII: true})
	for _, s := range [][2]int{{40, 10}, {80, 24}, {120, 40}, {200, 60}} {
		list := listState(someRows())
		b := screen(th, s[0], s[1], Mode{Detail: Open}, list, hostState())
		b = Centre(b, th.Prompt(&PromptState{Title: "Stop?", Targets: []Target{{Name: "web-1"}}}, s[0], s[1]))
		b = append(b, th.Help(helpState(), s[0], s[1])...)
		for _, row := range b {
			for _, r := range row {
				if r >= 0x80 {
					t.Fatalf("%dx%d holds %q: %s", s[0], s[1], r, row)
				}
			}
		}
	}
}

func TestHost(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	s := hostState()
	has(t, "80 wide", th.Host(s, 80, 1), "lxcdeck", "web01", "cpu 37%", "mem 21.4/31.2G 69%", "psi io 4%", "18/22 running", "1s")
	two := th.Host(s, 120, 2)
	has(t, "two rows", two, "8 cores", "swap 1.0/8.0G", "psi cpu 1% io 4%", "load 2.41", "disk 330/450G 73%")
	s.ReadOnly, s.Demo, s.Late, s.Polling = true, true, true, true
	has(t, "badges", th.Host(s, 80, 1), "late", "polling", " RO ", " DEMO ")
	has(t, "badges on the smallest screen", th.Host(s, 40, 1), "lxcdeck", "cpu 37%", " RO ", " DEMO ")
	s.Polling, s.SlowLink = false, true
	has(t, "a slow link", th.Host(s, 80, 1), "slow link", " RO ", " DEMO ")
	s.Usage.Steal = runtime.RateOf(12)
	has(t, "stolen time", th.Host(s, 120, 2), "steal 12%")
	s.Usage, s.Sample = &runtime.HostUsage{}, &runtime.HostSample{}
	has(t, "nothing read", th.Host(s, 120, 2), "cpu -", "mem -", "load -")
	hasNot(t, "nothing read", th.Host(s, 120, 2), "0%", "psi")
}

func TestRule(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	rows := someRows()
	rule := func(r *Row, w int) Block {
		return th.Rule(&RuleState{Row: r, Now: now, At: 1, Of: 22, Cores: 1, Shells: 2}, w, 1)
	}
	web := &rows[0]
	web.Sample.Memory.OOMKills = runtime.Of(3)
	web.Sample.Pids.Current = runtime.Of(500)
	has(t, "what bites", rule(web, 160), "web-1: running", "throttled 12% (limit 1)", "memory 92% of 880M", "3 OOM kills", "500 of 512 pids", "2 shells", "1/22")
	has(t, "narrow", rule(web, 40), "web-1: running", "1/22")
	has(t, "no answer", rule(&rows[4], 80), "stuck: no answer 12s")
	has(t, "foreign", rule(&rows[5], 80), "alice-dev: foreign (uid 1000)")
	has(t, "broken", rule(&rows[6], 80), "broken: configuration cannot be loaded: it is a FIFO")
	hasNot(t, "broken", rule(&rows[6], 80), "list broken")
	managed := stopped("vm")
	managed.C.Manager = "proxmox"
	has(t, "managed", rule(&managed, 80), "vm: stopped", "managed by proxmox")
	// Shells of other containers are not said of this one.
	has(t, "what is not the container's", rule(&managed, 80), "2 shells · 1/22 ──")
	lost := &RuleState{Row: &managed, Now: now, At: 1, Of: 22, NoConfig: 3}
	has(t, "without config", th.Rule(lost, 80, 1), "3 without config · 1/22 ──")
	lost.Row = web
	hasNot(t, "without config, and much that bites", th.Rule(lost, 80, 1), "config")
}

func TestDetailSaysAllThereIs(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	rows := someRows()
	web := &rows[0]
	web.Sample.Controls = "cpuset: not delegated to this user"
	b := th.Detail(detailState(web), 150, 30)
	has(t, "detail", b, "CPU", "112% of one core", "limit 56%", "812M of 880M", "92% of limit", "OOM kills 0", "rx 1.2M/s", "packets/s rx 900")
	has(t, "identity", b, "running, up 9d, pid 4121", "10.0.3.21, fd42::21", "order 10", "/var/lib/lxc/web-1", "/lxc.payload.web-1", "cpuset: not delegated")

	absent := running("new", 0, 0, 0, "")
	absent.Sample, absent.Usage = nil, nil
	s := detailState(&absent)
	s.History = nil
	b = th.Detail(s, 120, 24)
	has(t, "nothing read yet", b, "- of one core", "- of -", "rx -", "read -")
	hasNot(t, "nothing read yet", b, "0%", "0/s", "0 of")

	has(t, "stopped", th.Detail(detailState(&rows[7]), 80, 10), "stopped", "no autostart")
	hasNot(t, "stopped", th.Detail(detailState(&rows[7]), 80, 10), "CPU")

	broken := stopped("bad")
	broken.C.Problem = &runtime.Error{Op: "list", Ref: broken.C.Ref, Err: runtime.ErrConfig, Log: "no key x", Hint: "Mend /var/lib/lxc/bad/config."}
	has(t, "broken", th.Detail(detailState(&broken), 80, 10), "configuration cannot be loaded: no key x", "Mend /var/lib")
	plainErr := stopped("odd")
	plainErr.C.Problem = errors.New("something else")
	has(t, "any error", th.Detail(detailState(&plainErr), 80, 10), "something else")
}

func TestDetailScrolls(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	rows := someRows()
	s := detailState(&rows[0])
	n := th.DetailHeight(s, 38, 5)
	if n <= 5 {
		t.Fatalf("%d rows need no scrolling", n)
	}
	hasNot(t, "top", th.Detail(s, 38, 5), "cgroup")
	s.Offset = n - 5
	has(t, "bottom", th.Detail(s, 38, 5), "cgroup")
	s.Offset = 1000
	has(t, "beyond the bottom", th.Detail(s, 38, 5), "cgroup")
}

func TestShell(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	s := shellState()
	has(t, "banner", th.Banner(s, 80, 1), "shell web-1 1/2", "root@web-1: ~", "ctrl+] d leaves")
	has(t, "narrow banner", th.Banner(s, 40, 1), "web-1", "ctrl+] d leaves")
	s.Armed, s.Hints = true, []keymap.Hint{{Key: "d", Text: "leave"}}
	has(t, "armed", th.Banner(s, 80, 1), "ctrl+] d leave")
	s.Armed, s.Ended, s.Exit = false, true, runtime.Exit{Code: 7}
	has(t, "ended", th.Banner(s, 80, 1), "ended", "q closes")
	has(t, "ended", th.Shell(s, 80, 10), "bin  dev  etc  home", "root@web-1:~# ", "[ended: exit status 7]")
	full := *s
	full.Body = nil
	for i := range 10 {
		full.Body = append(full.Body, fmt.Sprintf("line %d", i))
	}
	has(t, "ended below a full screen", th.Shell(&full, 80, 10), "line 1", "line 9", "[ended: exit status 7]")
	hasNot(t, "ended below a full screen", th.Shell(&full, 80, 10), "line 0")
	has(t, "failed", th.Shell(&ShellState{Name: "web-1", Err: "attach web-1: no pty"}, 80, 10), "attach web-1: no pty")
	has(t, "opening", th.Shell(&ShellState{Name: "web-1", Opening: true}, 80, 10), "opening a shell in web-1")
}

func TestPrompts(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	s := &PromptState{Title: "Stop 30?", More: "Halt signal first.", Command: "lxc-stop -n web-1"}
	for i := range 30 {
		s.Targets = append(s.Targets, Target{Name: fmt.Sprintf("web-%02d", i), State: runtime.Running})
	}
	b := th.Prompt(s, 80, 12)
	has(t, "many targets", b, "Stop 30?", "web-00  running", "1-7 of 30: up, down", "Halt signal first.", "lxc-stop -n web-1", "y yes   enter no")
	s.Top = th.PromptScroll(s, 80, 12, 100)
	has(t, "the end of many targets", th.Prompt(s, 80, 12), "web-29  running", "24-30 of 30")
	s.Top = th.PromptScroll(s, 80, 12, -1)
	has(t, "back a row", th.Prompt(s, 80, 12), "web-22  running", "23-29 of 30")
	s.Top = 0
	small := *s
	small.Targets = slices.Clone(s.Targets)
	small.Targets[29].Skip = "frozen"
	hasNot(t, "names come before the command of one", th.Prompt(&small, 40, 8), "lxc-stop")
	has(t, "names come before the command of one", th.Prompt(&small, 40, 8), "1-4 of 30, 1 left out: up, down")
	has(t, "no room for names", th.Prompt(&small, 40, 4), "30 in all, 1 left out")
	s.Early = true
	hasNot(t, "in the first moment", th.Prompt(s, 80, 12), "y yes")
	typed := &PromptState{Kind: AskTyped, Title: "Destroy?", Targets: []Target{{Name: "old", State: runtime.Stopped}}, Want: "old", Typed: "ol"}
	hasNot(t, "not yet typed", th.Prompt(typed, 80, 12), "enter yes")
	long := *typed
	long.Want, long.Typed = strings.Repeat("long", 30), strings.Repeat("long", 29)+"end"
	b = th.Prompt(&long, 50, 16)
	if all := strings.ReplaceAll(strings.Join(plain(b), ""), " ││ ", ""); !strings.Contains(all, long.Want) {
		t.Errorf("what to type is not shown whole:\n%s", strings.Join(plain(b), "\n"))
	}
	has(t, "the end of what is typed", b, "end  │")
	has(t, "small: the end of what is typed", th.Prompt(&long, 40, 8), "end  │")
	has(t, "a long title", Block{th.pageTitle("Why "+long.Want+" did not start", "", 60)}, "… ─")
	typed.Typed = "old"
	has(t, "typed", th.Prompt(typed, 80, 12), "type old: old", "enter yes")
	typed.Typed, typed.Want = "", ""
	hasNot(t, "nothing wanted", th.Prompt(typed, 80, 12), "enter yes")
	which := &PromptState{Kind: AskWhich, Choices: []string{"start", "stop"}, Targets: []Target{{Name: "a", Skip: "a is busy"}}}
	has(t, "which", th.Prompt(which, 80, 12), "left out: a is busy", "1 start", "2 stop", "1-2 choose", "esc no")
}

func TestStatus(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	hints := []keymap.Hint{{ID: keymap.OpenShell, Key: "s", Text: "shell"}, {ID: keymap.Filter, Key: "/", Text: "filter"}, {ID: keymap.HelpKey, Key: "?", Text: "help"}}
	s := &StatusState{Hints: hints, Now: now}
	has(t, "hints", th.Status(s, 80, 1), "s shell  / filter  ? help")
	has(t, "hints that do not fit", th.Status(s, 18, 1), "s shell  ? help")
	s.Job = &JobState{Text: "stopping", Since: now.Add(-3 * time.Second), Done: 2, Total: 7, Key: "ctrl+c"}
	has(t, "a job", th.Status(s, 80, 1), "stopping", "2/7", "3s", "ctrl+c cancels")
	s.Notice = &NoticeState{Level: LevelError, Text: "start web-1: no bridge", Hint: "Make one.", More: 2}
	has(t, "a notice goes first", th.Status(s, 80, 1), "error: start web-1: no bridge", "Make one.", "(+2)")
	has(t, "what is left out", th.Status(&StatusState{OnlyUp: "A", Hints: s.Hints}, 80, 1), "A running only")
	has(t, "two rows", th.Status(s, 80, 2), "error: ", "s shell")
	s.Typing, s.Filter, s.Shown, s.Total = true, "state:running", 3, 300
	has(t, "the filter goes before all", th.Status(s, 80, 1), "/state:running", "3 of 300", "enter keeps", "esc clears")
	s.Filter = strings.Repeat("long", 40) + "END"
	has(t, "a long filter shows its end", th.Status(s, 40, 1), "END", "3/300")
	s.Wrong = "filter \"x\": no"
	has(t, "what is wrong with the filter", th.Status(s, 80, 1), "END", s.Wrong)
	s.Wrong, s.Filter, s.Behind = "", "abc", 2
	if row := th.Status(s, 80, 1)[0]; !strings.Contains(row, th.Paint(Cursor, "b")) {
		t.Errorf("the cursor is not on the b: %q", row)
	}
	s.Filter, s.Behind = "", 0
	has(t, "an empty filter says what to type", th.Status(s, 80, 1), "!not", "state:run", "mem>1g")
	long := &StatusState{Hints: hints, Notice: &NoticeState{Text: strings.Repeat("x", 90), Key: "m", More: 2}}
	has(t, "a notice that is cut", th.Status(long, 80, 1), "(+2)", "m all")
	long.Notice.Text = "short"
	hasNot(t, "a notice that is not cut", th.Status(long, 80, 1), "m all")
	long = &StatusState{Hints: hints, Left: "no figures since 12:00:00"}
	has(t, "trouble in one row", th.Status(long, 80, 1), "s shell", "no figures since 12:00:00")
	calm := &StatusState{Hints: hints, Filter: "web", Marks: 4, NoConfig: 2, Shown: 3, Total: 9}
	has(t, "calm", th.Status(calm, 80, 2), "/web 3 of 9", "2 directories without config", "s shell", "4 marked")
}

func TestHelpScrolls(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	s := helpState()
	has(t, "read-only", th.Help(s, 80, 24), "Help", "RO", "refused", "more line")
	hasNot(t, "top", th.Help(s, 40, 10), "Redraw the screen")
	s.Offset = 1 << 20
	has(t, "bottom", th.Help(s, 40, 10), "Do what mends it", "esc closes")
	if n := th.HelpHeight(s, 200); n >= th.HelpHeight(s, 80) {
		t.Errorf("%d lines at 200 columns, %d at 80", n, th.HelpHeight(s, 80))
	}
}

// Every topic says what its view shows, in words that fit any glyphs.
func TestHelpExplains(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	names := map[string]bool{}
	for topic := range helpTopics {
		if names[topic.String()] || topic.String() == "" {
			t.Errorf("topic %d is called %q", topic, topic)
		}
		names[topic.String()] = true
		terms := th.explain(topic)
		if len(terms) < 2 {
			t.Errorf("%s explains %d things", topic, len(terms))
		}
		for _, x := range terms {
			if x.term == "" || x.text == "" || Clean(x.term+x.text) != x.term+x.text {
				t.Errorf("%s: %q", topic, x)
			}
		}
	}
	list := strings.Join(plain(th.Help(&HelpState{Topic: HelpList}, 200, 80)), "\n")
	for _, c := range Columns() {
		if !strings.Contains(list, c.Title) || !strings.Contains(list, c.Long) {
			t.Errorf("nothing of the column %s", c.Title)
		}
	}
	for _, want := range []string{"R running", "F frozen", th.Glyphs.Lock, "needs a restart"} {
		if !strings.Contains(list, want) {
			t.Errorf("no %q in\n%s", want, list)
		}
	}
	for scope := keymap.List; scope <= keymap.Files; scope++ {
		if scope > keymap.Help && TopicOf(scope) == HelpList {
			t.Errorf("the scope %s has no topic", scope)
		}
	}
}

// What is searched for is found in keys, words and explanations, of all views.
func TestHelpFinds(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	s := helpFor(keymap.Files, keymap.Situation{})
	body := func() []string {
		full := *s
		return plain(th.Help(&full, 80, th.HelpHeight(s, 80)+2))[1:]
	}
	for query, want := range map[string]string{
		"owner OF what": "Owner of what goes in", "follow": "Follow the end", "as they are inside": "OWNER", "f5": "Copy to the other side",
	} {
		s.Query = query
		hits := th.HelpHits(s, 80)
		found := false
		for _, y := range hits {
			found = found || strings.Contains(body()[y], want)
		}
		if !found {
			t.Errorf("%q: %v", query, hits)
		}
	}
	s.Query = "nothing has this"
	if hits := th.HelpHits(s, 80); len(hits) > 0 {
		t.Errorf("found at %v", hits)
	}
	has(t, "nothing", th.Help(s, 80, 24), "not found")
	s.Query = ""
	if hits := th.HelpHits(s, 80); len(hits) > 0 {
		t.Errorf("nothing is searched for, and found at %v", hits)
	}
}

func TestEmptyListsSayWhatToDo(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	for _, c := range []struct {
		s    EmptyState
		want []string
	}{
		{EmptyState{Kind: EmptyNone, Paths: []string{"/var/lib/lxc", "/srv"}, Key: "N", Arch: "amd64"}, []string{"No containers in /var/lib/lxc, /srv.", "N creates one", "lxcdeck create NAME -t download -- -d debian -r bookworm -a amd64", "lxcdeck -P LXCPATH"}},
		{EmptyState{Kind: EmptyNone, Paths: []string{"/my own"}, Given: true, User: "alice", Elsewhere: []runtime.Elsewhere{{Path: "/var/lib/lxc", Owner: "root", Hidden: true}, {Path: "/home/alice/x", Containers: 2}}},
			[]string{"create -P '/my own' NAME", "root's containers, in /var/lib/lxc, are for root to see:", "sudo lxcdeck", "Your own in /home/alice/x: 2 containers. To see", "lxcdeck -P /home/alice/x"}},
		{EmptyState{Kind: EmptyNone, Paths: []string{"/srv"}, User: "root", Root: true, Elsewhere: []runtime.Elsewhere{{Path: "/home/a/lxc", Owner: "alice", Containers: 1}, {Path: "/net/b", Owner: "bob", Hidden: true}}},
			[]string{"alice's in /home/a/lxc: 1 container. Only lxcdeck as alice", "lxcdeck -P /home/a/lxc", "not even by root."}},
		{EmptyState{Kind: EmptyFilter, Filter: "web", Total: 7, Key: "esc"}, []string{`matches "web"`, "7 containers are there", "esc clears"}},
		{EmptyState{Kind: EmptyStopped, Total: 1, Key: "A"}, []string{"No container is running.", "1 stopped one is", "A shows all"}},
		{EmptyState{Kind: EmptyDenied, User: "alice", Err: "permission denied", Paths: []string{"/var/lib/lxc"}}, []string{"permission denied", "lxcdeck runs as alice", "sudo lxcdeck -P /var/lib/lxc"}},
		{EmptyState{Kind: EmptyFailed, Err: "open /x: gone", Key: "ctrl+r"}, []string{"open /x: gone", "ctrl+r reads again."}},
	} {
		has(t, fmt.Sprint("kind ", c.s.Kind), th.Empty(&c.s, 80, 12), c.want...)
	}
}

// Of a container's path, the end says which it is.
func TestPathsAsNamesKeepTheirEnd(t *testing.T) {
	th, err := NewTheme("", ThemeOptions{Colors: 16})
	if err != nil {
		t.Fatal(err)
	}
	const path = "/var/lib/lxc-of-customers/worker-1"
	has(t, "tab", th.Tabs(&TabsState{Tabs: []Tab{{Text: path}}}, 80, 1), "…", "worker-1")
	has(t, "banner", th.Banner(&ShellState{Kind: "shell", Name: path, Prefix: "ctrl+]", Focused: true}, 60, 1), "…", "worker-1")
	has(t, "sessions", th.Sessions(&SessionsState{Items: []SessionItem{{Tab: 1, Name: path}}}, 80, 24), "…", "worker-1")
	has(t, "a name", th.Tabs(&TabsState{Tabs: []Tab{{Text: "a-name-that-is-long-as-well"}}}, 80, 1), "a-name", "…")
}
