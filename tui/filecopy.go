package tui

import (
	"context"
	"errors"
	"path"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// filesNamed is how many names a question about copying has.
const filesNamed = 8

// copiesFiles says whether an operation copies files between host and container.
func copiesFiles(op runtime.Op) bool { return op == runtime.Push || op == runtime.Pull }

// copies says whether what was asked for here is still being copied.
func (x *filesView) copies() bool { return x.job != nil && x.job.ended.IsZero() }

// cancel ends the copying.
func (x *filesView) cancel(m *Model) tea.Cmd {
	mine := x.job
	m.cancelJobs(func(j *job) bool { return j == mine })
	return nil
}

// filesAsk is what is to be copied, and what is in the way of it.
type filesAsk struct {
	c      runtime.Container
	op     runtime.Op
	from   string // folder of all of them
	what   []*runtime.FileEntry
	left   []string // names of what was chosen and is not copied
	to     string
	free   runtime.Value
	there  []string // names that the other side has already
	clash  string   // one of them that is a folder here and none there, or the reverse; "" = none is
	marked bool     // what is copied was marked
	late   bool     // the copying itself has found something in the way
	verify bool
	owner  *runtime.FileOwner // who gets it; nil = as on the host
}

// copy asks whether the marked entries are to be copied to the other side, or the one
// under the cursor.
func (x *filesView) copy(m *Model) tea.Cmd {
	a, why := x.wants(m)
	if why != "" {
		m.say(noteWarn, why, "")
		return nil
	}
	m.rt.Prepare(a.op, 1)
	return x.askCopy(m, a)
}

// wants is what a copy would be about, or why there can be none.
func (x *filesView) wants(m *Model) (a filesAsk, why string) {
	from, to := x.pane(), &x.panes[1-x.side]
	a = filesAsk{op: runtime.Pull, from: from.dir, to: to.dir, free: to.folder.Free, marked: len(from.marks) > 0}
	for _, e := range from.chosen() {
		if !copied(e.Kind) {
			a.left = append(a.left, e.Name+" ("+e.Kind.String()+")")
			continue
		}
		a.what = append(a.what, e)
	}
	if x.side == hostSide {
		a.op = runtime.Push
	}
	a.how(m)
	c := m.byRef(x.ref)
	if c == nil {
		return a, x.name + " is gone"
	}
	a.c = *c
	s := m.situation()
	s.Targets, s.Selected = []runtime.Container{*c}, c
	switch _, refused := keymap.Split(a.op, s); {
	case len(refused) > 0:
		return a, refused[0].Why
	case from.moving() || to.moving():
		return a, "a folder is still being read"
	case len(a.what) == 0 && len(a.left) > 0:
		return a, "sockets, FIFOs and devices are not copied: what is behind them is not in the file"
	case !from.read || len(a.what) == 0:
		return a, "nothing is here to be copied"
	case len(a.what) > runtime.MaxSources:
		return a, views.Thousands(runtime.MaxSources) + " entries at most are copied at once: copy the folder that they are in"
	case !to.read:
		return a, "the folder on the other side cannot be read: go to another one there"
	}
	there := make(map[string]runtime.FileKind, len(to.folder.Entries))
	for i := range to.folder.Entries {
		there[to.folder.Entries[i].Name] = to.folder.Entries[i].Kind
	}
	for _, e := range a.what {
		kind, ok := there[e.Name]
		if !ok {
			continue
		}
		a.there = append(a.there, e.Name)
		if (kind == runtime.FileFolder) != (e.Kind == runtime.FileFolder) {
			a.clash = e.Name
		}
	}
	return a, ""
}

// how is what was chosen for all copies.
func (a *filesAsk) how(m *Model) {
	if a.verify = m.files.verify; a.op == runtime.Push {
		a.owner = m.files.owner
	}
}

// copied says whether a kind of entry is copied.
func copied(k runtime.FileKind) bool {
	return k == runtime.FileRegular || k == runtime.FileFolder || k == runtime.FileLink
}

// askCopy asks, and where something is in the way what is to become of it.
func (x *filesView) askCopy(m *Model, a filesAsk) tea.Cmd {
	q := &question{state: views.PromptState{Title: copyTitle(&a, x.name), Facts: a.facts(x.name)}}
	if len(a.there) == 0 && !a.late {
		args := a.request(runtime.Refuse)
		q.state.Command = args.LXCCommand()
		q.yes = func() tea.Cmd { return x.start(m, &a, runtime.Refuse) }
		return m.askUpon(q)
	}
	pick := func(words string, how runtime.Exists) {
		q.state.Choices = append(q.state.Choices, words)
		q.picks = append(q.picks, func() tea.Cmd { return x.start(m, &a, how) })
	}
	if a.clash == "" {
		pick("overwrite files, merge folders", runtime.Overwrite)
	} else {
		q.state.More = "Nothing can be overwritten: a folder and what is none do not replace each other."
	}
	pick("skip what is there, copy the rest", runtime.Skip)
	q.state.Choices = append(q.state.Choices, "cancel")
	q.picks = append(q.picks, func() tea.Cmd { return nil })
	return m.askUpon(q)
}

// copyTitle asks for a yes.
func copyTitle(a *filesAsk, name string) string {
	what := strconv.Quote(a.what[0].Name)
	if n := len(a.what); n > 1 {
		what = strconv.Itoa(n) + " entries"
	} else if views.Clean(a.what[0].Name) == a.what[0].Name {
		what = a.what[0].Name
	}
	if a.op == runtime.Push {
		return "Copy " + what + " into " + name + "?"
	}
	return "Copy " + what + " out of " + name + "?"
}

// facts are what the answer is about.
func (a *filesAsk) facts(name string) []views.PromptFact {
	host, inner := "host:", name+":"
	if a.op == runtime.Pull {
		host, inner = inner, host
	}
	facts := []views.PromptFact{{Name: "from", Text: host + a.from}, {Name: "to", Text: inner + a.to}}
	names, folders := make([]string, 0, len(a.what)), false
	for _, e := range a.what {
		names = append(names, e.Name)
		folders = folders || e.Kind == runtime.FileFolder
	}
	if len(names) > 1 {
		facts = append(facts, views.PromptFact{Name: "what", Text: someOf(names)})
	}
	size := filesWords(a.what)
	if folders {
		size += ", and all that is in it"
	}
	facts = append(facts, views.PromptFact{Name: "size", Text: size})
	if a.owner != nil {
		facts = append(facts, views.PromptFact{Name: "owner", Text: a.owner.String() + " inside, for all of it"})
	}
	if a.verify {
		facts = append(facts, views.PromptFact{Name: "verify", Text: "read again, and the SHA-256 compared"})
	}
	if len(a.left) > 0 {
		facts = append(facts, views.PromptFact{Name: "left out", Text: someOf(a.left), Warn: true})
	}
	if free, ok := a.free.Get(); ok && filesBytes(a.what) > free {
		facts = append(facts, views.PromptFact{Name: "room", Text: "only " + views.Bytes(free) + " are free there", Warn: true})
	}
	switch {
	case len(a.there) > 0:
		facts = append(facts, views.PromptFact{Name: "there already", Text: someOf(a.there), Warn: true})
	case a.late:
		facts = append(facts, views.PromptFact{Name: "there already", Text: "some of it, deeper in the folders", Warn: true})
	}
	if a.clash != "" {
		facts = append(facts, views.PromptFact{Name: "in the way", Text: a.clash + " is a folder on one side alone", Warn: true})
	}
	return facts
}

// someOf names the first of many.
func someOf(names []string) string {
	n := len(names)
	if n <= filesNamed {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:filesNamed], ", ") + " and " + strconv.Itoa(n-filesNamed) + " more"
}

