package lxc

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"lxcdeck/runtime"
)

func TestRequestsArriveByteForByte(t *testing.T) {
	ref := runtime.Ref{Path: "/tmp/\xfe", Name: "web\xff\n"}
	for _, q := range []helperRequest{
		{Kind: kindOp, Ref: ref, ReadOnly: true, Op: runtime.Stop, Timeout: time.Minute, Expect: runtime.Running, Spare: true},
		{Kind: kindExec, Ref: ref, Shell: &runtime.Shell{
			Ref: ref, Command: []string{"cat", "\x80", ""}, User: "\xe9", Cwd: "/\xe9", Env: []string{"A=\xe9"}, Term: "\x1b", Cols: 80, Rows: 24,
		}},
		{Kind: kindAttach, Ref: ref, Shell: &runtime.Shell{}},
	} {
		b, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		var got helperRequest
		if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, q) {
			t.Errorf("%+v came as %+v, %v: %s", q, got, err, b)
		}
	}
}

// Both types have to follow when a field is added.
func TestWireHasAllFieldsOfAShell(t *testing.T) {
	wire := reflect.TypeFor[wireShell]()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[runtime.Shell]()) {
		if _, ok := wire.FieldByName(f.Name); !ok && f.Name != "Record" { // which the request has itself
			t.Errorf("wireShell has no %s", f.Name)
		}
	}
}
