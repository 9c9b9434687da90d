package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/tui/settings"
	"lxcdeck/views"
)

// own are the commands of a session that are no verbs of the command line.
func (s *session) own(d *deck) []*cobra.Command {
	command := func(use, short, long string, do func(cmd *cobra.Command, args []string) error) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Long: strings.TrimSpace(short + ".\n\n" + long), RunE: d.verb(do)}
	}
	list := command("list [FILTER...]", "List containers, with numbers by which they can be named",
		"FILTER is that of the screen: a part of a name, an address or a group, !test, state:running,\n"+
			"group:db, ip:10.0.3., mem>1g, mem>80%, pids<20. All words must hold.", func(_ *cobra.Command, args []string) error { return s.list(d, args) })
	list.Flags().StringVar(&d.order, "sort", views.ColName, "sort by `COLUMN`: "+columnWords()+"; - before it reverses")
	history := command("history [NAME...]", "Tell what was done to containers, by the audit log", "",
		func(_ *cobra.Command, args []string) error { return s.tellHistory(d, args) })
	history.Flags().IntVarP(&d.flags.count, "count", "n", 100, "the last `COUNT` of it")
	detail := command("detail [NAME...]", "Tell all about containers: state, addresses, config, figures, limits that are hit",
		"Figures are those of one interval. top tells them again and again, until ctrl+c.", func(_ *cobra.Command, args []string) error { return s.detail(d, args) })
	detail.Aliases = []string{"figures", "info"}
	quit := command("quit", "Leave lxcdeck", "So does ctrl+d. Containers run on.", func(*cobra.Command, []string) error {
		s.leave(false)
		return nil
	})
	quit.Aliases = []string{"exit", "bye"}
	exec := command("exec NAME... -- CMD...", "Run a command in several containers, one after the other",
		"Its input is empty. What it writes comes under the container's name.", func(cmd *cobra.Command, args []string) error { return s.exec(d, cmd, args) })
	return []*cobra.Command{
		list, detail, history, exec, quit,
		command("choose NAME...", "Choose containers, which the next commands are about",
			"Names, beginnings of names, numbers of the last list, and ranges of them such as 3-5. Names\n"+
				"alone do the same. \"all\" takes the choice back.", func(_ *cobra.Command, args []string) error {
				if len(args) > 0 {
					d.status = s.choose(args)
				}
				return nil
			}),
		command("all", "Take the choice of containers back", "", func(*cobra.Command, []string) error {
			s.chosen = nil
			s.put("No container is chosen.")
			return nil
		}),
		command("events [NAME...]", "List what has happened to containers", "", func(_ *cobra.Command, args []string) error { return s.events(d, args) }),
		command("jobs", "List what was done here, and what goes on", "A line that ends with & is not waited for, once all is asked.",
			func(*cobra.Command, []string) error {
				return s.lines(d, s.jobs.list(s.d.called), "Nothing was done yet.")
			}),
		command("cancel", "Cancel what goes on; what it has begun is taken back", "", func(*cobra.Command, []string) error { return s.cancelAll() }),
		command("messages", "Read again what was told", "", func(*cobra.Command, []string) error { return s.messages(d) }),
		command("settings", "List the settings that count here, and where they come from", "", func(*cobra.Command, []string) error {
			return s.lines(d, settingLines(&s.d.settings), "")
		}),
		command("page [LINES]", "Say how many lines are shown at once, or set it; 0 shows all", "", func(cmd *cobra.Command, args []string) error { return s.setPage(cmd, args) }),
		command("diagnose [NAME...]", "Explain why the last start of a container failed", "", func(_ *cobra.Command, args []string) error { return s.diagnose(d, args) }),
		command("help [WORD]", "List the commands, or explain one", "", func(_ *cobra.Command, args []string) error { return s.help(d, args) }),
	}
}

func columnWords() string {
	var ids []string
	for _, c := range views.Columns() {
		ids = append(ids, c.ID)
	}
	return strings.Join(ids, ", ")
}

// lines prints lines, or says that there are none.
func (s *session) lines(d *deck, all []string, none string) error {
	if len(all) == 0 {
		s.put(none)
		return nil
	}
	var b strings.Builder
	for _, line := range all {
		b.WriteString(views.Clean(line) + "\n")
	}
	return d.print([]byte(b.String()))
}

