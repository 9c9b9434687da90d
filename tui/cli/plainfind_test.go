package cli

import (
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// TestPlainMistyped: a name that is none, or one of several that is not said, never means
// the container that is chosen.
func TestPlainMistyped(t *testing.T) {
	rt := plainHost()
	p := sitDown(t, rt)
	p.says("web-2")
	for _, line := range []string{"start nosuch", "lock nosuch", "detail nosuch", "start 99"} {
		if said := p.says(line); !strings.HasSuffix(said, "web-2, command, or help, or quit: ") || strings.Contains(said, "done") || strings.Contains(said, "state:") {
			t.Errorf("%s: %q", line, said)
		}
	}
	if said := p.says("start we"); !strings.Contains(said, "we may be 2 containers") {
		t.Fatalf("it is not asked which: %q", said)
	}
	if said := p.says(""); !strings.Contains(said, "Left; nothing was done.") {
		t.Errorf("left without an answer: %q", said)
	}
	if said := p.says("config set lxc.start.delay 5"); !strings.Contains(said, "Save the config of web-2?") {
		t.Errorf("what is no name is what else the verb takes: %q", said)
	}
	p.says("no")
	p.leaves()
	if all := rt.Requests(); len(all) > 0 {
		t.Errorf("done: %v", all)
	}
}

// TestPlainNumberOrName: a name that is the number of another container is asked about.
func TestPlainNumberOrName(t *testing.T) {
	rt := fake.New(fake.Options{Paths: []string{path}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "2"}, State: runtime.Stopped, Config: &runtime.Config{}}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "web"}, State: runtime.Stopped, Config: &runtime.Config{}}},
	)
	p := sitDown(t, rt)
	p.says("list")
	if said := p.says("destroy 2"); !strings.Contains(said, "1: 2\r\n2: web\r\n2 may be 2 containers: which number?") {
		t.Fatalf("it is not asked which: %q", said)
	}
	if said := p.says("2"); !strings.Contains(said, "Destroy web?") {
		t.Errorf("another one is meant: %q", said)
	}
	p.says("")
	if said := p.says("1"); !strings.Contains(said, "Chosen: 2.") {
		t.Errorf("its own number: %q", said)
	}
	p.leaves()
}
