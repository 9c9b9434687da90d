package tui

import (
	"regexp"
	"strings"
	"sync"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// feed is how a job goes. A goroutine of the Runtime tells it, as often as it
// likes; the loop looks when it paints, so that a flood makes no message.
type feed struct {
	mu    sync.Mutex
	at    runtime.Progress // the newest of each; Output is in out
	out   runtime.Output
	exit  *runtime.Exit
	files *runtime.Copied
	words uint64 // how often something was told
	gone  bool   // the output was given up
	over  bool   // nothing more is taken
}

// take is the Request's Progress. What is not said stays as it was; a new step
// begins without figures.
func (f *feed) take(p runtime.Progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return
	}
	f.words++
	if p.Step != "" && p.Step != f.at.Step {
		f.at = runtime.Progress{Step: p.Step}
	}
	if p.Done > 0 || p.Total > 0 {
		f.at.Done = p.Done
	}
	if p.Total > 0 {
		f.at.Total, f.at.Unit = p.Total, p.Unit
	}
	if p.Exit != nil {
		f.exit = p.Exit
	}
	if p.Copied != nil {
		f.files = p.Copied
	}
	if len(p.Output) > 0 {
		_, _ = f.out.Write(p.Output) // in memory: it cannot fail
	}
}

// progress is how far it has come.
func (f *feed) progress() views.JobProgress {
	f.mu.Lock()
	defer f.mu.Unlock()
	return views.JobProgress{
		Step: f.at.Step, Done: f.at.Done, Total: f.at.Total, Unit: f.at.Unit, Lines: f.out.Dropped() + f.out.Len(),
	}
}

// copied is what came of copying files; nil = nothing was told of any.
func (f *feed) copied() *runtime.Copied {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.files
}

// ended is how a command has ended that was run; "" = it has not, or none was.
func (f *feed) ended() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.exit == nil {
		return ""
	}
	return f.exit.String()
}

// told is how often something was told, for who asks whether anything is new.
func (f *feed) told() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.words
}

// bounds are the numbers of the first line that is kept, and of the one behind
// the last. Lines count from 0 and keep their numbers when older ones go.
func (f *feed) bounds() (first, end int, gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out.Dropped(), f.out.Dropped() + f.out.Len(), f.gone
}

// lines gives the lines from number from up to, not including, number to, as
// far as they are kept.
func (f *feed) lines(from, to int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := f.out.Dropped()
	var out []string
	for i := max(from, first); i < min(to, first+f.out.Len()); i++ {
		out = append(out, f.out.Line(i-first))
	}
	return out
}

// text is all that is kept, as it can be read anywhere.
func (f *feed) text() string {
	first, end, _ := f.bounds()
	lines := f.lines(first, end)
	for i := range lines {
		lines[i] = views.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// find gives the number of the next line behind from that matches, or of the
// one before it; it goes on at the other end. Off the loop: it may take long.
func (f *feed) find(match *regexp.Regexp, from int, back bool) (line int, ok bool) {
	first, end, _ := f.bounds()
	lines := f.lines(first, end)
	n, step := len(lines), 1
	if back {
		step = -1
	}
	for k := 1; k <= n; k++ {
		i := ((from-first+k*step)%n + n) % n
		if match.MatchString(views.Clean(lines[i])) {
			return first + i, true
		}
	}
	return 0, false
}

// end takes nothing more: what is kept is counted from now on.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
}

// size is how much memory its output takes, in bytes.
func (f *feed) size() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out.Size()
}

// giveUp forgets the output.
func (f *feed) giveUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.out, f.gone = runtime.Output{}, true
}
