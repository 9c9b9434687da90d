package tui

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// The fields of the form that runs a command in a container of its own. Behind
// runBase stand runBases pairs: a container, and which of its snapshots.
const (
	runName = iota
	runPath
	runBase
	runCmd = runBase + 2*runBases
	runCwd = iota + 2*runBases - 1
	runEnv
	runNet
	runEnable
	runRemove
)

// runBases is how many layers the form asks for at most.
const runBases = 5

const (
	noMoreBases = "none"
	rootItself  = "its root as it is"
)

// running is what the form that runs a command knows.
type running struct {
	m     *Model
	form  *form
	refs  []runtime.Ref // of the choices of a base
	snaps map[runtime.Ref]*baseSnaps

	choices runtime.Choices // of which the form offers the networks
	err     error           // why they could not be read
}

// baseSnaps are the snapshots of a container that could be a base.
type baseSnaps struct {
	read bool
	list []runtime.SnapshotInfo
	err  error
}

// baseSnapsMsg has them.
type baseSnapsMsg struct {
	of  *running
	ref runtime.Ref
	got baseSnaps
}

func (m *Model) runHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{
		keymap.RunKey:        m.askRun,
		keymap.CheckpointKey: m.onSelected(func(c runtime.Container) tea.Cmd { return m.askCheckpoint(c, runtime.Checkpoint) }),
		keymap.ResumeKey:     m.onSelected(func(c runtime.Container) tea.Cmd { return m.askCheckpoint(c, runtime.Resume) }),
	}
}

// askRun asks for a command, and for the containers whose roots it runs on.
func (m *Model) askRun() tea.Cmd { return m.askRunAs(runtime.Ref{}) }

// askRunAs is askRun for a container whose name is known; the zero Ref = it is not.
func (m *Model) askRunAs(as runtime.Ref) tea.Cmd {
	k := &running{m: m, snaps: map[runtime.Ref]*baseSnaps{}}
	var names []string
	notes, out := map[string]string{}, map[string]string{}
	for i := range m.all {
		c := &m.all[i]
		name := m.called(c.Ref)
		k.refs = append(k.refs, c.Ref)
		names = append(names, name)
		switch {
		case c.Foreign != nil:
			out[name] = "another user's"
		case c.State != runtime.Stopped:
			notes[name] = strings.ToLower(c.State.String()) + ": its snapshots only"
		}
	}
	fields := []formField{textField("name", "of the new container", ""), choiceField("lxcpath", m.about.Paths...)}
	for i := range runBases {
		on := formField{kind: views.ChoiceField, label: "on", choices: names, notes: notes, out: out, list: true}
		if i > 0 {
			on.label, on.choices = "and below", append([]string{noMoreBases}, names...)
		}
		fields = append(fields, on, formField{kind: views.ChoiceField, label: "snapshot", list: true})
	}
	fields = append(fields,
		textField("command", "as in a shell: /bin/sh -c 'echo hello'", ""), textField("directory", "/", ""),
		textField("environment", "NAME=VALUE ...", ""), formField{kind: views.ChoiceField, label: "network", choices: []string{netDefault, netNone}, list: true},
		formField{kind: views.PressField, off: true},
		checkField("remove", "the container with its changes, at the end"),
	)
	fields[runBase].section, fields[runCmd].section = "the roots of", "runs"
	k.form = (&form{
		title: "Run a command in a new container", action: "runs it", fields: fields, submit: k.submit,
	}).under(formRules{fit: k.fit, check: k.check, command: func(f *form) string { q, _, _ := k.request(f); return q.LXCCommand() }})
	follow := k.form.live
	k.form.live = func(m *Model, f *form) tea.Cmd { follow(m, f); return k.fetch() }
	if c := m.selected(); c != nil {
		k.form.fields[runBase].choose(m.called(c.Ref))
		k.form.fields[runPath].choose(c.Path)
	}
	if as.Name != "" {
		k.form.fields[runName].line.set(as.Name)
		k.form.fields[runPath].choose(as.Path)
		k.form.at = runBase
	}
	m.overlay, m.runForm = k.form, k
	return tea.Batch(m.readChoices(), k.form.look(m))
}

