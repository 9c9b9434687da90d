package cli

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// asks matches output that ends with a question.
func asks(shown []byte) bool { return bytes.HasSuffix(shown, []byte(": ")) && question.Match(shown) }

var question = regexp.MustCompile(`(quit|leaves|no|nothing|confirm; enter alone does nothing): $`)

// person works line by line.
type person struct{ *onTerminal }

func sitDown(t *testing.T, rt runtime.Runtime, args ...string) *person {
	t.Helper()
	return sitDownWith(t, rt, map[string]string{"TERM": "xterm", "XDG_STATE_HOME": t.TempDir()}, args...)
}

func sitDownWith(t *testing.T, rt runtime.Runtime, env map[string]string, args ...string) *person {
	t.Helper()
	p := &person{startOnTerminalWith(t, rt, env, append([]string{"--plain"}, args...)...)}
	p.hears()
	return p
}

// hears waits for the next question, and gives what was said before it.
func (p *person) hears() string {
	p.t.Helper()
	timeout := time.After(30 * time.Second)
	for !asks(p.shown) {
		select {
		case b, ok := <-p.seen:
			if !ok {
				p.t.Fatalf("the terminal closed; shown: %q", p.shown)
			}
			p.shown = append(p.shown, b...)
			p.all = append(p.all, b...)
		case <-timeout:
			p.t.Fatalf("no question comes; shown: %q", p.shown)
		}
	}
	said := string(p.shown)
	p.shown = nil
	return said
}

func (p *person) says(line string) string {
	p.t.Helper()
	p.send(line + "\n")
	return p.hears()
}

// leaves quits, and gives the whole dialogue.
func (p *person) leaves() string {
	p.t.Helper()
	p.send("quit\n")
	p.want("quit\r\n")
	p.exit(0)
	return strings.ReplaceAll(string(p.all), "\r\n", "\n")
}

// plainHost is a host on which plain work can be done.
func plainHost() *fake.Runtime {
	return fake.New(fake.Options{Paths: []string{path}},
		fake.Spec{
			Container: runtime.Container{Ref: runtime.Ref{Name: "web-1"}, State: runtime.Running, InitPID: 4121, IPsRead: true, Config: &runtime.Config{}},
			Load:      fake.Load{Memory: 800 << 20, Limit: 2 << 30, Pids: 42},
		},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "web-2"}, State: runtime.Stopped, IPsRead: true, Config: &runtime.Config{}}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "db\x1b[31m"}, State: runtime.Stopped, IPsRead: true, Config: &runtime.Config{}}},
	)
}

// TestPlainDialogues holds whole dialogues, with what was typed, as they are heard.
func TestPlainDialogues(t *testing.T) {
	for name, typed := range map[string][]string{
		"choose":  {"list", "list state:stopped", "list mem>", "web", "2", "all", "1 3", "2-3", "9", "nonsense", "we", "", "help stop", "page 0", "page"},
		"state":   {"stop web-1", "", "stop web-1", "yes", "start web-1", "start web-1", "start", "web-2", "freeze 2-3", "no", "kill", "", "jobs"},
		"create":  {"create", "new", "back", "", "nosuch", "?", "busybox", "", "", "lots", "64M", "", "", "", "", "", "", "no", "create", "quit", "create new -t busybox", "list new"},
		"destroy": {"destroy web-1", "destroy web-2", "web", "destroy web-2", "web-2", "destroy db*", "create a -t busybox", "create b -t busybox", "destroy a b", "a", "destroy a b", "2", "list"},
		"clone":   {"clone web-2", "web-1", "web-3", "yes", "maybe", "", "", "", "", "yes", "rename web-3", "web-4", "", "yes", "snapshot web-4", "before", "yes", "snapshot list web-4", "snapshot delete web-4", "snap0", "yes", "list"},
		"limits":  {"limits set web-1", "", "", "", "1G", "", "", "", "", "", "yes", "lock web-2", "mine", "yes", "start web-2", "unlock web-2", "yes"},
		"config":  {"config web-2", "config set web-2", "lxc.start.delay", "soon", "5", "yes", "config history --default", "config unset web-2 lxc.start.delay", "no"},
		"looks":   {"doctor --bogus", "isolation web-1", "ps web-1", "network web-1", "files web-1 /etc", "events", "messages", "settings", "exec web-1 -- hostname", "exec 1 2 -- true"},
	} {
		t.Run(name, func(t *testing.T) {
			p := sitDown(t, plainHost())
			for _, line := range typed {
				p.says(line)
			}
			got := p.leaves()
			for _, bad := range []string{"\x1b", "\a", "\r", "\b"} {
				if strings.Contains(got, bad) {
					t.Errorf("%q was written", bad)
				}
			}
			golden(t, "plain-"+name+".txt", steady(got))
		})
	}
}

