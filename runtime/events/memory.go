package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lxcdeck/runtime"
)

const (
	// MaxMemory is how large a Memory may be that is read or written, in bytes.
	MaxMemory = 4 << 20
	// maxPlaces and maxHere bound the lxcpaths of a Memory and the containers of each.
	maxPlaces = 64
	maxHere   = 10_000
	maxWord   = 512 // bytes of an identity and the like

	memoryVersion = 1
)

// Memory is what one run leaves to the next.
type Memory struct {
	Version int     `json:"version"`
	Places  []Place `json:"lxcpaths"`
}

// Place is one lxcpath as it was seen last. A run that does not look at it leaves
// it as it is.
type Place struct {
	Path       string    `json:"path"`
	ID         string    `json:"id"`   // tells the directory from another in its place
	Boot       string    `json:"boot"` // the kernel's boot_id: pids of another mean nothing
	Seen       time.Time `json:"seen"`
	Containers []Box     `json:"containers"`
}

// key is what a Place is known by: what is mounted on a directory is another lxcpath
// than the directory.
func (p *Place) key() string { return placeKey(p.Path, p.ID) }

func placeKey(path, id string) string { return path + "\x00" + id }

// Box is one container. What was not known is left out, and a state that was not
// known at the end is the last one that was.
type Box struct {
	Name     string            `json:"name"`
	Identity string            `json:"identity,omitempty"`
	State    string            `json:"state,omitempty"` // RUNNING, FROZEN or STOPPED
	PID      int               `json:"pid,omitempty"`   // of its init
	Begin    uint64            `json:"begin,omitempty"` // its start in ticks since the boot: the wall clock may be set
	Seen     time.Time         `json:"seen,omitzero"`   // when its state was known last; zero = with its lxcpath
	Config   string            `json:"config,omitempty"`
	Kills    *uint64           `json:"oom_kills,omitempty"`
	Limits   map[string]uint64 `json:"limits,omitempty"`    // by the names of Change
	NoLimit  []string          `json:"unlimited,omitempty"` // those that are not set
}

// ParseMemory reads what Encode wrote, and refuses all else.
func ParseMemory(text []byte) (Memory, error) {
	var m Memory
	if len(text) > MaxMemory {
		return m, fmt.Errorf("%d bytes are too many (at most %d)", len(text), MaxMemory)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return Memory{}, err
	}
	if err := m.check(); err != nil {
		return Memory{}, err
	}
	return m, nil
}

func (m *Memory) check() error {
	switch {
	case m.Version != memoryVersion:
		return fmt.Errorf("version %d is not known", m.Version)
	case len(m.Places) > maxPlaces:
		return fmt.Errorf("%d lxcpaths are too many (at most %d)", len(m.Places), maxPlaces)
	}
	seen := map[string]bool{}
	for i := range m.Places {
		p := &m.Places[i]
		switch {
		case !filepath.IsAbs(p.Path) || filepath.Clean(p.Path) != p.Path || len(p.Path) > 4096:
			return fmt.Errorf("lxcpath %.80q is not absolute and clean", p.Path)
		case !utf8.ValidString(p.Path):
			return fmt.Errorf("lxcpath %.80q is no UTF-8", p.Path)
		case seen[p.key()]:
			return fmt.Errorf("lxcpath %.80q stands there twice", p.Path)
		case len(p.ID) > maxWord || len(p.Boot) > maxWord:
			return fmt.Errorf("lxcpath %.80q: a word is too long", p.Path)
		case len(p.Containers) > maxHere:
			return fmt.Errorf("lxcpath %.80q: %d containers are too many (at most %d)", p.Path, len(p.Containers), maxHere)
		}
		seen[p.key()] = true
		names := make(map[string]bool, len(p.Containers))
		for k := range p.Containers {
			c := &p.Containers[k]
			if names[c.Name] {
				return fmt.Errorf("container %.80q stands there twice", c.Name)
			}
			names[c.Name] = true
			if err := c.check(p.Path); err != nil {
				return fmt.Errorf("container %.80q: %w", c.Name, err)
			}
		}
	}
	return nil
}

func (c *Box) check(path string) error {
	if err := (runtime.Ref{Path: path, Name: c.Name}).Check(); err != nil {
		return err
	}
	if !utf8.ValidString(c.Name) {
		return errors.New("its name is no UTF-8")
	}
	switch c.State {
	case "", runtime.Running.String(), runtime.Frozen.String(), runtime.Stopped.String():
	default:
		return fmt.Errorf("state %.20q is none of those that are kept", c.State)
	}
	if c.PID < 0 || len(c.Identity) > maxWord || len(c.Config) > maxWord || len(c.Limits) > maxWord || len(c.NoLimit) > maxWord {
		return errors.New("a figure is negative, or a word too long")
	}
	return nil
}

// Encode gives the text of a Memory. What ParseMemory would refuse is none.
func (m *Memory) Encode() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(m)
	if err == nil && len(text) > MaxMemory {
		err = fmt.Errorf("%d bytes are too many (at most %d)", len(text), MaxMemory)
	}
	return text, err
}

