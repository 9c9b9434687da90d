package lxc

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// TestHold: the same container cannot be held twice, by whichever process; the
// lock goes with the process that held it.
func TestHold(t *testing.T) {
	if os.Getenv("LXCDECK_TEST_HOLD") != "" { // the other process
		path := cmp.Or(os.Getenv("LXCDECK_TEST_HOLD_PATH"), "/lxcdt")
		_, err := holdAll(&helperRequest{Op: runtime.Start, Ref: runtime.Ref{Path: path, Name: os.Getenv("LXCDECK_TEST_HOLD")}})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	q := &helperRequest{Op: runtime.Clone, Ref: runtime.Ref{Path: "/lxcdt", Name: t.Name()},
		Args: &runtime.CloneArgs{To: runtime.Ref{Path: "/lxcdt", Name: t.Name() + "2"}}}
	other := func(name string) (string, error) {
		cmd := exec.Command(selfExe, "-test.run=^TestHold$")
		cmd.Env = append(os.Environ(), "LXCDECK_TEST_HOLD="+name)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	h, err := holdAll(q)
	must(t, err)
	for _, name := range []string{t.Name(), t.Name() + "2"} {
		if out, err := other(name); err == nil || !strings.Contains(out, "clone (process ") {
			t.Errorf("%s was held twice, or nobody is named: %v\n%s", name, err, out)
		}
	}
	// The holder has the lock for a moment before it says what for.
	dir, err := holdDir()
	must(t, err)
	must(t, os.Truncate(holdFile(dir, q.Ref), 0))
	if out, err := other(t.Name()); err == nil || !strings.Contains(out, "one that has just begun") {
		t.Errorf("held by somebody who has not said what for: %v\n%s", err, out)
	}
	h.release()
	if out, err := other(t.Name()); err != nil {
		t.Errorf("it is not held any more: %v\n%s", err, out)
	}
}

// TestHeldWhileJournalsAreRead: a create that finds what an earlier one has left
// does not lose its own lock over it.
func TestHeldWhileJournalsAreRead(t *testing.T) {
	ref := runtime.Ref{Path: t.TempDir(), Name: "lxcdt-held"}
	j, err := openJournal(runtime.Create, ref, "making", nil)
	must(t, err)
	h, err := holdAll(&helperRequest{Op: runtime.Create, Ref: ref})
	must(t, err)
	defer h.release()
	must(t, clearOldJournals(ref))
	if exists(filepath.Join(ref.Path, deckDir, j.ID+journalEnd)) {
		t.Error("the old journal is still there")
	}
	cmd := exec.Command(selfExe, "-test.run=^TestHold$")
	cmd.Env = append(os.Environ(), "LXCDECK_TEST_HOLD_PATH="+ref.Path, "LXCDECK_TEST_HOLD="+ref.Name)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "create (process ") {
		t.Errorf("it is not held any more: %v\n%s", err, out)
	}
}

// TestHeldByAHelper: a helper that is stopped half way keeps others out.
func TestHeldByAHelper(t *testing.T) {
	a, _, ref := running(t, lxctest.Prefix+"held")
	if held(ref) {
		t.Fatal("held before anything was done")
	}
	for _, c := range []struct{ holds, asked runtime.Op }{
		{runtime.Restart, runtime.Kill}, {runtime.Stop, runtime.Freeze},
	} {
		h, err := holdAll(&helperRequest{Op: c.holds, Ref: ref})
		must(t, err)
		err = a.Do(t.Context(), runtime.Request{Op: c.asked, Ref: ref})
		if !errors.Is(err, runtime.ErrBusy) || !strings.Contains(err.Error(), c.holds.String()+" (process ") {
			t.Errorf("the container is held, and yet: %v", err)
		}
		h.release()
	}
	// Who waits for it to stop does not keep it from being killed.
	h, err := holdAll(&helperRequest{Op: runtime.Stop, Ref: ref})
	must(t, err)
	defer h.release()
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Kill, Ref: ref}))
}

// TestHoldByAnyPath: an lxcpath and a link to it are the same place.
func TestHoldByAnyPath(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(dir, link))
	h, err := holdAll(&helperRequest{Op: runtime.Stop, Ref: runtime.Ref{Path: dir, Name: "lxcdt-held"}})
	must(t, err)
	defer h.release()
	cmd := exec.Command(selfExe, "-test.run=^TestHold$")
	cmd.Env = append(os.Environ(), "LXCDECK_TEST_HOLD_PATH="+link, "LXCDECK_TEST_HOLD=lxcdt-held")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("it was held twice:\n%s", out)
	}
}

// TestJournalsSideBySide: the directory goes with the last journal, and whoever
// begins one at that moment does not miss it.
func TestJournalsSideBySide(t *testing.T) {
	dir := t.TempDir()
	failed := make(chan error, 4)
	for i := range cap(failed) {
		go func() {
			var err error
			for range 300 {
				var j *journal
				if j, err = openJournal(runtime.Clone, runtime.Ref{Path: dir, Name: fmt.Sprint("c", i)}, "copy", nil); err != nil {
					break
				}
				if err = j.end(); err != nil {
					break
				}
			}
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

// TestJournal: what was begun is found again, until it has come to its end.
func TestJournal(t *testing.T) {
	dir := t.TempDir()
	ref := runtime.Ref{Path: dir, Name: "we\xffb"}
	if all, err := journals(dir); err != nil || len(all) != 0 {
		t.Fatal(all, err)
	}
	j, err := openJournal(runtime.Restore, ref, "copy", map[string]string{"old": "/x/\xfe"})
	must(t, err)
	must(t, j.step("swap"))
	all, err := journals(dir)
	must(t, err)
	if len(all) != 1 || all[0].ref() != ref || all[0].Step != "swap" || all[0].fact("old") != "/x/\xfe" || all[0].Op != runtime.Restore {
		t.Fatalf("%+v", all)
	}
	// Numbers of operations change from version to version.
	if text, err := os.ReadFile(dir + "/" + deckDir + "/" + j.ID + journalEnd); err != nil || !strings.Contains(string(text), `"Verb":"restore"`) || strings.Contains(string(text), `"Op"`) {
		t.Errorf("%s: %v", text, err)
	}
	// A writer that was killed has left its half; another one writes still.
	cmd := exec.Command("true")
	must(t, cmd.Run())
	put(t, fmt.Sprintf("%s/%s/%s%d-1", dir, deckDir, tempBegin, cmd.Process.Pid), "{")
	writing := fmt.Sprintf("%s/%s/%s%d-1", dir, deckDir, tempBegin, os.Getppid())
	put(t, writing, "{")
	must(t, all[0].end())
	if entries, err := os.ReadDir(dir + "/" + deckDir); err != nil || len(entries) != 1 {
		t.Errorf("what is written is there still, and nothing else: %v, %v", entries, err)
	}
	must(t, os.Remove(writing))
	clearDeckDir(dir + "/" + deckDir)
	if all, err := journals(dir); err != nil || len(all) != 0 {
		t.Fatal(all, err)
	}
	if exists(dir + "/" + deckDir) {
		t.Error("an empty directory was left")
	}
	must(t, os.Mkdir(dir+"/"+deckDir, 0o777))
	must(t, os.Chmod(dir+"/"+deckDir, 0o777))
	if _, err := openJournal(runtime.Restore, ref, "copy", nil); !errors.Is(err, runtime.ErrPermission) {
		t.Errorf("a directory that others can write: %v", err)
	}
}