// steady has a word in the place of what differs from one run to the next.
func steady(text string) string {
	for _, r := range []struct{ what, is string }{
		{`\d\d\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)?`, "DATE"}, {`\d\d:\d\d:\d\d`, "CLOCK"}, {`config\.lxcdeck-\w+-\d+`, "VERSION"},
		{`\d+ (seconds?|minutes?)( \d+ seconds?)?`, "A WHILE"}, {`pid: \d+`, "pid: N"}, {`\d\d:\d\d, `, "CLOCK, "}, {`locked by \w+ `, "locked by SOMEBODY "},
	} {
		text = regexp.MustCompile(r.what).ReplaceAllString(text, r.is)
	}
	return text
}

// TestPlainInterrupt: ctrl+c leaves a question and what runs, and not the program.
func TestPlainInterrupt(t *testing.T) {
	p := sitDown(t, plainHost(), "--page-lines", "0")
	interrupt := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
	}
	interrupt()
	if said := p.hears(); !strings.Contains(said, "quit leaves") {
		t.Errorf("at a prompt: %q", said)
	}
	p.says("create")
	interrupt()
	if said := p.hears(); !strings.Contains(said, "nothing was done") {
		t.Errorf("in a form: %q", said)
	}
	p.says("stop web-1")
	interrupt()
	if said := p.hears(); !strings.Contains(said, "Nothing was done.") {
		t.Errorf("at a question: %q", said)
	}
	if said := p.says("list web-1"); !strings.Contains(said, "web-1, running") {
		t.Errorf("it was stopped: %q", said)
	}
	p.send("top web-1\n")
	p.want("of a core")
	interrupt()
	p.hears()
	p.send("\x04") // ctrl+d
	p.exit(0)
}

// TestPlainTypedAhead: what was typed before a question was there does not answer it.
func TestPlainTypedAhead(t *testing.T) {
	p := sitDown(t, plainHost())
	p.send("stop web-1\nyes\n")
	p.want("enter is no: ")
	p.send("\n")
	p.hears()
	if said := p.says("list web-1"); !strings.Contains(said, "web-1, running") {
		t.Errorf("it was stopped by what was typed before: %q", said)
	}
	p.leaves()
}

// holdOf is how long a question is held: no time, where a test does not say another.
func holdOf(env map[string]string) time.Duration {
	if d, err := time.ParseDuration(env["HOLD"]); err == nil {
		return d
	}
	return -1
}

// TestPlainTooEarly: what comes before a question can have been read does not answer it.
func TestPlainTooEarly(t *testing.T) {
	p := sitDownWith(t, plainHost(), map[string]string{"TERM": "dumb", "XDG_STATE_HOME": t.TempDir(), "HOLD": "2s"})
	p.send("stop web-1\n")
	p.want("enter is no: ")
	p.send("yes\n")
	if said := p.hears(); !strings.Contains(said, "does not answer it.\r\nStop web-1? yes or no") {
		t.Errorf("it is not said and asked again: %q", said)
	}
	p.send("ye") // half a line is forgotten, too
	time.Sleep(2500 * time.Millisecond)
	p.send("s\n")
	if said := p.hears(); !strings.Contains(said, "Nothing was done.") {
		t.Errorf("a line whose first half was too early: %q", said)
	}
	if said := p.says("list web-1"); !strings.Contains(said, "web-1, running") {
		t.Errorf("it was stopped: %q", said)
	}
	p.leaves()
}

// TestPlainPageTypedAhead: a list's page is not ended by the line after, nor does that
// fill in a form.
func TestPlainPageTypedAhead(t *testing.T) {
	p := sitDown(t, plainHost(), "--page-lines", "5")
	p.send("help\nstop web-1\n")
	p.want("more? enter goes on, q leaves: ")
	if said := p.says(""); !strings.Contains(said, "more? enter goes on") {
		t.Errorf("what was typed before ended the list: %q", said)
	}
	p.says("q")
	p.send("rename web-2\nlist\n")
	p.want("new name [needed], quit leaves: ")
	if said := p.says(""); !strings.Contains(said, "Not taken: this is needed") {
		t.Errorf("what was typed before is the new name: %q", said)
	}
	p.says("quit")
	p.leaves()
}

