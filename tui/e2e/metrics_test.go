package e2e

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startMetrics starts the verb on a free port and gives what to scrape.
func startMetrics(t *testing.T, path string) (url string, cmd *exec.Cmd) {
	t.Helper()
	cmd = exec.Command(bin, "-P", path, "metrics", "--read-only", "--listen", "127.0.0.1:0")
	return listening(t, cmd), cmd
}

func listening(t *testing.T, cmd *exec.Cmd) (url string) {
	t.Helper()
	cmd.Env = env(t)
	errs, err := cmd.StderrPipe()
	want(t, err)
	want(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(errs).ReadString('\n')
	want(t, err)
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "lxcdeck: metrics at ")
	if !ok {
		t.Fatalf("it says %q", line)
	}
	return url
}

// ends waits for a process and wants status 0.
func ends(t *testing.T, cmd *exec.Cmd, told syscall.Signal) {
	t.Helper()
	want(t, cmd.Process.Signal(told))
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		want(t, err)
	case <-time.After(patience):
		t.Fatalf("%v does not end it", told)
	}
}

// figure scrapes one series of a container; false = it has none.
func figure(t *testing.T, url, name, container string, more ...string) (float64, bool) {
	t.Helper()
	c := http.Client{Timeout: patience}
	r, err := c.Get(url)
	want(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	want(t, err)
	labels := append(more, `name="`+container+`"`)
	m := regexp.MustCompile(`(?m)^` + name + `\{` + strings.Join(labels, ",") + `,path="[^"]*"\} (\S+)$`).FindSubmatch(text)
	if m == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	want(t, err)
	return v, true
}

// kernelFile finds a file of the payload's cgroup by what the kernel says of its
// init: in the hierarchy of a controller on cgroup v1, else in that of v2.
func kernelFile(t *testing.T, pid, controller, v1, v2 string) (file string, isV2 bool) {
	t.Helper()
	b, err := os.ReadFile("/proc/" + pid + "/cgroup")
	want(t, err)
	unified := ""
	for line := range strings.Lines(string(b)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		cut, payload, ok := strings.Cut(part[2], "/lxc.payload.")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(payload, "/")
		dir := cut + "/lxc.payload." + name
		for c := range strings.SplitSeq(part[1], ",") {
			if c == controller {
				return filepath.Join("/sys/fs/cgroup", controller, dir, v1), false
			}
		}
		if part[0] == "0" {
			unified = dir
		}
	}
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if file = filepath.Join(root, unified, v2); unified != "" && exists(file) {
			return file, true
		}
	}
	t.Fatalf("no %s or %s of process %s in %s", v1, v2, pid, b)
	return "", false
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func kernelNumber(t *testing.T, file, key string) float64 {
	t.Helper()
	b, err := os.ReadFile(file)
	want(t, err)
	text := strings.TrimSpace(string(b))
	if key != "" {
		m := regexp.MustCompile(`(?m)^` + key + ` (\d+)$`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no %s in %s", key, text)
		}
		text = m[1]
	}
	v, err := strconv.ParseFloat(text, 64)
	want(t, err)
	return v
}

func TestMetricsAreTheKernelsOwnFigures(t *testing.T) {
	s := host(t, "lxcdt-web")
	out, err := exec.Command("lxc-info", "-P", s.Path, "-n", "lxcdt-web", "-pH").Output()
	want(t, err)
	pid := strings.TrimSpace(string(out))
	inside(t, s, "lxcdt-web", "/bin/sh", "-c", "for i in 1 2 3; do sleep 600 </dev/null >/dev/null 2>&1 & done; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
	url, cmd := startMetrics(t, s.Path)

	pids, _ := kernelFile(t, pid, "pids", "pids.current", "pids.current")
	eventually(t, "as many tasks as the kernel counts", func() bool {
		before := kernelNumber(t, pids, "")
		is, ok := figure(t, url, "lxcdeck_container_tasks", "lxcdt-web")
		return ok && before >= 4 && is == before
	})
	usage, v2 := kernelFile(t, pid, "cpuacct", "cpuacct.usage", "cpu.stat")
	read := func() float64 {
		if v2 {
			return kernelNumber(t, usage, "usage_usec") / 1e6
		}
		return kernelNumber(t, usage, "") / 1e9
	}
	before := read()
	is, ok := figure(t, url, "lxcdeck_container_cpu_usage_seconds_total", "lxcdt-web")
	// On hybrid hosts it is read from cpu.stat of v2, whose sum is made a tick later.
	if after := read(); !ok || before <= 0 || is < before*0.9-0.02 || is > after*1.1+0.02 {
		t.Errorf("%v CPU seconds (there: %v), the kernel says %v to %v", is, ok, before, after)
	}

	if _, ok := figure(t, url, "lxcdeck_container_tasks", "lxcdt-z-off"); ok {
		t.Error("what is stopped has tasks")
	}
	want(t, s.Tool("lxc-stop", "lxcdt-web", "-k"))
	eventually(t, "no figures after the stop", func() bool {
		_, ok := figure(t, url, "lxcdeck_container_tasks", "lxcdt-web")
		_, failed := figure(t, url, "lxcdeck_container_scrape_success", "lxcdt-web")
		return !ok && !failed
	})
	ends(t, cmd, syscall.SIGTERM)
	noneLeft(t, "SIGTERM")
}

func TestMetricsAnswerBesideAStuckMonitor(t *testing.T) {
	s := host(t, "lxcdt-web", "lxcdt-stuck")
	pid := monitor(t, s, "lxcdt-stuck")
	want(t, syscall.Kill(pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	url, _ := startMetrics(t, s.Path)
	if _, ok := figure(t, url, "lxcdeck_container_no_answer_seconds", "lxcdt-stuck"); !ok {
		t.Error("it does not tell that the monitor is silent")
	}
	if n, ok := figure(t, url, "lxcdeck_container_tasks", "lxcdt-web"); !ok || n < 1 {
		t.Errorf("the other one has %v tasks (there: %v)", n, ok)
	}
	want(t, syscall.Kill(pid, syscall.SIGCONT))
	eventually(t, "figures of what answers again", func() bool {
		_, silent := figure(t, url, "lxcdeck_container_no_answer_seconds", "lxcdt-stuck")
		_, ok := figure(t, url, "lxcdeck_container_tasks", "lxcdt-stuck")
		return ok && !silent
	})
}

func TestMetricsOutliveAHangUpWithNohup(t *testing.T) {
	plain := exec.Command("env", "--default-signal=HUP", bin, "--demo", "metrics", "--listen", "127.0.0.1:0")
	listening(t, plain)
	ends(t, plain, syscall.SIGHUP)

	kept := exec.Command("nohup", bin, "--demo", "metrics", "--listen", "127.0.0.1:0")
	url := listening(t, kept)
	want(t, kept.Process.Signal(syscall.SIGHUP))
	for range 3 {
		if _, ok := figure(t, url, "lxcdeck_container_tasks", "web-1"); !ok {
			t.Error("no figures after the hang-up")
		}
	}
	ends(t, kept, syscall.SIGINT)
}
