package metrics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

func TestOnlyGetMetrics(t *testing.T) {
	h := Handler(exporter(host()), false)
	for _, x := range []struct {
		method, target string
		want           int
	}{
		{"GET", "/metrics", 200}, {"GET", "/metrics?x=y", 200}, {"GET", "/", 404}, {"GET", "/metrics/", 404}, {"GET", "/debug/pprof/", 404}, {"POST", "/x", 404},
		{"HEAD", "/metrics", 405}, {"POST", "/metrics", 405}, {"PUT", "/metrics", 405}, {"DELETE", "/metrics", 405}, {"OPTIONS", "/metrics", 405}, {"TRACE", "/metrics", 405},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), x.method, x.target, strings.NewReader("")))
		if w.Code != x.want || (w.Code == 405) != (w.Header().Get("Allow") == "GET") {
			t.Errorf("%s %s: %d, Allow %q; want %d", x.method, x.target, w.Code, w.Header().Get("Allow"), x.want)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", http.NoBody)
	r.Header.Set("Accept-Encoding", "gzip")
	for compress, want := range map[bool]string{true: "gzip", false: ""} {
		w := httptest.NewRecorder()
		if Handler(exporter(host()), compress).ServeHTTP(w, r); w.Header().Get("Content-Encoding") != want {
			t.Errorf("compress %v: %q", compress, w.Header().Get("Content-Encoding"))
		}
	}
}

// server serves until the test's end; end ends it and gives what Serve gave.
func server(t *testing.T, at string, h http.Handler) (l net.Listener, end func() error) {
	t.Helper()
	a, err := ParseAddress(at)
	if err != nil {
		t.Fatal(err)
	}
	if l, err = Listen(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, h, func(words string) { t.Logf("server: %s", words) }) }()
	end = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = end() })
	return l, end
}

// say sends text and gives the first line of the answer.
func say(t *testing.T, l net.Listener, text string) string {
	t.Helper()
	c, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	go func() { _, _ = io.WriteString(c, text) }() // the server need not read all of it
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

func TestWhatTheServerRefuses(t *testing.T) {
	l, end := server(t, "127.0.0.1:0", Handler(exporter(host()), false))
	for text, want := range map[string]string{
		"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n":                                            "HTTP/1.1 200 OK",
		"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9464\r\n\r\n":                                       "HTTP/1.1 200 OK",
		"GET /metrics HTTP/1.1\r\nHost: [::1]:9464\r\n\r\n":                                           "HTTP/1.1 200 OK",
		"GET /metrics HTTP/1.1\r\nHost: page.example\r\n\r\n":                                         "HTTP/1.1 421 Misdirected Request",
		"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("a", 100<<10) + "\r\n\r\n": "HTTP/1.1 431 Request Header Fields Too Large",
		"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n":                                               "HTTP/1.1 404 Not Found",
		"garbage\r\n\r\n": "HTTP/1.1 400 Bad Request",
		"GET /metrics HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: \r\n\r\n": "HTTP/1.1 200 OK",
	} {
		if got := say(t, l, text); got != want {
			t.Errorf("%.40q: %s, want %s", text, got, want)
		}
	}
	if err := end(); err != nil {
		t.Errorf("end: %v", err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

func TestASlowHeaderIsCutOff(t *testing.T) {
	l, _ := server(t, "127.0.0.1:0", Handler(exporter(host()), false))
	began := time.Now()
	if got := say(t, l, "GET /metrics HTTP/1.1\r\nHost: "); got != "EOF" && !strings.Contains(got, "408") {
		t.Errorf("a header without an end: %s after %v", got, time.Since(began))
	}
}

func TestNoMoreConnectionsThanPlaces(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := newCrowd(inner, 2)
	conns := make(chan net.Conn, 10)
	ended := make(chan error, 1)
	var accepted atomic.Int32
	go func() {
		for {
			conn, err := c.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted.Add(1)
			conns <- conn
		}
	}()
	for range 3 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	first := <-conns
	<-conns
	eventually(t, "both places taken", func() bool { return len(c.places) == 2 })
	if n := accepted.Load(); n != 2 {
		t.Errorf("%d connections in two places", n)
	}
	first.Close()
	first.Close() // gives up one place, not two
	<-conns
	if n := len(c.places); n != 2 {
		t.Errorf("%d places taken", n)
	}
	c.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept ended with %v", err)
	}
}

func TestTheEndWaitsForAScrape(t *testing.T) {
	in, out := make(chan struct{}), make(chan struct{})
	l, end := server(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(in)
		<-out
		fmt.Fprint(w, "whole")
	}))
	got := make(chan string, 1)
	go func() {
		r, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			got <- err.Error()
			return
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}()
	<-in
	time.AfterFunc(50*time.Millisecond, func() { close(out) })
	if err := end(); err != nil {
		t.Error(err)
	}
	if text := <-got; text != "whole" {
		t.Errorf("the scraper got %q", text)
	}
}

func TestParseAddress(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"127.0.0.1:9464": "127.0.0.1:9464 local", "localhost:1": "127.0.0.1:1 local", "[::1]:9464": "[::1]:9464 local", "127.3.2.1:0": "127.3.2.1:0 local",
		"[::ffff:127.0.0.1]:1": "127.0.0.1:1 local", "0.0.0.0:9464": "0.0.0.0:9464", ":9464": ":9464 local", "[::]:1": "[::]:1", "10.0.0.1:1": "10.0.0.1:1",
		"[fe80::1%lo]:1": "[fe80::1%lo]:1", "unix:/run/x.sock": "unix:/run/x.sock local", "unix:x": "unix:" + wd + "/x local", "unix:@x": "unix:" + wd + "/@x local",
		"unix:/a/../b": "unix:/b local",
	} {
		a, err := ParseAddress(in)
		got := a.String()
		if a.Local() {
			got += " local"
		}
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "example.org:80", "::1:9464", "[::1]",
		"http://127.0.0.1:9464", "unix:", "unix:/run/", "unix:/a\x00b", "unix:/" + strings.Repeat("a", 107), "127.1:80", "/run/x.sock"} {
		if a, err := ParseAddress(in); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("%q: %v, %v", in, a, err)
		}
	}
}

