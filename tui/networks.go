package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

// The choices of a network.
const (
	netDefault = "default"
	netNone    = "none"
	netBridge  = "bridge "
)

// offerNetworks gives a field what a new container can be connected with here.
func (f *formField) offerNetworks(got *runtime.Choices) {
	note := "the host's config says nothing of it"
	if d := got.Default; d.Link != "" {
		note = d.Type + " on " + d.Link
	} else if d.Type != "" {
		note = d.Type
	}
	nets := []string{netDefault, netNone}
	for _, b := range got.Bridges {
		nets = append(nets, netBridge+b)
	}
	f.offer(nets, map[string]string{netDefault: note, netNone: "a loopback of its own"}, nil)
}

// network is what was chosen, and what is to be said of it.
func (f *formField) network(got *runtime.Choices) (n runtime.Network, warn string) {
	switch net := f.choice(); {
	case net == netNone:
		n.Kind = runtime.NoNetwork
	case strings.HasPrefix(net, netBridge):
		n = runtime.Network{Kind: runtime.BridgeNetwork, Bridge: strings.TrimPrefix(net, netBridge)}
	case got.Default.Missing:
		warn = "the bridge " + got.Default.Link + " is not there: the container will not start until it is"
	}
	return n, warn
}

// offerFix lets a field offer to make the bridge that the default wants, should
// that be chosen and not be there; the form comes back after the question.
func (f *formField) offerFix(net *formField, got *runtime.Choices, form overlay) {
	fix := got.Default.Fix
	f.off = fix == nil || !got.Default.Missing || net.choice() != netDefault
	if fix != nil {
		f.label, f.help = fix.Title, "asks first"
		f.press = func(m *Model) tea.Cmd { return m.askMend(runtime.Ref{}, *fix, form) }
	}
}
