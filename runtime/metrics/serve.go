package metrics

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"lxcdeck/runtime"
)

// Limits of the server. A scraper needs one connection; who opens many and says
// nothing has them for as long as a header may take.
const (
	maxConnections = 32
	maxHeader      = 8 << 10 // bytes; net/http adds 4096
	headerTime     = 5 * time.Second
	writeTime      = 30 * time.Second // from the header's end: collecting, and sending
	idleTime       = 30 * time.Second
	endTime        = 2 * time.Second // for scrapes under way, when it is told to end
)

// Handler answers GET /metrics, and nothing else.
func Handler(g prometheus.Gatherer, compress bool) http.Handler {
	figures := promhttp.HandlerFor(g, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, DisableCompression: !compress, MaxRequestsInFlight: maxConnections,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case r.URL.Path != "/metrics":
			http.Error(w, "there is only /metrics", http.StatusNotFound)
		case r.Method != http.MethodGet:
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, "GET only", http.StatusMethodNotAllowed)
		case strayed(r):
			http.Error(w, "not by this name: use localhost or the address", http.StatusMisdirectedRequest)
		default:
			figures.ServeHTTP(w, r)
		}
	})
}

// strayed says whether a request that comes over the loopback interface asks for
// another name than that has. A browser on this host sends such for a web page whose
// name leads here (DNS rebinding), and gives it what it gets.
func strayed(r *http.Request) bool {
	at, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !at.IP.IsLoopback() {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return host != "localhost" && net.ParseIP(host) == nil
}

// Serve answers on a listener until ctx ends, then lets scrapes under way end
// and closes it. Complain is told what the server has to say.
func Serve(ctx context.Context, l net.Listener, h http.Handler, complain func(string)) error {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: 2 * headerTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, DisableGeneralOptionsHandler: true, ErrorLog: log.New(words(complain), "", 0),
	}
	ended := make(chan error, 1)
	runtime.Spawn("serve", func(err error) { ended <- err }, func() { ended <- s.Serve(newCrowd(l, maxConnections)) })
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	err := s.Shutdown(soon)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close() // a scraper that does not read keeps nobody
	}
	if was := <-ended; err == nil && !errors.Is(was, http.ErrServerClosed) {
		err = was
	}
	return err
}

// words hands lines of a log on.
type words func(string)

func (f words) Write(b []byte) (int, error) {
	f(string(b))
	return len(b), nil
}

// crowd is a listener that accepts no more than so many connections at once;
// others wait in the kernel's queue.
type crowd struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newCrowd(l net.Listener, most int) *crowd {
	return &crowd{Listener: l, places: make(chan struct{}, most), closed: make(chan struct{})}
}

func (c *crowd) Accept() (net.Conn, error) {
	select {
	case c.places <- struct{}{}:
	case <-c.closed:
		return nil, net.ErrClosed
	}
	conn, err := c.Listener.Accept()
	if err != nil {
		<-c.places
		return nil, err
	}
	return &guest{Conn: conn, leave: sync.OnceFunc(func() { <-c.places })}, nil
}

func (c *crowd) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Listener.Close()
}

// guest is a connection that has a place.
type guest struct {
	net.Conn
	leave func()
}

func (g *guest) Close() error {
	err := g.Conn.Close()
	g.leave()
	return err
}
