package runtime

import (
	"slices"
	"strings"
	"testing"
)

// What a user needs comes with what mends it, by what needs it; what is no matter of
// the user's is left out.
func TestUserChecks(t *testing.T) {
	all := []Check{
		{Topic: TopicKernel, What: "seccomp", Found: "with filters"},
		{Topic: TopicCgroups, What: "delegation", Verdict: CheckBad, Found: "the user's systemd does not run", Advice: "loginctl enable-linger alice"},
		{Topic: TopicNetwork, What: "lxc-usernet", Verdict: CheckBad, Found: "gives alice no interface", Advice: "write alice veth lxcbr0 10"},
		{Topic: TopicIDs, What: "newuidmap", Found: "/usr/bin/newuidmap"},
		{Topic: TopicPaths, What: "new containers in /x", Verdict: CheckOptional, Found: "this user cannot write there"},
	}
	got := UserChecks(all, About{UID: 1000, User: "alice"})
	at := func(what string) Check {
		t.Helper()
		i := slices.IndexFunc(got, func(c Check) bool { return c.What == what })
		if i < 0 {
			t.Fatalf("nothing of %s in %+v", what, got)
		}
		return got[i]
	}
	if c := at("delegation"); c.Topic != "cgroups: figures, limits, freeze" || c.Advice != all[1].Advice || c.Verdict != CheckBad {
		t.Errorf("%+v", c)
	}
	if c := at("lxc-usernet"); c.Topic != "network of containers" || c.Advice == "" {
		t.Errorf("%+v", c)
	}
	if at("newuidmap").Topic != at("new containers in /x").Topic {
		t.Error("what making containers needs stands apart")
	}
	if c := at("root's containers"); c.Verdict != CheckOptional || c.Advice != "sudo lxcdeck" || !strings.Contains(c.Found, "alice") {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(at("work in them").Topic, "alice's own containers, without root, once nothing is missing above") {
		t.Errorf("%+v", at("work in them"))
	}
	if slices.ContainsFunc(got, func(c Check) bool { return c.What == "seccomp" }) {
		t.Error("seccomp is told of")
	}
	seen, last := map[string]bool{}, ""
	for _, c := range got { // a heading comes once
		if c.Topic != last && seen[c.Topic] {
			t.Errorf("%s comes twice", c.Topic)
		}
		seen[c.Topic], last = true, c.Topic
	}
	if all[1].Topic != TopicCgroups {
		t.Error("what was given was changed")
	}
	if root := UserChecks(all, About{}); len(root) != 1 || Failing(root) {
		t.Errorf("root is told %+v", root)
	}
}
