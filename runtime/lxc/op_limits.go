package lxc

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
	"lxcdeck/runtime/conf"
)

// This file runs in helpers.

// helperLimits reads the limits of a container for Adapter.Limits.
func helperLimits(ref runtime.Ref) helperReply {
	if err := loadableHere(ref); err != nil {
		return failedReply(err, "")
	}
	c, err := golxc.NewContainer(ref.Name, ref.Path)
	if err != nil {
		return failedReply(unloadable(ref), "")
	}
	readLog := captureLog(c)
	l, err := newLimitReader(c)
	if err != nil {
		return failedReply(err, readLog())
	}
	text, err := json.Marshal(l.report())
	if err != nil {
		return failedReply(err, "")
	}
	return helperReply{OK: true, Text: text}
}

// limitReader reads what limits a container.
type limitReader struct {
	c      *golxc.Container
	runs   bool
	mounts cgroup.Mounts
}

func newLimitReader(c *golxc.Container) (*limitReader, error) {
	mounts, err := cgroup.FS{}.Mounts()
	if err != nil {
		return nil, err
	}
	return &limitReader{c: c, runs: c.InitPid() > 0, mounts: mounts}, nil
}

func (l *limitReader) place(name string) limitPlace { return limitPlaceOf(&l.mounts, name) }

// held are the lines of a limit's files in the cgroup; nil = it does not run.
func (l *limitReader) held(p *limitPlace) [][]string {
	if !l.runs || p.why != "" {
		return nil
	}
	var all [][]string
	for _, file := range p.files() {
		all = append(all, values(l.c.CgroupItem(file)))
	}
	return all
}

// configured are the values of a limit's keys in the config, with what it includes.
func (l *limitReader) configured(p *limitPlace) [][]string {
	var all [][]string
	for _, file := range p.files() {
		all = append(all, items(l.c, p.prefix()+file))
	}
	return all
}

// live is a limit as the cgroup has it; "" = not known.
func (l *limitReader) live(name, device string) string {
	p := l.place(name)
	held := l.held(&p)
	if held == nil {
		return ""
	}
	return p.said(device, l.memory(&p, true), held...)
}

// memory is the limit on memory that one on swap of cgroup v1 has to be told apart
// from: that of the cgroup, or of the config.
func (l *limitReader) memory(p *limitPlace, live bool) runtime.Value {
	if !p.v1 || p.name != runtime.LimitSwap {
		return runtime.Value{}
	}
	m := l.place(runtime.LimitMemory)
	held := l.configured(&m)
	if live {
		held = l.held(&m)
	}
	return runtime.LimitValue(plainNumber(m.said("", runtime.Value{}, held...)))
}

// inConfig is a limit as the config has it.
func (l *limitReader) inConfig(p *limitPlace, device string) string {
	all := l.configured(p)
	for i := range all {
		for k := range all[i] {
			if device == "" {
				all[i][k] = plainNumber(all[i][k])
			}
		}
	}
	if len(slices.Concat(all...)) == 0 {
		return ""
	}
	return p.said(device, l.memory(p, false), all...)
}

// plainNumber takes the units off a number, as the kernel does with memory (memparse).
func plainNumber(text string) string {
	unit := strings.IndexAny(strings.ToLower(text), "kmgt")
	if unit <= 0 || unit != len(text)-1 {
		return text
	}
	n, err := strconv.ParseUint(text[:unit], 10, 63)
	shift := 10 * (1 + strings.IndexByte("kmgt", strings.ToLower(text)[unit]))
	if err != nil || n<<shift>>shift != n {
		return text
	}
	return strconv.FormatUint(n<<shift, 10)
}

// report reads all of it.
func (l *limitReader) report() runtime.LimitReport {
	rep := runtime.LimitReport{Running: l.runs}
	for _, name := range runtime.LimitNames() {
		p := l.place(name)
		if name == runtime.LimitIO {
			devices := slices.Concat(devicesOf(l.held(&p)), devicesOf(l.configured(&p)))
			slices.Sort(devices)
			for _, device := range slices.Compact(devices) {
				rep.Limits = append(rep.Limits, l.one(&p, device))
			}
		}
		rep.Limits = append(rep.Limits, l.one(&p, ""))
	}
	return rep
}

func (l *limitReader) one(p *limitPlace, device string) runtime.LimitState {
	s := runtime.LimitState{Name: p.name, Device: device, Why: p.why, Key: p.key()}
	if p.why != "" {
		return s
	}
	if p.name != runtime.LimitIO || device != "" {
		s.Live, s.Config = l.live(p.name, device), l.inConfig(p, device)
	}
	if l.runs && s.Live == "" && p.name == runtime.LimitIOWeight {
		s.Why = "no scheduler or cost model of this host weighs I/O"
	}
	s.Used = l.used(p)
	return s
}

