package conf

import (
	"fmt"
	"math"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Check says what is odd about a value. It is advice: liblxc has the last word,
// and takes some of what is odd. An empty value, which clears, is never odd.
func Check(key, value string) error {
	k := lookup(key)
	switch {
	case k == nil:
		if now, ok := Renamed(key); ok && now != "" {
			return fmt.Errorf("%s is called %s since LXC 2.1", key, now)
		}
		return fmt.Errorf("%s is no key of LXC", key)
	case value == "":
		return nil
	case k.Kind == Clear:
		return fmt.Errorf("%s takes no value", key)
	}
	if why := odd(k, value); why != "" {
		return fmt.Errorf("%s: %s", key, why)
	}
	return nil
}

// odd says what is odd about a value; "" = nothing.
func odd(k *Key, v string) string {
	words := slices.Contains(k.Words, v)
	switch k.Value {
	case Bool:
		return unless(v == "0" || v == "1", "0 or 1")
	case Enum:
		if k.Name == "lxc.log.level" {
			v = strings.ToUpper(v)
		}
		return unless(slices.Contains(k.Words, v), "one of "+strings.Join(k.Words, ", "))
	case WordList:
		for w := range strings.FieldsSeq(v) {
			if !slices.Contains(k.Words, w) && !strings.HasPrefix(w, "shmounts:/") && !digits(w) {
				return "it does not know the word " + strconv.Quote(w)
			}
		}
	case IDList:
		return unless(!slices.ContainsFunc(strings.Split(v, ","), func(w string) bool { return !digits(strings.Trim(w, blanks)) }), "numbers with commas between them")
	case Integer:
		_, err := strconv.ParseInt(v, 10, 32)
		return unless(err == nil, "a whole number")
	case Count, Bytes:
		_, err := strconv.ParseUint(v, 10, 32)
		return unless(err == nil, "a whole number from 0 on")
	case Size:
		return unless(words || isSize(v), "a size such as 64KB or 4MB, or auto")
	case HostPath, InnerPath, Group, DevName, Root, Socket:
		return oddPath(k, v, words)
	case Signal:
		return unless(words || isSignal(v), "a signal such as SIGTERM, SIGRTMIN+3 or 15")
	case Interface:
		return unless(len(v) <= 15 && !strings.ContainsAny(v, "/ \t:") && v != "." && v != "..", "the name of an interface, 15 bytes at most")
	case Command, Mount, MountOptions, Variable:
		return oddLine(k, v)
	case Limit:
		return unless(isLimit(v), "soft:hard, each a number or unlimited")
	case Offset:
		return unless(isOffset(v), "a number with h, m, s, ms, us or ns behind it")
	case IDMap:
		return oddMap(v)
	case VLAN:
		n, err := strconv.ParseUint(v, 10, 16)
		return unless(words || err == nil && n <= 4094, "a number from 0 to 4094"+anyWord(k))
	case MAC, Address4, Address6, Gateway4, Gateway6, Route4, Route6:
		return oddAddress(k, v, words)
	}
	return ""
}

// lenient are keys of which liblxc takes values also that make no sense for them.
var lenient = []string{
	"lxc.init.uid", "lxc.init.gid", "lxc.net.[i].mtu", "lxc.net.[i].flags", "lxc.hook.version", "lxc.seccomp.allow_nesting", "lxc.monitor.unshare",
}

// strict says whether liblxc refuses the config for a value that is odd, as far as it
// looks at values of that kind. Its numbers may be written as those of C.
func strict(k *Key, v string) bool {
	v = strings.TrimPrefix(v, "+")
	n, err := strconv.ParseInt(v, 0, 64)
	switch {
	case slices.Contains(lenient, k.Name):
		return false
	case k.Value == Bool:
		return err != nil || n != 0 && n != 1
	case k.Value == Count:
		return err != nil || n < 0 || n > math.MaxUint32
	case k.Value == Integer:
		return err != nil || n < math.MinInt32 || n > math.MaxInt32
	case k.Value == Signal, k.Name == "lxc.log.level":
		return err != nil || n < 0
	case k.Value == Enum:
		return k.needs != "" || k.Name == "lxc.log.syslog"
	}
	return false
}

// unless is the sentence for a value that is not what it has to be.
func unless(good bool, wanted string) string {
	if good {
		return ""
	}
	return "it takes " + wanted
}

func anyWord(k *Key) string {
	if len(k.Words) == 0 {
		return ""
	}
	return ", or " + strings.Join(k.Words, ", ")
}

func digits(v string) bool { return v != "" && strings.Trim(v, "0123456789") == "" }

func oddPath(k *Key, v string, word bool) string {
	switch {
	case k.Value == DevName:
		return unless(!path.IsAbs(v) && path.Clean("/"+v) == "/"+v, "a name below /dev")
	case k.Value == Group && k.Name == "lxc.cgroup.dir.container.inner":
		return unless(!strings.Contains(v, "/") && v != "." && v != "..", "the name of one directory")
	case k.Value == Group:
		return unless(!path.IsAbs(v) && !slices.Contains(strings.Split(v, "/"), ".."), "a path below the cgroup, without .. in it")
	case k.Value == Socket:
		return unless(strings.HasPrefix(v, "unix:/") || strings.HasPrefix(v, "unix:@"), "unix:/path or unix:@name")
	case k.Value == Root:
		kind, rest, typed := strings.Cut(v, ":")
		return unless(path.IsAbs(v) || typed && kind != "" && rest != "" && !strings.Contains(kind, "/"), "an absolute path, or one with its storage before it, such as dir:/path")
	default:
		return unless(word || path.IsAbs(v), "an absolute path"+anyWord(k))
	}
}

// oddLine looks at values that are lines of their own.
func oddLine(k *Key, v string) string {
	switch k.Value {
	case Command:
		first, _, _ := strings.Cut(strings.TrimLeft(v, "\"'"), " ")
		return unless(path.IsAbs(first) || k.Name == "lxc.execute.cmd" || k.Name == "lxc.init.cmd", "a program by its absolute path")
	case Mount:
		f := strings.Fields(v)
		switch {
		case len(f) < 4 || len(f) > 6:
			return unless(false, "a line of fstab(5): source, place, type, options, and two numbers if wished")
		case path.IsAbs(f[1]):
			return "its place begins with /, and is one of the host unless it leads into the mounted root; inside the container it is written without"
		case slices.Contains(strings.Split(f[1], "/"), ".."):
			return "its place has .. in it"
		}
	case MountOptions:
		return unless(!strings.ContainsAny(v, blanks), "options with commas between them, without blanks")
	case Variable:
		name, _, ok := strings.Cut(v, "=")
		switch {
		case name == "" || strings.ContainsAny(name, " \t\"'"):
			return unless(false, "NAME=value")
		case !ok:
			return "the value is taken from the environment of who loads the config, and without one there it is not loaded"
		}
	}
	return ""
}

// isSize is parse_byte_size_string of string_utils.c.
func isSize(v string) bool {
	n := strings.TrimRight(v, "kKmMgGbB ")
	unit := strings.ToUpper(strings.TrimSpace(v[len(n):]))
	return digits(n) && len(n) < 19 && slices.Contains([]string{"", "B", "KB", "MB", "GB"}, unit)
}

func isSignal(v string) bool {
	up := strings.ToUpper(v)
	if slices.Contains(signals, up) || digits(v) && len(v) < 3 {
		return true
	}
	n, ok := strings.CutPrefix(up, "SIGRTMIN+")
	if !ok {
		n, ok = strings.CutPrefix(up, "SIGRTMAX-")
	}
	const most = 30 // from SIGRTMIN of the C library to SIGRTMAX
	count, err := strconv.Atoi(n)
	return ok && digits(n) && err == nil && count <= most
}

func isLimit(v string) bool {
	soft, hard, two := strings.Cut(v, ":")
	one := func(w string) bool { return w == "unlimited" || digits(w) && len(w) < 21 }
	return one(strings.TrimSpace(soft)) && (!two || one(strings.TrimSpace(hard)))
}

func isOffset(v string) bool {
	n := strings.TrimRight(v, "hmsun ")
	_, err := strconv.ParseInt(n, 10, 64)
	return err == nil && slices.Contains([]string{"h", "m", "s", "ms", "us", "ns"}, strings.TrimSpace(v[len(n):]))
}

func oddMap(v string) string {
	f := strings.Fields(v)
	if len(f) != 4 || f[0] != "u" && f[0] != "g" {
		return unless(false, "u or g, the first id inside, the first outside, and how many")
	}
	var n [3]uint64
	for i, w := range f[1:] {
		var err error
		if n[i], err = strconv.ParseUint(w, 10, 32); err != nil {
			return unless(false, "ids that are whole numbers below 2^32")
		}
	}
	const end = 1 << 32
	switch {
	case n[2] == 0:
		return "it maps no id"
	case n[0]+n[2] > end || n[1]+n[2] > end:
		return "it goes beyond the last id there is"
	}
	return ""
}

func oddAddress(k *Key, v string, word bool) string {
	six := k.Value == Address6 || k.Value == Gateway6 || k.Value == Route6
	family := func(a netip.Addr) bool { return a.Is4() != six && a.Zone() == "" }
	switch k.Value {
	case MAC:
		parts := strings.Split(v, ":")
		good := len(parts) == 6
		for _, p := range parts {
			good = good && len(p) == 2 && strings.Trim(p, "0123456789abcdefABCDEFxX") == ""
		}
		if good && strings.IndexByte("13579bdfBDF", parts[0][1]) >= 0 {
			return "it is an address of many: its first byte is odd"
		}
		return unless(good, "six bytes such as 00:16:3e:xx:xx:xx")
	case Gateway4, Gateway6:
		a, err := netip.ParseAddr(v)
		return unless(word || err == nil && family(a), "an address, auto or dev")
	case Route4, Route6:
		p, err := netip.ParsePrefix(v)
		return unless(err == nil && family(p.Addr()), "a network with its prefix, such as 10.1.0.0/16 or fd00::/64")
	}
	addr, cast, two := strings.Cut(v, " ")
	if bare, prefix, ok := strings.Cut(addr, "/"); ok {
		n, err := strconv.ParseUint(prefix, 10, 8)
		if err != nil || n > 128 || !six && n > 32 {
			return unless(false, "a prefix of 32 at most for IPv4, 128 for IPv6")
		}
		addr = bare
	}
	a, err := netip.ParseAddr(addr)
	if err != nil || !family(a) {
		return unless(false, "an address with its prefix, such as 10.0.3.5/24 or fd00::5/64")
	}
	if b, err := netip.ParseAddr(cast); two && (six || err != nil || !b.Is4()) {
		return unless(false, "nothing behind the address but, for IPv4, that of a broadcast")
	}
	return ""
}