// Merge gives what stands in old with the lxcpaths of m in their place. Beyond
// maxPlaces those go that were not seen for the longest time. A lxcpath that
// another has seen later stays, unless that was after now: the clock was set.
func (m *Memory) Merge(old Memory, now time.Time) Memory {
	out := Memory{Version: memoryVersion, Places: slices.Clone(m.Places)}
	for _, p := range old.Places {
		i := slices.IndexFunc(m.Places, func(x Place) bool { return x.key() == p.key() })
		switch {
		case i < 0:
			out.Places = append(out.Places, p)
		case p.Seen.After(m.Places[i].Seen) && !p.Seen.After(now):
			out.Places[i] = p
		}
	}
	slices.SortStableFunc(out.Places, func(a, b Place) int { return b.Seen.Compare(a.Seen) })
	out.Places = out.Places[:min(len(out.Places), maxPlaces)]
	slices.SortFunc(out.Places, func(a, b Place) int { return strings.Compare(a.key(), b.key()) })
	return out
}

// Changed says whether what is to be kept is other than what Memory gave last.
func (t *Tracker) Changed() bool { return t.fresh }

// Memory gives what is to be kept now. It shares nothing with the Tracker. JSON
// has no bytes that are no UTF-8: what has such a name is left out, and so is a
// lxcpath whose directory cannot be told from another.
func (t *Tracker) Memory() Memory {
	t.fresh = false
	m := Memory{Version: memoryVersion}
	at := map[string]int{}
	for path, last := range t.paths {
		if last.id == "" || !utf8.ValidString(path) {
			continue
		}
		at[path] = len(m.Places)
		m.Places = append(m.Places, Place{Path: path, ID: last.id, Boot: t.boot, Seen: last.began.Round(0)})
	}
	for ref, x := range t.known {
		i, ok := at[ref.Path]
		if !ok || len(m.Places[i].Containers) >= maxHere || !utf8.ValidString(ref.Name) {
			continue
		}
		k := Box{Name: ref.Name, Identity: x.identity, Config: x.config, PID: max(0, x.pid), Begin: x.begin, Seen: x.seen.Round(0)}
		if x.state != runtime.Unknown {
			k.State = x.state.String()
		}
		if x.of != 0 && x.of == x.pid {
			if n, ok := x.kills.Get(); ok {
				k.Kills = &n
			}
			k.Limits, k.NoLimit = x.limits.keep()
		}
		m.Places[i].Containers = append(m.Places[i].Containers, k)
	}
	for i := range m.Places {
		slices.SortFunc(m.Places[i].Containers, func(a, b Box) int { return strings.Compare(a.Name, b.Name) })
	}
	slices.SortFunc(m.Places, func(a, b Place) int { return strings.Compare(a.Path, b.Path) })
	return m
}

// named are the limits by the names of Change.
func (l *limits) named() map[string]*runtime.Value {
	return map[string]*runtime.Value{
		"memory": &l.Memory, "memory high": &l.High, "swap": &l.Swap,
		"cpu": &l.CPU, "cpu weight": &l.Weight, "cpus": &l.CPUs, "pids": &l.Pids,
	}
}

func (l *limits) keep() (set map[string]uint64, unset []string) {
	for name, v := range l.named() {
		if n, ok := v.Get(); ok {
			if set == nil {
				set = map[string]uint64{}
			}
			set[name] = n
		} else if v.IsUnlimited() {
			unset = append(unset, name)
		}
	}
	slices.Sort(unset)
	return set, unset
}

// recall takes up what an earlier run knew of a lxcpath, if it is the same
// directory. A pid of an earlier start of the host is none.
func (t *Tracker) recall(path, id string) {
	p := t.past[placeKey(path, id)]
	if p == nil {
		return
	}
	if len(p.Containers) >= maxHere { // perhaps not of all
		delete(t.past, placeKey(path, id))
		return
	}
	sameBoot := t.boot != "" && p.Boot == t.boot
	for i := range p.Containers {
		k := &p.Containers[i]
		seen := k.Seen
		if seen.IsZero() {
			seen = p.Seen
		}
		x := &life{identity: k.Identity, config: k.Config, seen: seen, away: seen}
		x.state, _ = runtime.ParseState(k.State)
		if x.state == runtime.Running || x.state == runtime.Frozen {
			switch {
			case sameBoot:
				x.pid, x.begin = k.PID, k.Begin
			case t.boot != "" && p.Boot != "":
				x.pid = -1 // no init of this start of the host
			}
		}
		if x.pid > 0 && x.pid == k.PID {
			x.of, x.figured = x.pid, seen
			if k.Kills != nil {
				x.kills = runtime.Of(*k.Kills)
			}
			for name, v := range x.limits.named() {
				if n, ok := k.Limits[name]; ok {
					*v = runtime.Of(n)
				} else if slices.Contains(k.NoLimit, name) {
					*v = runtime.Unlimited()
				}
			}
		}
		t.known[runtime.Ref{Path: path, Name: k.Name}] = x
	}
}