func (a *filesAsk) request(how runtime.Exists) runtime.Request {
	args := &runtime.CopyFilesArgs{To: a.to, Exists: how, Sums: true, Verify: a.verify, Owner: a.owner}
	for _, e := range a.what {
		args.From = append(args.From, path.Join(a.from, e.Name))
	}
	return runtime.Request{Op: a.op, Ref: a.c.Ref, Expect: a.c.State, Same: a.c.Identity, Args: args}
}

// start makes a job of it.
func (x *filesView) start(m *Model, a *filesAsk, how runtime.Exists) tea.Cmd {
	rt := m.rt
	act := m.enqueueWith([]runtime.Request{a.request(how)}, func(ctx context.Context, q runtime.Request) error {
		tell := toldOfCopy(&q)
		err := rt.Do(ctx, q)
		tell()
		return err
	})
	if n := len(m.jobs.list); n > 0 {
		x.job, x.marked = m.jobs.list[n-1], a.marked
	}
	return act
}

// toldOfCopy makes a request keep what was copied; tell adds that to the job's output.
func toldOfCopy(q *runtime.Request) (tell func()) {
	var what *runtime.Copied
	told := q.Progress
	q.Progress = func(p runtime.Progress) {
		if p.Copied != nil {
			what = p.Copied
		}
		told(p)
	}
	return func() {
		if what == nil {
			return
		}
		told(runtime.Progress{Output: []byte(copiedWords(what))})
	}
}

