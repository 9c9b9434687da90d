package runtimetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"lxcdeck/runtime"
)

// testCheckHost looks at the host: checks of every topic, in order, each with
// what was found, and with advice where something is missing.
func testCheckHost(t *testing.T, s *suite) {
	before := s.list(t)
	for _, rt := range []runtime.Runtime{s.rt, runtime.ReadOnly(s.rt)} {
		all, err := rt.CheckHost(s.context(t))
		if err != nil {
			t.Fatal(err)
		}
		var topics []string
		for _, c := range all {
			if len(topics) == 0 || topics[len(topics)-1] != c.Topic {
				topics = append(topics, c.Topic)
			}
			missing := c.Verdict == runtime.CheckOptional || c.Verdict == runtime.CheckBad
			switch {
			case c.What == "" || c.Found == "":
				t.Errorf("says too little: %+v", c)
			case c.Verdict > runtime.CheckUnknown:
				t.Errorf("no verdict: %+v", c)
			case missing && c.Advice == "", c.Verdict == runtime.CheckGood && c.Advice != "":
				t.Errorf("advice: %+v", c)
			}
		}
		if !slices.Equal(topics, runtime.Topics()) {
			t.Errorf("topics %q, want %q", topics, runtime.Topics())
		}
		n := runtime.CountVerdicts(all)
		if sum := n[runtime.CheckGood] + n[runtime.CheckOptional] + n[runtime.CheckBad] + n[runtime.CheckUnknown]; sum != len(all) {
			t.Errorf("%v are not %d checks", n, len(all))
		}
		if runtime.Failing(all) != (n[runtime.CheckBad] > 0) {
			t.Errorf("failing: %v with %v", runtime.Failing(all), n)
		}
	}
	if after := s.list(t); len(after) != len(before) {
		t.Errorf("looking has changed the list: %d, then %d", len(before), len(after))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.rt.CheckHost(ctx); !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("cancelled: %v", err)
	}
}
