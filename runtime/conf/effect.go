package conf

import (
	"fmt"
	"slices"
	"strings"
)

// State is what becomes of a setting.
type State uint8

// What becomes of settings. By names the other one.
const (
	Counts     State = iota
	Partly           // some of its words count, others are said again later
	Overridden       // a later one says otherwise
	Cleared          // a later one takes it back
	Clears           // an empty value, or one that takes back others
	Idle             // an empty value where there is nothing to clear
	Doubled          // an earlier one says the same
	Includes         // an include that is followed, or cannot be
	Refused          // liblxc refuses the config for it
	Unknown          // no key of this liblxc, which refuses the config for it
)

// String is the state in a word or two.
func (s State) String() string {
	return [...]string{"counts", "counts in part", "overridden", "cleared", "clears", "clears nothing", "said before", "include", "refused", "unknown key"}[s]
}

// owner is the item that a slot belongs to, and what it says there.
type owner struct {
	item  int
	value string
}

// slots are the things that the items of one key set: one for a key of a single
// value, one for every entry of a list.
type slots map[string]owner

// effects follows liblxc through the items of a tree. Every item is taken once,
// and every slot is cleared as often as it was taken: the time is bounded by
// the number of items.
type effects struct {
	*resolver
	live  map[string]map[string]slots // by group of keys, then by key
	left  map[int]int                 // slots that an item still has
	again map[int][]int               // items that say what an item said already
	types map[string]string           // of interfaces, by their numbers; "" = it has none yet
}

func newEffects(r *resolver) *effects {
	return &effects{resolver: r, live: map[string]map[string]slots{}, left: map[int]int{}, again: map[int][]int{}, types: map[string]string{}}
}

// groupOf is by what a key can be cleared together with others.
func groupOf(key string) string {
	if n, _, ok := netKey(key); ok {
		return "lxc.net." + n
	}
	for _, g := range []string{"lxc.hook.", "lxc.cgroup2.", "lxc.cgroup.", "lxc.prlimit.", "lxc.sysctl.", "lxc.proc."} {
		single := key == "lxc.hook.version" || key == "lxc.cgroup.relative" || key == "lxc.cgroup.dir" || strings.HasPrefix(key, "lxc.cgroup.dir.")
		if strings.HasPrefix(key, g) && !single {
			return strings.TrimSuffix(g, ".")
		}
	}
	return ""
}

// canonical is a key as its slots are kept: the number of an interface without zeros.
func canonical(key string) string {
	if n, sub, ok := netKey(key); ok {
		return strings.TrimSuffix("lxc.net."+n+"."+sub, ".")
	}
	return key
}

// take takes one item.
func (e *effects) take(i int) {
	it := &e.tree.Items[i]
	k, key := lookup(it.Key), canonical(it.Key)
	if !e.known(i, k) {
		return
	}
	n, sub, net := netKey(key)
	if why := e.refused(k, key, it.Value); why != "" {
		e.refuse(i, Refused, fmt.Errorf("%s: %s", it.Key, why))
		return
	}
	switch {
	case key == "lxc.include":
		it.State = Includes
		if it.Value == "" {
			it.State = Idle
		}
	case it.Value == "":
		e.empty(i, k, key)
	default:
		if net {
			if _, there := e.types[n]; !there {
				e.types[n] = ""
			}
			if sub == "type" {
				e.newType(i, n)
			}
		}
		if key == "lxc.cap.keep" && slices.Contains(strings.Fields(it.Value), "none") || resetsDevices(key, it.Value) {
			e.clearList(i, key)
		}
		e.set(i, k, key)
		if k != nil {
			e.advice(i, Check(it.Key, it.Value))
		}
	}
}

// known says whether liblxc has the key of an item.
func (e *effects) known(i int, k *Key) bool {
	key := e.tree.Items[i].Key
	now, old := Renamed(key)
	switch {
	case k != nil && (e.opt.Supports == nil || k.Kind == Clear || e.opt.Supports(key)),
		k == nil && e.opt.Supports != nil && !inFamily(key) && e.opt.Supports(key):
		return true
	case old && now != "":
		e.refuse(i, Unknown, fmt.Errorf("%s is called %s since LXC 2.1, and no longer known", key, now))
	case old:
		e.refuse(i, Unknown, fmt.Errorf("%s is gone since LXC 2.1", key))
	case k != nil:
		e.refuse(i, Unknown, fmt.Errorf("%s is not known to this liblxc: it came with LXC %s, or was left out of this build", key, k.Since))
	default:
		e.refuse(i, Unknown, fmt.Errorf("%s is no key of LXC", key))
	}
	return false
}