func listen(t *testing.T, path string) (net.Listener, error) {
	t.Helper()
	l, err := Listen(t.Context(), Address{Unix: path})
	if err == nil {
		t.Cleanup(func() { _ = l.Close() })
	}
	return l, err
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	old := unix.Umask(0)
	l, err := listen(t, path)
	unix.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	want := fs.FileMode(0o600)
	if os.Geteuid() == 0 {
		want = 0o660
	}
	if is, err := os.Lstat(path); err != nil || is.Mode() != fs.ModeSocket|want {
		t.Errorf("%v, %v", is.Mode(), err)
	}
	if _, err := listen(t, path); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a second one: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after its end: %v", err)
	}
}

// leave makes a socket on which nobody listens.
func leave(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestALeftSocketIsReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	leave(t, path)
	l, err := listen(t, path)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	leave(t, path) // somebody else's now
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || left[0].Name() != "s" {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestOfManyOneGetsALeftSocket(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "s")
		leave(t, path)
		var won atomic.Int32
		var wg sync.WaitGroup
		all := make(chan net.Listener, 8)
		for range 8 {
			wg.Go(func() {
				if l, err := Listen(t.Context(), Address{Unix: path}); err == nil {
					won.Add(1)
					all <- l
				}
			})
		}
		wg.Wait()
		close(all)
		if c, err := net.Dial("unix", path); err != nil {
			t.Errorf("of %d listeners none answers: %v", won.Load(), err)
		} else {
			c.Close()
		}
		for l := range all {
			l.Close()
		}
		if won.Load() != 1 {
			t.Errorf("%d listen on one path", won.Load())
		}
	}
}

func TestWhatIsNoSocketStays(t *testing.T) {
	dir := t.TempDir()
	file, link, fifo, gone := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "fifo"), filepath.Join(dir, "gone")
	if err := errors.Join(os.WriteFile(file, []byte("mine"), 0o600), os.Symlink(gone, link), unix.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link, fifo, dir} {
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := listen(t, path); err == nil || !strings.Contains(err.Error(), "no socket") {
			t.Errorf("%s: %v", path, err)
		}
		if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s is another: %v", path, err)
		}
	}
	if _, err := listen(t, filepath.Join(gone, "s")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("in a directory that is not there: %v", err)
	}
	if _, err := os.Lstat(gone); err == nil {
		t.Error("something was made behind the link")
	}
}

func TestTCPInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := ParseAddress(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), a); !errors.Is(err, unix.EADDRINUSE) || strings.Count(err.Error(), a.String()) != 1 {
		t.Errorf("in use: %v", err)
	}
	if a, err = ParseAddress("192.0.2.1:0"); err != nil { // TEST-NET-1, RFC 5737
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), a); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Errorf("no address of this host: %v", err)
	}
}
