// Package job holds what is made of several operations, for whoever asks:
// screen and command line do the same by the same rules.
//
// Rules of this room:
//   - A plan is made from a Listing and changes nothing, so that it can be shown.
//   - Carrying it out goes on after a failure, and stops when the context ends.
package job

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// BootQuery says which containers are started, as lxc-autostart(1) takes it.
type BootQuery struct {
	// Groups in the order in which they are started; "" is the group of those
	// that have none. nil = those that have none.
	Groups     []string
	All        bool // whatever their groups (-a); Groups do not count then
	IgnoreAuto bool // also those without lxc.start.auto (-A)
}

// ParseGroups reads the values of -g: names with commas between them, where an
// empty one is the group of those that have none.
func ParseGroups(values []string) []string {
	var out []string
	for _, v := range values {
		for g := range strings.SplitSeq(v, ",") {
			if !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
	}
	return out
}

// BootStep is one container of a plan: it is started, and then Delay passes; or
// it is left out, and Why says why.
type BootStep struct {
	Ref   runtime.Ref
	State runtime.State // as it was seen
	Group string        // the one through which it is chosen; "" = it has none, or groups do not count
	Order int           // lxc.start.order
	Delay time.Duration // lxc.start.delay
	Why   string        // why it is left out; "" = it is started
}

// Steps gives those of a plan that are started.
func Steps(plan []BootStep) []BootStep {
	var out []BootStep
	for _, s := range plan {
		if s.Why == "" {
			out = append(out, s)
		}
	}
	return out
}

// BootPlan says what a boot does: first what is started, in order, then what is
// left out although it was asked for, and why.
//
// The order is that of lxc-autostart 5.0.2, seen: groups one after another as
// given, each container in the first that it has; in a group lxc.start.order
// from the lowest to the highest, negative ones too, and equal ones by the bytes
// of their names. What runs in any state is passed over. The man page wants an
// empty group honoured wherever it stands, and so it is here; that version drops
// whatever stands behind one.
func BootPlan(all []runtime.Container, q BootQuery) []BootStep {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b runtime.Container) int {
		return cmp.Or(cmp.Compare(order(&a), order(&b)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Path, b.Path))
	})
	groups := q.Groups
	if groups == nil {
		groups = []string{""}
	}
	var steps, out []BootStep
	taken := make([]bool, len(all))
	for _, g := range groups {
		for i := range all {
			c := &all[i]
			if taken[i] || c.Config == nil || !(q.All || in(c.Config.Groups, g)) {
				continue
			}
			taken[i] = true
			s := BootStep{Ref: c.Ref, State: c.State, Order: c.Config.Order, Delay: c.Config.Delay}
			if !q.All {
				s.Group = g
			}
			if s.Why = leftOut(c, q); s.Why != "" {
				out = append(out, s)
				continue
			}
			steps = append(steps, s)
		}
	}
	for i := range all {
		if c := &all[i]; c.Config == nil {
			out = append(out, BootStep{Ref: c.Ref, State: c.State, Why: unread(c)})
		}
	}
	return append(steps, out...)
}

func order(c *runtime.Container) int {
	if c.Config == nil {
		return 0
	}
	return c.Config.Order
}

// in says whether a container with these groups is in group g.
func in(groups []string, g string) bool {
	if g == "" {
		return len(groups) == 0
	}
	return slices.Contains(groups, g)
}

// leftOut says why a container that is in a group is not started; "" = it is.
func leftOut(c *runtime.Container, q BootQuery) string {
	switch {
	case !c.Config.Autostart && !q.IgnoreAuto:
		return "lxc.start.auto is not 1"
	case c.Foreign != nil:
		return fmt.Sprintf("its configuration belongs to uid %d", *c.Foreign)
	case !c.NoAnswerSince.IsZero():
		return "its monitor does not answer"
	case c.State != runtime.Stopped && c.State != runtime.Unknown:
		return "it is " + c.State.String()
	case c.Lock != nil:
		return c.Lock.String()
	case c.State == runtime.Unknown:
		return "its state is not known"
	default:
		return ""
	}
}

// unread says why nothing is known of a container's autostart.
func unread(c *runtime.Container) string {
	switch {
	case c.Foreign != nil:
		return fmt.Sprintf("its configuration belongs to uid %d and was not read", *c.Foreign)
	case c.Problem == nil:
		return "its configuration was not read"
	}
	var e *runtime.Error
	if errors.As(c.Problem, &e) {
		return e.Err.Error()
	}
	return c.Problem.Error()
}
