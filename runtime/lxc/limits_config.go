package lxc

import (
	"slices"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
)

// includedKeys are the keys that the includes of a config give values.
func includedKeys(ref runtime.Ref) map[string]bool {
	keys := map[string]bool{}
	tree := conf.Resolve(runtime.ConfigOf{Ref: ref}.Path(), conf.Open, conf.Options{})
	for i := range tree.Items {
		if it := &tree.Items[i]; it.Node != 0 && it.Value != "" {
			keys[it.Key] = true
		}
	}
	return keys
}

// write puts limits into a config. What is as the kernel has it without a line gets
// none, unless an include sets the key.
func (l *limitReader) write(conf *confFile, set []runtime.LimitSetting, included map[string]bool) error {
	for i := range set {
		s := &set[i]
		if s.Name == runtime.LimitMemory || s.Name == runtime.LimitSwap {
			continue
		}
		p := l.place(s.Name)
		writes, err := p.writes(s, runtime.Value{})
		if err != nil {
			return err
		}
		if err := conf.setLimit(&p, s, writes, included); err != nil {
			return err
		}
	}
	old := l.memories(false)
	wanted, some := old.with(set)
	if !some {
		return nil
	}
	writes, err := l.memoryWrites(wanted, set)
	if err != nil {
		return err
	}
	for _, name := range []string{runtime.LimitMemory, runtime.LimitSwap} {
		p := l.place(name)
		s := runtime.LimitSetting{Name: name, Value: map[string]string{runtime.LimitMemory: wanted.memory, runtime.LimitSwap: wanted.swap}[name]}
		if name == runtime.LimitMemory && !slices.ContainsFunc(set, func(s runtime.LimitSetting) bool { return s.Name == name }) {
			continue // it stays as it is said
		}
		if p.why != "" || !slices.ContainsFunc(writes, func(w limitWrite) bool { return w.file == p.files()[0] }) {
			continue
		}
		if err := conf.setLimit(&p, &s, writes, included); err != nil {
			return err
		}
	}
	return nil
}

// setLimit gives the keys of a limit the last of the values that are written to their
// files. Without a limit the lines go; an empty one takes back what an include says
// (lxc_clear_cgroups of confile.c), of one disk among several the kernel's value does.
func (c *confFile) setLimit(p *limitPlace, s *runtime.LimitSetting, writes []limitWrite, included map[string]bool) error {
	for _, file := range p.files() {
		key, value := p.prefix()+file, ""
		for _, w := range writes {
			if w.file == file {
				value = strings.TrimSpace(w.value)
			}
		}
		none := s.Value == ""
		var lines []string
		if s.Device != "" {
			for _, v := range c.values(key) {
				if number, _, _ := strings.Cut(v, " "); number != s.Device {
					lines = append(lines, v)
				}
			}
			none = none || strings.HasSuffix(value, " 0")
		}
		switch {
		case !none, included[key] && s.Device != "":
			lines = append(lines, value)
		case included[key]:
			lines = append(lines, "")
		}
		if len(lines) == 0 {
			c.remove(key)
			continue
		}
		if err := c.set(key, lines...); err != nil {
			return err
		}
	}
	return nil
}
