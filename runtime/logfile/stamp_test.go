package logfile

import (
	"strings"
	"testing"
)

func TestStamp(t *testing.T) {
	for line, want := range map[string]string{ // what is left
		"2026-11-27T06:45:00.123+01:00 web x":                    "web x",
		"2026-11-27 06:45:00,123 - root - WARNING - x":           "- root - WARNING - x",
		"2026-11-27 06:45:00.123 +0000 [notice] x":               "[notice] x",
		"2026-11-27 06:45:00 UTC [12] FATAL:  x":                 "[12] FATAL:  x",
		"2026-11-27 06:45:00 CET x":                              "CET x",
		"2026-11-27 06:45:00 -12345 is a number":                 "-12345 is a number",
		"2026-11-27 06:45:00 +9900 is no zone":                   "+9900 is no zone",
		"2026-11-27 06:45:00":                                    "",
		"2026/11/27 06:45:00 [error] 12#12: x":                   "[error] 12#12: x",
		"[2026-11-27T06:45:00Z]\tx":                              "x",
		"[2026-11-27T06:45:00Z INFO  some::crate] x":             "[2026-11-27T06:45:00Z INFO  some::crate] x",
		"Nov 27 06:45:00 web sshd[12]: x":                        "web sshd[12]: x",
		"Nov  7 06:45:00.123456 web x":                           "web x",
		"Nov 27 06:45:00 2026 x: a host of that name":            "2026 x: a host of that name",
		"<11>Nov 27 06:45:00 web x":                              "<11>web x",
		"<34>1 2026-11-27T06:45:00.003Z web app":                 "<34>1 web app",
		"Fri 2026-11-27 06:45:00 UTC web x":                      "web x",
		"Fri Nov 27 06:45:00 UTC 2026 x":                         "x",
		"Fri Nov 27 06:45:00 2025":                               "",
		"[Fri Nov 27 06:45:00.123456 2026] [core:error] x":       "[core:error] x",
		"1764225900.123456 web x":                                "web x",
		"1764225900 is a number":                                 "1764225900 is a number",
		"[   12.345678] eth0: link is up":                        "eth0: link is up",
		"[12] x":                                                 "[12] x",
		"E1127 06:45:00.123456       1 main.go:12] x":            "E1 main.go:12] x",
		"lxc web 20261127064500.123 TRACE    conf - x":           "lxc web TRACE    conf - x",
		"lxc is a program":                                       "lxc is a program",
		`10.0.0.1 - - [27/Nov/2026:06:45:00 +0100] "GET / HTTP"`: `10.0.0.1 - - [27/Nov/2026:06:45:00 +0100] "GET / HTTP"`,
		`time="2026-11-27T06:45:00Z" level=warning`:              `time="2026-11-27T06:45:00Z" level=warning`,
		"2026-11-27 is a day":                                    "2026-11-27 is a day",
		"":                                                       "", "short": "short",
	} {
		from, to := Stamp([]byte(line))
		if got := line[:from] + line[to:]; got != want {
			t.Errorf("%q without its time is %q, want %q", line, got, want)
		}
	}
}

// What is called a time is read as the same time that the whole line has.
func TestStampIsTheTime(t *testing.T) {
	c, seen := testClock(), 0
	for _, s := range stampedLines() {
		from, to := Stamp([]byte(s.line))
		if to == from {
			continue
		}
		part := strings.TrimSpace(s.line[from:to])
		if _, klog := klogDay([]byte(s.line)); klog {
			part = s.line[from-1 : to]
		}
		if strings.HasPrefix(s.line, "lxc") { // which is read behind a program's name
			part = "lxc " + part
		}
		whole, ok1 := c.Time([]byte(s.line))
		alone, ok2 := c.Time([]byte(part))
		if ok1 && (!ok2 || !whole.Equal(alone)) {
			t.Errorf("%q: %s, and of %q alone %s, %v", s.line, whole, part, alone, ok2)
		}
		seen++
	}
	if seen < 20 {
		t.Errorf("only %d of the lines have a time at their beginning", seen)
	}
}

func FuzzStamp(f *testing.F) {
	for _, s := range stampedLines() {
		f.Add([]byte(s.line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if from, to := Stamp(line); from < 0 || to < from || to > len(line) {
			t.Fatalf("%q: %d to %d", line, from, to)
		}
	})
}