// TestPlainNews: what happens meanwhile is told before the next question, and not while
// one stands there.
func TestPlainNews(t *testing.T) {
	rt := plainHost()
	p := sitDown(t, rt)
	ref := runtime.Ref{Path: path, Name: "web-1"}
	if err := rt.Do(soon(t), runtime.Request{Op: runtime.Kill, Ref: ref}); err != nil {
		t.Fatal(err)
	}
	if len(p.seen) > 0 {
		t.Errorf("something was said unasked: %q", <-p.seen)
	}
	if said := p.says(""); !strings.Contains(said, "Meanwhile: ") || !strings.Contains(said, "web-1: stopped") {
		t.Errorf("the stop is not told: %q", said)
	}
	if said := p.says(""); strings.Contains(said, "stopped") {
		t.Errorf("it is told twice: %q", said)
	}
	if said := p.says("start web-1"); strings.Contains(said, "Meanwhile") {
		t.Errorf("what was asked for is told as news: %q", said)
	}
	if said := p.says("events web-1"); !strings.Contains(said, "started: by lxcdeck start") || !strings.Contains(said, "stopped") {
		t.Errorf("events: %q", said)
	}
	p.leaves()
}

// TestPlainAway: what happened between two runs is told at the start of the second, once.
func TestPlainAway(t *testing.T) {
	rt, env := plainHost(), map[string]string{"TERM": "dumb", "XDG_STATE_HOME": t.TempDir()}
	sitDownWith(t, rt, env).leaves()
	if err := rt.Do(soon(t), runtime.Request{Op: runtime.Kill, Ref: runtime.Ref{Path: path, Name: "web-1"}}); err != nil {
		t.Fatal(err)
	}
	if all := sitDownWith(t, rt, env).leaves(); !strings.Contains(all, "web-1: stopped: while away since") {
		t.Errorf("it is not told: %q", all)
	}
	if all := sitDownWith(t, rt, env).leaves(); strings.Contains(all, "Meanwhile") {
		t.Errorf("it is told again: %q", all)
	}
}

