package host

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// logOf gives a KillLog of records, at an uptime of 1000 s.
func logOf(records *[]string) *KillLog {
	k := NewKillLog()
	k.now = func() time.Time { return time.Unix(10_000, 0) }
	k.up = func() (time.Duration, bool) { return 1000 * time.Second, true }
	k.open = func() (func([]byte) (int, error), error) {
		return func(p []byte) (int, error) {
			if len(*records) == 0 {
				return 0, unix.EAGAIN
			}
			r := (*records)[0]
			*records = (*records)[1:]
			if r == "" {
				return 0, unix.EPIPE
			}
			return copy(p, r), nil
		}, nil
	}
	return k
}

// killRecord is of a process that was killed for the limit of its own cgroup.
func killRecord(usec int, memcg, task string, pid int) string {
	return limitRecord(usec, memcg, memcg, task, pid)
}

func limitRecord(usec int, limited, memcg, task string, pid int) string {
	return fmt.Sprintf("6,77,%d,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=%s,task_memcg=%s,task=%s,pid=%d,uid=0\n SUBSYSTEM=x\n",
		usec, limited, memcg, task, pid)
}

// hostRecord is of a process that was killed because the host had no memory.
func hostRecord(usec int, memcg, task string, pid int) string {
	return fmt.Sprintf("6,77,%d,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=x,mems_allowed=0,global_oom,task_memcg=%s,task=%s,pid=%d,uid=0\n",
		usec, memcg, task, pid)
}

func TestKillLog(t *testing.T) {
	records := []string{
		"6,1,5,-;Linux version\n",
		killRecord(100e6, "/lxc.payload.web", "sh", 41),
		"", // some were overwritten
		limitRecord(200e6, "/lxc.payload.web", "/lxc.payload.web/system.slice/x", "stress ng", 42),
		hostRecord(300e6, "/lxc.payload.web-1", "other", 43),
		"6,80,300000001,-;Memory cgroup out of memory: Killed process 43 (other)\n",
		killRecord(400e6, "/user.slice/lxc.pivot/lxc.payload.usr", "inner", 44),
		killRecord(5000e6, "/lxc/101", "soon", 45), // a clock that is ahead of the log's
	}
	k := logOf(&records)
	defer k.Close()
	// Who asks for a cgroup has all below it for its own from then on.
	for _, one := range [][2]string{
		{"/lxc.payload.web", "stress ng 42 9200, sh 41 9100"},
		{"/lxc.payload.web-1", "other 43 9300"},
		{"/user.slice/lxc.pivot/lxc.payload.usr", "inner 44 9400"},
		{"/lxc/101", "soon 45 10000"},
		{"/lxc", "soon 45 10000"},
		{"/lxc.payload.we", ""},
		{"/", ""},
		{"", ""},
	} {
		group, want := one[0], one[1]
		var p runtime.Parts
		k.Fill(&p, group, time.Time{})
		if got := killsOf(&p); got != want || p.KillsWhy != "" {
			t.Errorf("%q: %q, want %q (%s)", group, got, want, p.KillsWhy)
		}
	}
	var p runtime.Parts
	k.Fill(&p, "/lxc.payload.web", time.Unix(9150, 0))
	if got := killsOf(&p); got != "stress ng 42 9200" {
		t.Errorf("since the container's start: %q", got)
	}
	records = append(records, killRecord(600e6, "/lxc.payload.web", "late", 50))
	p.Reset()
	k.Fill(&p, "/lxc.payload.web", time.Time{})
	if got := killsOf(&p); !strings.HasPrefix(got, "late 50 10000, ") {
		t.Errorf("a new record: %q", got)
	}
}

func killsOf(p *runtime.Parts) string {
	var out []string
	for _, k := range p.Kills {
		out = append(out, fmt.Sprintf("%s %d %d", k.Name, k.PID, k.At.Unix()))
	}
	return strings.Join(out, ", ")
}

