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
