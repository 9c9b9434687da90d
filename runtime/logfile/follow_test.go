package logfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// followed follows a log from its beginning.
func followed(tb testing.TB, name string) *Follower {
	tb.Helper()
	w, err := Follow(Path(name), 0)
	must(tb, err)
	tb.Cleanup(func() { _ = w.Close() })
	return w
}

// told is the next change, with the text that is new.
func told(tb testing.TB, w *Follower) (Change, string) {
	tb.Helper()
	c, err := w.Look()
	must(tb, err)
	return c, textOf(tb, c)
}

func textOf(tb testing.TB, c Change) string {
	tb.Helper()
	var out bytes.Buffer
	_, err := c.File.Copy(tb.Context(), &out, c.From, c.To)
	must(tb, err)
	return out.String()
}

func expect(tb testing.TB, w *Follower, what What, text string) Change {
	tb.Helper()
	c, got := told(tb, w)
	if c.What != what || got != text {
		tb.Fatalf("what %05b with %q, not %05b with %q", c.What, got, what, text)
	}
	return c
}

func TestFollowTellsWhatIsAppended(t *testing.T) {
	_, name := logAt(t, []byte("one\n"))
	w := followed(t, name)
	expect(t, w, Grown, "one\n")
	expect(t, w, 0, "")
	add(t, name, "two\nth")
	add(t, name, "ree\n")
	expect(t, w, Grown, "two\nthree\n")
	end, err := Follow(Path(name), -1)
	must(t, err)
	defer end.Close()
	expect(t, end, 0, "")
	add(t, name, "four\n")
	expect(t, end, Grown, "four\n")
	if end.At() != 19 {
		t.Errorf("told up to %d", end.At())
	}
}

func TestFollowSeesATruncation(t *testing.T) {
	long := strings.Repeat("some line of a log\n", 100)
	_, name := logAt(t, []byte(long))
	w := followed(t, name)
	expect(t, w, Grown, long)
	must(t, os.Truncate(name, 0))
	expect(t, w, Truncated, "")
	add(t, name, "new\n")
	expect(t, w, Grown, "new\n")
	// Cut and longer than before when it is looked at.
	must(t, os.Truncate(name, 0))
	add(t, name, "other\nand more\n")
	expect(t, w, Truncated|Grown, "other\nand more\n")
	// And as long as before.
	must(t, os.WriteFile(name, []byte("OTHER\nand more\n"), 0o600))
	expect(t, w, Truncated|Grown, "OTHER\nand more\n")
	// A writer that does not append goes on where it was: a hole is before that.
	must(t, os.Truncate(name, 0))
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("late\n"), 15)
	must(t, errors.Join(err, f.Close()))
	expect(t, w, Truncated|Grown, strings.Repeat("\x00", 15)+"late\n")
}

func TestFollowReadsTheOldFileToItsEnd(t *testing.T) {
	_, name := logAt(t, []byte("one\n"))
	old, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	defer old.Close()
	w := followed(t, name)
	now := time.Now()
	w.now = func() time.Time { return now }
	expect(t, w, Grown, "one\n")
	_, err = old.WriteString("two\n")
	must(t, err)
	must(t, os.Rename(name, name+".1"))
	expect(t, w, Gone|Grown, "two\n")
	expect(t, w, 0, "")
	must(t, os.WriteFile(name, nil, 0o600))
	expect(t, w, Back, "")
	_, err = old.WriteString("three\n") // its writer was not told yet
	must(t, err)
	expect(t, w, Grown, "three\n")
	now = now.Add(settled - 1)
	expect(t, w, 0, "")
	_, err = old.WriteString("four\n")
	must(t, err)
	add(t, name, "five\n")
	expect(t, w, Grown, "four\n")
	c := expect(t, w, Rotated|Grown, "five\n")
	defer c.Old.Close()
	if l, err := c.Old.Before(1<<20, 1); err != nil || string(l[0].Text) != "four" || c.File != w.File() {
		t.Errorf("the old file ends with %v, %v", l, err)
	}
	// To an empty file it goes when the old one is quiet.
	must(t, os.Rename(name, name+".1"))
	must(t, os.WriteFile(name, nil, 0o600))
	expect(t, w, 0, "")
	now = now.Add(settled)
	c = expect(t, w, Rotated, "")
	must(t, c.Old.Close())
	add(t, name, "six\n")
	expect(t, w, Grown, "six\n")
}

// The last lines of the old file and the first one of the new are written between two
// looks at the old one.
func TestFollowRotationWithinALook(t *testing.T) {
	_, name := logAt(t, []byte("one\n"))
	calls := 0
	w, err := Follow(func() (*os.File, error) {
		if calls++; calls == 3 {
			must(t, os.Rename(name, name+".1"))
			add(t, name+".1", "two\n")
			must(t, os.WriteFile(name, []byte("three\n"), 0o600))
		}
		return Path(name)()
	}, 0)
	must(t, err)
	defer w.Close()
	expect(t, w, Grown, "one\n")
	expect(t, w, 0, "")
	expect(t, w, Grown, "two\n")
	c := expect(t, w, Rotated|Grown, "three\n")
	must(t, c.Old.Close())
}