// TestKillsOfManyCgroups: one that makes cgroups without end pushes out no
// container that is looked at, nor one in which something was killed just now.
func TestKillsOfManyCgroups(t *testing.T) {
	var records []string
	k := logOf(&records)
	told := func(group string) string {
		var p runtime.Parts
		k.Fill(&p, group, time.Time{})
		return killsOf(&p)
	}
	records = append(records, killRecord(1e6, "/pods/own/a", "first", 41), killRecord(2e6, "/pods/own/b/c", "second", 42), killRecord(1e6, "/pods/web", "web", 40))
	if got := told("/pods/own"); got != "second 42 9002, first 41 9001" {
		t.Errorf("what is below: %q", got)
	}
	if len(k.groups) != 2 || len(k.order) != 2 {
		t.Errorf("kept of what is below: %v", k.order)
	}
	for i := range 3 * keptGroups {
		records = append(records, killRecord(3e6, fmt.Sprintf("/pods/own/%d", i), "more", i+50), killRecord(3e6, "/pods/busy", "busy", i+2000))
	}
	told("/")
	if len(k.groups) != 3 || told("/pods/web") != "web 40 9001" || told("/pods/own/7") != "" {
		t.Errorf("kept: %v", k.order)
	}
	for i := range keptGroups {
		records = append(records, killRecord(3e6, fmt.Sprintf("/pods/evil-%d", i), "more", i+50), killRecord(3e6, "/pods/busy", "busy", i+2000))
	}
	if told("/pods/busy") == "" || told("/pods/web") != "" || len(k.groups) != keptGroups || len(k.order) != keptGroups {
		t.Errorf("%d are kept, the one of the last kill: %q", len(k.groups), told("/pods/busy"))
	}
	for i := range 3 * keptGroups {
		told(fmt.Sprintf("/none/%d", i))
	}
	if len(k.asked) != keptGroups {
		t.Errorf("%d are asked for", len(k.asked))
	}
}

