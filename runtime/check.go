package runtime

import "slices"

// Verdict is what came of a Check.
type Verdict uint8

// The verdicts.
const (
	CheckGood     Verdict = iota
	CheckOptional         // something is missing that only some things need
	CheckBad              // containers of this user do not work without it
	CheckUnknown          // it could not be read
)

var verdictNames = [...]string{"ok", "optional", "missing", "unknown"}

// String is the verdict's word, on screen and in JSON.
func (v Verdict) String() string { return verdictNames[v] }

// Topics of checks, in the order in which they come.
const (
	TopicKernel   = "kernel"
	TopicCgroups  = "cgroups"
	TopicLiblxc   = "liblxc"
	TopicPaths    = "lxcpaths"
	TopicNetwork  = "network"
	TopicIDs      = "ids"
	TopicPrograms = "programs"
	TopicLxcdeck  = "lxcdeck"
)

// Topics gives all of them, in order.
func Topics() []string {
	return []string{TopicKernel, TopicCgroups, TopicLiblxc, TopicPaths, TopicNetwork, TopicIDs, TopicPrograms, TopicLxcdeck}
}

// Check is one thing that containers, or lxcdeck itself, need of this host.
type Check struct {
	Topic   string
	What    string // what is checked, in a few words: "user namespace"; may hold foreign text
	Verdict Verdict
	Found   string // what was seen; may hold foreign text
	Advice  string // what to do; "" when all is good
}

// CountVerdicts says how many checks have each verdict.
func CountVerdicts(all []Check) (n [CheckUnknown + 1]int) {
	for i := range all {
		n[all[i].Verdict]++
	}
	return n
}

// Failing says whether something is missing that containers do not work without.
func Failing(all []Check) bool {
	return slices.ContainsFunc(all, func(c Check) bool { return c.Verdict == CheckBad })
}