// list numbers the containers that a filter leaves.
func (s *session) list(d *deck, args []string) error {
	filter, err := views.ParseFilter(strings.Join(args, " "))
	if err != nil {
		return &exitError{exitUsage, err}
	}
	column, down := strings.CutPrefix(d.order, "-")
	c, ok := views.FindColumn(column)
	if !ok {
		return &exitError{exitUsage, fmt.Errorf("no column %q; there are: %s", column, columnWords())}
	}
	l, err := s.listing()
	if err != nil {
		return err
	}
	read, err := d.sample(s.ctx, l.Containers)
	if err != nil {
		return err
	}
	of := map[runtime.Ref]*row{}
	var rows []views.Row
	for i := range read {
		r := views.Row{C: &read[i].c, Sample: read[i].s, Order: views.Gap()}
		of[read[i].c.Ref] = &read[i]
		if filter.Keeps(&r) {
			rows = append(rows, r)
		}
	}
	views.SortRows(rows, column, c.Down != down)
	s.listed = nil
	var out []string
	for i := range rows {
		s.listed = append(s.listed, rows[i].C.Ref)
		out = append(out, strconv.Itoa(i+1)+": "+s.words(of[rows[i].C.Ref]))
	}
	if len(l.Containers) == 0 {
		d.noContainers(l)
		return nil
	}
	if n := len(l.Containers) - len(out); n > 0 {
		out = append(out, several(n, "container")+" left out by the filter.")
	}
	return s.lines(d, out, "No container is like that.")
}

// words are a container in a line: what a person wants to know first stands first.
func (s *session) words(r *row) string {
	parts := []string{s.d.called(r.c.Ref), strings.ToLower(r.c.State.String())}
	if n, ok := r.sample().Memory.WorkingSet.Get(); ok {
		text := "memory " + sizeWords(views.Bytes(n))
		if most, ok := r.sample().Memory.Limit.Get(); ok {
			text += " of " + sizeWords(views.Bytes(most))
		}
		parts = append(parts, text)
	}
	if len(r.c.IPs) > 0 {
		parts = append(parts, "address "+r.c.IPs[0].String())
	}
	if !r.c.Started.IsZero() {
		parts = append(parts, "up for "+span(r.age()))
	}
	if note := r.note(); note != "" {
		parts = append(parts, note)
	}
	return strings.Join(parts, ", ")
}

// refsOf gives the containers that arguments name, else those that are chosen.
func (s *session) mean(d *deck, verb string, args []string, needs bool) ([]runtime.Ref, error) {
	takes := arguments{}
	names, err := s.named(cmp.Or(map[bool]string{false: "ls"}[needs], verb), &takes, args)
	if err != nil {
		if errors.Is(err, errLeft) {
			d.status = s.wontDo(err)
			return nil, errSaid
		}
		return nil, err
	}
	return d.refs(s.ctx, names)
}

// of says which containers are meant; none = all.
func among(refs []runtime.Ref) func(runtime.Ref) bool {
	return func(ref runtime.Ref) bool { return len(refs) == 0 || slices.Contains(refs, ref) }
}

// detail is one reading of top, of all that is known.
func (s *session) detail(d *deck, args []string) error {
	refs, err := s.mean(d, "detail", args, true)
	if err != nil || len(refs) == 0 {
		return said(err)
	}
	words := []string{"top", "--count=1"}
	for _, ref := range refs {
		words = append(words, s.typed(ref))
	}
	d.status = s.do(words, nil)
	if len(refs) == 1 {
		s.put("More: processes, network, isolation, logs, files, config, limits, snapshots, events, space; help lists what can be done.")
	}
	return nil
}

// said is nil for an error that was shown.
func said(err error) error {
	if errors.Is(err, errSaid) {
		return nil
	}
	return err
}

func (s *session) events(d *deck, args []string) error {
	refs, err := s.mean(d, "events", args, false)
	if err != nil {
		return said(err)
	}
	return s.lines(d, s.news.all(among(refs)), "Nothing has happened since lxcdeck was started.")
}

func (s *session) tellHistory(d *deck, args []string) error {
	refs, err := s.mean(d, "history", args, false)
	if err != nil {
		return said(err)
	}
	past, err := s.history(d.flags.count, among(refs))
	if err != nil {
		return err
	}
	return s.lines(d, past, "Nothing was done before this.")
}

