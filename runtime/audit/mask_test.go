package audit

import (
	"errors"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestErrorsKeepNoSecrets(t *testing.T) {
	path := place(t)
	at := host()
	said := "lxc-download: wget https://ann:hush@example.com/x --auth-token hush TOKEN=hush: token expired"
	at.Fail(fake.Do, web, fake.Fault{Err: &runtime.Error{Op: "stop", Ref: web, Err: errors.New("the template failed"), Log: said}})
	_ = Wrap(at, New(Options{Path: path})).Do(t.Context(), runtime.Request{Op: runtime.Stop, Ref: web})
	r := records(t, path)[1]
	if want := "https://ann:***@example.com/x --auth-token *** TOKEN=***: token expired"; strings.Contains(r.Error, "hush") || !strings.HasSuffix(r.Error, "token expired") {
		t.Errorf("error = %s, want ... %s", r.Error, want)
	}
}

// The text of a config may hold secrets, and its earlier versions are kept beside it.
func TestTextOfAConfigIsNotKept(t *testing.T) {
	text := []byte("lxc.environment = TOKEN=hush\n")
	q := runtime.SaveConfig(runtime.ConfigOf{Ref: runtime.Ref{Path: "/var/lib/lxc", Name: "web"}}, "one", text)
	got := argsOf(masked(q).Args)
	if len(got) != 1 || got["version"] != "one" {
		t.Errorf("kept: %v", got)
	}
	if a, ok := q.Args.(*runtime.ConfigArgs); !ok || string(a.Text) != string(text) {
		t.Error("what is done has lost its text")
	}
}
