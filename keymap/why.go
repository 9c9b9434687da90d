package keymap

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// WhyReadOnly refuses whatever changes something.
const WhyReadOnly = "lxcdeck is read-only: start it without --read-only and read_only"

// Why refuses an action in one sentence that names the container and says what
// to do, or gives "" when it can be done. With several targets it refuses only
// if none of them allows it; Split tells which do.
//
// Names in the sentence are as they are: whoever prints it cleans it.
func Why(a Action, s Situation) string {
	if a.Changes && s.ReadOnly {
		return WhyReadOnly
	}
	if why := whyPlace(a, s); why != "" {
		return why
	}
	if a.Targets == None {
		return ""
	}
	targets := s.targets(a)
	switch {
	case len(targets) == 0:
		return "no container is selected: move to one first"
	case a.ID == OpenShell || a.ID == OpenConsole || a.ID == OpenWith:
		return whyShell(targets[0], s)
	case a.ID == Broadcast, a.ID == FanOut:
		return whyBroadcast(targets, s)
	case len(a.ops()) == 0 || len(Candidates(a, s)) > 0:
		return ""
	case len(targets) == 1:
		return whyOps(a, targets[0], s)
	}
	return fmt.Sprintf("none of the %d marked containers allows it: %s", len(targets), whyOps(a, targets[0], s))
}

// whyPlace refuses what needs a shell or marks that are not there.
func whyPlace(a Action, s Situation) string {
	if a.Scope == Shell && a.ID != ShellReopen && !s.ShellShown {
		return "no shell is shown: open one with " + title(OpenShell)
	}
	switch a.ID {
	case ShellKill, ShellSend, ShellRecord:
		if s.ShellEnded {
			return "this shell has ended: " + title(Dismiss) + ", or " + title(ShellReopen)
		}
	case Dismiss:
		if !s.ShellEnded {
			return "no ended shell is shown: leave or end a running one"
		}
	case ShellNext, ShellPrev:
		if s.Tabs < 2 {
			return "there is no other tab: open another shell first"
		}
	case ShellHalf, ShellApart:
		if !s.Split {
			return "the pane is not split: " + title(ShellBeside) + " splits it"
		}
	case ShellBeside, ShellBelow:
		if s.Split {
			return "the pane is split already: end that first, or go to the other half"
		}
	case ScrollNext, ScrollPrev:
		if !s.Searched {
			return "nothing was searched for: search first"
		}
	case SessionList:
		if s.Shells == 0 && s.Closed == 0 {
			return "no session is open: open a shell first"
		}
	case Reopen, ShellReopen:
		if s.Closed == 0 {
			return "no session was closed that could be opened again: " + title(OpenShell) + " opens one"
		}
	case ClearMarks:
		if s.Marks == 0 {
			return "nothing is marked: mark a container first"
		}
	case Mark, MarkRange:
		if s.Selected == nil && len(s.Targets) == 0 {
			return "no container is selected: move to one first"
		}
	}
	return ""
}

func title(id ID) string {
	a, _ := Find(id)
	return strconv.Quote(a.Title)
}

// WhyShell says why no shell can be opened in c; "" = one can.
func WhyShell(c runtime.Container, s Situation) string { return whyShell(c, s) }

func whyShell(c runtime.Container, s Situation) string {
	if why := whyAny(c, s); why != "" {
		return why
	}
	switch c.State {
	case runtime.Running, runtime.Thawed:
		return ""
	case runtime.Frozen, runtime.Freezing:
		return c.Name + " is frozen: thaw it first, a shell would hang until then"
	case runtime.Stopped:
		return c.Name + " is stopped: start it first"
	default:
		return fmt.Sprintf("%s is %s: wait until it runs", c.Name, word(c.State))
	}
}

// whyBroadcast says why nothing can be typed into the targets.
func whyBroadcast(targets []runtime.Container, s Situation) string {
	first := ""
	for i := range targets {
		why := whyShell(targets[i], s)
		if why == "" {
			return ""
		}
		if first == "" {
			first = why
		}
	}
	if len(targets) > 1 {
		return fmt.Sprintf("none of the %d marked containers allows it: %s", len(targets), first)
	}
	return first
}

