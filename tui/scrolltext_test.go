package tui

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/tui/record"
	"lxcdeck/tui/vt"
)

// A text that is taken in slices is the one that is taken at once.
func TestTextInSlices(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, width := range []int{0, 3, 30, 80, 81, 160, 3000} {
		sh := &shell{term: vt.New(80, 24, vt.Options{})}
		for i := range 4000 {
			line := fmt.Sprintf("%d ", i)
			if width > 0 {
				line += strings.Repeat("x 漢  ", rnd.IntN(width)/5)
			}
			if width < 3000 || rnd.IntN(100) == 0 {
				line += "\r\n"
			}
			_, _ = sh.term.Write([]byte(line))
		}
		first, end := sh.term.Rows()
		for n := range 30 {
			of := scroll{kind: []selecting{selectText, selectLines, selectBlock}[n%3]}
			of.anchor = vt.Pos{Row: first + rnd.Uint64N(end-first), Col: rnd.IntN(80)}
			of.at = vt.Pos{Row: first + rnd.Uint64N(end-first), Col: rnd.IntN(80)}
			if n == 0 {
				of.everything()
			}
			a, b := sh.ends(of)
			if got, want := sh.text(of), sh.term.Text(a, b, of.kind == selectBlock); got != want {
				i := 0
				for i < min(len(got), len(want)) && got[i] == want[i] {
					i++
				}
				t.Fatalf("width %d, %v from %v to %v: %d bytes instead of %d, different from %d on: %q instead of %q",
					width, of.kind, a, b, len(got), len(want), i, got[i:min(len(got), i+40)], want[i:min(len(want), i+40)])
			}
		}
	}
}

// Who reads a long text does not keep the session's lock: it writes on.
func TestTextLetsTheSessionWrite(t *testing.T) {
	sh := &shell{term: vt.New(200, 24, vt.Options{})}
	for range 9000 {
		_, _ = sh.term.Write([]byte(strings.Repeat("0123456789", 18) + "\r\n"))
	}
	of := scroll{}
	of.everything()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = sh.text(of)
	}()
	turns := 0
	for reading := true; reading; turns++ {
		select {
		case <-done:
			reading = false
		default:
			sh.rows()
			time.Sleep(time.Millisecond)
		}
	}
	if turns < 3 {
		t.Errorf("%d turns while the text was read", turns)
	}
}

// slowDisk takes its time.
type slowDisk struct {
	io.WriteCloser
	wait <-chan struct{}
}

func (x slowDisk) Write(p []byte) (int, error) {
	<-x.wait
	return x.WriteCloser.Write(p)
}

// The end of the program waits for what was recorded, but not for ever.
func TestRecordingIsCompleteAtTheEnd(t *testing.T) {
	d, s, _ := inShell(t, 80, 24)
	path := filepath.Join(t.TempDir(), "x.cast")
	f, err := record.Create(path, record.Places{})
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	cast := record.Start(slowDisk{f, ready}, record.Options{Cols: 80, Rows: 24})
	d.stuck++ // its end is told after the program's
	d.send(recordingMsg{d.m.shells.shown().id, path, cast, nil})
	s.Feed([]byte("the last words"))
	d.shows("the last words")
	time.AfterFunc(50*time.Millisecond, func() { close(ready) })
	d.m.closeShells()
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "the last words") {
		t.Fatalf("%q %v", text, err)
	}
}

// Nothing is saved or recorded into a root file system, wherever it lies.
func TestNothingIsSavedIntoARootFileSystem(t *testing.T) {
	root := t.TempDir()
	x := box("alpha", runtime.Running)
	x.Config = &runtime.Config{Roots: []string{root}}
	d := newDeck(t, 120, 40, Options{SaveDir: filepath.Join(root, "tmp")}, x)
	all := d.session()
	d.press("s")
	(<-all).Feed([]byte("some text"))
	d.shows("some text")
	d.press("ctrl+]", "R", "enter")
	d.shows("lies in a directory of containers")
	d.press("esc", "ctrl+]", "[", "ctrl+s", "enter")
	d.until("two refusals", func() bool {
		n := 0
		for _, x := range d.m.notices.past {
			if strings.Contains(x.text, "lies in a directory of containers") {
				n++
			}
		}
		return n == 2
	})
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
}
