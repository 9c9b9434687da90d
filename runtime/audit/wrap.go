package audit

import (
	"context"
	"errors"
	"io"
	"time"

	"lxcdeck/runtime"
)

// exitTime is how long a session that was closed may take to tell its exit.
const exitTime = 200 * time.Millisecond

// Wrap gives a Runtime that writes down what changes a container or runs a
// program in one. What only looks is not written.
func Wrap(rt runtime.Runtime, l *Log) runtime.Runtime { return logged{rt, l} }

type logged struct {
	runtime.Runtime
	log *Log
}

func (l logged) Do(ctx context.Context, q runtime.Request) error {
	e := l.log.begin(q.Op.String(), q.Ref, func(r *Record) {
		kept := masked(q)
		r.Args, r.LXC = argsOf(kept.Args), text(kept.LXCCommand())
	})
	q.Record = e.id
	var exit *runtime.Exit // of the command of a run
	if told := q.Progress; q.Op == runtime.Run {
		q.Progress = func(p runtime.Progress) {
			if p.Exit != nil {
				exit = p.Exit
			}
			if told != nil {
				told(p)
			}
		}
	}
	err := l.Runtime.Do(ctx, q)
	e.end(err, exit)
	return err
}

func (l logged) Attach(ctx context.Context, sh runtime.Shell) (runtime.Session, error) {
	return l.session("shell", sh.Ref, shell(&sh), func() (runtime.Session, error) { return l.Runtime.Attach(ctx, sh) })
}

func (l logged) Console(ctx context.Context, c runtime.Console) (runtime.Session, error) {
	return l.session("console", c.Ref, func(r *Record) { r.Args = map[string]any{"tty": c.TTY} },
		func() (runtime.Session, error) { return l.Runtime.Console(ctx, c) })
}

func (l logged) Exec(ctx context.Context, sh runtime.Shell, stdio runtime.Stdio) (runtime.Exit, error) {
	e := l.log.begin(Exec, sh.Ref, shell(&sh))
	sh.Record = e.id
	exit, err := l.Runtime.Exec(ctx, sh, stdio)
	e.end(err, ended(exit, err))
	return exit, err
}

func (l logged) session(what string, ref runtime.Ref, fill func(*Record), open func() (runtime.Session, error)) (runtime.Session, error) {
	e := l.log.begin(what, ref, fill)
	s, err := open()
	if err != nil {
		e.end(err, nil)
		return s, err
	}
	return &session{Session: s, entry: e}, nil
}

// shell fills an intent in with what is run.
func shell(sh *runtime.Shell) func(*Record) {
	return func(r *Record) {
		r.Argv, r.Env = maskWords(sh.Command), envNames(sh.Env)
		r.User, r.Cwd = text(sh.User), text(sh.Cwd)
	}
}

func ended(exit runtime.Exit, err error) *runtime.Exit {
	if err != nil {
		return nil
	}
	return &exit
}

// session writes its result when its end is learned, or when it is closed.
type session struct {
	runtime.Session
	entry *entry
}

func (s *session) Wait(ctx context.Context) (runtime.Exit, error) {
	exit, err := s.Session.Wait(ctx)
	if err == nil || ctx.Err() == nil { // else only the waiting ended
		s.entry.end(err, ended(exit, err))
	}
	return exit, err
}

func (s *session) Close() error {
	err := s.Session.Close()
	ctx, cancel := context.WithTimeout(context.Background(), exitTime)
	defer cancel()
	exit, werr := s.Session.Wait(ctx)
	if werr != nil {
		s.entry.end(errors.New("hung up"), nil)
		return err
	}
	s.entry.end(nil, &exit)
	return err
}

// OpenLog is written down where it runs a program in the container: for its journal.
func (l logged) OpenLog(ctx context.Context, ref runtime.Ref, source runtime.LogSource) (*runtime.Log, error) {
	if source.Kind != runtime.LogJournal {
		return l.Runtime.OpenLog(ctx, ref, source)
	}
	e := l.log.begin(Exec, ref, shell(&runtime.Shell{Ref: ref, Command: runtime.JournalCommand(source.Once)}))
	log, err := l.Runtime.OpenLog(ctx, ref, source)
	if err != nil {
		e.end(err, nil)
		return log, err
	}
	out := *log
	out.Close = func() error {
		var why error
		if log.Ended != nil {
			why = log.Ended()
		}
		if errors.Is(why, io.EOF) {
			why = nil
		}
		e.end(why, nil) // nil = nobody wanted more of it
		return log.Close()
	}
	return &out, nil
}
