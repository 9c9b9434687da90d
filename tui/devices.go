package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// The fields of the form for a device.
const (
	deviceKind = iota
	deviceName
	deviceAs
)

// askDevice asks for a device node or an interface to add or remove.
func (m *Model) askDevice(c runtime.Container, op runtime.Op) tea.Cmd {
	title, does := "Add a device to ", "adds it"
	if op == runtime.RemoveDevice {
		title, does = "Remove a device from ", "goes on"
	}
	request := func(f *form) runtime.Request {
		return runtime.Request{Op: op, Ref: c.Ref, Expect: c.State, Args: &runtime.DeviceArgs{
			Net: f.fields[deviceKind].at == 1, Device: strings.TrimSpace(f.text(deviceName)), As: strings.TrimSpace(f.text(deviceAs)),
		}}
	}
	f := (&form{
		title: title + m.called(c.Ref), action: does,
		note:   "Until it stops: the config is not changed.",
		fields: []formField{choiceField("kind", "device node", "interface"), textField("name", "", ""), textField("", "the same", "")},
		submit: func(f *form) tea.Cmd {
			q := request(f)
			if op == runtime.AddDevice {
				return m.enqueue([]runtime.Request{q})
			}
			return m.ask(&question{
				state: views.PromptState{
					Title:   "Remove " + strings.TrimSpace(f.text(deviceName)) + " from " + m.called(c.Ref) + "?",
					Targets: m.targetsOf([]runtime.Container{c}, nil), More: op.Info().AsksMore, Command: q.LXCCommand(),
				},
				yes: func() tea.Cmd { return m.enqueue([]runtime.Request{q}) },
			})
		},
	}).under(formRules{
		fit:     func(f *form) { nameDevice(f, op) },
		check:   func(f *form) (int, error) { return checkDevice(request(f)) },
		command: func(f *form) string { q := request(f); return q.LXCCommand() },
	})
	f.look(m)
	m.overlay = f
	return nil
}

// checkDevice says which field is wrong.
func checkDevice(q runtime.Request) (int, error) {
	a, _ := q.Args.(*runtime.DeviceArgs)
	if a.Device == "" {
		if err := (&runtime.DeviceArgs{Net: a.Net, Device: a.As}).Check(); a.As != "" && err != nil {
			return deviceAs, inForm(err)
		}
		return deviceName, unfinishedError{"a device is needed"}
	}
	if err := (&runtime.DeviceArgs{Net: a.Net, Device: a.Device}).Check(); err != nil {
		return deviceName, inForm(err)
	}
	if err := q.Check(); err != nil {
		return deviceAs, inForm(err)
	}
	return -1, nil
}

// nameDevice names the fields for what is added or removed.
func nameDevice(f *form, op runtime.Op) {
	kind, name, as := &f.fields[deviceKind], &f.fields[deviceName], &f.fields[deviceAs]
	switch {
	case kind.at == 0:
		kind.help, name.label, name.help, as.label = "of the host", "device", "/dev/ttyUSB0", "path inside"
	case op == runtime.AddDevice:
		kind.help, name.label, name.help, as.label = "moves into the container", "interface", "eth1, of the host", "name inside"
	default:
		kind.help, name.label, name.help, as.label = "moves back to the host", "interface", "eth1, in the container", "name outside"
	}
}
