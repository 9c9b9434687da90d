package audit

import (
	"path/filepath"
	"testing"
	"time"

	"lxcdeck/runtime"
)

func TestPast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	yes, no, seven := true, false, 7
	put := func(id, phase, what string, pid int, fill func(*Record)) {
		t.Helper()
		r := newRecord(id, what, runtime.Ref{Path: "/p", Name: "web"}, phase)
		r.Time, r.PID, r.LXC = at, pid, "lxc-"+what
		at = at.Add(time.Minute)
		if fill != nil {
			fill(&r)
		}
		if err := Append(path, &r); err != nil {
			t.Fatal(err)
		}
	}
	put("1", Intent, "start", 1, nil)
	put("1", Result, "start", 1, func(r *Record) { r.OK, r.Seconds = &yes, 1.5 })
	put("2", Intent, "stop", 1, nil)
	put("3", Intent, "shell", 1, nil)
	put("3", Result, "shell", 1, func(r *Record) { r.OK, r.Code = &yes, &seven })
	put("2", Result, "stop", 9, func(r *Record) { r.OK, r.Error, r.Unattended = &no, "stop web: still running", true })
	put("4", Intent, "clone", 1, nil)
	put("5", Intent, "kill", newRecord("", "", runtime.Ref{}, Intent).PID, nil) // this process's own
	got, err := Past(path, 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ op, result string }{{"clone", ""}, {"shell", "exit status 7"}, {"stop", "stop web: still running"}, {"start", "done"}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if got[i].Op != w.op || got[i].Result != w.result || got[i].Command != "lxc-"+w.op || got[i].Who == "" || got[i].Ref.Name != "web" {
			t.Errorf("%d: %+v, want %+v", i, got[i], w)
		}
	}
	if got[3].Took != 1500*time.Millisecond || !got[2].Unattended || got[3].Unattended {
		t.Errorf("%+v", got)
	}
	if few, err := Past(path, 2); err != nil || len(few) != 2 || few[1].Op != "shell" {
		t.Errorf("%+v, %v", few, err)
	}
	missed, err := Missed(path, at.Add(-time.Hour))
	if err != nil || len(missed) != 1 || missed[0].Op != "stop" || missed[0].Result != "stop web: still running" {
		t.Errorf("missed %+v, %v", missed, err)
	}
	// What it was copied to stands in the intent alone.
	to := runtime.Ref{Path: "/p", Name: "copy"}
	put("6", Intent, "clone", 1, func(r *Record) { r.Args = argsOf(&runtime.CloneArgs{To: to}) })
	put("7", Intent, "rename", 1, func(r *Record) { r.Args = argsOf(&runtime.RenameArgs{To: "copy"}) })
	put("7", Result, "rename", 9, func(r *Record) { r.OK, r.Unattended = &yes, true })
	put("6", Result, "clone", 9, func(r *Record) { r.OK, r.Unattended, r.Seconds = &yes, true, 3 })
	missed, err = Missed(path, at.Add(-3*time.Minute))
	if err != nil || len(missed) != 2 {
		t.Fatalf("missed %+v, %v", missed, err)
	}
	for i, op := range []string{"clone", "rename"} {
		if p := missed[i]; p.Op != op || p.To != to || p.Result != runtime.PastDone || !p.Unattended || p.Command != "lxc-"+op {
			t.Errorf("missed %+v", p)
		}
	}
	if none, err := Past(filepath.Join(t.TempDir(), "none"), 5); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}
