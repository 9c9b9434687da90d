package audit

import (
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// A journal is read by a program that runs in the container; other logs are only read.
func TestJournals(t *testing.T) {
	path, inner := place(t), host()
	inner.Set(web, runtime.Edited, func(s *fake.Spec) {
		for _, kind := range []runtime.LogKind{runtime.LogLXC, runtime.LogJournal} {
			s.Logs = append(s.Logs, fake.LogText{LogSource: runtime.LogSource{Kind: kind}, Text: "text"})
		}
	})
	rt := Wrap(inner, New(Options{Path: path}))
	for _, kind := range []runtime.LogKind{runtime.LogLXC, runtime.LogJournal} {
		log, err := rt.OpenLog(t.Context(), web, runtime.LogSource{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rt.OpenLog(t.Context(), runtime.Ref{Path: web.Path, Name: "nope"}, runtime.LogSource{Kind: runtime.LogJournal}); err == nil {
		t.Fatal("opened a journal of nothing")
	}
	all := records(t, path)
	if len(all) != 4 || all[0].What != Exec || all[0].Argv[0] != "journalctl" || all[1].OK == nil || !*all[1].OK || *all[3].OK {
		t.Errorf("records = %+v", all)
	}
}
