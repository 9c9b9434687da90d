package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"lxcdeck/runtime/alert"
)

// alertsTable is the table of thresholds, and what is done when one is passed.
const alertsTable = "alerts"

// alert reads one line of [alerts].
func (r *reader) alert(s *Settings, l leaf) {
	switch name := l.path[1]; name {
	case "bell":
		setFlag(r, &s.AlertBell, l)
		return
	case "command":
		if argv, ok := r.list(l, checkArgument); ok {
			switch {
			case len(argv) > 0 && !filepath.IsAbs(argv[0]):
				r.fail(l.at, "%s: %q: the program's absolute path comes first, such as \"/usr/local/bin/notify\"", l.name(), argv[0])
			default:
				s.AlertCommand = Setting[[]string]{Value: argv, From: l.at}
			}
		}
		return
	}
	k, ok := alert.Parse(l.path[1])
	if !ok {
		all := []string{"bell", "command"}
		for _, k := range alert.Kinds() {
			all = append(all, k.String())
		}
		r.fail(l.at, "unknown key %q in [%s]; allowed: %s", l.path[1], alertsTable, strings.Join(all, ", "))
		return
	}
	at := r.place(l.value.Raw, l.at)
	if l.value.Kind != unstable.Integer && l.value.Kind != unstable.Float {
		r.fail(at, "%s: %s", l.name(), r.wanted("a number", l.value))
		return
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(string(l.value.Data), "_", ""), 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > 100 {
		r.fail(at, "%s: a percentage from 0 (no alert) to 100 is allowed", l.name())
		return
	}
	if s.Alerts == nil {
		s.Alerts = map[alert.Kind]Setting[float64]{}
	}
	s.Alerts[k] = Setting[float64]{Value: v, From: l.at}
}

func checkArgument(word string) error {
	if strings.ContainsRune(word, 0) {
		return errors.New("a zero byte stands in it")
	}
	return nil
}

// CheckCommand says what speaks against running a program that settings name. As
// root it has to be one that root alone can write, and so has all above it.
func (p Places) CheckCommand(name string) error {
	if p.Trust {
		if err := trusted(name, p.TrustUID); err != nil {
			return err
		}
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is not there", name)
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("%s is no program", name)
	}
	return nil
}
