package audit

import (
	"context"
	"os"
	"reflect"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// exiting is a Runtime whose commands end with 7.
type exiting struct{ runtime.Runtime }

func (exiting) Do(_ context.Context, q runtime.Request) error {
	q.Progress(runtime.Progress{Exit: &runtime.Exit{Code: 7}})
	return nil
}

func TestWhatARunHasInItsEnvironmentIsNotKept(t *testing.T) {
	path := place(t)
	rt := Wrap(exiting{host()}, New(Options{Path: path}))
	_ = rt.Do(t.Context(), runtime.Request{Op: runtime.Run, Ref: runtime.Ref{Path: web.Path, Name: "job"}, Args: &runtime.RunArgs{
		From: []runtime.Base{{Ref: web, Snap: "snap0"}}, Command: []string{"sh", "-c", "PW=hush x", "--token=hush"}, Env: []string{"A=hush"},
		Config: []string{"lxc.environment = B=hush", "lxc.tty.max=1"}, Remove: true,
	}})
	if all := records(t, path); len(all) != 2 || all[1].Code == nil || *all[1].Code != 7 {
		t.Errorf("kept %+v, which does not tell how the command ended", all)
	}
	raw, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(raw), "hush") {
		t.Errorf("%v: a secret is in %s", err, raw)
	}
	got := records(t, path)[0].Args
	if !reflect.DeepEqual(got["env"], []any{"A"}) || !reflect.DeepEqual(got["config"], []any{"lxc.environment = B=***", "lxc.tty.max=1"}) {
		t.Errorf("kept %v", got)
	}
}
