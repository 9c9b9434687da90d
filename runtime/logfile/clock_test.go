package logfile

import (
	"strings"
	"testing"
	"time"
)

// testClock is that of somebody in a zone an hour ahead of UTC.
func testClock() *Clock {
	return &Clock{
		Zone: time.FixedZone("CET", 3600),
		Near: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC),
		Boot: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}
}

// stamped is a line, when it was written in UTC ("" = it has no time) and its level.
type stamped struct {
	line, time string
	level      Level
}

func stampedLines() []stamped {
	return []stamped{
		// liblxc, log.c
		{"lxc 20261127064500.123 ERROR    start - ../src/lxc/start.c:__lxc_start:2107 - Failed", "2026-11-27T06:45:00.123Z", Error},
		{"lxc web 20261127064500.123 TRACE    conf - ../src/lxc/conf.c:f:1 - ERROR in a text", "2026-11-27T06:45:00.123Z", Trace},
		{"lxc-start ERROR 20261127064500.123 NOTICE   start - start.c:f:1 - x", "2026-11-27T06:45:00.123Z", Info},
		{"lxc-start       web 20261127064500.999 WARN     cgfsng - cgfsng.c:f:1 - x", "2026-11-27T06:45:00.999Z", Warn},
		{"lxc web 20261327064500.123 DEBUG    x", "", Debug},
		{"lxc is a program", "", NoLevel},
		// syslog
		{"Nov 27 06:45:00 web sshd[12]: Accepted publickey", "2026-11-27T05:45:00Z", NoLevel},
		{"Nov  7 06:45:00 web sshd[12]: error: kex_exchange", "2026-11-07T05:45:00Z", Error},
		{"Dec 31 23:59:59 web cron[1]: x", "2025-12-31T22:59:59Z", NoLevel},
		{"Nov 28 06:45:00 web x: from a clock ahead", "2026-11-28T05:45:00Z", NoLevel},
		{"Feb 29 00:00:00 web x: y", "2024-02-28T23:00:00Z", NoLevel},
		{"Feb 30 00:00:00 web x: y", "", NoLevel},
		{"Nov 27 06:45:00 2026 x: a host of that name", "2026-11-27T05:45:00Z", NoLevel},
		{"<11>Nov 27 06:45:00 web x: y", "2026-11-27T05:45:00Z", Error},
		{"<30>Nov 27 06:45:00 web x: ERROR y", "2026-11-27T05:45:00Z", Error},
		{"<30>Nov 27 06:45:00 web x: y", "2026-11-27T05:45:00Z", Info},
		{"<34>1 2026-11-27T06:45:00.003Z web app - ID47 - text", "2026-11-27T06:45:00.003Z", Error},
		{"<31>1 2026-11-27T06:45:00.000003-07:00 web app - - - text", "2026-11-27T13:45:00.000003Z", Debug},
		{"<192>no priority", "", NoLevel},
		// ISO 8601
		{"2026-11-27T06:45:00Z x", "2026-11-27T06:45:00Z", NoLevel},
		{"2026-11-27T06:45:00+0100 web systemd[1]: x", "2026-11-27T05:45:00Z", NoLevel},
		{"2026-11-27T06:45:00.5+05:30 x", "2026-11-27T01:15:00.5Z", NoLevel},
		{"2026-11-27 06:45:00,123 - root - WARNING - x", "2026-11-27T05:45:00.123Z", Warn},
		{"2026-11-27 06:45:00.123 +0000 [notice] x", "2026-11-27T06:45:00.123Z", Info},
		{"2026-11-27 06:45:00 UTC [12] FATAL:  x", "2026-11-27T06:45:00Z", Error},
		{"2026-11-27 06:45:00 CET x", "2026-11-27T05:45:00Z", NoLevel},
		{"2026-11-27 06:45:00 -12345 is a number", "2026-11-27T05:45:00Z", NoLevel},
		{"2026-11-27 06:45:00 +9900 is no zone", "2026-11-27T05:45:00Z", NoLevel},
		{"2026-11-27 06:45:00", "2026-11-27T05:45:00Z", NoLevel},
		{"2026-11-27 23:59:60 x", "2026-11-27T22:59:59Z", NoLevel},
		{"2026/11/27 06:45:00 [error] 12#12: *1 open() failed", "2026-11-27T05:45:00Z", Error},
		{"[2026-11-27T06:45:00Z INFO  some::crate] x", "2026-11-27T06:45:00Z", Info},
		{"2026-02-29T06:45:00Z x", "", NoLevel},
		{"2026-11-27T24:45:00Z x", "", NoLevel},
		{"2026-11-27T06:45:0", "", NoLevel},
		{"2026-11-27 is a day", "", NoLevel},
		{"0001-01-01 00:00:00Z is no time at all", "", NoLevel},
		// journald, date, the kernel
		{"Nov 27 06:45:00.123456 web kernel: x", "2026-11-27T05:45:00.123456Z", NoLevel},
		{"Fri 2026-11-27 06:45:00 UTC web x[1]: y", "2026-11-27T06:45:00Z", NoLevel},
		{"Fri Nov 27 06:45:00 UTC 2026", "2026-11-27T06:45:00Z", NoLevel},
		{"Fri Nov 27 06:45:00 2025", "2025-11-27T05:45:00Z", NoLevel},
		{"1764225900.123456 web x[1]: y", "2025-11-27T06:45:00.123456Z", NoLevel},
		{"1764225900 is a number", "", NoLevel},
		{"[   12.345678] eth0: link is up", "2026-11-01T00:00:12.345678Z", NoLevel},
		{"<3>[86400.000001] usb 1-1: device not accepting address", "2026-11-02T00:00:00.000001Z", Error},
		{"[12] x", "", NoLevel},
		// web servers
		{`10.0.0.1 - - [27/Nov/2026:06:45:00 +0100] "GET /error HTTP/1.1" 200 1`, "2026-11-27T05:45:00Z", NoLevel},
		{`::1 a[b] c [27/Nov/2026:06:45:00 +0000] "GET / HTTP/1.1"`, "2026-11-27T06:45:00Z", NoLevel},
		{"[Fri Nov 27 06:45:00.123456 2026] [core:error] [pid 1] x", "2026-11-27T05:45:00.123456Z", Error},
		// keys
		{`time="2026-11-27T06:45:00Z" level=warning msg="no error"`, "2026-11-27T06:45:00Z", Warn},
		{`level=info ts=2026-11-27T06:45:00.1Z msg=x`, "2026-11-27T06:45:00.1Z", Info},
		{`{"level":"error","ts":1764225900.5,"msg":"x"}`, "2025-11-27T06:45:00.5Z", Error},
		{`{"log":"x\n","stream":"stderr","time":"2026-11-27T06:45:00.000000001Z"}`, "2026-11-27T06:45:00.000000001Z", NoLevel},
		{`{"severity": "Debug", "timestamp": "2026-11-27T06:45:00Z"}`, "2026-11-27T06:45:00Z", Debug},
		// klog
		{"E1127 06:45:00.123456       1 main.go:12] x", "2026-11-27T05:45:00.123456Z", Error},
		{"I1127 06:45:00.123456       1 main.go:12] x", "2026-11-27T05:45:00.123456Z", Info},
		{"E9999 06:45:00.123456       1 main.go:12] x", "", NoLevel},
		// what says nothing, or in passing
		{"", "", NoLevel},
		{"    at some.Method(File.java:12)", "", NoLevel},
		{"Created: 2020-01-01T00:00:00Z", "", NoLevel},
		{"no error was found, for your information", "", NoLevel},
		{"GET /ERROR/INFO.html", "", NoLevel},
		{"MY_ERROR=1 ERRORS 3ERROR", "", NoLevel},
		{"Traceback (most recent call last):", "", NoLevel},
		{"error: no such file", "", Error},
		{"Warning: deprecated", "", Warn},
		{"npm ERR! code", "", NoLevel},
		{"[ OK ] Started x. [info] Using makefile-style boot", "", Info},
		{"PANIC at the disco", "", Error},
	}
}

