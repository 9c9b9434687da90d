package tui

import (
	"errors"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/alert"
	"lxcdeck/views"
)

const (
	// settingsLook is how often it is looked whether a settings file is another.
	settingsLook = time.Second
	// settingsRest is how long a file has to stay the same before it is read: an
	// editor may write in several steps.
	settingsRest = 100 * time.Millisecond
)

// SettingsFiles are the settings on disk. Its methods are called off the loop.
type SettingsFiles interface {
	// Stamp is another one when a file is; it reads none of them.
	Stamp() string
	// Load reads them by the rules of the start, with the flags above them.
	Load() (Prefs, error)
	// Begin makes sure that a person's own file is there, and names it.
	Begin() (path string, err error)
	// Bind writes keys of actions into that file.
	Bind(all []Rebinding) error
}

// Rebinding is what an action's keys are to be; Drop = the preset's again.
type Rebinding struct {
	ID   keymap.ID
	Keys []string
	Drop bool
}

// Prefs are the settings that hold, as far as they can change while the screen runs.
type Prefs struct {
	Interval time.Duration
	Columns  []string
	Sort     string
	Reverse  bool
	Theme    string
	ASCII    bool
	Mouse    bool
	ReadOnly bool
	Keys     *keymap.Map
	Alerts   alert.Rules
	Bell     bool
	Alarm    func(alert.Alert) error
	Limits   map[string][]runtime.LimitSetting

	Preset, Prefix string                  // that Keys was made of
	Bound          map[string][]string     // the keys that files give to actions
	BoundAt        map[keymap.ID][2]string // the file of each, and file with line
	Own            string                  // a person's own file
	Lines          []SettingLine
}

// SettingLine is one setting as people read it.
type SettingLine struct {
	Name, Value, From, Default, Means string
	Waits                             bool // a change takes effect at the next start
}

// prefs is what is known of the settings on disk.
type prefs struct {
	files SettingsFiles
	now   Prefs // as they were read last without a fault
	err   error // what is wrong with them now
	told  string
	wake  chan struct{}
}

// prefsMsg is a reading of the settings.
type prefsMsg struct {
	prefs Prefs
	err   error
}

// watchSettings looks whether a file is another, and reads them all when one is. A
// look asks the kernel about two files; nothing reaches the loop unless there is news.
func (m *Model) watchSettings() {
	files, wake, ctx, send := m.prefs.files, m.prefs.wake, m.out.ctx, m.out.send
	if files == nil {
		return
	}
	m.out.spawn("settings", func() {
		look := time.NewTicker(settingsLook)
		defer look.Stop()
		for last := files.Stamp(); ; {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			case <-wake:
			}
			now := files.Stamp()
			if now == last {
				continue
			}
			for now != last {
				last = now
				select {
				case <-ctx.Done():
					return
				case <-time.After(settingsRest):
				}
				now = files.Stamp()
			}
			p, err := files.Load()
			send(prefsMsg{p, err})
		}
	})
}

// lookAtSettings has them looked at now.
func (m *Model) lookAtSettings() {
	select {
	case m.prefs.wake <- struct{}{}:
	default: // it is asked for already
	}
}

// arrive takes a reading over. What has a fault changes nothing.
func (msg prefsMsg) arrive(m *Model) tea.Cmd {
	was := m.prefs.err
	if m.prefs.err = msg.err; msg.err != nil {
		all := eachError(msg.err)
		text := "settings: " + m.shortFault(all[0])
		if n := len(all) - 1; n > 0 {
			text += " (" + plural(n, "more fault") + ")"
		}
		m.prefs.told = text
		m.say(noteError, text, "what held before stays; "+m.keys.KeyOf(keymap.Palette)+"settings shows it")
		return nil
	}
	if n := m.notices.now; was != nil && n != nil && n.text == m.prefs.told {
		m.notices.dismiss() // it is mended
	}
	act, changed, waits := m.takePrefs(&msg.prefs)
	text := ""
	if len(changed) > 0 {
		text = strings.Join(changed, ", ")
	}
	if len(waits) > 0 {
		if text != "" {
			text += "; "
		}
		text += strings.Join(waits, ", ") + " at the next start"
	}
	switch {
	case text != "":
		m.say(noteInfo, "settings taken over: "+text, "")
	case was != nil:
		m.say(noteInfo, "settings: the fault is mended", "")
	}
	return act
}

// shortFault is a fault with the name alone of a person's own file: what is wrong
// has to be in sight. :settings has the whole path.
func (m *Model) shortFault(err error) string {
	text := strings.TrimPrefix(err.Error(), "settings ") // which is said already
	if own := m.prefs.now.Own; own != "" {
		text = strings.ReplaceAll(text, own, filepath.Base(own))
	}
	return text
}

// eachError gives the errors that were joined.
func eachError(err error) []error {
	var all interface{ Unwrap() []error }
	if errors.As(err, &all) && len(all.Unwrap()) > 0 {
		return all.Unwrap()
	}
	return []error{err}
}