// copiedInAll are what was copied, in numbers.
func copiedInAll(c *runtime.Copied) string {
	var words []string
	count := func(n uint64, one, many string) {
		switch {
		case n == 1:
			words = append(words, one)
		case n > 1:
			words = append(words, views.Thousands(n)+" "+many)
		}
	}
	count(c.Files, "1 file", "files")
	if c.Files > 0 {
		words[0] += " (" + views.Bytes(c.Bytes) + ")"
	}
	count(c.Folders, "1 folder", "folders")
	count(c.Links, "1 link", "links")
	count(c.Skipped, "1 was there and stayed", "were there and stayed")
	count(c.Left, "1 not copied whole", "not copied whole")
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}

// copiedWords are that, and the checksums as sha256sum(1) writes them.
func copiedWords(c *runtime.Copied) string {
	var b strings.Builder
	b.WriteString(copiedInAll(c) + "\n")
	for _, s := range c.Sums {
		b.WriteString(s.SHA256 + "  " + strings.ReplaceAll(s.Path, "\n", `\n`) + "\n")
	}
	return b.String()
}

// filesDone reads both sides again when something was copied, and asks once more where
// that has found something in its way.
func (m *Model) filesDone(j *job) tea.Cmd {
	x := m.filesOpen()
	if x == nil || j.req.Ref != x.ref || !copiesFiles(j.req.Op) {
		return nil
	}
	if j != x.job {
		return x.readBoth(m)
	}
	from := hostSide
	if j.req.Op == runtime.Pull {
		from = innerSide
	}
	again := x.readBoth(m)
	p := &x.panes[from]
	args, ok := j.req.Args.(*runtime.CopyFilesArgs)
	if !ok || len(args.From) == 0 || path.Dir(args.From[0]) != p.dir {
		return again
	}
	if j.err == nil && x.marked {
		p.unmark(args.From)
	}
	late := errors.Is(j.err, runtime.ErrExists) && args.Exists == runtime.Refuse
	if c := m.byRef(x.ref); late && c != nil && m.overlay == x && x.prompt == "" && !p.moving() {
		m.notices.dismiss() // the question says it
		a := filesAsk{c: *c, op: j.req.Op, from: p.dir, what: p.named(args.From), to: args.To, marked: x.marked, late: true, verify: args.Verify, owner: args.Owner}
		if len(a.what) > 0 {
			return tea.Batch(again, x.askCopy(m, a))
		}
	}
	return again
}

// named are the entries that paths name.
func (p *filePane) named(paths []string) []*runtime.FileEntry {
	names := map[string]bool{}
	for _, name := range paths {
		names[path.Base(name)] = true
	}
	var out []*runtime.FileEntry
	for i := range p.folder.Entries {
		if e := &p.folder.Entries[i]; names[e.Name] {
			out = append(out, e)
		}
	}
	return out
}
