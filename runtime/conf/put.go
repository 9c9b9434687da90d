package conf

import (
	"fmt"
	"strings"
)

// Own is the last line of the config itself for a key.
type Own struct {
	Line   int  // 0 = it has none
	Beaten bool // an include further down says it again
}

// Own finds that line.
func (t *Tree) Own(key string) Own {
	var own Own
	last := -1
	for i := range t.Items {
		switch it := &t.Items[i]; {
		case it.Key == key && it.Node == 0:
			own, last = Own{Line: it.Line}, i
		case it.Key == key:
			own.Beaten = own.Line > 0
		}
	}
	if last >= 0 { // also by what clears a family of keys
		it := &t.Items[last]
		over := it.State == Overridden || it.State == Cleared
		own.Beaten = own.Beaten || over && it.By >= 0 && t.Items[it.By].Node != 0
	}
	if strings.HasPrefix(key, "lxc.net.") && strings.HasSuffix(key, ".type") {
		own.Beaten = false // further down it would take back what is said of the interface
	}
	return own
}

// Put puts a key into the file of the config where no include that stands there takes
// it back, and says in which line.
func (t *Tree) Put(f *File, key, value string) (line int, err error) {
	k, _ := Lookup(key)
	own := t.Own(key)
	switch {
	case k.Kind == List && own.Beaten:
		return f.Append(key, value)
	case k.Kind == List:
		return f.Add(key, value)
	case own.Beaten:
		line, err := f.Append(key, value)
		if err == nil {
			err = f.Delete(own.Line)
		}
		return line - 1, err
	}
	return f.Set(key, value)
}

// Words are the state of an item, with the line that it is due to.
func (t *Tree) Words(it *Item) string {
	words := it.State.String()
	if it.By < 0 {
		return words
	}
	file, line := t.Where(it.By)
	by := fmt.Sprintf("line %d", line)
	if t.Items[it.By].Node != it.Node {
		by = fmt.Sprintf("%s:%d", file, line)
	}
	switch it.State {
	case Doubled:
		return words + ", in " + by
	case Partly:
		return words + ", the rest is said again in " + by
	}
	return words + " by " + by
}
