package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (m *Model) jobHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{
		keymap.HistoryKey: m.openJobs,
		keymap.Leftovers:  m.openLeftovers,
		keymap.Diagnose:   m.explainLast,
		keymap.HostCheck:  func() tea.Cmd { return m.openHostView(false) },
	}
}

// updateJobs takes what is about jobs and what they leave.
func (m *Model) updateJobs(msg tea.Msg) (cmd tea.Cmd, ok bool) {
	switch msg := msg.(type) {
	case earlierMsg:
		m.earlier.asks, m.earlier.err = false, msg.err
		if msg.err == nil {
			m.earlier.list = msg.list[:min(len(msg.list), earlierShown)]
		}
	case missedMsg:
		m.onMissed(msg)
	case leftoversMsg:
		return m.onLeftovers(msg), true
	case diagnosedMsg:
		msg.of.loading, msg.of.found, msg.of.err = false, msg.found, msg.err
	case checkedMsg:
		m.onChecked(msg)
	case foundLineMsg:
		msg.view.onFound(m, msg)
	default:
		return nil, false
	}
	return nil, true
}

// jobView is the list of jobs and history, or of one batch's targets.
type jobView struct {
	at   int
	key_ jobKey   // what the cursor is on, wherever it stands
	of   *batch   // nil = all
	from *jobView // where the way back leads
}

// jobKey is a row's identity.
type jobKey struct {
	id int // of a job or batch; 0 = it is a record
	at int64
	on runtime.Ref
	op string
}

// jobRow is what a row stands for: one of the four.
type jobRow struct {
	key   jobKey
	batch *batch
	job   *job
	fan   *fanOut
	past  *runtime.Past
}

// ended is when a row of this session came to its end.
func (r *jobRow) ended() time.Time {
	switch {
	case r.batch != nil:
		return r.batch.ended
	case r.job != nil:
		return r.job.batch.ended
	default:
		return r.fan.began.Add(r.fan.took)
	}
}

// openJobs shows jobs and history; the records are read off the loop.
func (m *Model) openJobs() tea.Cmd {
	m.overlay = &jobView{}
	read := m.earlier.read
	if read == nil || m.earlier.asks {
		return nil
	}
	m.earlier.asks = true
	return cmd("history", func() tea.Msg {
		list, err := read()
		return earlierMsg{list, err}
	})
}

// rows are what is listed, the running first; the cursor goes to where its row
// is now.
func (x *jobView) rows(m *Model) []jobRow {
	var rows []jobRow
	if x.of != nil {
		for _, j := range x.of.jobs {
			rows = append(rows, jobRow{key: jobKey{id: j.id}, job: j})
		}
		return x.follow(rows)
	}
	add := func(b *batch) {
		r := jobRow{key: jobKey{id: b.id}, batch: b}
		if b.total() == 1 {
			r.batch, r.job = nil, b.jobs[0]
		}
		rows = append(rows, r)
	}
	var running, waiting []*batch
	for _, j := range m.jobs.list {
		if slices.Contains(running, j.batch) {
			continue
		}
		at := slices.Index(waiting, j.batch)
		switch {
		case !j.started.IsZero() && at >= 0:
			waiting = slices.Delete(waiting, at, at+1)
			running = append(running, j.batch)
		case !j.started.IsZero():
			running = append(running, j.batch)
		case at < 0:
			waiting = append(waiting, j.batch)
		}
	}
	addFan := func(f *fanOut) { rows = append(rows, jobRow{key: jobKey{id: f.id}, fan: f}) }
	if m.fanRuns() {
		addFan(m.fan)
	}
	for _, b := range append(running, waiting...) {
		add(b)
	}
	before := len(rows)
	for _, b := range slices.Backward(m.jobs.past) {
		add(b)
	}
	if m.fan != nil && m.fan.over {
		addFan(m.fan)
	}
	for _, f := range slices.Backward(m.fans) {
		addFan(f)
	}
	slices.SortStableFunc(rows[before:], func(a, b jobRow) int { return b.ended().Compare(a.ended()) })
	for i := range m.earlier.list {
		p := &m.earlier.list[i]
		rows = append(rows, jobRow{key: jobKey{at: p.At.UnixNano(), on: p.Ref, op: p.Op}, past: p})
	}
	return x.follow(rows)
}

// follow puts the cursor on the row it was on.
func (x *jobView) follow(rows []jobRow) []jobRow {
	if i := slices.IndexFunc(rows, func(r jobRow) bool { return r.key == x.key_ }); i >= 0 {
		x.at = i
	}
	x.at = max(0, min(x.at, len(rows)-1))
	if len(rows) > 0 {
		x.key_ = rows[x.at].key
	}
	return rows
}

func (x *jobView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	rows := x.rows(m)
	if a, ok := m.keys.Lookup(keymap.List, k.String()); ok && a.ID == keymap.HistoryKey {
		return x.leave(m) // as it came
	}
	switch s := k.String(); s {
	case "esc", "q":
		return x.leave(m)
	case "enter", "space", "right", "l":
		return x.open(m, rows)
	case "x", "ctrl+c":
		return x.cancel(m, rows, s)
	case "y":
		return x.copy(m, rows)
	case "u":
		return x.undo(m, rows)
	case "d":
		if j := x.here(rows).job; j != nil && explainable(j) {
			return m.explain(j.req.Ref, j.err)
		}
	default:
		page := max(1, m.layout.H-4)
		at, moved := moveCursor(s, x.at, len(rows), page)
		if moved {
			x.at = at
			x.key_ = x.here(rows).key
		}
	}
	return nil
}

