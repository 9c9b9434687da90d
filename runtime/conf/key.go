package conf

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Kind is what several lines of one key come to.
type Kind uint8

// Kinds of keys.
const (
	Single Kind = iota // a later line wins
	List               // lines add up; an empty value clears all of them
	Clear              // takes no value: clears all keys below it
)

// ValueKind is what a value has to look like.
type ValueKind uint8

// Kinds of values.
const (
	Text      ValueKind = iota
	Bool                // 0 or 1
	Count               // a whole number from 0 on
	Integer             // a whole number
	Size                // bytes, with KB, MB or GB; or "auto"
	Bytes               // bytes, digits alone
	HostPath            // absolute, of the host
	InnerPath           // absolute, inside the container
	DevName             // a name below /dev
	Enum                // one of Words
	WordList            // some of Words, parted by blanks
	NameList            // names of any kind, parted by blanks
	IDList              // numbers parted by commas
	Signal              // SIGTERM, SIGRTMIN+3 or a number
	Interface           // name of a network interface
	MAC                 // xx in it is chosen by chance
	Address4            // a.b.c.d/n, and a broadcast address behind a blank
	Address6
	Gateway4 // an address, auto or dev
	Gateway6
	Route4 // network/prefix
	Route6
	VLAN         // a number up to 4094; some keys take "none"
	IDMap        // u 0 100000 65536
	Mount        // a line of fstab(5)
	Command      // a program and its words
	Limit        // soft:hard, a number or "unlimited"
	Offset       // of a clock: -3h, 20ms
	Group        // a relative path of a cgroup
	Variable     // NAME=value
	Root         // a path, with a storage type and a colon before it
	Socket       // unix:/path or unix:@name
	MountOptions // of mount(8), parted by commas
)

// Effect is when a change of a key is seen.
type Effect uint8

// When a change is seen.
const (
	AtStart  Effect = iota // with the next start of the container
	AtOnce                 // whenever it is needed next, the container running or not
	CanApply               // with the next start; the running container can be given it too (lxc-cgroup, lxc-device)
)

// Key is what is known of one key, or of all that fit its name.
type Key struct {
	Name    string // "[i]" stands for a number, a last "[...]" for any rest
	Kind    Kind
	Value   ValueKind
	Words   []string // that the value may be, or that are common; see Value
	Subs    []string // common words in the place of a last "[...]"
	Means   string   // one line
	Effect  Effect
	Since   string // the first version of LXC that has it under this name: a series, if all of it has
	Default string // what holds without a line, in words; "" = nothing, or it depends
	// Twice: the same value in two lines is done twice.
	Twice bool

	closed bool   // Subs are all that can stand in the place of the last "[...]"
	needs  string // the type that lxc.net.[i] must have before this line
}

// Lookup finds what is known of a key.
func Lookup(key string) (Key, bool) {
	if k := lookup(key); k != nil {
		return *k, true
	}
	return Key{}, false
}

// lookup gives the row of the table; nobody may write to it.
func lookup(key string) *Key {
	pattern := key
	if strings.Contains(key, "[") { // a name of the table is no key
		return nil
	}
	if _, sub, ok := netKey(key); ok {
		pattern = strings.TrimSuffix("lxc.net.[i]."+sub, ".")
	}
	for _, table := range tables {
		for i := range table {
			k := &table[i]
			if k.Name == pattern {
				return k
			}
			begin, open := restOf(k.Name)
			switch rest, ok := strings.CutPrefix(pattern, begin); {
			case !open || !ok || rest == "":
			case k.closed && !slices.Contains(k.Subs, rest):
				return nil
			default:
				return k
			}
		}
	}
	return nil
}

// Keys are all that is known, in the order of the manual.
func Keys() []Key { return slices.Concat(tables...) }

// restOf is the beginning of a name that ends in "[...]", but for "[i]".
func restOf(name string) (string, bool) {
	if !strings.HasSuffix(name, "]") || strings.HasSuffix(name, "[i]") {
		return "", false
	}
	return name[:strings.LastIndexByte(name, '[')], true
}

