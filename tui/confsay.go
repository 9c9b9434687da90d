package tui

import (
	"strings"

	"lxcdeck/runtime"
)

// right stands at the right of the title.
func (x *confView) right() string {
	var words []string
	if x.drafted {
		words = append(words, "not saved")
	}
	if x.read && x.got.Restart == runtime.Yes {
		words = append(words, "needs a restart")
	}
	return strings.Join(words, ", ")
}

// note is one sentence on the whole.
func (x *confView) note(m *Model) string {
	switch {
	case x.of.Default == "" && m.isGone(x.of.Ref):
		return x.name + " is gone"
	case x.err != nil && len(x.rows) > 0:
		return x.err.Error()
	case x.fault != nil:
		return "liblxc refuses it: " + x.fault.String()
	case x.job != nil:
		return "saving ..."
	case x.judging:
		return "asking liblxc about the changes ..."
	case x.read && x.got.NoSave != "":
		return "it cannot be saved: " + x.got.NoSave
	case x.read && x.got.InForceWhy != "":
		return "what it runs with is not known: " + x.got.InForceWhy
	case x.read && x.got.Restart == runtime.Yes:
		return x.name + " runs with other values: a restart takes these over, a reboot does not"
	}
	return ""
}