// exec runs a command in each of several containers.
func (s *session) exec(d *deck, cmd *cobra.Command, args []string) error {
	dash := cmd.ArgsLenAtDash()
	if dash < 0 || dash == len(args) {
		return usage(cmd, "exec needs a command behind --")
	}
	refs, err := s.mean(d, "exec", args[:dash], true)
	if err != nil {
		return said(err)
	}
	none, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer none.Close()
	ints := make(chan os.Signal, 1)
	signal.Notify(ints, syscall.SIGINT)
	defer signal.Stop(ints)
	for i, ref := range refs {
		s.put("In " + s.d.called(ref) + ":")
		one := s.deck()
		one.Stdin = none
		status := one.execute(s.ctx, s.root(one), append([]string{"shell", s.typed(ref), "--"}, args[dash:]...))
		if status != exitOK {
			s.put(fmt.Sprintf("Its status in %s is %d.", s.d.called(ref), status))
		}
		d.status = max(d.status, status)
		select {
		case <-ints:
			if n := len(refs) - i - 1; n > 0 {
				s.put("Left; not run in " + several(n, "container") + ".")
			}
			return nil
		default:
		}
	}
	return nil
}

func (s *session) cancelAll() error {
	all := s.jobs.running()
	if len(all) == 0 {
		s.put("Nothing goes on.")
		return nil
	}
	for _, b := range all {
		b.cancel()
		s.put("Cancelled: " + b.line + ". Its end is told.")
	}
	return nil
}

func (s *session) messages(d *deck) error {
	s.mu.Lock()
	all := slices.Clone(s.told)
	s.mu.Unlock()
	return s.lines(d, all, "Nothing was told yet.")
}

func (s *session) setPage(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 0 || len(args) > 1 {
			return usage(cmd, "page takes a number of lines, or 0")
		}
		s.page = n
	}
	if s.page == 0 {
		s.put("Long lists are shown in one.")
		return nil
	}
	s.put("Long lists are shown in pages of " + several(s.page, "line") + ".")
	return nil
}

// diagnose explains a start that failed here.
func (s *session) diagnose(d *deck, args []string) error {
	refs, err := s.mean(d, "diagnose", args, true)
	if err != nil {
		return said(err)
	}
	for _, ref := range refs {
		q := runtime.Request{Op: runtime.Start, Ref: ref}
		cause := s.jobs.failure(ref)
		switch {
		case cause == nil:
			s.put("No start of " + s.d.called(ref) + " has failed here.")
		case !d.explain(s.ctx, &q, cause):
			d.fail(cause)
		}
	}
	return nil
}

// failure is why the last start of a container failed; nil = it did not, or there was none.
func (j *jobs) failure(ref runtime.Ref) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, x := range slices.Backward(j.all) {
		if x.q.Ref == ref && (x.q.Op == runtime.Start || x.q.Op == runtime.Restart) {
			return x.err
		}
	}
	return nil
}

// settingLines are the settings that count for what is done line by line.
func settingLines(s *settings.Settings) []string {
	line := func(name string, value any, from settings.Source) string {
		return fmt.Sprintf("%s: %v, from %s", name, value, from)
	}
	paths := strings.Join(s.Paths.Value, ", ")
	out := []string{
		line("interval", views.Interval(s.Interval.Value), s.Interval.From),
		line("read_only", s.ReadOnly.Value, s.ReadOnly.From),
		line("lxcpath", cmp.Or(paths, "LXC's own"), s.Paths.From),
		line("prefix", cmp.Or(s.Prefix.Value, "ctrl+]"), s.Prefix.From),
	}
	for kind, v := range s.Alerts {
		out = append(out, line("alert "+kind.String(), views.Percent(v.Value)+" percent", v.From))
	}
	for name, v := range s.Limits {
		var words []string
		for _, set := range v.Value {
			words = append(words, runtime.LimitKey(set.Name)+" "+runtime.LimitWords(set.Name, set.Value))
		}
		out = append(out, line("limits "+name, strings.Join(words, ", "), v.From))
	}
	out = append(out, line("alert bell", s.AlertBell.Value, s.AlertBell.From))
	slices.Sort(out)
	return append(out, "The others are about the screen. They stand in config.toml.")
}
