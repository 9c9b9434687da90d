package tui

import (
	"fmt"
	"image"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"

	"lxcdeck/tui/vt"
	"lxcdeck/views"
)

// Update takes one message. A panic in it ends the program with the error,
// after the terminal has been restored.
func (m *Model) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer func() {
		if cause := recover(); cause != nil {
			next, cmd = m, m.onCrash(crashed(fmt.Sprintf("update %T", msg), cause))
		}
	}()
	if m.crash != nil {
		return m, m.end()
	}
	if m.leaving && typed(msg) {
		return m, nil
	}
	cmd = m.update(msg)
	m.dropGauge()
	m.dropBoot()
	m.tellFocus()
	m.tellHurry()
	return m, cmd
}

// typed says whether a message is what a person does at the terminal.
func typed(msg tea.Msg) bool {
	switch msg.(type) {
	case tea.KeyMsg, tea.PasteMsg, tea.MouseMsg:
		return true
	}
	return false
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	dirty, all := m.dirty, m.paint.all
	m.dirty, m.paint.all = true, true
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.onKey(msg)
	case tea.PasteMsg:
		return m.onPaste(msg.Content)
	case tea.WindowSizeMsg:
		return m.onResize(msg)
	case tea.MouseWheelMsg:
		return m.onWheel(msg)
	case tea.MouseClickMsg:
		return m.onClick(msg)
	case tea.ColorProfileMsg:
		return m.onProfile(msg.Profile)
	case doneMsg:
		m.paintLater(msg, dirty, all)
		ours := m.isBoot(msg.id) // while the job is known
		return tea.Batch(m.onDone(msg), m.onBooted(ours, msg.err), m.readAgain())
	case eventsMsg:
		m.dirty, m.paint.all = dirty, all // it has a list read, which is painted
		return m.onEvents(msg)
	case armedPlanMsg:
		return nil // it is painted anew
	case bootWaitMsg:
		return m.onBootWait(msg)
	case paintMsg:
		// Nothing but the shell's pane has changed, unless a notice came.
		m.paint.all = all
		return m.onPaint(msg)
	case jobPaceMsg:
		m.dirty, m.paint.all = dirty, all // it says whether there is anything new
		return m.onJobPace()
	case armedMsg:
		return m.onArmed(msg)
	case gaugedMsg:
		return m.onGauged(msg)
	case crashMsg:
		return m.onCrash(msg.err)
	}
	if cmd, ok := m.updateHost(msg); ok {
		return cmd
	}
	if cmd, ok := m.updateTerminal(msg); ok {
		return cmd
	}
	if cmd, ok := m.updateSession(msg); ok {
		return cmd
	}
	if cmd, ok := m.updateSurvey(msg); ok {
		return cmd
	}
	if cmd, ok := m.updateJobs(msg); ok {
		return cmd
	}
	if m.updateFan(msg) {
		return nil
	}
	if cmd, ok := m.updateEvents(msg); ok {
		return cmd
	}
	m.dirty, m.paint.all = dirty, all
	return m.onUnseen(msg)
}

// updateTerminal takes what is about who has the terminal.
func (m *Model) updateTerminal(msg tea.Msg) (cmd tea.Cmd, ok bool) {
	switch msg := msg.(type) {
	case suspendMsg:
		return m.onSuspend(msg), true
	case resumedMsg:
		return m.onResumed(msg), true
	case retimeMsg:
		m.pace.again()
	case tipKeptMsg:
		m.onTipKept(msg)
	default:
		return nil, false
	}
	return nil, true
}

// updateHost takes what was read of the host, and what it announces.
func (m *Model) updateHost(msg tea.Msg) (cmd tea.Cmd, ok bool) {
	switch msg := msg.(type) {
	case tickMsg:
		return m.onTick(msg), true
	case sampledMsg:
		return m.onSampled(msg), true
	case listedMsg:
		return m.onListed(msg), true
	case pollMsg:
		return m.onPoll(), true
	case watchLostMsg:
		return m.onWatchLost(msg.err), true
	}
	return nil, false
}