// whyOps says why none of an action's operations can be done to c.
func whyOps(a Action, c runtime.Container, s Situation) string {
	if why := whyAny(c, s); why != "" {
		return why
	}
	var first string
	for _, op := range a.ops() {
		why := whyOp(op, c, s)
		if why == "" {
			return ""
		}
		if first == "" {
			first = why
		}
	}
	ops := a.ops()
	hands := c.Manager != "" || c.Lock != nil // whatever its state
	if len(ops) == 1 || first == "" || hands && first == whyOp(ops[len(ops)-1], c, s) {
		return first
	}
	verbs := make([]string, len(ops))
	for i, op := range ops {
		verbs[i] = op.String()
	}
	return fmt.Sprintf("%s is %s: it cannot %s now", c.Name, word(c.State), strings.Join(verbs, " or "))
}

// whyOp says why one operation cannot be done to c.
func whyOp(op runtime.Op, c runtime.Container, s Situation) string {
	if why := whyAny(c, s); why != "" {
		return why
	}
	info := op.Info()
	if c.Manager != "" && !info.Managed {
		return whyManaged(op, c)
	}
	if c.Lock != nil && !info.Locked {
		return fmt.Sprintf("%s is %s; %s unlocks it", c.Name, c.Lock, title(LockKey))
	}
	if op.Accepts(c.State) {
		return ""
	}
	if c.State == info.To && op != runtime.Checkpoint { // which stops it, but is not for that
		return fmt.Sprintf("%s is %s already", c.Name, word(c.State))
	}
	switch {
	case op == runtime.Start && c.State == runtime.Frozen:
		return fmt.Sprintf("%s is frozen: it was started and stands still; thaw it to let it go on", c.Name)
	case op == runtime.Checkpoint && c.State == runtime.Stopped:
		return fmt.Sprintf("%s is stopped: start it before you %s it", c.Name, info.Name)
	case info.Kind == runtime.OnContainer && len(info.From) == 1 && info.From[0] == runtime.Stopped:
		return fmt.Sprintf("%s is %s: stop it before you %s it", c.Name, word(c.State), info.Name)
	case info.Kind == runtime.OnContainer:
		return fmt.Sprintf("%s is %s: to %s it, it has to be %s", c.Name, word(c.State), info.Name, states(info.From))
	case c.State == runtime.Stopped:
		return fmt.Sprintf("%s is stopped: start it before you %s it", c.Name, info.Name)
	case c.State == runtime.Frozen && op.Accepts(runtime.Running):
		return fmt.Sprintf("%s is frozen: thaw it before you %s it", c.Name, info.Name)
	case op == runtime.Thaw:
		return fmt.Sprintf("%s is %s: only a frozen container can be thawed", c.Name, word(c.State))
	default:
		return fmt.Sprintf("%s is %s: wait until that is over, then %s it", c.Name, word(c.State), info.Name)
	}
}

// states are those of which one is wanted, in running text.
func states(all []runtime.State) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = word(s)
	}
	return strings.Join(words, " or ")
}

// whyAny refuses what would touch a container that must not be touched now,
// whatever the operation.
func whyAny(c runtime.Container, s Situation) string {
	if doing := s.Busy[c.Ref]; doing != "" {
		return fmt.Sprintf("%s is busy (%s): wait until that is done", c.Name, doing)
	}
	if c.Foreign != nil {
		return fmt.Sprintf("%s belongs to uid %d, who can write its configuration: run lxcdeck as that user", c.Name, *c.Foreign)
	}
	if !c.NoAnswerSince.IsZero() {
		return fmt.Sprintf("the monitor of %s has not answered since %s: nothing more is sent to it until it does",
			c.Name, c.NoAnswerSince.Format("15:04:05"))
	}
	if errors.Is(c.Problem, runtime.ErrConfig) {
		return fmt.Sprintf("the configuration of %s cannot be loaded: mend it first (%v)", c.Name, c.Problem)
	}
	if c.State == runtime.Unknown {
		return "the state of " + c.Name + " is not known: " + title(Refresh) + " first"
	}
	return ""
}

// word is a state in running text.
func word(s runtime.State) string { return strings.ToLower(s.String()) }
