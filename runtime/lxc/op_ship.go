package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
)

// What packing and unpacking share. Both run in helpers.

const (
	// shipGrace is how long a helper that packs or unpacks may take to thaw the
	// container, or to remove what it has made, once it is told to end.
	shipGrace = 30 * time.Second
	// shipTell is the time between two words on how far it is.
	shipTell = 200 * time.Millisecond
	// shipFiles is how many descriptors are enough for the deepest directory that
	// an archive can hold: its path has 4096 bytes at most, a level takes two.
	shipFiles = 4096
	shipPiece = 256 << 10
)

// cancellable gives a context that ends when whoever asked has lost interest: the
// adapter sends SIGTERM before it kills.
func cancellable() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), unix.SIGTERM)
}

// allowFiles raises the soft limit of open files. Nothing is started here that
// would inherit it.
func allowFiles() {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err == nil && lim.Cur < shipFiles {
		lim.Cur = min(lim.Max, shipFiles)
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &lim)
	}
}

// impatient reads or writes a file that may be a pipe with nobody at its other end:
// the context ends the waiting, not the call, which has memory of its own.
type impatient struct {
	f    *os.File
	ctx  context.Context
	read uint64
	buf  []byte
}

type transfer struct {
	n   int
	err error
}

func (p *impatient) wait(call func() (int, error)) (int, error) {
	done := make(chan transfer, 1)
	runtime.Spawn("archive", func(err error) { done <- transfer{0, err} }, func() {
		n, err := call()
		done <- transfer{n, err}
	})
	select {
	case t := <-done:
		return t.n, t.err
	case <-p.ctx.Done():
		p.buf = nil
		return 0, p.ctx.Err()
	}
}

func (p *impatient) Write(b []byte) (int, error) {
	own := bytes.Clone(b)
	return p.wait(func() (int, error) { return p.f.Write(own) })
}

func (p *impatient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	if p.buf == nil {
		p.buf = make([]byte, shipPiece)
	}
	own := p.buf[:min(len(b), len(p.buf))]
	n, err := p.wait(func() (int, error) { return p.f.Read(own) })
	p.read += uint64(copy(b, own[:n]))
	return n, err
}

// gauge tells how far the work is, now and then.
func (o *operation) gauge(step string, total uint64) func(done uint64) {
	o.tell(runtime.Progress{Step: step, Total: total})
	last := time.Now()
	return func(done uint64) {
		if now := time.Now(); now.Sub(last) >= shipTell {
			last = now
			o.tell(runtime.Progress{Done: done, Total: total})
		}
	}
}

// line tells a line of what came of it: foreign text.
func (o *operation) line(format string, args ...any) {
	o.tell(runtime.Progress{Output: fmt.Appendf(nil, format+"\n", args...)})
}

// lineText is foreign text on one line of output.
func lineText(s string) string {
	if strings.ContainsAny(s, "\n\r\x00") {
		return strconv.Quote(s)
	}
	return s
}

func (o *operation) leftOut(all []archive.Skipped, n uint64) {
	for _, s := range all {
		o.line("left out: %s: %s", lineText(s.Path), lineText(s.Why))
	}
	if more := n - uint64(len(all)); more > 0 {
		o.line("left out: %d more", more)
	}
}

// hostIDs translates ids by lxc.idmap, of users or (true) of groups.
type hostIDs []runtime.IDMap

// parseIDMaps reads values of lxc.idmap, as liblxc gives them.
func parseIDMaps(values []string) (hostIDs, error) {
	var all hostIDs
	for _, v := range values {
		if strings.TrimSpace(v) == "" {
			continue
		}
		var kind string
		var m runtime.IDMap
		if n, err := fmt.Sscan(v, &kind, &m.Inner, &m.Host, &m.Count); err != nil || n != 4 || (kind != "u" && kind != "g") {
			return nil, fmt.Errorf("%w: lxc.idmap %q", runtime.ErrConfig, v)
		}
		m.Group = kind == "g"
		all = append(all, m)
	}
	return all, nil
}

// String is a line for each.
func (ids hostIDs) String() string {
	var b strings.Builder
	for _, m := range ids {
		b.WriteString(m.String() + "\n")
	}
	return b.String()
}

func (ids hostIDs) inner(host uint32, group bool) (uint32, bool) {
	for _, m := range ids {
		if h := uint64(host); m.Group == group && h >= m.Host && h-m.Host < m.Count {
			return uint32(m.Inner + h - m.Host), true
		}
	}
	return 0, false
}

func (ids hostIDs) host(inner uint32, group bool) (uint32, bool) {
	for _, m := range ids {
		if i := uint64(inner); m.Group == group && i >= m.Inner && i-m.Inner < m.Count {
			return uint32(m.Host + i - m.Inner), true
		}
	}
	return 0, false
}

// own gives an id of the container as it is, where the ids are those of its user
// namespace.
func (ids hostIDs) own(inner uint32, group bool) (uint32, bool) {
	_, ok := ids.host(inner, group)
	return inner, ok
}

// users is how many ids of users there are.
func (ids hostIDs) users() (n uint64) {
	for _, m := range ids {
		if !m.Group {
			n += m.Count
		}
	}
	return n
}

// shipErr puts the archive's own errors into the contract's words, and says what to
// do about a full file system.
func shipErr(err error, full string) error {
	if err == nil {
		return nil
	}
	var told *runtime.Error
	switch {
	case errors.As(err, &told):
		return err
	case errors.Is(err, context.Canceled):
		return &named{err, runtime.ErrCancelled}
	case errors.Is(err, archive.ErrOwner):
		return &runtime.Error{Err: err, Hint: "Nothing was kept of it. Its files belong to ids beyond those of lxc.idmap here: map a longer range " +
			"(of /etc/subuid and /etc/subgid, or with --idmap), or make it privileged, as root."}
	case errors.Is(err, archive.ErrAttribute): // before ENOSPC, which ext4 and btrfs say of it
		return &runtime.Error{Err: err, Hint: "Nothing was kept of it. More room does not help: ext4 has 4 KB for all attributes of a file, xfs 64 KB for each, " +
			"other file systems none. Unpack it into an lxcpath on another, or pack it again without that attribute (setfattr -x)."}
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, archive.ErrNoRoom):
		return &runtime.Error{Err: err, Hint: full}
	case errors.Is(err, unix.EPIPE):
		return &runtime.Error{Err: err, Hint: "Whoever was to read it has ended."}
	case errors.Is(err, archive.ErrUnsafe), errors.Is(err, archive.ErrDamaged):
		return &runtime.Error{Err: err, Hint: "Nothing was kept of it. Fetch or pack it again; do not trust it if it was changed on purpose."}
	case errors.Is(err, archive.ErrTooLarge):
		return &runtime.Error{Err: err, Hint: "Nothing was kept of it. On the command line --max-entries allows more entries."}
	default:
		return fileErr(err)
	}
}