// take offers the networks of the host; what was chosen stays chosen where it is
// still there.
func (k *running) take(msg choicesMsg) tea.Cmd {
	if k.err = msg.err; msg.err == nil {
		k.choices = msg.choices
		k.form.fields[runNet].offerNetworks(&k.choices)
	}
	return k.form.look(k.m)
}

// base is the i-th container that was chosen; false = none.
func (k *running) base(i int) (runtime.Ref, bool) {
	at := k.form.fields[runBase+2*i].at
	if i > 0 {
		at--
	}
	if at < 0 || at >= len(k.refs) {
		return runtime.Ref{}, false
	}
	return k.refs[at], true
}

// fit asks for as many bases as were chosen and one more, and for a snapshot
// where there are some.
func (k *running) fit(f *form) {
	f.fields[runPath].off = len(k.m.about.Paths) < 2
	net := &f.fields[runNet]
	_, net.warn = net.network(&k.choices)
	if k.err != nil {
		net.warn = "the bridges of this host cannot be read: " + k.err.Error()
	}
	f.fields[runEnable].offerFix(net, &k.choices, f)
	more := true
	for i := range runBases {
		on, snap := &f.fields[runBase+2*i], &f.fields[runBase+2*i+1]
		on.off = !more
		ref, chosen := k.base(i)
		more = more && chosen
		x := k.snaps[ref]
		snap.off = !more || x == nil || len(x.list) == 0
		on.warn = ""
		if more && x != nil && x.err != nil {
			on.warn = "its snapshots cannot be read: " + x.err.Error()
		}
		if snap.off {
			continue
		}
		names, notes := []string{rootItself}, map[string]string{}
		for _, s := range x.list {
			names = append(names, s.Name)
			notes[s.Name], _, _ = strings.Cut(s.Comment, "\n")
		}
		snap.offer(names, notes, nil)
	}
}

// fetch reads the snapshots of what was chosen.
func (k *running) fetch() tea.Cmd {
	var cmds []tea.Cmd
	for i := range runBases {
		ref, ok := k.base(i)
		if !ok || k.form.fields[runBase+2*i].off || k.snaps[ref] != nil {
			continue
		}
		k.snaps[ref] = &baseSnaps{}
		rt, parent := k.m.rt, k.m.out.ctx
		cmds = append(cmds, cmd("snapshots", func() tea.Msg {
			ctx, cancel := context.WithTimeout(parent, snapshotsDeadline)
			defer cancel()
			list, err := rt.Snapshots(ctx, ref)
			return baseSnapsMsg{k, ref, baseSnaps{read: true, list: list, err: err}}
		}))
	}
	return tea.Batch(cmds...)
}

func (m *Model) onBaseSnaps(msg baseSnapsMsg) tea.Cmd {
	msg.of.snaps[msg.ref] = &msg.got
	if !m.beneath(msg.of.form) {
		return nil
	}
	return msg.of.form.look(m)
}

// request reads the form; the field is the one the error is about.
func (k *running) request(f *form) (q runtime.Request, field int, err error) {
	a := &runtime.RunArgs{Cwd: strings.TrimSpace(f.text(runCwd)), Remove: f.fields[runRemove].on}
	q = runtime.Request{Op: runtime.Run, Args: a, Ref: runtime.Ref{Path: f.fields[runPath].choice(), Name: f.text(runName)}}
	for i := range runBases {
		ref, ok := k.base(i)
		if !ok {
			break
		}
		b := runtime.Base{Ref: ref}
		if snap := &f.fields[runBase+2*i+1]; !snap.off && snap.at > 0 {
			b.Snap = snap.choice()
		}
		a.From = append(a.From, b)
	}
	a.Network, _ = f.fields[runNet].network(&k.choices)
	if a.Command, err = runtime.SplitWords(f.text(runCmd)); err != nil {
		return q, runCmd, err
	}
	if a.Env, err = splitEnv(f.text(runEnv)); err != nil {
		return q, runEnv, err
	}
	return q, -1, nil
}