// TestPlainBehind: a line with & is not waited for; its end is told.
func TestPlainBehind(t *testing.T) {
	rt := plainHost()
	p := sitDown(t, rt)
	if said := p.says("stop web-1 &"); !strings.Contains(said, "Stop web-1?") {
		t.Fatalf("it is not asked: %q", said)
	}
	said := p.says("yes")
	if !strings.Contains(said, "Begun: stop web-1") {
		t.Errorf("it is not said to have begun: %q", said)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(said, "Job ended: stop web-1: done"); said += p.says("jobs") {
		if time.Now().After(deadline) {
			t.Fatalf("its end is not told: %q", said)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if said := p.says("list web-1"); !strings.Contains(said, "web-1, stopped") {
		t.Errorf("it was not stopped: %q", said)
	}
	p.leaves()
}

// TestPlainPages: a long list stops after so many lines.
func TestPlainPages(t *testing.T) {
	p := sitDown(t, plainHost(), "--page-lines", "5")
	said := p.says("help")
	if n := strings.Count(said, "\n"); n != 6 || !strings.Contains(said, "more? enter goes on, q leaves: ") { // with the line typed
		t.Errorf("%d lines: %q", n, said)
	}
	if said = p.says(""); strings.Count(said, "\n") != 6 {
		t.Errorf("the next page: %q", said)
	}
	if said = p.says("q"); !strings.HasSuffix(said, "help, or quit: ") || strings.Count(said, "\n") != 1 {
		t.Errorf("it goes on: %q", said)
	}
	p.leaves()
}

// TestPlainScript: from a pipe it takes the same lines, and its status is the highest.
func TestPlainScript(t *testing.T) {
	script := "# a comment\nlist\nstop web-1\nyes\nstart nosuch\nquit &\nlist\n"
	r := lxcdeckWith(t, plainHost(), func(o *Options) {
		if _, err := o.Stdin.WriteString(script); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Stdin.Seek(0, 0); err != nil {
			t.Fatal(err)
		}
	}, "--plain")
	if r.code != exitNotFound || !strings.Contains(r.out, "Stop web-1? yes or no, enter is no:\n") || !strings.Contains(r.err, "stop web-1: done\n") {
		t.Errorf("%d\n%s\n%s", r.code, r.out, r.err)
	}
	r = lxcdeckWith(t, plainHost(), func(o *Options) {
		away, to, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = to.Close() })
		_ = away.Close()
		o.Stdout = to
	}, "--plain")
	if r.code != exitFailed || !strings.Contains(r.err, "broken pipe") {
		t.Errorf("with an output that takes nothing: %d %s", r.code, r.err)
	}
	if r := lxcdeck(t, plainHost(), "--plain"); r.code != 0 {
		t.Errorf("without a line: %+v", r)
	}
	if r := lxcdeck(t, plainHost(), "--plain", "--page-lines", "-1"); r.code != exitUsage {
		t.Errorf("--page-lines -1: %+v", r)
	}
}

// TestPlainReadOnly: nothing is changed, and no question is put about it.
func TestPlainReadOnly(t *testing.T) {
	p := sitDown(t, plainHost(), "--read-only")
	for _, line := range []string{"create", "clone web-2", "stop web-1", "destroy web-2", "config set web-2", "limits set web-1", "shell web-1"} {
		if said := p.says(line); !strings.Contains(said, "read-only") || strings.Contains(said, "leaves: ") || strings.Contains(said, "yes or no") {
			t.Errorf("%s: %q", line, said)
		}
	}
	if said := p.says("list"); !strings.Contains(said, "web-1, running") || !strings.Contains(said, "web-2, stopped") {
		t.Errorf("list: %q", said)
	}
	p.leaves()
}

// TestPlainHasAllActions: whatever the screen can do has a line, or a reason.
func TestPlainHasAllActions(t *testing.T) {
	s := &session{d: &deck{}}
	commands := map[string]bool{}
	for _, cmd := range s.root(s.deck()).Commands() {
		commands[cmd.Name()] = true
	}
	for _, a := range keymap.Actions() {
		typed, why := plainOf(a.ID)
		switch {
		case typed == "" && why == "":
			t.Errorf("%s: neither a line nor a reason", a.ID)
		case typed != "" && !commands[strings.Fields(typed)[0]]:
			t.Errorf("%s: there is no command %q", a.ID, typed)
		case typed == "" && a.Changes && (a.Scope == keymap.List || a.Scope == keymap.Detail) && a.ID != keymap.Reopen:
			t.Errorf("%s changes something, and has no line: %s", a.ID, why)
		}
	}
	for id := range plainWords() {
		if _, ok := keymap.Find(id); !ok {
			t.Errorf("%s is no action", id)
		}
	}
}

// TestPlainVerbs: with --plain a verb prints words, and nothing to look at.
func TestPlainVerbs(t *testing.T) {
	r := lxcdeck(t, testHost(), "--plain", "ls")
	want := "name: web-1, state: running, pid: 4121, cpu time: 1 hour, memory: 812 MB of 2.0 GB, received: 6.9 MB, "
	if r.code != 0 || !strings.Contains(r.out, want) || !strings.Contains(r.out, "up for: 2 hours, autostart: yes, groups: web and prod, ") || strings.Contains(r.out, "  ") {
		t.Errorf("ls --plain: %d %q", r.code, r.out)
	}
	if r := lxcdeck(t, plainHost(), "top", "--plain", "-n", "1", "--interval", "200ms", "web-1"); r.code != 0 ||
		!strings.Contains(r.out, "\nmemory limit: 2.0 GB\n") || !strings.Contains(r.out, "of a core\n") {
		t.Errorf("top --plain: %+v", r)
	}
	for _, args := range [][]string{{"isolation", "web-1"}, {"doctor"}, {"ps", "--tree", "web-1"}, {"files", "web-1", "/etc"}, {"space"}, {"network"}} {
		r := lxcdeck(t, testHost(), append(args, "--plain")...)
		for _, line := range strings.Split(r.out, "\n") {
			if strings.Contains(line, "  ") || strings.Contains(line, "\\_") || strings.Contains(line, "->") || strings.HasPrefix(line, "!") {
				t.Errorf("%v: %q", args, line)
			}
		}
		if r.out == "" {
			t.Errorf("%v prints nothing: %+v", args, r)
		}
	}
}

// TestPlainText: of a program's output text is left, however it comes in pieces.
func TestPlainText(t *testing.T) {
	in := "\x1b[31mred\x1b[0m \x1b]0;title\x07日本\x00\x07\x1b[2K\x1bPq#0\x1b\\end\x9b1m\r\n10%\r50%\r100%\n\x1b"
	for cut := range len(in) {
		p, whole := newPlainText(false), newPlainText(true)
		got := string(p.Append(p.Append(nil, []byte(in[:cut])), []byte(in[cut:])))
		if strings.ContainsAny(got, "\x1b\a\x00") || strings.IndexByte(got, 0x9b) >= 0 || !strings.HasPrefix(got, "red 日本end") {
			t.Errorf("cut at %d: %q", cut, got)
		}
		lines := string(append(whole.Append(whole.Append(nil, []byte(in[:cut])), []byte(in[cut:])), whole.end()...))
		if !strings.HasSuffix(lines, "\n100%\n") || strings.Contains(lines, "50%") {
			t.Errorf("cut at %d, whole lines: %q", cut, lines)
		}
	}
}

// FuzzPlainText: no control byte but those of a typed line ever comes through.
func FuzzPlainText(f *testing.F) {
	f.Add([]byte("\x1b[31mred\x1b[0m\x1b]8;;x\x1b\\y\xc2\x9b1m\x9d0;t\x07\xe2\x80\xae"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, whole := range []bool{false, true} {
			p := newPlainText(whole)
			for _, c := range string(append(p.Append(nil, in), p.end()...)) {
				if c < ' ' && !strings.ContainsRune("\r\n\t\b", c) || c >= 0x7f && c < 0xa0 || c == '\u202e' {
					t.Fatalf("%q lets %q through", in, c)
				}
			}
		}
	})
}