// inFamily says whether liblxc goes by the beginning of a key, so that its word
// on what is supported does not tell of the rest.
func inFamily(key string) bool {
	for _, begin := range []string{"lxc.net.", "lxc.namespace.share.", "lxc.cgroup", "lxc.prlimit", "lxc.sysctl", "lxc.proc"} {
		if strings.HasPrefix(key, begin) {
			return true
		}
	}
	return false
}

// refused says why liblxc does not take a setting; "" = it does, as far as is known.
func (e *effects) refused(k *Key, key, value string) string {
	n, sub, net := netKey(key)
	kind, there := e.types[n]
	switch {
	case k == nil:
		return ""
	case value != "" && k.Kind == Clear:
		return "it takes no value"
	case value == "" && (key == "lxc.mount.fstab" || key == "lxc.arch"):
		return "liblxc refuses it without a value; leave the line out"
	case net && value == "" && sub != "" && !there:
		return "there is no interface " + n + " to take it from"
	case net && value != "" && k.needs != "" && kind != k.needs:
		return fmt.Sprintf("it needs lxc.net.%s.type = %s before it", n, k.needs)
	case value != "" && key == "lxc.cap.keep" && e.any("lxc.cap.drop"), value != "" && key == "lxc.cap.drop" && e.any("lxc.cap.keep"):
		return "lxc.cap.drop and lxc.cap.keep exclude each other"
	case value != "" && key == "lxc.namespace.keep" && e.any("lxc.namespace.clone"), value != "" && key == "lxc.namespace.clone" && e.any("lxc.namespace.keep"):
		return "lxc.namespace.clone and lxc.namespace.keep exclude each other"
	case value != "" && (key == "lxc.arch" || sub == "type" || k.Value == Group || strict(k, value)): // liblxc takes no others
		return odd(k, value)
	}
	return ""
}

// any says whether a key has items that count.
func (e *effects) any(key string) bool { return len(e.live[groupOf(key)][key]) > 0 }

// empty takes an empty value, which clears.
func (e *effects) empty(i int, k *Key, key string) {
	n, sub, net := netKey(key)
	cleared := false
	switch {
	case key == "lxc.net":
		for n := range e.types {
			cleared = e.clearGroup(i, "lxc.net."+n) || cleared
		}
		e.types = map[string]string{}
	case net && sub == "":
		cleared = e.clearGroup(i, "lxc.net."+n)
		delete(e.types, n)
	case net && sub == "type": // the whole interface begins anew (clr_config_net_type)
		cleared = e.clearGroup(i, "lxc.net."+n)
		e.types[n] = ""
	case k != nil && k.Kind == Clear:
		cleared = e.clearGroup(i, key)
	case key == "lxc.cap.drop" || key == "lxc.cap.keep": // they are one list
		a, b := e.clearKey(i, "", "lxc.cap.drop"), e.clearKey(i, "", "lxc.cap.keep")
		cleared = a || b
	default:
		cleared = e.clearKey(i, groupOf(key), key)
	}
	e.tree.Items[i].State = Idle
	if cleared {
		e.tree.Items[i].State = Clears
	}
}

// newType begins an interface anew: its type takes back all that was said of it.
func (e *effects) newType(i int, n string) {
	it := &e.tree.Items[i]
	if e.clearGroup(i, "lxc.net."+n) {
		e.advice(i, fmt.Errorf("%s takes back all that was said of interface %s before it", it.Key, n))
	}
	e.types[n] = it.Value
}

// resetsDevices says whether a rule for all devices takes the place of all rules
// before it (lxc.container.conf(5), CONTROL GROUPS).
func resetsDevices(key, value string) bool {
	rest, ok := strings.CutPrefix(key, "lxc.cgroup2.devices.")
	if !ok {
		rest, ok = strings.CutPrefix(key, "lxc.cgroup.devices.")
	}
	return ok && (rest == "allow" || rest == "deny") && strings.HasPrefix(strings.TrimSpace(value)+" ", "a ")
}

// clearList takes back the list that a setting begins anew.
func (e *effects) clearList(i int, key string) {
	if key == "lxc.cap.keep" {
		e.clearKey(i, "", key)
		return
	}
	base := key[:strings.LastIndexByte(key, '.')]
	e.clearKey(i, groupOf(key), base+".allow")
	e.clearKey(i, groupOf(key), base+".deny")
}

