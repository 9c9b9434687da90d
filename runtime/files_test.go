package runtime

import (
	"errors"
	"strings"
	"testing"
)

// TestSourcesInAll: a request has to fit a message to the helper.
func TestSourcesInAll(t *testing.T) {
	a := &CopyFilesArgs{To: "/srv"}
	for range 1000 {
		a.From = append(a.From, "/"+strings.Repeat("x", 4000))
	}
	if err := a.Check(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "copy the folder") {
		t.Errorf("%v", err)
	}
	a.From = a.From[:500]
	if err := a.Check(); err != nil {
		t.Errorf("%v", err)
	}
	if c := a.LXCCommand(Push, Ref{Path: "/p", Name: "n"}); c != "" {
		t.Errorf("a command of %d bytes", len(c))
	}
}
