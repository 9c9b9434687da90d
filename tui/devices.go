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
		return runtime.Request{Op: op, Ref: c.Ref, Expect: c.State, Same: c.Identity, Args: deviceArgs(f, op)}
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
		check:   checkDevice,
		command: func(f *form) string { q := request(f); return q.LXCCommand() },
	})
	f.look(m)
	m.overlay = f
	return nil
}

// deviceArgs read the form. In DeviceArgs the host's name comes first; somebody
// who takes an interface back names the one in the container first.
func deviceArgs(f *form, op runtime.Op) *runtime.DeviceArgs {
	a := &runtime.DeviceArgs{
		Net: f.fields[deviceKind].at == 1, Device: strings.TrimSpace(f.text(deviceName)), As: strings.TrimSpace(f.text(deviceAs)),
	}
	switch {
	case op == runtime.AddDevice:
	case !a.Net:
		a.As = ""
	case a.As != "":
		a.Device, a.As = a.As, a.Device
	}
	return a
}

// checkDevice says which field is wrong.
func checkDevice(f *form) (int, error) {
	net := f.fields[deviceKind].at == 1
	for _, i := range []int{deviceName, deviceAs} {
		text := strings.TrimSpace(f.text(i))
		if text == "" || f.fields[i].off {
			continue
		}
		if err := (&runtime.DeviceArgs{Net: net, Device: text}).Check(); err != nil {
			return i, inForm(err)
		}
	}
	if strings.TrimSpace(f.text(deviceName)) == "" {
		return deviceName, unfinishedError{"a device is needed"}
	}
	return -1, nil
}

// nameDevice names the fields for what is added or removed.
func nameDevice(f *form, op runtime.Op) {
	kind, name, as := &f.fields[deviceKind], &f.fields[deviceName], &f.fields[deviceAs]
	as.off = false
	switch net := kind.at == 1; {
	case net && op == runtime.AddDevice:
		kind.help, name.label, name.help, as.label = "moves into the container", "interface", "eth1, of the host", "name inside"
	case net:
		kind.help, name.label, name.help, as.label = "moves back to the host", "interface", "eth1, in the container", "name outside"
	case op == runtime.AddDevice:
		kind.help, name.label, name.help, as.label = "like one of the host", "device", "such as /dev/ttyUSB0", "path inside"
	default:
		kind.help, name.label, name.help, as.off = "in the container", "device", "such as /dev/ttyUSB0", true
	}
}