// netKey takes lxc.net.N and lxc.net.N.sub apart. To liblxc 00 is 0.
func netKey(key string) (n, sub string, ok bool) {
	rest, ok := strings.CutPrefix(key, "lxc.net.")
	if !ok {
		return "", "", false
	}
	n, sub, dot := strings.Cut(rest, ".")
	if n == "" || len(n) > 9 || strings.Trim(n, "0123456789") != "" || dot && sub == "" {
		return "", "", false
	}
	return cmp.Or(strings.TrimLeft(n, "0"), "0"), sub, true
}

// Renamed is what a key of LXC before 2.1 is called now; "" = it is gone.
func Renamed(key string) (now string, ok bool) {
	for _, r := range renamed {
		if r.old == key {
			return r.now, true
		}
	}
	if rest, ok := strings.CutPrefix(key, "lxc.limit."); ok {
		return "lxc.prlimit." + rest, true
	}
	rest, ok := strings.CutPrefix(key, "lxc.network.")
	if !ok {
		return "", false
	}
	n, sub, dot := strings.Cut(rest, ".")
	if !dot || n == "" || strings.Trim(n, "0123456789") != "" {
		n, sub = "0", rest
	}
	if sub == "ipv4" || sub == "ipv6" {
		sub += ".address"
	}
	return "lxc.net." + n + "." + sub, true
}

// In says whether a version of LXC, such as 5.0.2, has the key. A build may have
// left it out all the same: liblxc tells.
func (k Key) In(version string) bool {
	return slices.Compare(numbers(version), numbers(k.Since)) >= 0
}

// numbers are the numbers of a version up to the first word that is none.
func numbers(version string) []int {
	var out []int
	for w := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(w)
		if err != nil {
			break
		}
		out = append(out, n)
	}
	return out
}

// Candidate is a key that what was typed can become.
type Candidate struct {
	Text string // with a place for the rest at its end where that is open: "lxc.sysctl."
	Key  Key
}

// Complete gives the keys that begin with what was typed, in the order of their
// names. have are keys that the config has: interfaces are completed by their
// numbers, and by the next free one. supports asks this liblxc; nil = all are taken.
func Complete(typed string, have []string, supports func(key string) bool) []Candidate {
	nets := netNumbers(typed, have)
	var out []Candidate
	add := func(text string, k Key) {
		if strings.HasPrefix(text, typed) && (supports == nil || supports(strings.TrimSuffix(text, "."))) {
			out = append(out, Candidate{text, k})
		}
	}
	for _, k := range Keys() {
		begin, open := restOf(k.Name)
		switch rest, net := strings.CutPrefix(k.Name, "lxc.net.[i]"); {
		case net:
			for _, n := range nets {
				add("lxc.net."+n+rest, k)
			}
		case open:
			for _, sub := range k.Subs {
				add(begin+sub, k)
			}
			if !k.closed {
				add(begin, k)
			}
		default:
			add(k.Name, k)
		}
	}
	slices.SortFunc(out, func(a, b Candidate) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// netNumbers are the numbers that interfaces are completed by.
func netNumbers(typed string, have []string) []string {
	var out []string
	take := func(n string) {
		if n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	if rest, ok := strings.CutPrefix(typed, "lxc.net."); ok {
		if n, _, dot := strings.Cut(rest, "."); dot && strings.Trim(n, "0123456789") == "" {
			take(n)
			return out
		}
	}
	for _, key := range have {
		if n, _, ok := netKey(key); ok && len(out) < 64 {
			take(n)
		}
	}
	for _, n := range netDigits {
		if !slices.Contains(out, n) {
			take(n)
			break
		}
	}
	return out
}

// netDigits are the first numbers of interfaces.
var netDigits = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// CompleteValue gives whole values that begin with what was typed; of a list
// of words it is the last word that is completed.
func CompleteValue(key, typed string) []string {
	k := lookup(key)
	if k == nil {
		return nil
	}
	words, before := k.Words, ""
	switch k.Value {
	case Bool:
		words = []string{"0", "1"}
	case WordList:
		before = typed[:strings.LastIndexAny(typed, blanks)+1]
	case Signal:
		words = signals
	}
	var out []string
	for _, w := range words {
		if strings.HasPrefix(w, typed[len(before):]) {
			out = append(out, before+w)
		}
	}
	return out
}
