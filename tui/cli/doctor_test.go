package cli

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func checked(all ...runtime.Check) *fake.Runtime {
	rt := testHost()
	rt.SetChecks(all...)
	return rt
}

func TestDoctor(t *testing.T) {
	good := runtime.Check{Topic: runtime.TopicKernel, What: "user namespace", Found: "up to 63210"}
	optional := runtime.Check{Topic: runtime.TopicPaths, What: "directory old\x1b[2J", Verdict: runtime.CheckOptional,
		Found: "/var/lib/lxc/old\x1b[2J has no config file", Advice: "Put its config back."}
	bad := runtime.Check{Topic: runtime.TopicPaths, What: "/var/lib/lxc", Verdict: runtime.CheckBad, Found: "it is no directory", Advice: "Name another lxcpath with -P."}
	utf8 := func(o *Options) {
		o.Getenv = func(k string) string { return map[string]string{"TERM": "xterm", "LANG": "C.UTF-8"}[k] }
	}
	r := lxcdeckWith(t, checked(good, optional, bad), utf8, "doctor")
	want := "kernel\n" +
		"  ok        user namespace        up to 63210\n" +
		"\n" +
		"lxcpaths\n" +
		`- optional  directory old\x1b[2J  /var/lib/lxc/old\x1b[2J has no config file` + "\n" +
		"              Put its config back.\n" +
		"! missing   /var/lib/lxc          it is no directory\n" +
		"              Name another lxcpath with -P.\n" +
		"\n" +
		"terminal\n" +
		"? unknown   terminal              standard output is none\n" +
		"              Look again on the terminal itself: ssh -t over ssh.\n" +
		"  ok        locale                C.UTF-8\n" +
		"\n" +
		"1 missing, 1 optional, 1 unknown, 2 ok\n"
	if r.out != want || r.err != "" || r.code != 1 {
		t.Errorf("status %d, %s\n%swant 1 and\n%s", r.code, r.err, r.out, want)
	}
	if r := lxcdeckWith(t, checked(good, optional), utf8, "--read-only", "doctor"); r.code != 0 || !strings.HasSuffix(r.out, "\n1 optional, 1 unknown, 2 ok\n") {
		t.Errorf("nothing is bad: %+v", r)
	}
	r = lxcdeck(t, checked(good, bad), "doctor", "--json")
	var all []map[string]any
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || r.code != 1 || len(all) != 4 {
		t.Fatalf("--json: %v, %+v", err, r)
	}
	if c := all[0]; c["topic"] != "kernel" || c["what"] != "user namespace" || c["verdict"] != "ok" || c["found"] != "up to 63210" || c["advice"] != nil || len(c) != 5 {
		t.Errorf("%v", c)
	}
	if c := all[1]; c["verdict"] != "missing" || c["advice"] != "Name another lxcpath with -P." {
		t.Errorf("%v", c)
	}
	if r := lxcdeck(t, checked(good), "doctor", "web"); r.code != 2 || r.out != "" || !strings.Contains(r.err, "Usage: lxcdeck doctor") {
		t.Errorf("an argument: %+v", r)
	}
	if c := all[2]; c["topic"] != "terminal" || c["verdict"] != "unknown" {
		t.Errorf("%v", c)
	}
	rt := checked(good)
	rt.Fail(fake.Survey, runtime.Ref{}, fake.Fault{Err: errors.New("no host")})
	if r := lxcdeck(t, rt, "doctor"); r.code != 1 || r.out != "" || !strings.Contains(r.err, "no host") {
		t.Errorf("a failure: %+v", r)
	}
}

// cutShort is a host of which not all answers.
type cutShort struct{ *fake.Runtime }

func (c cutShort) CheckHost(ctx context.Context) ([]runtime.Check, error) {
	<-ctx.Done()
	return []runtime.Check{{Topic: runtime.TopicKernel, What: "release", Found: "6.12"}, {Topic: runtime.TopicPaths, What: "/x", Verdict: runtime.CheckUnknown, Found: "it was not waited for"}},
		errors.New("the time is over")
}

// What was known when the time was over is told, and that it is not all.
func TestDoctorIsCutShort(t *testing.T) {
	r := lxcdeck(t, cutShort{testHost()}, "doctor", "--timeout", "10ms")
	if r.code != 1 || !strings.Contains(r.err, "the time is over") || !strings.Contains(r.out, "? unknown   /x") || !strings.Contains(r.out, "3 unknown, 1 ok") {
		t.Errorf("%+v", r)
	}
}

// On a terminal lines are wrapped to its width and verdicts have colours, unless
// the user wants none.
func TestDoctorOnATerminal(t *testing.T) {
	bad := runtime.Check{Topic: runtime.TopicPaths, What: "/var/lib/lxc", Verdict: runtime.CheckBad, Found: "it is no directory", Advice: strings.Repeat("Name another. ", 9)}
	for noColor, want := range map[string]bool{"": true, "1": false} {
		o := onTty(t, checked(bad), func(o *Options) {
			o.Getenv = func(k string) string { return map[string]string{"TERM": "xterm", "NO_COLOR": noColor}[k] }
		}, "doctor")
		o.want("1 missing, ")
		if code := o.wait(); code != 1 {
			t.Errorf("status %d", code)
		}
		text := string(o.all)
		if !strings.Contains(text, "terminal") || !strings.Contains(text, "xterm") || !strings.Contains(text, "60x") {
			t.Errorf("nothing of the terminal: %q", text)
		}
		if coloured := strings.Contains(text, "\x1b["); coloured != want {
			t.Errorf("NO_COLOR=%s: %q", noColor, text)
		}
		for line := range strings.Lines(text) {
			if n := ansi.StringWidth(strings.TrimRight(line, "\r\n")); n > 60 {
				t.Errorf("%d cells: %q", n, line)
			}
		}
	}
}
