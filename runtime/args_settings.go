package runtime

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// DeviceArgs name a device node or a network interface of the host.
type DeviceArgs struct {
	Net    bool   // a network interface, which moves into the container; else a device node
	Device string // "/dev/ttyUSB0"; with Net "eth1"
	As     string // its name in the container; "" = the same
}

// Check refuses what is neither a node nor an interface.
func (a *DeviceArgs) Check() error {
	if a.Net {
		for _, name := range []string{a.Device, a.As} {
			// IFNAMSIZ of if.h, with its final NUL.
			if len(name) > 15 || strings.ContainsAny(name, "/ \t\n\x00") {
				return fmt.Errorf("%w: %q is no interface name", ErrInvalid, name)
			}
		}
		if a.Device == "" {
			return fmt.Errorf("%w: no interface is named", ErrInvalid)
		}
		return nil
	}
	if !filepath.IsAbs(a.Device) || filepath.Clean(a.Device) != a.Device || strings.ContainsRune(a.Device, 0) {
		return fmt.Errorf("%w: device %q is not an absolute, clean path", ErrInvalid, a.Device)
	}
	if a.As != "" && (!filepath.IsAbs(a.As) || filepath.Clean(a.As) != a.As || strings.ContainsRune(a.As, 0)) {
		return fmt.Errorf("%w: device name %q in the container is not an absolute, clean path", ErrInvalid, a.As)
	}
	return nil
}

// LXCCommand is the equal lxc-device.
func (a *DeviceArgs) LXCCommand(op Op, r Ref) string {
	verb, from, to := " add ", a.Device, a.As
	switch {
	case op != RemoveDevice:
	case a.As != "": // lxc-device wants the name in the container first, of an interface the host's behind it
		verb, from, to = " del ", a.As, a.Device
	default:
		verb = " del "
	}
	if op == RemoveDevice && !a.Net {
		to = ""
	}
	cmd := tool("lxc-device", r) + verb + ShellQuote(from)
	if to != "" {
		cmd += " " + ShellQuote(to)
	}
	return cmd
}

// AutostartArgs are what lxc-autostart(1) goes by.
type AutostartArgs struct {
	Auto bool // lxc.start.auto
	// Order is lxc.start.order: the lowest starts first, negative ones too, and
	// of the same the one whose name comes first (lxc-autostart --list).
	Order  int
	Delay  time.Duration // lxc.start.delay, whole seconds: wait after its start
	Groups []string      // lxc.group
}

// Check refuses what would not come back from the config as it went in.
func (a *AutostartArgs) Check() error {
	if a.Delay < 0 || a.Delay%time.Second != 0 {
		return fmt.Errorf("%w: delay %s is no number of whole seconds", ErrInvalid, a.Delay)
	}
	for _, g := range a.Groups {
		if g == "" || strings.ContainsAny(g, ", \t\n\r\x00#") {
			return fmt.Errorf("%w: group %q has a blank, a comma or a # in it, or is empty", ErrInvalid, g)
		}
	}
	return nil
}

// LXCCommand is empty: no lxc-* tool sets it, and Lines are the config's.
func (a *AutostartArgs) LXCCommand(Op, Ref) string { return "" }

// Lines are the config's own, as pairs of key and value.
func (a *AutostartArgs) Lines() [][2]string {
	auto := "0"
	if a.Auto {
		auto = "1"
	}
	lines := [][2]string{
		{"lxc.start.auto", auto}, {"lxc.start.order", strconv.Itoa(a.Order)},
		{"lxc.start.delay", strconv.Itoa(int(a.Delay / time.Second))},
	}
	for _, g := range a.Groups {
		lines = append(lines, [2]string{"lxc.group", g})
	}
	return lines
}

// LockArgs keep everybody's hands off a container.
type LockArgs struct {
	Why string // shown to whoever is refused
}

// MaxWhy is how long a lock's reason may be, in bytes.
const MaxWhy = 512

// Check refuses a reason of several lines.
func (a *LockArgs) Check() error {
	if len(a.Why) > MaxWhy || strings.ContainsAny(a.Why, "\n\r\x00") {
		return fmt.Errorf("%w: a reason is one line of at most %d bytes", ErrInvalid, MaxWhy)
	}
	return nil
}

// LXCCommand is empty: LXC knows no locks.
func (a *LockArgs) LXCCommand(Op, Ref) string { return "" }

// RecoverArgs say what is done with a Leftover.
type RecoverArgs struct {
	ID  string // of the Leftover
	Way RecoverWay
	// What and Since are the Leftover's when somebody was asked about it. One that
	// is something else by now, as after an undo by another, is left alone
	// (ErrNoLeftover). Empty: whatever it is.
	What  string
	Since time.Time
}

// Means says whether what is there now is what was asked about.
func (a *RecoverArgs) Means(what string, since time.Time) bool {
	return (a.What == "" || a.What == what) && (a.Since.IsZero() || a.Since.Equal(since))
}

// RecoverWay is one way out of what a killed operation has left.
type RecoverWay uint8

// The ways.
const (
	// Finish goes on to the end that was asked for.
	Finish RecoverWay = iota
	// Undo goes back to how it was before.
	Undo
	// Dismiss removes what is left, such as the old root that a restore keeps.
	Dismiss
)

var recoverWays = [...]string{"finish", "undo", "dismiss"}

// String is the way's verb.
func (w RecoverWay) String() string {
	if int(w) < len(recoverWays) {
		return recoverWays[w]
	}
	return "unknown"
}

// Check refuses what names nothing.
func (a *RecoverArgs) Check() error {
	if a.ID == "" || strings.ContainsAny(a.ID, "/\x00") || int(a.Way) >= len(recoverWays) {
		return fmt.Errorf("%w: leftover %q, way %d", ErrInvalid, a.ID, a.Way)
	}
	return nil
}

// LXCCommand is empty: LXC does not know what it left.
func (a *RecoverArgs) LXCCommand(Op, Ref) string { return "" }

// MendArgs name a Fix.
type MendArgs struct {
	Fix string // its ID
}

// Check refuses what names nothing.
func (a *MendArgs) Check() error {
	if a.Fix == "" {
		return fmt.Errorf("%w: no fix is named", ErrInvalid)
	}
	return nil
}

// LXCCommand is empty: the Fix has its own command.
func (a *MendArgs) LXCCommand(Op, Ref) string { return "" }
