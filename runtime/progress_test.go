package runtime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

func TestOutput(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []string
		want []string
	}{
		{"lines", []string{"one\ntwo\n"}, []string{"one", "two"}},
		{"an open line", []string{"one\ntw", "o"}, []string{"one", "two"}},
		{"a bar", []string{"10%\r20%", "\r", "100%\ndone\n"}, []string{"100%", "done"}},
		{"line ends of a terminal", []string{"one\r\ntwo\r", "\n"}, []string{"one", "two"}},
		{"nothing", nil, nil},
	} {
		var o runtime.Output
		for _, p := range c.in {
			if n, err := o.Write([]byte(p)); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
		}
		var got []string
		for i := range o.Len() {
			got = append(got, o.Line(i))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOutputBounds(t *testing.T) {
	var o runtime.Output
	for i := range runtime.MaxOutputLines + 10 {
		fmt.Fprintf(&o, "%d\n", i)
	}
	fmt.Fprint(&o, strings.Repeat("x", 3*runtime.MaxOutputLine))
	if o.Dropped() != 10 || o.Line(0) != "10" || o.Line(runtime.MaxOutputLines-1) != fmt.Sprint(runtime.MaxOutputLines+9) {
		t.Errorf("dropped %d, first %q", o.Dropped(), o.Line(0))
	}
	if last := o.Last(); len(last) != runtime.MaxOutputLine {
		t.Errorf("an open line of %d bytes", len(last))
	}
	long := strings.Repeat("y", runtime.MaxOutputLine) + "\n"
	for range 2 * runtime.MaxOutput / runtime.MaxOutputLine {
		fmt.Fprint(&o, long)
	}
	if o.Size() > runtime.MaxOutput || o.Size() < runtime.MaxOutput/2 {
		t.Errorf("%d bytes are kept", o.Size())
	}
	if n := o.Dropped() + o.Len(); n != runtime.MaxOutputLines+10+2*runtime.MaxOutput/runtime.MaxOutputLine {
		t.Errorf("%d lines were counted", n)
	}
}
