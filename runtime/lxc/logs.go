package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"lxcdeck/runtime"
)

const (
	// logsTime is how long a list of logs may take, hostLogsTime and insideLogsTime how
	// long each of its parts.
	logsTime       = 20 * time.Second
	hostLogsTime   = 5 * time.Second
	insideLogsTime = 5 * time.Second
	// openLogTime is how long a log may take to be opened.
	openLogTime = 3 * time.Second
	// logRest is for how long a log that could not be opened is left alone.
	logRest = time.Second
)

// Logs lists the logs of a container.
func (a *Adapter) Logs(ctx context.Context, ref runtime.Ref) ([]runtime.LogSource, error) {
	all, err := a.logs(ctx, ref)
	return all, fail("logs", ref, err)
}

func (a *Adapter) logs(ctx context.Context, ref runtime.Ref) ([]runtime.LogSource, error) {
	ctx, cancel := context.WithTimeout(ctx, logsTime)
	defer cancel()
	at, err := a.logPlace(ctx, ref)
	if err != nil {
		return nil, err
	}
	var all []runtime.LogSource
	l := &logLink{a: a, ref: ref}
	defer l.close()
	told, _, err := l.ask(ctx, at, hostLogsTime, &logAsk{})
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	if err != nil {
		all = append(all, runtime.LogSource{Kind: runtime.LogLXC, Why: cause(err).Error()})
	}
	for i := range told.Logs {
		all = append(all, told.Logs[i].source())
	}
	if told.Ring {
		all = append(all, runtime.LogSource{Kind: runtime.LogRing, Why: at.noRing()})
	}
	told, _, err = l.ask(ctx, at, insideLogsTime, &logAsk{Inside: true})
	switch {
	case ctx.Err() != nil:
		return nil, ended(ctx)
	case err != nil:
		told.Why = cause(err).Error()
	}
	if told.Journal {
		all = append(all, runtime.LogSource{Kind: runtime.LogJournal, Why: a.noJournal(&at)})
	}
	if told.Why != "" {
		all = append(all, runtime.LogSource{Kind: runtime.LogFile, Path: logsDir, Why: told.Why})
	}
	for i := range told.Logs {
		all = append(all, told.Logs[i].source())
	}
	return all, nil
}

// logPlace is where the logs of a container are looked for.
type logPlace struct {
	as    *user // who looks; nil = this process's user
	state runtime.State
	life  *life // nil = it does not run, or that is not known
}

// logPlace looks at a container. A config that may not be loaded is in nobody's way:
// there are logs that are found without.
func (a *Adapter) logPlace(ctx context.Context, ref runtime.Ref) (at logPlace, err error) {
	if err := ref.Check(); err != nil {
		return at, err
	}
	if at.as, err = a.helperUser(ref); errors.Is(err, runtime.ErrNotFound) {
		return at, err
	}
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	c := a.look(ctx, ref, in.inspect(ref).err)
	if ctx.Err() != nil {
		return at, ended(ctx)
	}
	at.state, at.life = c.State, a.known(ref)
	return at, nil
}

// noRing says why there is nothing to be read of a ring buffer.
func (at *logPlace) noRing() string {
	if at.state == runtime.Stopped {
		return "it is kept only while it runs"
	}
	return ""
}

// noJournal says why journalctl cannot be run; "" = it can.
func (a *Adapter) noJournal(at *logPlace) string {
	switch {
	case a.opts.ReadOnly:
		return runtime.NoJournal
	case at.state == runtime.Stopped:
		return "journalctl runs inside: it is read while the container runs"
	case at.state == runtime.Frozen:
		return "journalctl runs inside, and the container is frozen"
	}
	return ""
}

// OpenLog opens a log of a container.
func (a *Adapter) OpenLog(ctx context.Context, ref runtime.Ref, source runtime.LogSource) (*runtime.Log, error) {
	log, err := a.openLog(ctx, ref, source)
	return log, fail("open log", ref, err)
}

func (a *Adapter) openLog(ctx context.Context, ref runtime.Ref, source runtime.LogSource) (*runtime.Log, error) {
	if err := ref.Check(); err != nil {
		return nil, err
	}
	switch source.Kind {
	case runtime.LogJournal:
		return a.openJournal(ctx, ref, source.Once)
	case runtime.LogRing:
		return a.openRing(ctx, ref, source.Once)
	case runtime.LogLXC, runtime.LogConsole, runtime.LogFile:
	default:
		return nil, fmt.Errorf("%w: a log of an unknown kind", runtime.ErrInvalid)
	}
	l := &hostLog{link: logLink{a: a, ref: ref}, ask: logAsk{Open: true, Kind: source.Kind, Path: source.Path}}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	f, err := l.open(ctx)
	if err != nil {
		return nil, errors.Join(err, l.shut())
	}
	l.first = f
	return &runtime.Log{Open: l.reopen, Close: l.shut}, nil
}