func (e *effects) clearGroup(by int, group string) bool {
	some := false
	for key := range e.live[group] {
		some = e.clearKey(by, group, key) || some
	}
	return some
}

func (e *effects) clearKey(by int, group, key string) bool {
	all := e.live[group][key]
	for _, o := range all {
		e.over(o.item, Cleared, by)
	}
	delete(e.live[group], key)
	return len(all) > 0
}

// set gives an item the slots that it sets.
func (e *effects) set(i int, k *Key, key string) {
	it := &e.tree.Items[i]
	group := groupOf(key)
	if e.live[group] == nil {
		e.live[group] = map[string]slots{}
	}
	all := e.live[group][key]
	if all == nil {
		all = slots{}
		e.live[group][key] = all
	}
	mine, said, by := 0, 0, -1
	for name, value := range entries(k, key, it.Value, i) {
		old, taken := all[name]
		switch {
		case taken && old.item == i:
			continue
		case taken && old.value == value:
			said, by = said+1, max(by, old.item)
			continue
		case taken:
			e.lose(old.item, i)
		}
		all[name] = owner{i, value}
		mine++
	}
	e.left[i] = mine
	if mine == 0 && said > 0 {
		it.State, it.By = Doubled, by
		e.again[by] = append(e.again[by], i)
	}
}

// lose takes a slot from an item.
func (e *effects) lose(item, by int) {
	if e.left[item]--; e.left[item] == 0 {
		e.over(item, Overridden, by)
		return
	}
	it := &e.tree.Items[item]
	it.State, it.By = Partly, by
}

// over is the end of an item, and of those that say the same.
func (e *effects) over(item int, state State, by int) {
	for _, i := range append(e.again[item], item) {
		it := &e.tree.Items[i]
		it.State, it.By = state, by
	}
	delete(e.again, item)
}

// entries are the slots that a value sets, and what it says in each.
func entries(k *Key, key, value string, item int) map[string]string {
	one := func(slot string) map[string]string { return map[string]string{slot: value} }
	switch {
	case k == nil, k.Kind == Single:
		return one("")
	case k.Twice:
		return one(fmt.Sprint(item)) // done as often as it is said
	case key == "lxc.mount.auto":
		out := map[string]string{}
		for w := range strings.FieldsSeq(value) {
			class, _, _ := strings.Cut(w, ":")
			if strings.HasPrefix(class, "cgroup") {
				class = "cgroup" // those of both versions are one setting
			}
			out[class] = w
		}
		return out
	case k.Value == WordList, k.Value == NameList, k.Value == IDList:
		out := map[string]string{}
		for w := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' && k.Value == IDList }) {
			out[w] = ""
		}
		return out
	case k.Value == Variable: // the last one of a name is the one that is set
		name, _, _ := strings.Cut(value, "=")
		return one(name)
	case groupOf(key) == "lxc.cgroup" || groupOf(key) == "lxc.cgroup2":
		return map[string]string{cgroupSlot(key, value): strings.Join(strings.Fields(value), " ")}
	}
	return map[string]string{strings.Join(strings.Fields(value), " "): ""}
}

// cgroupSlot is what a line for a cgroup's file sets. Most files hold one value,
// and the last one written stays; some hold one for every device.
func cgroupSlot(key, value string) string {
	_, file, _ := strings.Cut(strings.TrimPrefix(key, "lxc."), ".")
	first, _, _ := strings.Cut(strings.TrimSpace(value), " ")
	switch {
	case file == "devices.allow" || file == "devices.deny":
		return strings.Join(strings.Fields(value), " ")
	case file == "net_prio.ifpriomap", file == "rdma.max", file == "misc.max", file == "dmem.max",
		strings.HasPrefix(file, "io."), strings.HasPrefix(file, "blkio.") && (strings.HasSuffix(file, "_device") || strings.HasPrefix(file, "blkio.cost.")):
		return first
	}
	return ""
}

// LastCounts says whether of several lines of a list only the last one's value stays,
// as in a file of a cgroup that holds one.
func LastCounts(key string) bool {
	group := groupOf(key)
	return (group == "lxc.cgroup" || group == "lxc.cgroup2") && cgroupSlot(key, "1 2") == "" && cgroupSlot(key, "3 4") == ""
}

// ByLine says whether each line of a key is an entry of its own, as mounts are: not
// words of one list, and not a value that takes another's place.
func ByLine(key string) bool {
	k := lookup(key)
	return k != nil && k.Kind == List && k.Value != WordList && k.Value != NameList && k.Value != IDList && !LastCounts(key)
}
