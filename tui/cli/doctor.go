package cli

import (
	"slices"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor [TOPIC...]",
		Short: "Look whether this host has what containers need",
		Long: "Look whether this host and this user have what containers need: kernel, cgroups,\n" +
			"liblxc, lxcpaths, network, ids, programs, what lxcdeck itself needs, and what the\n" +
			"terminal can show. Nothing is changed, and no root is needed.\n\n" +
			"With a TOPIC, only that is told: " + strings.Join(doctorTopics(), ", ") + ".\n" +
			"user: what works for a user other than root, what does not, and what mends it.\n\n" +
			"missing: this user's containers do not work without it; the status is then 1.\n" +
			"optional: only some things need it. unknown: it could not be read.\n\n" +
			"Like: lxc-checkconfig",
		RunE: d.verb(func(cmd *cobra.Command, args []string) error {
			for _, topic := range args {
				if !slices.Contains(doctorTopics(), topic) {
					return usage(cmd, "doctor knows no topic %q: there are %s", topic, strings.Join(doctorTopics(), ", "))
				}
			}
			return d.doctor(cmd, args)
		}),
	}
	d.timeoutFlag(cmd, "tell after this `TIME` what is known (default: a few seconds)")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print a JSON array")
	return cmd
}

// checkObject is the JSON of a Check. Names are added to, never changed.
type checkObject struct {
	Topic   string  `json:"topic"`
	What    string  `json:"what"`
	Verdict string  `json:"verdict"`
	Found   string  `json:"found"`
	Advice  *string `json:"advice"`
}

// doctorTopics are what doctor can be asked for alone.
func doctorTopics() []string {
	return append(runtime.Topics(), views.TopicTerminal, runtime.TopicUser)
}

func (d *deck) doctor(cmd *cobra.Command, topics []string) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	all, err := d.rt.CheckHost(ctx)
	if err != nil && len(all) == 0 {
		return err
	}
	user := runtime.UserChecks(all, d.rt.About())
	all = append(all, views.TerminalChecks(d.terminal())...)
	if len(topics) > 0 {
		all = slices.DeleteFunc(all, func(c runtime.Check) bool { return !slices.Contains(topics, c.Topic) })
		if slices.Contains(topics, runtime.TopicUser) {
			all = append(all, user...)
		}
	}
	if runtime.Failing(all) {
		d.status = exitFailed
	}
	werr := d.tell(all)
	if err != nil {
		return err
	}
	return werr
}

// terminal is what is known of the one that standard output is.
func (d *deck) terminal() *views.Terminal {
	t := &views.Terminal{Is: isTerminal(d.Stdout), Getenv: d.Getenv, Prefix: d.prefix()}
	if !t.Is {
		return t
	}
	t.Cols, t.Rows = size(d.Stdout)
	var env []string
	for _, name := range []string{"TERM", "TERM_PROGRAM", "COLORTERM", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TMUX", "STY"} {
		if v := d.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	switch colorprofile.Detect(d.Stdout, env) {
	case colorprofile.TrueColor:
		t.Colours = views.TrueColour
	case colorprofile.ANSI256:
		t.Colours = 256
	case colorprofile.ANSI:
		t.Colours = 16
	}
	return t
}

// tell prints checks.
func (d *deck) tell(all []runtime.Check) error {
	if d.flags.json {
		objects := make([]checkObject, 0, len(all))
		for i := range all {
			c := &all[i]
			o := checkObject{Topic: c.Topic, What: c.What, Verdict: c.Verdict.String(), Found: c.Found}
			if c.Advice != "" {
				o.Advice = &c.Advice
			}
			objects = append(objects, o)
		}
		return writeArray(d.Stdout, objects)
	}
	if d.flags.plain {
		return d.print(plainChecks(all))
	}
	width := 0
	paint := func(_ views.Role, s string) string { return s }
	if isTerminal(d.Stdout) {
		width, _ = size(d.Stdout)
		if d.colours() {
			theme, err := views.NewTheme(d.settings.Theme.Value, views.ThemeOptions{Colors: 16})
			if err != nil {
				return err
			}
			paint = theme.Paint
		}
	}
	var b strings.Builder
	for _, l := range views.CheckLines(all, width) {
		b.WriteString(paint(l.Role, l.Word) + paint(l.Rest, l.Text) + "\n")
	}
	b.WriteString("\n" + views.CheckSum(all) + "\n")
	return d.print([]byte(b.String()))
}

// plainChecks has a line for each check.
func plainChecks(all []runtime.Check) []byte {
	var b strings.Builder
	for i := range all {
		c := &all[i]
		line := c.Topic + ": " + c.What + ": " + c.Verdict.String()
		if c.Found != "" {
			line += ": " + c.Found
		}
		if c.Advice != "" {
			line += ". Advice: " + c.Advice
		}
		b.WriteString(views.Clean(line) + "\n")
	}
	b.WriteString(views.CheckSum(all) + "\n")
	return []byte(b.String())
}

// colours says whether the terminal has some, and the user wants them (no-color.org).
func (d *deck) colours() bool {
	t := d.Getenv("TERM")
	return d.Getenv("NO_COLOR") == "" && t != "" && t != "dumb" && !strings.HasPrefix(t, "vt")
}
