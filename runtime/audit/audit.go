// Package audit keeps the log of what was done to containers: JSON lines that
// are appended and never rewritten.
//
// Rules of this room:
//   - An intent is written before anything is done and a result after it, each
//     by one write(2) on a descriptor with O_APPEND, so that lines of several
//     processes do not mix.
//   - It never keeps the work from being done. A log that cannot be written is
//     told of once, before the first thing that would have stood in it.
//   - Values of environment variables and what looks like a secret are masked
//     before they get here. That is a help against accidents: nobody can know
//     every way in which a program takes a password.
package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"lxcdeck/runtime"
)

// rootDir is where root's log lies.
const rootDir = "/var/log/lxcdeck"

const fileName = "audit.jsonl"

// Place is the path of a user's log: root's is the host's, others have theirs
// in their state directory. "" = there is no place for one.
func Place(euid int, stateDir string) string {
	switch {
	case euid == 0:
		return filepath.Join(rootDir, fileName)
	case filepath.IsAbs(stateDir):
		return filepath.Join(stateDir, fileName)
	default:
		return ""
	}
}

// The phases of a record.
const (
	Intent = "intent" // it is about to be done
	Result = "result" // it is over
)

// Exec is What of a command that ran without a terminal.
const Exec = "exec"

// Record is one line. Text that is no UTF-8 has its bytes as \xff.
type Record struct {
	Time  time.Time `json:"time"`
	ID    string    `json:"id"`    // the same in intent and result
	Phase string    `json:"phase"` // Intent, Result
	What  string    `json:"what"`  // the operation's verb; "shell", "exec", "console"
	Path  string    `json:"path"`
	Name  string    `json:"name"`

	PID      int     `json:"pid"`      // of the lxcdeck, or helper, that wrote it
	UID      int     `json:"uid"`      // real user id
	LoginUID *uint32 `json:"loginuid"` // who logged in, by the kernel (/proc/PID/loginuid); null = nobody
	SudoUser string  `json:"sudo_user_claim,omitempty"`

	// Of an intent.
	Args map[string]any `json:"args,omitempty"` // what else the operation needs
	LXC  string         `json:"lxc,omitempty"`  // the lxc-* command that would do the same
	Argv []string       `json:"argv,omitempty"` // of a shell; missing = the login shell
	Env  []string       `json:"env,omitempty"`  // names of the variables that were set
	User string         `json:"user,omitempty"` // in the container
	Cwd  string         `json:"cwd,omitempty"`  // in the container

	// Of a result.
	OK         *bool   `json:"ok,omitempty"`
	Error      string  `json:"error,omitempty"`
	Code       *int    `json:"code,omitempty"` // exit status of a shell, or of the command of a run
	Seconds    float64 `json:"seconds,omitempty"`
	Unattended bool    `json:"unattended,omitempty"` // nobody was there to see it: lxcdeck had died, or its terminal had
}

// Options say how a Log is kept.
type Options struct {
	Path     string // of the file; see Place
	SudoUser string // $SUDO_USER, a claim
	// Failed is told once that the log cannot be written, before the work is
	// done; nil = nobody is.
	Failed func(error)
	Now    func() time.Time // nil = time.Now
}

// Log is an audit log that is written to. Its methods may be called from
// several goroutines.
type Log struct {
	opts  Options
	login func() *uint32 // who logged in, read once: only a process itself could change that
	alone atomic.Bool
	seq   atomic.Int64
	told  sync.Once
}

// New makes a Log. No file is touched before the first record, or Check.
func New(o Options) *Log {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Log{opts: o, login: sync.OnceValue(loginUID)}
}

// Check says whether records can be written. It makes the file if it is not there.
func (l *Log) Check() error { return Check(l.opts.Path) }

// Alone marks the results from now on as seen by nobody: the terminal is gone.
func (l *Log) Alone() { l.alone.Store(true) }

// entry is something that is under way, between its intent and its result.
type entry struct {
	log   *Log
	id    string
	what  string
	ref   runtime.Ref
	began time.Time
	once  sync.Once
}

// begin writes an intent.
func (l *Log) begin(what string, ref runtime.Ref, fill func(*Record)) *entry {
	e := &entry{log: l, what: what, ref: ref, began: l.opts.Now()}
	e.id = fmt.Sprintf("%x-%x-%x", e.began.UnixNano(), os.Getpid(), l.seq.Add(1))
	r := l.record(e, Intent)
	fill(&r)
	l.write(&r)
	return e
}

// end writes the result, once.
func (e *entry) end(err error, exit *runtime.Exit) {
	e.once.Do(func() {
		r := e.log.record(e, Result)
		now := e.log.opts.Now()
		r.finish(now, now.Sub(e.began), err)
		r.Unattended = e.log.alone.Load()
		r.exited(err, exit)
		e.log.write(&r)
	})
}

func (l *Log) record(e *entry, phase string) Record {
	r := newRecord(e.id, e.what, e.ref, phase)
	r.LoginUID = l.login()
	r.Time, r.SudoUser = e.began.UTC(), text(l.opts.SudoUser)
	return r
}

func (l *Log) write(r *Record) {
	if err := Append(l.opts.Path, r); err != nil && l.opts.Failed != nil {
		l.told.Do(func() { l.opts.Failed(err) })
	}
}

// Unattended is the result of an operation, or a command, whose lxcdeck has died,
// for the helper that came to its end. id and what are the intent's; exit, if not nil,
// is how the command has ended.
func Unattended(id, what string, ref runtime.Ref, took time.Duration, err error, exit *runtime.Exit) *Record {
	r := newRecord(id, what, ref, Result)
	r.LoginUID = loginUID()
	r.finish(time.Now(), took, err)
	r.exited(err, exit)
	r.Unattended = true
	return &r
}

// exited adds how a program has ended; nil = none ran, or it is not known.
func (r *Record) exited(err error, exit *runtime.Exit) {
	if exit == nil {
		return
	}
	r.Code = &exit.Code
	if err == nil && exit.Reason != "" {
		r.Error = text(exit.Reason)
	}
}

func newRecord(id, what string, ref runtime.Ref, phase string) Record {
	return Record{
		ID: id, Phase: phase, What: what, Path: text(ref.Path), Name: text(ref.Name),
		PID: os.Getpid(), UID: os.Getuid(),
	}
}

func (r *Record) finish(now time.Time, took time.Duration, err error) {
	r.Time, r.Seconds = now.UTC(), took.Round(time.Millisecond).Seconds()
	ok := err == nil
	if r.OK = &ok; !ok {
		r.Error = text(runtime.MaskSaid(err.Error()))
	}
}

// loginUID is the user id that pam_loginuid(8) has given this process's login,
// which sudo and su leave as it is; nil = there was none.
func loginUID() *uint32 {
	b, err := os.ReadFile("/proc/self/loginuid")
	if err != nil {
		return nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 32)
	const unset = 1<<32 - 1 // AUDIT_UID_UNSET of linux/audit.h
	if err != nil || n == unset {
		return nil
	}
	uid := uint32(n)
	return &uid
}

// text makes bytes what JSON can hold: encoding/json would put the same mark
// in the place of each that is no UTF-8.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