// TestTimesOfKills: the log's clock drifts. What it has got since it was read
// last is not older than that; what was there before is told about.
func TestTimesOfKills(t *testing.T) {
	const web = "/lxc.payload.web"
	records := []string{killRecord(100e6, web, "old", 41), killRecord(990e6, web, "late", 42)}
	k := logOf(&records)
	now, up := time.Unix(10_000, 0), 1000*time.Second
	k.now = func() time.Time { return now }
	k.up = func() (time.Duration, bool) { return up, true }
	check := func(since time.Time, want string) {
		t.Helper()
		var p runtime.Parts
		k.Fill(&p, web, since)
		var got []string
		for _, one := range p.Kills {
			got = append(got, fmt.Sprintf("%s %d %v", one.Name, one.At.Unix(), one.About))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	check(time.Unix(9_100, 400e6), "late 9990 false, old 9100 true") // 900 s ago: half a second of drift is possible
	check(time.Unix(9_101, 0), "late 9990 false")
	check(time.Unix(9_990, 1), "")
	now, up = now.Add(time.Second), up+time.Second
	records = append(records, killRecord(1, web, "behind", 43))
	check(time.Unix(9_995, 0), "behind 10000 false")
	now, up = now.Add(time.Second), up+time.Second
	records = append(records, killRecord(9e9, web, "ahead", 44))
	check(time.Unix(9_995, 0), "ahead 10002 false, behind 10000 false")
	// Nobody looked for a day, in which the host slept.
	now, up = now.Add(24*time.Hour), up+time.Hour
	records = append(records, killRecord(3002e6, web, "slept", 45))
	check(time.Unix(10_003, 0), fmt.Sprintf("slept %d true", now.Add(-1600*time.Second).Unix()))
}

// TestForgedKills: what a container can put into names, or write into the log
// itself, tells of no kill elsewhere.
func TestForgedKills(t *testing.T) {
	const victim = "/lxc.payload.victim"
	forged := []string{
		killRecord(1, "/lxc.payload.evil/a,task_memcg="+victim+",task=x,pid=1,uid=0", "sh", 41),
		killRecord(1, "/lxc.payload.evil/a,task=x,pid=1", "sh", 41),
		strings.Replace(killRecord(1, "/lxc.payload.evil", "sh", 41), "oom_memcg=/", "oom_memcg=/lxc.payload.evil/,task_memcg="+victim, 1),
		// A record that ended within oom_memcg, and ones where the pieces of another
		// line went between.
		splitRecord("/lxc.payload.evil/x,task_memcg=" + victim + ",task=sh,pid=42,uid=0/" + strings.Repeat("a", 1000)),
		splitRecord("/lxc.payload.evil/" + strings.Repeat("a/", 400) + "x,task_memcg=" + victim + ",task=sh,pid=42,uid=0"),
		splitRecord("/lxc.payload.evil/x,oom_memcg=" + victim + ",task_memcg=" + victim + ",task=sh,pid=42,uid=0"),
		splitRecord("/lxc.payload.evil/x,global_oom,task_memcg=" + victim + ",task=sh,pid=42,uid=0"),
		limitRecord(1, "/lxc.payload.evil", victim, "sh", 41),
		limitRecord(1, victim+"/inner", victim, "sh", 41),
		limitRecord(1, "/lxc.payload.vic", victim, "sh", 41),
		limitRecord(1, "/", victim, "sh", 41),
		strings.Replace(killRecord(1, victim, "sh", 41), ",oom_memcg="+victim, "", 1),
		strings.Replace(killRecord(1, victim, "sh", 41), "MEMCG", "NONE", 1),
		strings.Replace(hostRecord(1, victim, "sh", 41), "NONE", "MEMCG", 1),
		killRecord(1, victim, "a,pid=7,uid=0", 41),
		killRecord(1, victim, strings.Repeat("n", 100), 41),
		killRecord(1, victim, "", 41),
		killRecord(1, victim, "sh", 0),
		"12" + killRecord(1, victim, "sh", 41)[1:], // written by a program: facility 1
		"14,1,1,-;x\n" + killRecord(1, victim, "sh", 41),
		"x" + killRecord(1, victim, "sh", 41),
		"6,1,1,-;say oom-kill:constraint=" + killRecord(1, victim, "sh", 41),
		killRecord(1, "lxc.payload.victim", "sh", 41),
		"6;oom-kill:constraint=", "6,1,1,-;oom-kill:constraint=", ";", "",
	}
	for _, r := range forged {
		if group, one, _, ok := parseKill([]byte(r)); ok && strings.HasPrefix(group, victim) {
			t.Errorf("%q tells of %+v in %s", r, one, group)
		}
	}
}

// splitRecord is the first record of a line whose oom_memcg left no room for more.
func splitRecord(limited string) string {
	head := "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg="
	return "6,77,1,c;" + head + limited[:min(len(limited), 1024-len(head))] + "\n"
}

// TestKillLogIsBounded: neither a log that never ends nor kills in cgroups
// without end cost more than so much.
func TestKillLogIsBounded(t *testing.T) {
	endless := 0
	k := NewKillLog()
	k.open = func() (func([]byte) (int, error), error) {
		return func(p []byte) (int, error) {
			endless++
			return copy(p, killRecord(endless, fmt.Sprintf("/lxc.payload.evil-%d/x", endless), "sh", 41)), nil
		}, nil
	}
	var p runtime.Parts
	for i := range 3 {
		k.Fill(&p, "/x", time.Time{})
		if !strings.Contains(p.KillsWhy, "still being read") {
			t.Errorf("the rest of the log is passed over: %q", p.KillsWhy)
		}
		if endless != (i+1)*mostRecords {
			t.Fatalf("%d records in %d calls", endless, i+1)
		}
	}
	if len(k.groups) != keptGroups || len(k.order) != keptGroups {
		t.Errorf("%d cgroups are kept, %d in order", len(k.groups), len(k.order))
	}
	at := k.reading()
	for i := range 100 {
		k.take(at, []byte(killRecord(i, fmt.Sprintf("/lxc.payload.one/%d", i), "sh", i+1)))
	}
	if kills := k.groups["/lxc.payload.one"]; len(kills) != keptKills || kills[0].PID != 100 {
		t.Errorf("kept of one container: %+v", kills)
	}
}

func TestKillLogThatCannotBeRead(t *testing.T) {
	k := NewKillLog()
	tries := 0
	k.open = func() (func([]byte) (int, error), error) { tries++; return nil, unix.EPERM }
	for range 3 {
		var p runtime.Parts
		k.Fill(&p, "/lxc.payload.web", time.Time{})
		if !strings.Contains(p.KillsWhy, unix.EPERM.Error()) || len(p.Kills) != 0 {
			t.Errorf("%+v", p)
		}
	}
	if tries != 1 {
		t.Errorf("opened %d times", tries)
	}
	k.Close()
}

// TestThisKernelLog: what this host has can be read to its end.
func TestThisKernelLog(t *testing.T) {
	k := NewKillLog()
	defer k.Close()
	var p runtime.Parts
	k.Fill(&p, "/lxc.payload.none", time.Time{})
	if p.KillsWhy != "" {
		t.Skipf("LEFT OUT: %s", p.KillsWhy)
	}
	if len(p.Kills) != 0 {
		t.Errorf("%+v", p.Kills)
	}
	k.Close()
	k.Fill(&p, "/lxc.payload.none", time.Time{})
}

func FuzzKill(f *testing.F) {
	f.Add([]byte(killRecord(1, "/lxc.payload.web", "sh", 41)))
	f.Fuzz(func(t *testing.T, record []byte) {
		group, one, _, ok := parseKill(record)
		if ok && (group == "" || group[0] != '/' || one.PID <= 0 || one.Name == "" || len(one.Name) > longestTask) {
			t.Errorf("%q: %q %+v", record, group, one)
		}
	})
}