// holds says whether the cgroup of a running container has what its config says of the
// limit that a key of that is about.
func (l *limitReader) holds(key string) bool {
	for _, name := range runtime.LimitNames() {
		p := l.place(name)
		if p.why != "" || !slices.ContainsFunc(p.files(), func(file string) bool { return p.prefix()+file == key }) {
			continue
		}
		devices := []string{""}
		if name == runtime.LimitIO {
			devices = slices.Concat(devicesOf(l.held(&p)), devicesOf(l.configured(&p)))
		}
		for _, device := range devices {
			live, conf := l.live(name, device), l.inConfig(&p, device)
			if live != conf && (conf != "" || !atRest(name, live)) {
				return false
			}
		}
		return true
	}
	return false
}

// atRest says whether a limit of a cgroup is as it is where nobody has set it.
func atRest(name, live string) bool {
	if name == runtime.LimitCPUs {
		online, err := os.ReadFile(onlineCPUs)
		return live == "" || err == nil && strings.TrimSpace(string(online)) == live
	}
	words := runtime.LimitWords(name, live)
	return live != "" && (words == "none" || words == "100") || live == "" && name == runtime.LimitIO
}

// used is how much of a limit is in use.
func (l *limitReader) used(p *limitPlace) runtime.Value {
	if !l.runs {
		return runtime.Value{}
	}
	number := func(file string) runtime.Value {
		v := values(l.c.CgroupItem(file))
		if len(v) == 0 {
			return runtime.Value{}
		}
		return runtime.LimitValue(v[0])
	}
	switch {
	case p.name == runtime.LimitPids:
		return number("pids.current")
	case p.name == runtime.LimitMemory && p.v1:
		return number("memory.usage_in_bytes")
	case p.name == runtime.LimitMemory, p.name == runtime.LimitMemoryHigh:
		return number("memory.current")
	case p.name == runtime.LimitSwap && !p.v1:
		return number("memory.swap.current")
	case p.name == runtime.LimitSwap:
		both, ok := number("memory.memsw.usage_in_bytes").Get()
		memory, known := number("memory.usage_in_bytes").Get()
		if ok && known && both >= memory {
			return runtime.Of(both - memory)
		}
	}
	return runtime.Value{}
}

// setLimits changes limits in the cgroup of a running container and in the config, or
// neither.
func (o *operation) setLimits() error {
	a, ok := o.q.Args.(*runtime.SetLimitsArgs)
	if !ok {
		return fmt.Errorf("%w: no limit is named", runtime.ErrInvalid)
	}
	if err := o.open(); err != nil {
		return err
	}
	defer o.close()
	l, err := newLimitReader(o.c)
	if err != nil {
		return err
	}
	file, err := readConfOf(o.q.Ref)
	if err != nil {
		return err
	}
	doc, err := conf.Load(file.path)
	if err != nil {
		return confErr(err)
	}
	was := file.String()
	if string(doc.Text) != was {
		return fmt.Errorf("%w: %s was changed by somebody else just now", runtime.ErrBusy, file.path)
	}
	if err := l.write(file, a.Set, includedKeys(o.q.Ref)); err != nil {
		return err
	}
	var back []limitWrite
	if l.runs {
		todo, undo, err := l.plan(a.Set)
		if err != nil {
			return err
		}
		o.step("changing the cgroup")
		if back, err = l.apply(todo, undo); err != nil {
			hint := "Nothing was changed."
			if errors.Is(err, unix.EBUSY) {
				hint = "It uses more than that, and the kernel could not take it back. " + hint
			}
			return &runtime.Error{Op: o.info.Name, Ref: o.q.Ref, Err: err, Log: o.log(), Hint: hint}
		}
	}
	if file.String() == was {
		return nil
	}
	o.step("writing the config")
	saved, err := doc.Save([]byte(file.String()), conf.SaveOptions{Now: time.Now()})
	if err != nil && saved.Backup == "" { // else it is written
		return errors.Join(confErr(err), l.putBack(back))
	}
	return confErr(err)
}

// plan says what is written into the cgroup, and what puts back each of these.
func (l *limitReader) plan(set []runtime.LimitSetting) (todo, undo []limitWrite, err error) {
	for i := range set {
		s := &set[i]
		if s.Name == runtime.LimitMemory || s.Name == runtime.LimitSwap {
			continue
		}
		p := l.place(s.Name)
		now, err := p.writes(s, runtime.Value{})
		if err != nil {
			return nil, nil, err
		}
		old := runtime.LimitSetting{Name: s.Name, Device: s.Device, Value: l.live(s.Name, s.Device)}
		before, err := p.writes(&old, runtime.Value{})
		if err != nil {
			return nil, nil, err
		}
		todo, undo = append(todo, now...), append(undo, before...)
	}
	old := l.memories(true)
	wanted, some := old.with(set)
	if !some {
		return todo, undo, nil
	}
	now, err := l.memoryWrites(wanted, set)
	if err != nil {
		return nil, nil, err
	}
	before, err := l.memoryWrites(old, set)
	if err != nil {
		return nil, nil, err
	}
	return append(todo, now...), append(undo, before...), nil
}