// takePrefs puts what is another than before into force. What was changed on screen
// meanwhile, and not in a file, stays as it is.
func (m *Model) takePrefs(p *Prefs) (act tea.Cmd, changed, waits []string) {
	old := m.prefs.now
	m.prefs.now = *p
	changed, waits = changedLines(old.Lines, p.Lines)
	var acts []tea.Cmd
	if p.Interval != old.Interval && p.Interval > 0 {
		m.interval = p.Interval
		m.sampling.gen++
		acts = append(acts, m.tick())
	}
	if !slices.Equal(p.Columns, old.Columns) {
		m.columns = p.Columns
	}
	if p.Sort != old.Sort || p.Reverse != old.Reverse {
		id := p.Sort
		if id == "" {
			id = views.ColName
		}
		acts = append(acts, m.sortBy(id, p.Reverse))
	}
	if p.Theme != old.Theme || p.ASCII != old.ASCII {
		m.themeName, m.ascii = p.Theme, p.ASCII || m.plain
		m.setTheme(m.depth)
	}
	if p.Mouse != old.Mouse {
		m.setMouse(p.Mouse)
	}
	if p.Keys != nil {
		m.keys = p.Keys
	}
	if p.ReadOnly && !m.readOnly { // and never the other way round
		m.turnReadOnly()
	}
	m.presets = p.Limits
	m.takeAlerts(p)
	if p.ReadOnly != old.ReadOnly && !p.ReadOnly {
		waits = append(waits, "read_only")
	}
	return tea.Batch(append(acts, m.arrangeScreen())...), changed, waits
}

// turnReadOnly holds for what waits its turn, too. What was asked about, or was being
// filled in, leads nowhere any more.
func (m *Model) turnReadOnly() {
	m.readOnly = true
	m.shut()
	m.alerts.alarm = nil
	u, over := m.overlay.(*upon)
	top, was := m.topOverlay(), m.topOverlay()
	for asks := true; asks; {
		switch x := top.(type) {
		case *question:
			top = x.back
		case *form:
			top = x.back
		case *keyCatch:
			top = nil
		default:
			asks = false
		}
	}
	switch {
	case top == was:
	case over && top == nil:
		m.overlay = u.under
	case over:
		m.overlay = &upon{top, u.under}
	default:
		m.overlay = top
	}
}

// takeAlerts takes the thresholds over. Only where one is another the watch begins
// anew: what is above its threshold would be told again.
func (m *Model) takeAlerts(p *Prefs) {
	o := &Options{Alerts: p.Alerts, Bell: p.Bell, Alarm: p.Alarm, ReadOnly: m.readOnly, Runtime: m.rt}
	next := newAlerts(o)
	if maps.Equal(p.Alerts, m.alerts.asked) {
		next.watch = m.alerts.watch
	}
	next.told = m.alerts.told
	m.alerts = next
}

// changedLines names what has another value: what is in force, and what waits for the
// next start.
func changedLines(old, now []SettingLine) (changed, waits []string) {
	value := func(all []SettingLine, name string) string {
		i := slices.IndexFunc(all, func(l SettingLine) bool { return l.Name == name })
		if i < 0 {
			return ""
		}
		return all[i].Value
	}
	names := map[string]bool{}
	for _, l := range slices.Concat(now, old) {
		if names[l.Name] || value(old, l.Name) == value(now, l.Name) {
			continue
		}
		names[l.Name] = true
		switch {
		case l.Name == "keys": // stands for all of them where none is bound
		case l.Name == "read_only" && value(now, l.Name) == "true":
			changed = append(changed, l.Name)
		case l.Name == "read_only":
		case l.Waits:
			waits = append(waits, l.Name)
		default:
			changed = append(changed, l.Name)
		}
	}
	return changed, waits
}

// settingLines are all settings, with what was changed on screen since.
func (m *Model) settingLines() []SettingLine {
	p := &m.prefs.now
	all := slices.Clone(p.Lines)
	hand := func(name, value string, same bool) {
		i := slices.IndexFunc(all, func(l SettingLine) bool { return l.Name == name })
		if i < 0 || same {
			return
		}
		all[i].Means += "; in the settings: " + all[i].Value + " (" + all[i].From + ")"
		all[i].Value, all[i].From = value, "changed here"
	}
	by := m.rows.sort
	if m.rows.reverse {
		by = "-" + by
	}
	want := p.Sort
	if want == "" {
		want = views.ColName
	}
	hand("interval", m.interval.String(), m.interval == p.Interval)
	hand("sort", by, m.rows.sort == want && m.rows.reverse == p.Reverse)
	hand("columns", strings.Join(m.columns, " "), reflect.DeepEqual(m.columns, p.Columns))
	hand("mouse", onOff(m.mouse), m.mouse == p.Mouse)
	hand("theme", m.themeName, m.themeName == p.Theme)
	for i := range all {
		switch {
		case all[i].Name == "ascii" && m.plain:
			all[i].Value, all[i].From = "true", "the terminal: TERM, or a locale without UTF-8"
		case all[i].Name == "read_only" && m.readOnly && !p.ReadOnly:
			all[i].Value, all[i].From = "true", "the start; false takes effect at the next"
		}
	}
	return all
}

func onOff(on bool) string {
	if on {
		return "true"
	}
	return "false"
}
