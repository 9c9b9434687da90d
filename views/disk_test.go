package views

import (
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// The header has the percentage of df(1), by which the alert goes.
func TestDiskInTheHeaderIsAsDfCounts(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	h := &runtime.HostSample{DiskTotal: runtime.Of(100 << 30), DiskFree: runtime.Of(5 << 30), DiskUsed: runtime.Of(45 << 30)}
	var text strings.Builder
	for _, p := range th.hostDisk(&HostState{Sample: h}) {
		for _, s := range p.spans {
			text.WriteString(s.text)
		}
	}
	if got := text.String(); !strings.Contains(got, " 90%") {
		t.Errorf("%q", got)
	}
}

func TestEventsSayHowManyAreNotKept(t *testing.T) {
	s := someEvents()
	s.Dropped = 500
	if got := strings.Join(theme(t, "", ThemeOptions{Colors: 16}).Events(s, 80, 24), "\n"); !strings.Contains(got, ", 500 older not kept") {
		t.Errorf("%s", got)
	}
}
