package tui

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

const (
	// choicesDeadline is for what lies on the host: scripts, interfaces, id maps.
	choicesDeadline = 15 * time.Second
	// imagesDeadline is for an index that comes from a server.
	imagesDeadline = 60 * time.Second
)

type (
	// choicesMsg is what new containers can be made of.
	choicesMsg struct {
		choices runtime.Choices
		err     error
	}
	// imagesMsg is the index of one image server.
	imagesMsg struct {
		server string
		images []runtime.Image
		err    error
	}
)

// imageIndex is what is known of an image server.
type imageIndex struct {
	reading bool
	images  []runtime.Image
	err     error
}

// creation is the form a container is made with. It is kept while the program
// runs: what was typed stands there again, so that a create that has failed
// can be repeated.
type creation struct {
	form    *form
	choices runtime.Choices
	read    bool // the choices have come
	err     error
	indexes map[string]*imageIndex // by server
	shown   *imageIndex            // the one whose images are in the fields
	slots   string                 // the template whose arguments stand in the slots
	typed   map[string][templateSlots]textLine
}

func (m *Model) createHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{keymap.CreateKey: m.openCreate}
}

// openCreate shows the form, and reads anew what containers can be made of.
func (m *Model) openCreate() tea.Cmd {
	c := m.creation
	if c == nil {
		c = &creation{indexes: map[string]*imageIndex{}, typed: map[string][templateSlots]textLine{}}
		c.form = &form{title: "Create a container", action: "creates", wrong: -1, fields: createFields(m.about.Paths)}
		c.form.live = func(m *Model, _ *form) tea.Cmd { return c.look(m) }
		c.form.check = func(*form) (int, error) { return c.check(m) }
		c.form.submit = func(*form) tea.Cmd {
			if c.application() {
				return m.askRunAs(c.ref())
			}
			return m.enqueue([]runtime.Request{c.request(m)})
		}
		m.creation = c
	}
	f := c.form
	f.at, f.list, f.why = newName, nil, ""
	if m.byRef(c.ref()) != nil { // it was made: the next one has another name
		f.fields[newName].line.set("")
	}
	for server, x := range c.indexes { // what could not be read is tried again
		if x.err != nil {
			delete(c.indexes, server)
		}
	}
	m.overlay = f
	return tea.Batch(m.readChoices(), f.look(m))
}

// ref is the container the form would make.
func (c *creation) ref() runtime.Ref {
	return runtime.Ref{Path: c.form.fields[newPath].choice(), Name: strings.TrimSpace(c.form.text(newName))}
}

// readChoices asks the host what containers can be made of.
func (m *Model) readChoices() tea.Cmd {
	rt, parent := m.rt, m.out.ctx
	return cmd("choices", func() tea.Msg {
		ctx, cancel := context.WithTimeout(parent, choicesDeadline)
		defer cancel()
		got, err := rt.Choices(ctx)
		return choicesMsg{got, err}
	})
}

// readImages asks for the index of a server.
func (m *Model) readImages(server string) tea.Cmd {
	rt, parent := m.rt, m.out.ctx
	return cmd("images", func() tea.Msg {
		ctx, cancel := context.WithTimeout(parent, imagesDeadline)
		defer cancel()
		got, err := rt.Images(ctx, server)
		return imagesMsg{server, got, err}
	})
}

// creates says whether the form is open, be it below a question.
func (m *Model) creates() bool { return m.creation != nil && m.beneath(m.creation.form) }

// beneath says whether an overlay is open, be it below others.
func (m *Model) beneath(o overlay) bool {
	for at := m.overlay; at != nil; {
		if at == o {
			return true
		}
		switch x := at.(type) {
		case *question:
			at = x.back
		case *form:
			at = x.back
		default:
			return false
		}
	}
	return false
}

func (m *Model) onChoices(msg choicesMsg) tea.Cmd {
	if k := m.runForm; k != nil && m.beneath(k.form) {
		return k.take(msg)
	}
	c := m.creation
	if c == nil {
		return nil
	}
	c.err = msg.err
	if msg.err == nil {
		c.take(msg.choices)
	}
	return c.form.look(m)
}

func (m *Model) onImages(msg imagesMsg) tea.Cmd {
	c := m.creation
	if c == nil {
		return nil
	}
	c.indexes[msg.server] = &imageIndex{images: msg.images, err: msg.err}
	return c.form.look(m)
}

// take fills the fields with what the host offers; what was chosen before
// stays chosen where it is still there.
func (c *creation) take(got runtime.Choices) {
	f := c.form
	first := !c.read
	c.choices, c.read = got, true
	var names []string
	out := map[string]string{}
	for _, t := range got.Templates {
		names = append(names, t.Name)
		if t.Missing != "" {
			out[t.Name] = t.Missing
		}
	}
	f.fields[newTemplate].offer(append(names, onContainers, anyScript), map[string]string{
		onContainers: "runs one command on their roots",
		anyScript:    "a file that lxc-create -t can run",
	}, out)
	if first {
		f.fields[newTemplate].firstOf(out)
		if out["download"] == "" { // any distribution, and what most people want
			f.fields[newTemplate].choose("download")
		}
	}
	c.takeBackings()
	f.fields[newNetwork].offerNetworks(&got)
	f.fields[newIDMap].offer(idMapNames(got.IDMaps), nil, nil)
	if unprivileged := &f.fields[newUnprivileged]; got.MustMap || len(got.IDMaps) == 0 {
		unprivileged.on, unprivileged.fixed = got.MustMap, true
	} else {
		unprivileged.fixed = false
	}
}

