package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"lxcdeck/runtime"
)

const (
	// maxStream is how much of a log that is streamed is kept, in bytes.
	maxStream = 64 << 20
	// ringEvery is how often a ring buffer is looked at.
	ringEvery = 2 * time.Second
	// journalDrain is how long the last of a journal may take once journalctl has ended.
	journalDrain = time.Second
	// maxJournalWords is how much is kept of what journalctl says of itself, in bytes.
	maxJournalWords = 2 << 10
)

// logStream is a log that is no file: what comes of it is written to one in memory.
type logStream struct {
	stop func() // ends what streams it; called once

	mu     sync.Mutex
	f      *os.File
	size   int
	ended  error // nil = more may come
	closed bool
}

func newLogStream(stop func()) (*logStream, error) {
	f, err := memFile("log")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", runtime.ErrHelper, err)
	}
	return &logStream{f: f, stop: stop}, nil
}

func (s *logStream) log() *runtime.Log {
	return &runtime.Log{Open: s.open, Ended: s.why, Close: s.close}
}

// Write adds to the log, as far as there is room.
func (s *logStream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.ended != nil {
		return 0, io.ErrClosedPipe
	}
	room := min(len(p), maxStream-s.size)
	n, err := s.f.Write(p[:room])
	s.size += n
	switch {
	case err != nil:
		s.ended = fmt.Errorf("what comes of it cannot be kept: %w", err)
	case n < len(p):
		s.ended = fmt.Errorf("%d MiB of it are kept here, and no more is taken", maxStream>>20)
	default:
		return n, nil
	}
	return n, s.ended
}

// end says why no more comes. The first word counts.
func (s *logStream) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = why
	}
}

func (s *logStream) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// open gives the file with an offset of its own, for reading alone.
func (s *logStream) open() (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, os.ErrClosed
	}
	f, err := os.Open("/proc/self/fd/" + strconv.Itoa(int(s.f.Fd())))
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return f, nil
}

func (s *logStream) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.stop()
	return s.f.Close()
}

// openRing gives what the ring buffer has had since this Adapter looks at it, and what
// comes.
func (a *Adapter) openRing(ctx context.Context, ref runtime.Ref, once bool) (*runtime.Log, error) {
	seen, err := a.bootLogAt(ctx, ref)
	if errors.Is(err, runtime.ErrNoBootLog) { // that is about another file
		if at, perr := a.logPlace(ctx, ref); perr == nil && at.noRing() != "" {
			return nil, fmt.Errorf("%w: %s", runtime.ErrNoLog, at.noRing())
		}
	}
	if err != nil {
		return nil, asOpenLog(err)
	}
	if seen.life == "" {
		return nil, fmt.Errorf("%w: its console has no ring buffer, see lxc.console.buffer.size", runtime.ErrNoLog)
	}
	inner, cancel := context.WithCancel(context.Background())
	s, err := newLogStream(cancel)
	if err != nil {
		cancel()
		return nil, err
	}
	if _, err := s.Write(seen.text); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if once {
		s.end(io.EOF)
		return s.log(), nil
	}
	runtime.Spawn("ring buffer", s.end, func() { s.end(a.followRing(inner, ref, seen, s)) })
	return s.log(), nil
}

// asOpenLog names the operation that was asked for.
func asOpenLog(err error) error {
	var e *runtime.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Op = "open log"
	return &out
}

// followRing adds what comes to the ring buffer, and gives why no more does.
func (a *Adapter) followRing(ctx context.Context, ref runtime.Ref, seen ringAt, to io.Writer) error {
	tick := time.NewTicker(ringEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ended(ctx)
		case <-tick.C:
		}
		now, err := a.bootLogAt(ctx, ref)
		switch {
		case errors.Is(err, runtime.ErrNoAnswer), errors.Is(err, runtime.ErrHelper):
			continue // it may answer again
		case err != nil:
			return asOpenLog(err)
		case now.life == "":
			return fmt.Errorf("%w: its console has no ring buffer any more", runtime.ErrNoLog)
		}
		fresh := now.text
		if more := now.end - seen.end; now.life == seen.life && more >= 0 {
			fresh = fresh[max(0, int64(len(fresh))-more):]
		}
		if _, err := to.Write(fresh); err != nil {
			return err
		}
		seen = now
	}
}

// openJournal runs journalctl in the container.
func (a *Adapter) openJournal(ctx context.Context, ref runtime.Ref, once bool) (*runtime.Log, error) {
	std, err := newJournalPipes()
	if err != nil {
		return nil, fmt.Errorf("%w: pipes of journalctl: %w", runtime.ErrHelper, err)
	}
	shell := runtime.Shell{Ref: ref, Command: runtime.JournalCommand(once)}
	at, err := a.startAttach(ctx, kindExec, shell, std.theirs[:])
	closeFiles(std.theirs[:])
	if err != nil {
		std.close()
		return nil, err
	}
	closeAll(at.fds)
	s, err := newLogStream(func() {
		at.proc.conn.hangUp()
		std.close()
	})
	if err != nil {
		at.drop()
		std.close()
		return nil, err
	}
	s.follow(newEnding(at), std, once)
	return s.log(), nil
}

// journalPipes are those of journalctl.
type journalPipes struct {
	theirs     [3]*os.File
	out, words *os.File
}

// close lets go of our ends.
func (p *journalPipes) close() { closeFiles([]*os.File{p.out, p.words}) }

func newJournalPipes() (p journalPipes, err error) {
	if p.theirs[0], err = os.Open(os.DevNull); err != nil {
		return p, err
	}
	if p.out, p.theirs[1], err = os.Pipe(); err != nil {
		closeFiles([]*os.File{p.theirs[0]})
		return p, err
	}
	if p.words, p.theirs[2], err = os.Pipe(); err != nil {
		closeFiles([]*os.File{p.theirs[0], p.theirs[1], p.out})
	}
	return p, err
}

// follow takes what journalctl writes, until its end.
func (s *logStream) follow(end *ending, std journalPipes, once bool) {
	copied, said := make(chan struct{}), make(chan string, 1)
	runtime.Spawn("journal", func(err error) { s.end(err); close(copied) }, func() {
		defer close(copied)
		// What cannot be written has ended the stream: journalctl is not needed any more.
		if _, err := io.Copy(struct{ io.Writer }{s}, std.out); err != nil {
			end.at.proc.conn.hangUp()
		}
	})
	runtime.Spawn("words of journalctl", func(error) { said <- "" }, func() {
		var words bytes.Buffer
		_, _ = io.CopyN(&words, std.words, maxJournalWords)
		said <- words.String()
		_, _ = io.Copy(io.Discard, std.words) // it must not wait for us
	})
	runtime.Spawn("end of journalctl", s.end, func() {
		exit, err := end.wait(context.Background())
		// What it has started may hold the pipes.
		late := time.Now().Add(journalDrain)
		_, _ = std.out.SetReadDeadline(late), std.words.SetReadDeadline(late)
		<-copied
		words := <-said
		std.close()
		s.end(journalctlEnd(exit, err, words, once))
	})
}

// journalctlEnd is why no more comes of a journal.
func journalctlEnd(exit runtime.Exit, err error, words string, once bool) error {
	words = strings.TrimSpace(words)
	switch {
	case err != nil:
		return err
	case exit.Reason != "":
		return errors.New(exit.Reason)
	case once && exit.Code == 0:
		return io.EOF
	case words != "":
		return fmt.Errorf("journalctl has ended with status %d: %s", exit.Code, words)
	default:
		return fmt.Errorf("journalctl has ended with status %d", exit.Code)
	}
}