// moveCursor is a key that moves a cursor in a list of n rows.
func moveCursor(key string, at, n, page int) (to int, ok bool) {
	switch key {
	case "up", "k", "ctrl+p":
		at--
	case "down", "j", "tab", "ctrl+n":
		at++
	case "pgup", "ctrl+u", "ctrl+b":
		at -= page
	case "pgdown", "ctrl+d", "ctrl+f":
		at += page
	case "home", "g":
		at = 0
	case "end", "G":
		at = n - 1
	default:
		return at, false
	}
	return max(0, min(at, n-1)), true
}

// here is the row under the cursor; the zero row = there is none.
func (x *jobView) here(rows []jobRow) jobRow {
	if x.at >= len(rows) {
		return jobRow{}
	}
	return rows[x.at]
}

// leave goes back to where it was opened from.
func (x *jobView) leave(m *Model) tea.Cmd {
	m.overlay = nil
	if x.from != nil {
		m.overlay = x.from
	}
	return nil
}

// open shows the targets of a batch, or what a job has written.
func (x *jobView) open(m *Model, rows []jobRow) tea.Cmd {
	switch r := x.here(rows); {
	case r.batch != nil:
		m.overlay = &jobView{of: r.batch, from: x}
	case r.fan != nil:
		return m.showFanOut(r.fan, x)
	case r.job != nil || r.past != nil:
		m.overlay = &outputView{of: r, from: x, follow: true}
	}
	return nil
}

// cancel cancels what the cursor is on.
func (x *jobView) cancel(m *Model, rows []jobRow, key string) tea.Cmd {
	r := x.here(rows)
	over := r.past != nil || r.job != nil && !r.job.ended.IsZero() || r.batch != nil && r.batch.over() || r.fan != nil && r.fan.over
	switch {
	case r == jobRow{} || over && key == "ctrl+c":
		return x.leave(m)
	case over:
		m.say(noteWarn, "that is over: there is nothing to cancel", "u undoes it, where something does")
		return nil
	case r.fan != nil:
		m.cancelFanOut(r.fan)
		return nil
	}
	return m.askCancel(func(j *job) bool { return j == r.job || r.batch != nil && j.batch == r.batch })
}

// copy copies the lxc-* commands of what the cursor is on.
func (x *jobView) copy(m *Model, rows []jobRow) tea.Cmd { return m.copyCommand(x.here(rows)) }

func (m *Model) copyCommand(r jobRow) tea.Cmd {
	cmds := r.commands()
	if len(cmds) == 0 {
		m.say(noteWarn, "not copied: no lxc-* command does the same", "")
		return nil
	}
	if len(cmds) == 1 {
		m.say(noteInfo, "copied: "+cmds[0], "")
	} else {
		m.say(noteInfo, "copied "+plural(len(cmds), "command"), "")
	}
	return tea.SetClipboard(strings.Join(cmds, "\n"))
}

// commands are the equal lxc-* commands.
func (r *jobRow) commands() []string {
	var out []string
	switch {
	case r.batch != nil:
		for _, j := range r.batch.jobs {
			if c := j.req.LXCCommand(); c != "" {
				out = append(out, c)
			}
		}
	case r.job != nil:
		if c := r.job.req.LXCCommand(); c != "" {
			out = append(out, c)
		}
	case r.fan != nil:
		out = r.fan.commands()
	case r.past != nil && r.past.Command != "":
		out = append(out, r.past.Command)
	}
	return out
}

// paste is not for jobs.
func (*jobView) paste(*Model, string) bool { return false }

func (x *jobView) paint(m *Model) views.Block {
	rows := x.rows(m)
	s := &views.JobsState{
		Title: "Jobs and history", Parts: true, Cursor: x.at, Now: inDay(m.clock.Now()),
		Hints: x.hints(m, rows), Say: m.noticeState(),
	}
	if x.of != nil {
		s.Title, s.Parts = m.batchWords(x.of), false
	}
	for i := range rows {
		s.Items = append(s.Items, m.jobItem(&rows[i]))
	}
	switch {
	case x.of != nil:
	case m.earlier.asks && len(m.earlier.list) == 0:
		s.Note = "reading the audit log ..."
	case m.earlier.err != nil:
		s.Note = "the audit log cannot be read: " + m.earlier.err.Error()
	case len(m.earlier.list) == earlierShown:
		s.Note = "older records stand in the audit log"
	case len(rows) == 0:
		s.Note = "nothing was done so far; what lxcdeck does is listed here"
	}
	return m.theme.Jobs(s, m.layout.W, m.layout.H)
}

// hints are what keys do to the row under the cursor.
func (x *jobView) hints(m *Model, rows []jobRow) []keymap.Hint {
	out := []keymap.Hint{m.keyHint(keymap.Back, "closes")}
	if x.from != nil {
		out[0].Text = "back"
	}
	r := x.here(rows)
	switch {
	case r.batch != nil:
		out = append(out, m.keyHint(keymap.JobOpen, "each"))
	case r.job != nil || r.past != nil || r.fan != nil:
		out = append(out, m.keyHint(keymap.JobOpen, "output"))
	}
	if r.job != nil && r.job.ended.IsZero() || r.batch != nil && !r.batch.over() || r.fan != nil && !r.fan.over {
		out = append(out, m.keyHint(keymap.JobCancel, "cancels"))
	}
	if r.job != nil && explainable(r.job) {
		out = append(out, m.keyHint(keymap.JobExplain, "explains"))
	}
	if len(r.undoables()) > 0 {
		out = append(out, m.keyHint(keymap.JobUndo, "takes back"))
	}
	if len(r.commands()) > 0 {
		out = append(out, m.keyHint(keymap.JobCopy, "copies the command"))
	}
	return out
}