func TestTimesAndLevels(t *testing.T) {
	c := testClock()
	for _, s := range stampedLines() {
		when, ok := c.Time([]byte(s.line))
		got := ""
		if ok {
			got = when.UTC().Format(time.RFC3339Nano)
		}
		if got != s.time {
			t.Errorf("%q: %q, not %q", s.line, got, s.time)
		}
		if ok == when.IsZero() {
			t.Errorf("%q: %v, %v", s.line, when, ok)
		}
		if l := LevelOf([]byte(s.line)); l != s.level {
			t.Errorf("%q: level %q, not %q", s.line, l, s.level)
		}
	}
}

// What a line does not say, and nobody else does, is not known.
func TestTimesThatNeedMore(t *testing.T) {
	c := &Clock{}
	for _, line := range []string{"Nov 27 06:45:00 web x", "[   12.345678] x", "E1127 06:45:00.123456 x"} {
		if when, ok := c.Time([]byte(line)); ok {
			t.Errorf("%q: %v", line, when)
		}
	}
	when, ok := c.Time([]byte("2026-11-27 06:45:00 x"))
	if want := time.Date(2026, 11, 27, 6, 45, 0, 0, time.UTC); !ok || !when.Equal(want) {
		t.Errorf("without a zone: %v, %v", when, ok)
	}
}