// logLink is a helper for the logs of a container, started when it is needed. It is
// for one goroutine.
type logLink struct {
	a    *Adapter
	ref  runtime.Ref
	p    *helperProc // nil = there is none
	life *life       // that it was started for
}

// ask asks the helper one thing. One that does not answer in time is ended.
func (l *logLink) ask(ctx context.Context, at logPlace, limit time.Duration, ask *logAsk) (told logTold, f *os.File, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	init := 0
	if at.life != nil {
		init = at.life.pid
	}
	q, err := logRequest(l.ref, init, ask)
	if err != nil {
		return told, nil, err
	}
	if l.p == nil {
		if l.p, err = startHelper(q, at.as, nil); err != nil {
			l.p = nil
			return told, nil, err
		}
		l.life = at.life
	}
	told, f, answered, err := askLogs(ctx, l.p, q)
	if !answered {
		l.p.kill()
		l.close()
	}
	// The init ran when its root was opened, and does so yet: it was not another's.
	if err == nil && l.life != nil && !l.life.alive() {
		if f != nil {
			_ = f.Close()
		}
		return told, nil, errStoppedMeanwhile
	}
	return told, f, err
}

// close hangs up on the helper, which ends by that.
func (l *logLink) close() {
	if l.p != nil {
		l.p.abandon()
		l.p = nil
	}
}

// stale says whether the helper looks into a root that is not the container's any more.
func (l *logLink) stale() bool {
	if l.life != nil {
		return !l.life.alive()
	}
	now := l.a.known(l.ref)
	return now != nil && now.alive()
}

// hostLog is a log that is a file, of the host or inside.
type hostLog struct {
	ask    logAsk
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu     sync.Mutex
	link   logLink
	first  *os.File // was opened by OpenLog; nil = given away
	closed bool
	failed error     // why it could not be opened
	rest   time.Time // until when that is not tried again
}

// reopen is Log.Open.
func (l *hostLog) reopen() (*os.File, error) {
	l.mu.Lock()
	if f := l.first; f != nil && !l.closed {
		l.first = nil
		l.mu.Unlock()
		return f, nil
	}
	l.mu.Unlock()
	f, err := l.open(l.ctx)
	return f, fail("open log", l.link.ref, err)
}

func (l *hostLog) open(ctx context.Context) (*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, os.ErrClosed
	case l.link.p != nil && l.ask.Kind == runtime.LogFile && l.link.stale():
		l.link.close()
	}
	var at logPlace
	if l.link.p == nil {
		if time.Now().Before(l.rest) {
			return nil, l.failed
		}
		var err error
		if at, err = l.place(ctx); err != nil {
			return nil, l.put(err)
		}
	}
	_, f, err := l.link.ask(ctx, at, openLogTime, &l.ask)
	switch {
	case err == nil && f == nil:
		err = fmt.Errorf("%w: an answer without a log", runtime.ErrHelper)
	case err == nil:
		return f, nil
	case ctx.Err() != nil && l.ctx.Err() == nil:
		return nil, ended(ctx)
	}
	if !errors.Is(err, runtime.ErrInvalid) && !errors.Is(err, runtime.ErrNoLog) {
		l.link.close() // it may have no root to look into: another may find one
	}
	if l.link.p == nil {
		err = l.put(err)
	}
	return nil, err
}

// place is logPlace within the time that an opening has.
func (l *hostLog) place(ctx context.Context) (logPlace, error) {
	ctx, cancel := context.WithTimeout(ctx, openLogTime)
	defer cancel()
	return l.link.a.logPlace(ctx, l.link.ref)
}

// put keeps an error for who asks again at once.
func (l *hostLog) put(err error) error {
	l.failed, l.rest = err, time.Now().Add(logRest)
	return err
}

// shut is Log.Close.
func (l *hostLog) shut() error {
	l.cancel() // an opening that waits gives up
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.link.close()
	if l.first != nil {
		return l.first.Close()
	}
	return nil
}
