package settings

import (
	"strings"

	"lxcdeck/runtime"
)

// limitsTable is the table of presets of limits.
const limitsTable = "limits"

// limits reads one line of [limits]: NAME = "cpu=0.5 memory=256M".
func (r *reader) limits(s *Settings, l leaf) {
	text, at, ok := r.text(l)
	if !ok {
		return
	}
	set, err := runtime.ParseLimits(text)
	if err != nil {
		r.fail(at, "%s: %s", l.name(), strings.TrimPrefix(err.Error(), runtime.ErrInvalid.Error()+": "))
		return
	}
	if s.Limits == nil {
		s.Limits, s.LimitsAs = map[string]Setting[[]runtime.LimitSetting]{}, map[string]string{}
	}
	s.Limits[l.path[1]] = Setting[[]runtime.LimitSetting]{Value: set, From: l.at}
	s.LimitsAs[l.path[1]] = text
}
