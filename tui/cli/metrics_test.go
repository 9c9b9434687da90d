package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestMetricsRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args string
		code int
		says string
	}{
		{"", 2, "needs an address"},
		{"--listen=", 2, "needs an address"},
		{"--listen 9464", 2, `address "9464" is neither IP:PORT nor unix:PATH`},
		{"--listen example.org:9464", 2, "is no IP address"},
		{"--listen unix:", 2, "names no file"},
		{"--listen 127.0.0.1:0 web", 2, "metrics takes no \"web\""},
		{"--listen 127.0.0.1:0 --timeout -1s", 2, "is negative"},
		{"--listen 0.0.0.0:0", 3, "--listen-anyway allows it"},
		{"--listen [::]:0 --read-only", 3, "--listen-anyway allows it"},
		{"--listen " + taken.Addr().String(), 1, "listen on " + taken.Addr().String() + ": address already in use\nlxcdeck: Another program has that port"},
		{"--listen 192.0.2.1:0 --listen-anyway", 1, "No interface of this host has that address"},
		{"--listen unix:" + file, 1, "the file that is there is no socket"},
		{"--listen unix:" + dir + "/none/s", 1, "no such file or directory\nlxcdeck: Make its directory first."},
	} {
		r := lxcdeck(t, live(), append([]string{"metrics"}, strings.Fields(x.args)...)...)
		if r.code != x.code || !strings.Contains(r.err, x.says) || r.out != "" || strings.Contains(r.err, "metrics at") {
			t.Errorf("metrics %s: %+v, want %d, %s", x.args, r, x.code, x.says)
		}
	}
	if r := lxcdeck(t, live(), "-n", "web", "metrics", "--listen", "127.0.0.1:0"); r.code != 2 || !strings.Contains(r.err, "takes no -n") {
		t.Errorf("with -n: %+v", r)
	}
}

// scraped is metrics running beside the test.
type scraped struct {
	errs string // file of its standard error
	end  func() int
}

func startMetrics(t *testing.T, rt runtime.Runtime, args ...string) *scraped {
	t.Helper()
	errs, err := os.Create(filepath.Join(t.TempDir(), "err"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- Main(ctx, Options{
			Args: append([]string{"metrics"}, args...), Version: "1.2.3 (liblxc 5.0.2)", Stdin: devNull(t), Stdout: devNull(t), Stderr: errs,
			Getenv: func(string) string { return "" },
			Open:   func([]string, bool, bool) (runtime.Runtime, error) { return keep{rt}, nil },
		})
	}()
	s := &scraped{errs: errs.Name(), end: func() int { cancel(); return <-done }}
	t.Cleanup(func() { cancel(); _ = errs.Close() })
	s.says(t, "metrics at")
	return s
}

// says waits until it has said something.
func (s *scraped) says(t *testing.T, words string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !strings.Contains(s.said(t), words); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not say %q: %s", words, s.said(t))
		}
	}
}

func (s *scraped) said(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(s.errs)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// get scrapes by a client and address.
func get(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	c.Timeout = time.Minute
	r, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, r.Status, err)
	}
	return string(b)
}

func TestMetricsOnTCP(t *testing.T) {
	rt := live()
	s := startMetrics(t, rt, "--listen", "localhost:0", "--read-only")
	url := regexp.MustCompile(`^lxcdeck: metrics at (http://127\.0\.0\.1:\d+/metrics)\n$`).FindStringSubmatch(s.said(t))
	if url == nil {
		t.Fatalf("it says %q", s.said(t))
	}
	text := get(t, &http.Client{}, url[1])
	for _, want := range []string{
		`lxcdeck_build_info{liblxc="5.0.2",version="1.2.3"} 1`,
		`lxcdeck_container_state{name="web",path="/var/lib/lxc",state="RUNNING"} 1`,
		`lxcdeck_container_state{name="off\\x1b[31m",path="/var/lib/lxc",state="STOPPED"} 1`,
		`lxcdeck_container_cpu_limit_cores{name="web",path="/var/lib/lxc"} 2`, "lxcdeck_watching 1", "lxcdeck_host_cpus 8",
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if code := s.end(); code != 0 || strings.Count(s.said(t), "\n") != 1 {
		t.Errorf("status %d, said %q", code, s.said(t))
	}
	if n := rt.Calls(fake.List); n != 1 {
		t.Errorf("%d lists", n)
	}
}

func TestMetricsOnASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := startMetrics(t, live(), "--listen", "unix:"+path)
	c := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}
	if text := get(t, c, "http://lxcdeck/metrics"); !strings.Contains(text, "\nlxcdeck_scrape_success 1\n") {
		t.Errorf("scraped %s", text)
	}
	if r := lxcdeck(t, live(), "metrics", "--listen", "unix:"+path); r.code != 1 || !strings.Contains(r.err, "Another lxcdeck serves there") {
		t.Errorf("a second one: %+v", r)
	}
	c.CloseIdleConnections()
	if code := s.end(); code != 0 || s.said(t) != "lxcdeck: metrics at unix:"+path+"\n" {
		t.Errorf("status %d, said %q", code, s.said(t))
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its socket: %v", err)
	}
}

func TestMetricsWarnsWhereOthersCanReachIt(t *testing.T) {
	rt := live()
	rt.Fail(fake.Watch, runtime.Ref{}, fake.Fault{Err: errors.New("no inotify\x1b")})
	rt.Fail(fake.List, runtime.Ref{Path: path}, fake.Fault{Err: runtime.ErrPermission})
	s := startMetrics(t, rt, "--listen", "0.0.0.0:0", "--listen-anyway")
	s.says(t, "lxcpath /var/lib/lxc: permission denied")
	if code := s.end(); code != 0 || !strings.Contains(s.said(t), "other hosts can reach this address") || !strings.Contains(s.said(t), `no inotify\x1b; listing at every scrape`) {
		t.Errorf("status %d, said %q", code, s.said(t))
	}
}

func TestMetricsEndsInTime(t *testing.T) {
	if r := lxcdeck(t, live(), "metrics", "--listen", "127.0.0.1:0", "--timeout", "10ms"); r.code != 0 || !strings.Contains(r.err, "metrics at") {
		t.Errorf("result = %+v", r)
	}
}
