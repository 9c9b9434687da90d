package views

import (
	"strings"
	"testing"
	"time"
)

func fanState() *FanOutState {
	return &FanOutState{
		Command: "uname -r; df -h /", Total: 9, Running: []string{"db-main"}, Waiting: []string{"日本語"}, Took: 3 * time.Second,
		Hint: "esc leaves it running  ctrl+c cancels",
		Groups: []FanGroup{
			{Names: []string{"web-1", "web-2", "web-3", "cache"}, Output: []byte("6.1.0-18-amd64\nFilesystem\tSize\r\noverlay  20G\n")},
			{Names: []string{"build-old"}, Status: "exit status 127", Bad: true, Output: []byte("sh: df: \x1b[31mnot found\n")},
			{Names: []string{"test-7"}, Status: "the command did not end within 1m0s", Bad: true, Cut: true},
			{Names: []string{"quiet"}},
		},
	}
}

func TestGoldenFanOut(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	over := fanState()
	over.Over, over.Running, over.Waiting, over.Hint = true, nil, nil, "esc closes  y copies  ! another  ctrl+s saves"
	for name, s := range map[string][2]int{"40x10": {40, 10}, "80x24": {80, 24}} {
		golden(t, "fanout-"+name, th.FanOut(fanState(), s[0], s[1]), false)
		golden(t, "fanout-over-"+name, th.FanOut(over, s[0], s[1]), false)
	}
}

func TestFanOutIsExact(t *testing.T) {
	s := fanState()
	s.Groups = append(s.Groups, FanGroup{Names: nastyNames(), Status: strings.Repeat("日本語 ", 40), Output: []byte(strings.Repeat("wide 日本 \x00\xff", 12))})
	for _, th := range themes(t)[:2] {
		for _, size := range sizes() {
			w, h := size[0], size[1]
			for _, offset := range []int{0, 5, 1 << 20} {
				s.Offset = offset
				exact(t, "fan out", th.FanOut(s, w, h), w, h)
			}
			if n := th.FanOutHeight(s, w); w > 0 && n < len(s.Groups) {
				t.Errorf("%d lines for %d groups at %d columns", n, len(s.Groups), w)
			}
		}
	}
}