// memories are the two limits that cgroup v1 mixes.
type memories struct{ memory, swap string }

// memories are those of the cgroup, or of the config.
func (l *limitReader) memories(live bool) memories {
	if live {
		return memories{l.live(runtime.LimitMemory, ""), l.live(runtime.LimitSwap, "")}
	}
	m, s := l.place(runtime.LimitMemory), l.place(runtime.LimitSwap)
	return memories{l.inConfig(&m, ""), l.inConfig(&s, "")}
}

// with is what they become; false = neither is set.
func (m memories) with(set []runtime.LimitSetting) (memories, bool) {
	some := false
	for _, s := range set {
		switch s.Name {
		case runtime.LimitMemory:
			m.memory, some = s.Value, true
		case runtime.LimitSwap:
			m.swap, some = s.Value, true
		}
	}
	return m, some
}

// memoryWrites are those of memory and swap: on v2 of what is set, on v1 of both, as
// the limit on both may never be less than that on memory.
func (l *limitReader) memoryWrites(m memories, set []runtime.LimitSetting) ([]limitWrite, error) {
	mem, swap := l.place(runtime.LimitMemory), l.place(runtime.LimitSwap)
	named := func(name string) bool {
		return slices.ContainsFunc(set, func(s runtime.LimitSetting) bool { return s.Name == name })
	}
	memory := runtime.LimitValue(m.memory)
	both := mem.v1 && swap.why == ""
	limited := m.swap != "" && m.swap != "max"
	switch {
	case named(runtime.LimitSwap) && swap.why != "":
		return nil, fmt.Errorf("%w: %s: %s", runtime.ErrUnsupported, runtime.LimitSwap, swap.why)
	case both && limited && (memory.Absent() || memory.IsUnlimited()):
		return nil, fmt.Errorf("%w: cgroup v1 limits memory and swap together: swap can have a limit only where memory has one", runtime.ErrInvalid)
	}
	var all []limitWrite
	if both {
		all = append(all, limitWrite{swap.files()[0], "-1"})
	}
	for _, p := range []*limitPlace{&mem, &swap} {
		value := map[string]string{runtime.LimitMemory: m.memory, runtime.LimitSwap: m.swap}[p.name]
		if p.why != "" || !both && !named(p.name) || both && p.name == runtime.LimitSwap && !limited {
			continue
		}
		w, err := p.writes(&runtime.LimitSetting{Name: p.name, Value: value}, memory)
		if err != nil {
			return nil, err
		}
		all = append(all, w...)
	}
	return all, nil
}

// apply writes into the cgroup; if a write is refused, all is put back as it was. It
// gives what would put it back.
func (l *limitReader) apply(todo, undo []limitWrite) (back []limitWrite, err error) {
	for _, w := range todo {
		if l.c.SetCgroupItem(w.file, w.value) == nil {
			continue
		}
		if err := l.writeItself(w); err != nil {
			why := fmt.Errorf("the kernel does not take %s = %s: %w", w.file, strings.TrimSpace(w.value), err)
			return nil, errors.Join(why, l.putBack(undo))
		}
	}
	return undo, nil
}

// writeItself writes into the cgroup as liblxc does, whose function does not tell why
// a write was refused. Where liblxc has limits in a cgroup around that of the payload
// it is not this one's to write there.
func (l *limitReader) writeItself(w limitWrite) error {
	at, err := cgroup.FS{}.Locate(l.c.InitPid())
	if err != nil {
		return err
	}
	controller, _, _ := strings.Cut(w.file, ".")
	dir := at.V1[controller]
	if len(l.mounts.V1[controller]) == 0 {
		controller, dir = "", at.Unified
	}
	file := filepath.Join(l.mounts.Dir(controller, dir), w.file)
	text, err := os.ReadFile(file)
	if err != nil {
		return fileErr(err)
	}
	if strings.Join(values(l.c.CgroupItem(w.file)), "\n") != strings.TrimSpace(string(text)) {
		return fmt.Errorf("%w: liblxc does not say why", runtime.ErrUnsupported)
	}
	fd, err := unix.Open(file, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		_, err = unix.Write(fd, []byte(w.value))
		_ = unix.Close(fd)
	}
	return fileErr(err)
}

func (l *limitReader) putBack(undo []limitWrite) error {
	var all []error
	for _, w := range undo {
		if err := l.c.SetCgroupItem(w.file, w.value); err != nil {
			all = append(all, fmt.Errorf("put back %s = %s: %w", w.file, strings.TrimSpace(w.value), err))
		}
	}
	return errors.Join(all...)
}
