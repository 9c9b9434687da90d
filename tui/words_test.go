package tui

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitEnv(t *testing.T) {
	for in, want := range map[string][]string{
		"": nil, "A=b": {"A=b"}, `LANG=C.UTF-8 _x1="a b"  Y= Z=a=b`: {"LANG=C.UTF-8", "_x1=a b", "Y=", "Z=a=b"}, "a=1 A=1": {"a=1", "A=1"},
	} {
		if got, err := splitEnv(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"A=b c": `"c" has no =`, "=x": `"" is no name`, "1A=x": `"1A" is no name`, "A-B=x": `"A-B" is no name`, "É=x": "is no name",
		"A=1 A=2": "A is set twice", "A='x": "is not closed", "A\x1b=x": `"A\x1b" is no name`,
	} {
		if got, err := splitEnv(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v, want %s", in, got, err, want)
		}
	}
}