func TestFollowSeveralRotationsAtOnce(t *testing.T) {
	_, name := logAt(t, []byte("0\n"))
	w := followed(t, name)
	expect(t, w, Grown, "0\n")
	for i := 1; i <= 3; i++ {
		add(t, name, "end\n")
		must(t, os.Rename(name, name+"."+strconv.Itoa(i)))
		must(t, os.WriteFile(name, fmt.Appendf(nil, "%d\n", i), 0o600))
		w.lookAtPlace(&Change{})
	}
	got := ""
	for range 8 {
		c, text := told(t, w)
		if got += text; c.Old != nil {
			must(t, c.Old.Close())
		}
	}
	if want := "0\nend\n1\nend\n2\nend\n3\n"; "0\n"+got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestFollowKnowsAFileThatIsMovedBack(t *testing.T) {
	_, name := logAt(t, []byte("one\n"))
	w := followed(t, name)
	expect(t, w, Grown, "one\n")
	must(t, os.Rename(name, name+".1"))
	must(t, os.WriteFile(name, nil, 0o600))
	expect(t, w, 0, "")
	must(t, os.Rename(name+".1", name))
	expect(t, w, 0, "")
	if len(w.next) != 0 {
		t.Error("a file waits that is none of the log's")
	}
	add(t, name, "two\n")
	expect(t, w, Grown, "two\n")
}

// Whatever is put into the log's place is told and neither waited for nor followed;
// the file that was there goes on.
func TestFollowSwappedPlaces(t *testing.T) {
	for _, what := range odd() {
		t.Run(what, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "log")
			must(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			name := filepath.Join(dir, "log")
			must(t, os.WriteFile(name, []byte("one\n"), 0o600))
			w := followed(t, name)
			expect(t, w, Grown, "one\n")
			must(t, os.Rename(name, name+".1"))
			swapped(t, name, what)
			within(t, 5*time.Second, "a look", func() {
				c, _ := told(t, w)
				if c.What != Gone || !errors.Is(c.Err, ErrNotRegular) {
					t.Errorf("%05b, %v", c.What, c.Err)
				}
				add(t, name+".1", "two\n")
				expect(t, w, Grown, "two\n")
				must(t, os.RemoveAll(name))
				if c, _ := told(t, w); c.What != Gone || !errors.Is(c.Err, os.ErrNotExist) {
					t.Errorf("%05b, %v", c.What, c.Err)
				}
				must(t, os.WriteFile(name, []byte("three\n"), 0o600))
				c = expect(t, w, Back|Rotated|Grown, "three\n")
				must(t, c.Old.Close())
			})
		})
	}
}

// One writes, one follows: nothing is lost, nothing comes twice, whether the file is
// moved away meanwhile or not.
func TestFollowLosesNothing(t *testing.T) {
	const count = 200_000
	for _, every := range []int{0, 9001} { // lines after which the log is moved away
		t.Run(strconv.Itoa(every), func(t *testing.T) {
			_, name := logAt(t, nil)
			w := followed(t, name)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			seen := make(chan struct{}, 1) // the follower has gone to a new file
			wrote := make(chan error, 1)
			go func() { wrote <- writeLines(ctx, name, count, every, seen) }()
			next, rest := 0, ""
			for next < count {
				c, err := w.Wait(ctx, time.Millisecond)
				if err != nil {
					t.Fatalf("at line %d: %v", next, err)
				}
				if c.Old != nil {
					must(t, c.Old.Close())
					seen <- struct{}{}
				}
				if c.What&Truncated != 0 {
					t.Fatalf("truncated at line %d", next)
				}
				text := rest + textOf(t, c)
				end := strings.LastIndexByte(text, '\n') + 1
				rest = text[end:]
				for line := range strings.Lines(text[:end]) {
					if line != fmt.Sprintf("line %d\n", next) {
						t.Fatalf("%q instead of line %d", line, next)
					}
					next++
				}
			}
			if err := <-wrote; err != nil || rest != "" {
				t.Errorf("%v, and %q is left", err, rest)
			}
		})
	}
}

// writeLines writes in pieces that end anywhere.
func writeLines(ctx context.Context, name string, count, every int, seen <-chan struct{}) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	var text []byte
	waits := false
	for i := range count {
		text = fmt.Appendf(text, "line %d\n", i)
		if every > 0 && i%every == every-1 {
			if _, err := f.Write(text); err != nil {
				return err
			}
			text = text[:0]
			if err := errors.Join(f.Close(), os.Rename(name, fmt.Sprint(name, ".", i))); err != nil {
				return err
			}
			if f, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
				return err
			}
			waits = true
		}
		if n := len(text); n > 3 && i%50 == 49 {
			if _, err := f.Write(text[:n-3]); err != nil {
				return err
			}
			text = append(text[:0], text[n-3:]...)
			if waits { // a file that nobody saw would be moved away with the next one
				select {
				case <-seen:
					waits = false
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
	}
	_, err = f.Write(text)
	return err
}

func TestWaitEndsWithItsContext(t *testing.T) {
	_, name := logAt(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := followed(t, name).Wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w := followed(t, name)
	must(t, errors.Join(w.Close(), w.Close()))
	if _, err := w.Look(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
}