func TestLevelNames(t *testing.T) {
	if NoLevel.String() != "" || Error.String() != "error" || Level(99).String() != "error" || Trace.String() != "trace" {
		t.Error(NoLevel, Error, Trace)
	}
}

func FuzzTimeAndLevel(f *testing.F) {
	for _, s := range stampedLines() {
		f.Add([]byte(s.line))
		f.Add([]byte(s.line[:len(s.line)/2]))
	}
	c := testClock()
	f.Fuzz(func(t *testing.T, line []byte) {
		when, ok := c.Time(line)
		if ok == when.IsZero() || ok && (when.Year() < 0 || when.Year() > 10000) {
			t.Errorf("%q: %v, %v", line, when, ok)
		}
		// A line is read by its beginning alone.
		long := append(append([]byte{}, line...), strings.Repeat("\n", jsonRoom)...)
		cut := append(long[:len(long):len(long)], "2026-11-27T06:45:00Z ERROR"...)
		when, ok = c.Time(long)
		if again, same := c.Time(cut); same != ok || !again.Equal(when) || LevelOf(long) != LevelOf(cut) {
			t.Errorf("%q: %v, and with more text %v", line, when, again)
		}
		if l := LevelOf(line); l > Error {
			t.Errorf("%q: level %d", line, l)
		}
	})
}

func BenchmarkTimeAndLevel(b *testing.B) {
	c := Clock{Near: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), Boot: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	for _, s := range []struct{ name, line string }{
		{"lxc", "lxc web 20261127064500.123 ERROR    start - ../src/lxc/start.c:__lxc_start:2107 - Failed to spawn container \"web\""},
		{"iso", "2026-11-27T06:45:00.123+01:00 web nginx[12]: something was served in 12 ms for /some/path"},
		{"syslog", "Nov 27 06:45:00 web sshd[12]: Accepted publickey for root from 10.0.0.1 port 22 ssh2: RSA SHA256:abc"},
		{"nginx", "10.0.0.1 - - [27/Nov/2026:06:45:00 +0100] \"GET /index.html HTTP/1.1\" 200 612 \"-\" \"curl/8.0\""},
		{"none", "        at com.example.Some.method(Some.java:123) and so on and on until the line's end is there"},
	} {
		line := []byte(s.line)
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				if _, ok := c.Time(line); ok == (s.name == "none") {
					b.Fatal("time", ok)
				}
				_ = LevelOf(line)
			}
		})
	}
}
