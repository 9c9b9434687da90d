package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/events"
)

// jobs are what was done in a session, and what is being done while others are asked
// for.
type jobs struct {
	mu   sync.Mutex
	all  []*task
	next int
	back []*backJob
}

// task is one operation.
type task struct {
	number int
	q      runtime.Request
	began  time.Time
	ended  time.Time // zero = it goes on
	err    error
	step   string
}

// jobsKept is how many are remembered.
const jobsKept = 200

func (j *jobs) begin(q *runtime.Request) *task {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	x := &task{number: j.next, q: *q, began: time.Now()}
	if len(j.all) >= jobsKept {
		j.all = append([]*task(nil), j.all[1:]...)
	}
	j.all = append(j.all, x)
	return x
}

// reported is the Runtime of a line: what is done through it is known to the session.
type reported struct {
	runtime.Runtime
	d *deck
}

// Do carries an operation out. Where the line is not waited for, it goes on alone from
// here: all that had to be asked was asked.
func (r *reported) Do(ctx context.Context, q runtime.Request) error {
	s := r.d.session
	x := s.jobs.begin(&q)
	r.d.back.leave()
	told := q.Progress
	q.Progress = func(p runtime.Progress) {
		if p.Step != "" {
			s.jobs.mu.Lock()
			x.step = p.Step
			s.jobs.mu.Unlock()
		}
		if told != nil {
			told(p)
		}
	}
	err := r.Runtime.Do(ctx, q)
	s.jobs.mu.Lock()
	x.ended, x.err = time.Now(), err
	began, ended := x.began, x.ended
	s.jobs.mu.Unlock()
	s.news.did(&q, err, began, ended)
	return err
}

// backJob is a line that is not waited for.
type backJob struct {
	line   string
	ctx    context.Context
	cancel context.CancelFunc
	alone  chan struct{} // closed when no more is asked
	once   sync.Once

	mu     sync.Mutex
	gone   bool // its output is kept
	out    bytes.Buffer
	over   bool
	status int
}

// leave lets whoever asked for it go on.
func (b *backJob) leave() {
	if b == nil {
		return
	}
	b.once.Do(func() {
		b.mu.Lock()
		b.gone = true
		b.mu.Unlock()
		close(b.alone)
	})
}

// add keeps output; false = it is to be shown at once.
func (b *backJob) add(text []byte) bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	const most = 1 << 20
	if b.gone && b.out.Len() < most {
		b.out.Write(text)
	}
	return b.gone
}

// isAlone says whether nobody waits for it, and so nobody can be asked.
func (b *backJob) isAlone() bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gone
}

// behind does a line without waiting for its end.
func (s *session) behind(line string, do func(b *backJob) int) {
	b := &backJob{line: line, alone: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(context.WithoutCancel(s.ctx)) // what is left alone does not end with us
	s.jobs.mu.Lock()
	s.jobs.back = append(s.jobs.back, b)
	s.jobs.mu.Unlock()
	over := func(status int) {
		b.mu.Lock()
		b.over, b.status = true, status
		b.mu.Unlock()
		b.cancel()
	}
	done := make(chan struct{})
	spawn(func() {
		defer close(done)
		over(do(b))
	}, func(err error) { s.d.warn("%v", err); over(exitFailed) })
	ints := make(chan os.Signal, 1)
	signal.Notify(ints, syscall.SIGINT)
	defer signal.Stop(ints)
	for {
		select {
		case <-b.alone:
			s.put("Begun: " + line + ". Its end is told; jobs shows how it goes.")
			return
		case <-done:
			return
		case <-ints: // until it is alone it is what runs
			b.cancel()
		}
	}
}

// running are the lines that are not waited for and go on.
func (j *jobs) running() (all []*backJob) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, b := range j.back {
		b.mu.Lock()
		if !b.over {
			all = append(all, b)
		}
		b.mu.Unlock()
	}
	return all
}

// ended takes those that came to their end, with what they have to say.
func (j *jobs) ended() (texts []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	left := j.back[:0]
	for _, b := range j.back {
		b.mu.Lock()
		switch {
		case !b.over:
			left = append(left, b)
		case b.gone:
			how := "done"
			if b.status != exitOK {
				how = fmt.Sprintf("failed, status %d", b.status)
			}
			texts = append(texts, "Job ended: "+b.line+": "+how+".\n"+b.out.String())
		}
		b.mu.Unlock()
	}
	j.back = left
	return texts
}

// list tells all, the newest last.
func (j *jobs) list(called func(runtime.Ref) string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for _, x := range j.all {
		text := fmt.Sprintf("job %d: %s %s, begun %s: ", x.number, strings.ReplaceAll(x.q.Op.String(), "-", " "), called(x.q.Ref), x.began.Format("15:04:05"))
		switch {
		case x.ended.IsZero():
			text += "goes on for " + lasting(time.Since(x.began).Round(time.Second))
			if x.step != "" {
				text += ", " + x.step
			}
		case x.err != nil:
			text += "failed: " + why(x.err)
		default:
			text += "done, " + lasting(x.ended.Sub(x.began).Round(time.Second))
		}
		out = append(out, text)
	}
	return out
}

// doneWords is what came to its end: "start web-1".
func doneWords(q *runtime.Request) string {
	words := strings.ReplaceAll(q.Op.String(), "-", " ")
	if q.Ref.Name != "" {
		words += " " + q.Ref.Name
	}
	return words
}

// leave ends the session. What becomes of what goes on is asked, as on the screen; a
// terminal that has hung up can answer nothing, and what changes a container comes to its
// end without us.
func (s *session) leave(eof bool) {
	all := s.jobs.running()
	if len(all) > 0 && s.in.tty && !(eof && s.gone) {
		s.gone = eof
		s.put("Left alone it runs to its end; the next start tells how it went.")
		answer, err := s.decide(several(len(all), "job") + " running. Leave lxcdeck? leave, cancel or stay, enter stays:")
		switch {
		case err == nil && answer == "leave":
		case err == nil && answer == "cancel":
			for _, b := range all {
				b.cancel()
				s.await(b)
			}
			all = nil
		default:
			s.gone = s.gone && err != nil
			return
		}
	}
	if !s.in.tty { // a script is done when all is done
		for _, b := range all {
			s.await(b)
		}
		all = nil
	}
	if len(all) > 0 {
		s.d.alone()
	}
	s.tellNews()
	if eof && s.in.tty {
		s.put("Left.")
	}
	s.over = true
}

// await waits for the end of a line that nobody waits for.
func (s *session) await(b *backJob) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		b.mu.Lock()
		over := b.over
		b.mu.Unlock()
		if over {
			return
		}
		<-tick.C
	}
}

// did tells the events that an operation was one of ours.
func (n *news) did(q *runtime.Request, err error, began, ended time.Time) {
	if err != nil && !errors.Is(err, runtime.ErrStillRunning) {
		return
	}
	if a, ok := q.Args.(*runtime.SnapshotArgs); q.Op == runtime.Snapshot && (!ok || a == nil || a.Way == runtime.IfStopped) {
		return // it neither stops nor freezes
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tracker.Did(events.Done{Op: q.Op.String(), Ref: q.Ref, Others: q.Others(), Identity: q.Same, From: began, To: ended})
}