// updateSession takes what is about one session.
func (m *Model) updateSession(msg tea.Msg) (cmd tea.Cmd, ok bool) {
	switch msg := msg.(type) {
	case attachedMsg:
		return m.onAttached(msg), true
	case slowAttachMsg:
		return m.onSlowAttach(msg), true
	case fitMsg:
		m.onFit(msg)
	case shellOverMsg:
		return m.onShellOver(msg), true
	case marksMsg:
		// The marks are read when they are painted.
	case zoomMsg:
		return m.onZoom(msg.z), true
	case zoomedMsg:
		return m.onZoomed(msg), true
	case foundMsg:
		m.onFound(msg)
	case copiedMsg:
		return m.onCopied(msg), true
	case savedMsg:
		m.onSaved(msg)
	case recordingMsg:
		return m.onRecording(msg), true
	case keptMsg:
		m.onKept(msg)
	case recordedMsg:
		m.onRecorded(msg)
	default:
		return nil, false
	}
	return nil, true
}

// updateSurvey takes what was read for a form or a list above the panes.
func (m *Model) updateSurvey(msg tea.Msg) (cmd tea.Cmd, ok bool) {
	switch msg := msg.(type) {
	case choicesMsg:
		return m.onChoices(msg), true
	case imagesMsg:
		return m.onImages(msg), true
	case snapshotsMsg:
		m.onSnapshots(msg)
		return nil, true
	case snapStampMsg:
		return m.onSnapStamp(msg), true
	case oldRootsMsg:
		m.onOldRoots(msg)
		return nil, true
	case arrival:
		return msg.arrive(m), true
	case portsMsg:
		return m.onPorts(msg), true
	case ownersMsg:
		return m.onOwners(msg), true
	case lookedMsg:
		return m.onLooked(msg), true
	case baseSnapsMsg:
		return m.onBaseSnaps(msg), true
	}
	return nil, false
}

// readAgain reads anew what an operation may have changed of what is shown.
func (m *Model) readAgain() tea.Cmd {
	if m.creates() || m.runForm != nil && m.beneath(m.runForm.form) {
		return m.readChoices()
	}
	if x := m.snapshotsOpen(); x != nil {
		return x.fetch(m)
	}
	if x := m.processesOpen(); x != nil {
		return x.fetch(m)
	}
	if x := m.networkOpen(); x != nil {
		return x.fetch(m)
	}
	if x := m.spaceOpen(); x != nil {
		return x.fetch(m, false)
	}
	return nil
}

// onUnseen is what changes nothing on the screen.
func (m *Model) onUnseen(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case listDueMsg:
		return m.onListDue(msg)
	case tea.MouseReleaseMsg:
		return m.onMouse(msg.Mouse(), vt.Release)
	case tea.MouseMotionMsg:
		return m.onMouse(msg.Mouse(), vt.Motion)
	case tea.FocusMsg:
		m.blurred = false
	case tea.BlurMsg:
		m.blurred = true
	case uv.UnknownCsiEvent:
		if isAnswer(msg) {
			m.pace.answered()
		}
	}
	return nil
}

// onCrash ends the program; Run shows the error.
func (m *Model) onCrash(err error) tea.Cmd {
	m.crash = err
	return m.end()
}

// onResize arranges once; panes take their sizes from the layout.
func (m *Model) onResize(s tea.WindowSizeMsg) tea.Cmd {
	if m.sizer != nil {
		m.sizer.begin()
	}
	m.pace.again()
	m.size = image.Pt(s.Width, s.Height)
	m.held = false
	act := m.arrangeScreen()
	if x := m.logsOpen(); x != nil {
		return tea.Batch(act, x.ask(m, logAsk{}))
	}
	return act
}

// onProfile builds the theme anew for the colours of this terminal.
func (m *Model) onProfile(p colorprofile.Profile) tea.Cmd {
	m.setTheme(colorsOf(p))
	m.colours = colorsOf(p)
	if p == colorprofile.TrueColor {
		m.colours = views.TrueColour
	}
	return nil
}

func colorsOf(p colorprofile.Profile) int {
	switch p {
	case colorprofile.TrueColor, colorprofile.ANSI256:
		return 256
	case colorprofile.ANSI:
		return 16
	default:
		return 0
	}
}

// onArmed lets an open question show that it takes keys now.
func (m *Model) onArmed(msg armedMsg) tea.Cmd {
	msg.q.state.Early = false
	return nil
}
