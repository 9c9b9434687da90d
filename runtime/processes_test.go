package runtime

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestProcessTree(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "",
		"1<0 2<1 3<1 4<2":             "1 +2 |`4 `3",
		"5<1 6<5":                     "5 `6",
		"1<9 2<8":                     "1 2",
		"2<3 3<2 1<0":                 "1 2 `3", // a circle
		"7<7":                         "7",
		"1<0 2<1 3<2 4<3 5<1 6<5 7<5": "1 +2 |`3 | `4 `5  +6  `7",
	} {
		var all []*Process
		for _, w := range strings.Fields(in) {
			p := &Process{}
			if _, err := fmt.Sscanf(w, "%d<%d", &p.PID, &p.PPID); err != nil {
				t.Fatal(err)
			}
			all = append(all, p)
		}
		var got []string
		for _, b := range ProcessTree(all, func(a, b *Process) int { return a.PID - b.PID }) {
			got = append(got, fmt.Sprintf("%s%d", b.Signs, b.Process.PID))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s becomes %q, want %q", in, s, want)
		}
	}
	const deep = MaxProcesses
	all := make([]*Process, deep)
	for i := range all {
		all[i] = &Process{PID: i + 1, PPID: i}
	}
	rows := ProcessTree(all, func(a, b *Process) int { return a.PID - b.PID })
	if len(rows) != deep || len(rows[deep-1].Signs) > maxSigns+1 {
		t.Errorf("a chain: %d rows, %d signs", len(rows), len(rows[len(rows)-1].Signs))
	}
}

func TestProcessCPU(t *testing.T) {
	at := time.Unix(1000, 0)
	p := func(begin uint64, ms int, started time.Time) *Process {
		return &Process{PID: 5, Begin: begin, CPU: Of(uint64(ms) * 1e6), Started: started}
	}
	old := at.Add(-time.Hour)
	for _, c := range []struct {
		what     string
		a, b     *Process
		from, to time.Time
		want     Rate
	}{
		{"half a core", p(1, 500, old), p(1, 1500, old), at, at.Add(2 * time.Second), RateOf(50)},
		{"another process", p(1, 500, old), p(2, 600, old), at, at.Add(time.Second), Rate{}},
		{"a counter that went back", p(1, 500, old), p(1, 400, old), at, at.Add(time.Second), Rate{}},
		{"no time", p(1, 500, old), p(1, 600, old), at, at, Rate{}},
		{"no reading before", p(1, 500, old), p(1, 600, old), time.Time{}, at, Rate{}},
		{"it has just begun", nil, p(1, 250, at.Add(500*time.Millisecond)), at, at.Add(time.Second), RateOf(25)},
		{"it came from elsewhere", nil, p(1, 250, old), at, at.Add(time.Second), Rate{}},
		{"absent", &Process{PID: 5, Begin: 1}, p(1, 250, old), at, at.Add(time.Second), Rate{}},
	} {
		if got := ProcessCPU(c.a, c.b, c.from, c.to); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestSignals(t *testing.T) {
	for in, want := range map[string]int{"TERM": 15, "sigkill": 9, "9": 9, "hup": 1, "64": 64, "65": 0, "0": 0, "-1": 0, "": 0, "SIG": 0, "x": 0,
		"+9": 0, "segv": 11, "SIGTSTP": 20, "RTMIN": 34, "sigrtmin+3": 37, "RTMAX-1": 63, "RTMIN+31": 0, "RTMIN+": 0, "RTMIN+-1": 0, "RTMAX-99": 0, "PWR": 30} {
		got, err := ParseSignal(in)
		if got != want || (err == nil) != (want != 0) || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %d, %v; want %d", in, got, err, want)
		}
	}
	if SignalName(15) != "TERM" || SignalName(34) != "34" {
		t.Error(SignalName(15), SignalName(34))
	}
	for _, s := range Signals() {
		if n, err := ParseSignal(s.Name); err != nil || n != s.Number || s.What == "" || !strings.HasPrefix(InitSignal(n), "This is the container's init") {
			t.Errorf("%+v: %d, %v", s, n, err)
		}
	}
	q := Request{Op: Signal, Ref: Ref{Path: "/p", Name: "a b"}, Args: &SignalArgs{PID: 7, Begin: 1, Signal: 15, Inner: 3}}
	if got := q.LXCCommand(); got != "lxc-attach -P /p -n 'a b' -- kill -TERM 3" || q.Check() != nil {
		t.Error(got, q.Check())
	}
	for _, bad := range []SignalArgs{{PID: 1, Begin: 1, Signal: 15}, {PID: 7, Signal: 15}, {PID: 7, Begin: 1}, {PID: -7, Begin: 1, Signal: 9}} {
		if err := bad.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestOwnerQueries(t *testing.T) {
	for in, want := range map[string]OwnerQuery{
		"4711": {PID: 4711, Port: 4711}, " 80 ": {PID: 80, Port: 80}, ":80": {Port: 80}, "80/tcp": {Port: 80, Proto: "tcp"}, "udp/53": {Port: 53, Proto: "udp"}, "port 22": {Port: 22},
		"+5": {}, ":80/tcp": {Port: 80, Proto: "tcp"}, "udp/port 53": {Port: 53, Proto: "udp"}, "pid 5/tcp": {}, "tcp/80/udp": {}, "80/tcp/udp": {}, "5/sctp": {}, "tcp/": {}, "80/TCP": {Port: 80, Proto: "tcp"},
		"pid 22": {PID: 22}, "pid=22": {PID: 22}, "70000": {PID: 70000}, "": {}, "x": {}, "-5": {}, "0": {}, ":": {}, ":70000": {}, "99999999999": {},
	} {
		got, err := ParseOwnerQuery(in)
		if err != nil {
			got = OwnerQuery{}
		}
		if got != want || (err == nil) != (want != OwnerQuery{}) || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %+v, %v; want %+v", in, got, err, want)
		}
	}
}

func TestOwnerQueryWords(t *testing.T) {
	for want, q := range map[string]OwnerQuery{
		"port 80": {Port: 80}, "udp port 53": {Port: 53, Proto: "udp"}, "pid 80": {PID: 80}, "pid or port 80": {PID: 80, Port: 80},
	} {
		if got := q.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if q := (OwnerQuery{Port: 80, Proto: "sctp"}); !errors.Is(q.Check(), ErrInvalid) {
		t.Error(q.Check())
	}
}

// TestUnlisted: the cgroup of a process of the host tells whose it is where no
// listed container has it.
func TestUnlisted(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "/system.slice/ssh.service": "", "/lxc.payload.web": "web", "/user.slice/lxc.payload.a/lxc.payload.b/init.scope": "a",
		"/lxc.monitor.web": "", "/lxc.payload./x": "",
	} {
		o := Owner{Process: Process{Cgroup: in}}
		if got := o.Unlisted(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		if o.Ref = (Ref{Path: "/p", Name: "n"}); o.Unlisted() != "" {
			t.Error("a listed one is not listed")
		}
	}
}
