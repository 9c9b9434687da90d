package e2e

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime/lxctest"
)

// cpuQuota is a quota of so many percent of a core, in the host's own words.
func cpuQuota(percent int) string {
	if _, err := os.Stat("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"); err == nil {
		return fmt.Sprintf("lxc.cgroup.cpu.cfs_quota_us = %d", percent*1000)
	}
	return fmt.Sprintf("lxc.cgroup2.cpu.max = %d 100000", percent*1000)
}

// cpuUsed is what the kernel says of the CPU time of a container, by a file that
// lxcdeck has no part in the finding of: cpuacct.usage of v1, else cpu.stat.
func cpuUsed(t *testing.T, s *lxctest.Scratch, name string) time.Duration {
	t.Helper()
	pid, err := exec.Command("lxc-info", "-P", s.Path, "-n", name, "-p", "-H").Output()
	want(t, err)
	lines, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/cgroup")
	want(t, err)
	payload := regexp.MustCompile(`(?m)^\d+:(.*):(.*/lxc\.payload\.[^/\n]*)`)
	for _, l := range payload.FindAllStringSubmatch(string(lines), -1) {
		if text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", l[1], l[2], "cpuacct.usage")); err == nil {
			n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			want(t, err)
			return time.Duration(n)
		}
	}
	for _, l := range payload.FindAllStringSubmatch(string(lines), -1) {
		text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", l[2], "cpu.stat"))
		if us := regexp.MustCompile(`usage_usec (\d+)`).FindSubmatch(text); err == nil && us != nil {
			n, err := strconv.ParseInt(string(us[1]), 10, 64)
			want(t, err)
			return time.Duration(n) * time.Microsecond
		}
	}
	t.Fatalf("the CPU time of %s is nowhere to be read:\n%s", name, lines)
	return 0
}

// TestGraphs burns a known share of a core in a real container and reads it from
// its graph.
func TestGraphs(t *testing.T) {
	const quota, readings = 30, 12
	s := lxctest.New(t)
	want(t, s.Add("lxcdt-burner", cpuQuota(quota)))
	want(t, s.Start("lxcdt-burner"))
	burn := func() {
		want(t, s.Tool("lxc-attach", "lxcdt-burner", "--", "/bin/sh", "-c", "(while :; do :; done) </dev/null >/dev/null 2>&1 &"))
	}
	burn()
	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("1/1", patience))
	want(t, term.Type("h"))
	want(t, term.Wait("Graphs of lxcdt-burner", patience))
	want(t, term.Type("1\t"))
	want(t, term.Wait("[CPU]", patience))
	want(t, term.Wait(fmt.Sprintf("limit %d%%", quota), patience))

	reads := regexp.MustCompile(`CPU  ([\d.]+)%(?s:.*)newest (\d\d:\d\d:\d\d)`)
	last, sum, n := "", 0.0, 0
	var from time.Duration
	var began time.Time
	for end := time.Now().Add(patience); n < readings; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d readings after %v:\n%s", n, patience, term.Screen())
		}
		got := reads.FindStringSubmatch(term.Screen())
		if len(got) != 3 || got[2] == last {
			continue
		}
		if last == "" { // its cell is not full of the burner yet
			from, began, last = cpuUsed(t, s, "lxcdt-burner"), time.Now(), got[2]
			continue
		}
		f, err := strconv.ParseFloat(got[1], 64)
		want(t, err)
		last, sum, n = got[2], sum+f, n+1
	}
	kernel := 100 * float64(cpuUsed(t, s, "lxcdt-burner")-from) / float64(time.Since(began))
	shown := sum / readings
	t.Logf("the graph says %.1f %%, the kernel %.1f %%, the quota is %d %%", shown, kernel, quota)
	if math.Abs(shown-kernel) > kernel/6 || shown > quota*1.2 {
		t.Errorf("the graph says %.1f %%, the kernel %.1f %%, the quota is %d %%:\n%s", shown, kernel, quota, term.Screen())
	}

	// It goes away, and comes back, while its graphs are shown.
	want(t, s.Stop("lxcdt-burner"))
	want(t, term.Wait("lxcdt-burner does not run", patience))
	want(t, s.Start("lxcdt-burner"))
	want(t, term.Wait("started anew", patience))
	for _, size := range [][2]int{{40, 10}, {80, 24}, {200, 60}} {
		want(t, term.Resize(size[0], size[1]))
		want(t, term.Wait("CPU", patience))
	}
	want(t, term.Type(" "))
	want(t, term.Wait("PAUSED", patience))
	want(t, term.Type("q"))
	want(t, term.WaitGone("Graphs of", patience))
}