// takeBackings offers those that can be used, then those that cannot.
func (c *creation) takeBackings() {
	names, out := slices.Clone(c.choices.Backings), map[string]string{}
	if len(names) == 0 {
		names = []string{"dir"} // needs nothing of the host
	}
	for x, why := range c.choices.BackingOut {
		if !slices.Contains(names, x) {
			out[x] = why
		}
	}
	names = append(names, slices.Sorted(maps.Keys(out))...)
	c.form.fields[newBacking].offer(names, nil, out)
}

// offer gives a field its choices and keeps what was chosen, if it is there.
func (f *formField) offer(choices []string, notes, out map[string]string) {
	was := f.choice()
	f.choices, f.notes, f.out = choices, notes, out
	if !f.choose(was) {
		f.at = 0
	}
}

// firstOf chooses the first that is not out.
func (f *formField) firstOf(out map[string]string) {
	f.at = max(0, slices.IndexFunc(f.choices, func(c string) bool { return out[c] == "" }))
}

// look lets the form follow what was chosen: which fields there are, what
// they offer, what stands against them and what would be run.
func (c *creation) look(m *Model) tea.Cmd {
	f := c.form
	switch {
	case c.read:
		f.note = ""
	case c.err != nil:
		f.note = "What this host has for it cannot be read: " + c.err.Error()
	default:
		f.note = "reading what containers can be made of here ..."
	}
	c.showSlots()
	fetch := c.lookAtImages(m)
	c.show()
	q := c.request(m)
	f.action, f.command = "creates", ""
	switch {
	case c.application():
		f.action = "goes on"
	case c.ref().Name != "" && q.Check() == nil:
		f.command = q.LXCCommand()
	}
	return fetch
}

// application says that no template is chosen, but containers that are here.
func (c *creation) application() bool { return c.form.fields[newTemplate].choice() == onContainers }

// template is the one that is chosen, as lxc-create -t takes it.
func (c *creation) template() string {
	t := c.form.fields[newTemplate].choice()
	if t == anyScript {
		return strings.TrimSpace(c.form.text(newScript))
	}
	return t
}

// showSlots gives the slots to the arguments of the template that is chosen,
// with what was typed into them before.
func (c *creation) showSlots() {
	f, now := c.form, c.form.fields[newTemplate].choice()
	args := templateArgs(now)
	if now != c.slots {
		var old [templateSlots]textLine
		for i := range templateSlots {
			old[i] = f.fields[newSlot+i].line
			f.fields[newSlot+i].line = c.typed[now][i]
		}
		c.typed[c.slots], c.slots = old, now
	}
	for i := range templateSlots {
		at := &f.fields[newSlot+i]
		at.off = i >= len(args)
		if !at.off {
			at.label, at.help, at.need = args[i].label, args[i].help, args[i].need
		}
	}
}

// show says which fields matter for what is chosen.
func (c *creation) show() {
	f := c.form
	on := func(want bool, fields ...int) {
		for _, i := range fields {
			f.fields[i].off = !want
		}
	}
	template, backing := f.fields[newTemplate].choice(), f.fields[newBacking].choice()
	on(true, newArgs, newConfig, newBacking, newNetwork, newMemory, newCPUs, newPIDs, newStart, newAuto, newUnprivileged)
	on(template == anyScript, newScript)
	on(template == "download", newDist, newRelease, newArch, newVariant, newServer)
	on(backing == "dir", newDir)
	on(backing == "zfs", newZFSRoot)
	on(backing == "lvm", newVG, newLV, newThinPool)
	on(backing == "rbd", newRBDPool, newRBDName)
	on(backing == "lvm" || backing == "loop" || backing == "rbd", newFSType, newSize)
	on(f.fields[newAuto].on, newOrder, newDelay, newGroups)
	on(f.fields[newUnprivileged].on, newIDMap)
	f.fields[newEnable].offerFix(&f.fields[newNetwork], &c.choices, f)
	unprivileged := &f.fields[newUnprivileged]
	switch {
	case len(c.choices.IDMaps) == 0 && c.read:
		unprivileged.help = cmp.Or(c.choices.IDMapsWhy, "subuid and subgid name no ids for you")
	case c.choices.MustMap:
		unprivileged.help = "always, since lxcdeck does not run as root"
	default:
		unprivileged.help = "its root is nobody on the host"
	}
	if c.application() { // the other form asks for the rest
		for i := newTemplate + 1; i < len(f.fields); i++ {
			f.fields[i].off = true
		}
	}
}

// askMend offers one safe step and shows it before; the overlay comes back
// after the answer.
func (m *Model) askMend(ref runtime.Ref, fix runtime.Fix, back overlay) tea.Cmd {
	return m.ask(&question{
		state: views.PromptState{Title: fix.Title + "?", More: runtime.Mend.Info().AsksMore, Command: runtime.JoinWords(fix.Command)},
		yes: func() tea.Cmd {
			return m.enqueue([]runtime.Request{{Op: runtime.Mend, Ref: ref, Args: &runtime.MendArgs{Fix: fix.ID}}})
		},
		back: back,
	})
}