func (k *running) check(f *form) (int, error) {
	q, field, err := k.request(f)
	if err != nil {
		return field, err
	}
	a, ok := q.Args.(*runtime.RunArgs)
	if !ok {
		return -1, nil
	}
	if why := k.m.whyNotNew(q.Ref); q.Ref.Name != "" && why != "" {
		return runName, errors.New(why)
	}
	if i, err := k.whyNoBase(a.From); err != nil {
		return runBase + 2*i, err
	}
	if err := k.m.whyNoName(q.Ref); err != nil {
		return runName, err
	}
	switch {
	case a.Cwd != "" && !strings.HasPrefix(a.Cwd, "/"):
		return runCwd, errors.New("a directory inside the container begins with /")
	case len(a.Command) == 0:
		return runCmd, unfinishedError{"a command is needed"}
	}
	if err := q.Check(); err != nil {
		return -1, inForm(err)
	}
	return -1, nil
}

// whyNoBase says which of the bases cannot be one, and why.
func (k *running) whyNoBase(from []runtime.Base) (int, error) {
	if len(from) == 0 {
		return 0, errors.New("there is no container to run on: create one first")
	}
	for i, b := range from {
		on := &k.form.fields[runBase+2*i]
		if why := on.out[on.choice()]; why != "" {
			return i, errors.New("it is " + why)
		}
		c := k.m.byRef(b.Ref)
		switch {
		case c == nil:
			return i, errors.New("it is not there any more")
		case b.Snap == "" && c.State != runtime.Stopped:
			is, x := strings.ToLower(c.State.String()), k.snaps[b.Ref]
			if x != nil && x.read && len(x.list) == 0 {
				return i, errors.New("it is " + is + " and has no snapshot: stop it first")
			}
			return i, errors.New("it is " + is + ": choose one of its snapshots, or stop it first")
		}
	}
	return 0, nil
}

// submit runs it and shows what it writes.
func (k *running) submit(f *form) tea.Cmd {
	q, _, err := k.request(f)
	if err != nil {
		return nil // the form has refused it before
	}
	run := k.m.enqueue([]runtime.Request{q})
	read := k.m.openJobs()
	list, ok := k.m.overlay.(*jobView)
	if all := k.m.jobs.list; ok && len(all) > 0 {
		x := all[len(all)-1]
		k.m.overlay = &outputView{of: jobRow{key: jobKey{id: x.id}, job: x}, from: list, follow: true}
	}
	return tea.Batch(run, read)
}

// The fields of the form for a checkpoint.
const (
	checkpointDir = iota
	checkpointKeep
)

// askCheckpoint asks for the directory of a checkpoint.
func (m *Model) askCheckpoint(c runtime.Container, op runtime.Op) tea.Cmd {
	request := func(f *form) runtime.Request {
		dir := strings.TrimSpace(f.text(checkpointDir))
		if filepath.IsAbs(dir) {
			dir = filepath.Clean(dir) // a slash at its end is no mistake
		}
		a := &runtime.CheckpointArgs{Dir: dir, Keep: op == runtime.Checkpoint && f.fields[checkpointKeep].on}
		return runtime.Request{Op: op, Ref: c.Ref, Expect: c.State, Same: c.Identity, Args: a}
	}
	f := (&form{
		title: op.Info().Title + ": " + m.called(c.Ref), action: op.String() + "s", note: op.Info().AsksMore,
		fields: []formField{
			textField("directory", "/srv/checkpoints/"+views.Clean(c.Name), ""), checkField("keep", "it running"),
		},
		submit: func(f *form) tea.Cmd { return m.enqueue([]runtime.Request{request(f)}) },
	}).under(formRules{
		fit: func(f *form) { f.fields[checkpointKeep].off = op == runtime.Resume },
		check: func(f *form) (int, error) {
			if strings.TrimSpace(f.text(checkpointDir)) == "" {
				return checkpointDir, unfinishedError{"a directory is needed"}
			}
			q := request(f)
			if !strings.HasPrefix(strings.TrimSpace(f.text(checkpointDir)), "/") {
				return checkpointDir, errors.New("it has to begin with /")
			}
			if err := q.Check(); err != nil {
				return checkpointDir, inForm(err)
			}
			return -1, nil
		},
		command: func(f *form) string { q := request(f); return q.LXCCommand() },
	})
	m.overlay = f
	return f.look(m)
}
