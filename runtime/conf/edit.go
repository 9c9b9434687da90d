package conf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Why an edit is not made.
var (
	ErrValue   = errors.New("cannot be written in one line")
	ErrKey     = errors.New("not the name of a key")
	ErrMissing = errors.New("no such line")
)

// editable says whether a file may be edited.
func (f *File) editable() error {
	if f.Err != nil {
		return fmt.Errorf("edit: %w", f.Err)
	}
	return nil
}

// ready is what every edit asks first.
func (f *File) ready(key, value string) error {
	if err := f.editable(); err != nil {
		return err
	}
	if !strings.HasPrefix(key, "lxc.") || strings.TrimSpace(key) != key || strings.ContainsAny(key, "=\r\n\x00") {
		return fmt.Errorf("edit: %w: %q", ErrKey, key)
	}
	if strings.ContainsAny(value, "\r\n\x00") {
		return fmt.Errorf("edit %s: the value %w", key, ErrValue) // which may be a secret
	}
	if len(f.Lines) >= MaxLines {
		return fmt.Errorf("edit %s: %w: %s has %d lines", key, ErrTooLong, f.Name, len(f.Lines))
	}
	return nil
}

// lastOf is the index of a key's last line; -1 = it has none.
func (f *File) lastOf(key string) int {
	for i, l := range slices.Backward(f.Lines) {
		if l.Kind == Setting && l.Key == key {
			return i
		}
	}
	return -1
}

// Set gives a key a value in its last line, which is the one that counts of this
// file's, or in a new one. An empty value is a line that clears what includes say.
// It gives the line, from 1.
func (f *File) Set(key, value string) (line int, err error) {
	if err := f.ready(key, value); err != nil {
		return 0, err
	}
	at := f.lastOf(key)
	if at < 0 {
		return f.insert(f.placeOf(key), key, value), nil
	}
	f.replace(at, value)
	return at + 1, nil
}

// Replace gives one line another value.
func (f *File) Replace(line int, value string) error {
	if line < 1 || line > len(f.Lines) || f.Lines[line-1].Kind != Setting {
		return fmt.Errorf("edit line %d: %w", line, ErrMissing)
	}
	if err := f.ready(f.Lines[line-1].Key, value); err != nil {
		return err
	}
	f.replace(line-1, value)
	return nil
}

// Add gives a list one more entry: behind its last line, or in a new one.
func (f *File) Add(key, value string) (line int, err error) {
	if err := f.ready(key, value); err != nil {
		return 0, err
	}
	at := f.lastOf(key)
	if at < 0 {
		return f.insert(f.placeOf(key), key, value), nil
	}
	return f.insert(at+1, key, value), nil
}

// Append puts a line at the end, where no include comes after it.
func (f *File) Append(key, value string) (line int, err error) {
	if err := f.ready(key, value); err != nil {
		return 0, err
	}
	return f.insert(len(f.Lines), key, value), nil
}

// Unset takes all lines of a key out and says how many there were.
func (f *File) Unset(key string) (n int, err error) {
	if err := f.editable(); err != nil {
		return 0, err
	}
	before := len(f.Lines)
	f.Lines = slices.DeleteFunc(f.Lines, func(l Line) bool { return l.Kind == Setting && l.Key == key })
	n = before - len(f.Lines)
	f.settle()
	return n, nil
}

// Delete takes one line out, of whatever kind.
func (f *File) Delete(line int) error {
	if err := f.editable(); err != nil {
		return err
	}
	if line < 1 || line > len(f.Lines) {
		return fmt.Errorf("delete line %d: %w", line, ErrMissing)
	}
	f.Lines = slices.Delete(f.Lines, line-1, line)
	f.settle()
	return nil
}

// Remove takes an entry out of a list: the last line with this value, or this
// word out of all lines of words, of which those are gone that held no other.
func (f *File) Remove(key, value string) error {
	if err := f.editable(); err != nil {
		return err
	}
	defer f.settle()
	k := lookup(key)
	if k == nil || k.Value != WordList && k.Value != NameList {
		for i, l := range slices.Backward(f.Lines) {
			if l.Kind == Setting && l.Key == key && l.Value == value {
				f.Lines = slices.Delete(f.Lines, i, i+1)
				return nil
			}
		}
		return fmt.Errorf("remove %q of %s: %w", Hide(value, SecretsOf(key, value)), key, ErrMissing)
	}
	found := false
	for i := len(f.Lines) - 1; i >= 0; i-- {
		l := &f.Lines[i]
		words := strings.Fields(l.Value)
		if l.Kind != Setting || l.Key != key || !slices.Contains(words, value) {
			continue
		}
		found = true
		rest := slices.DeleteFunc(words, func(w string) bool { return w == value })
		if len(rest) == 0 {
			f.Lines = slices.Delete(f.Lines, i, i+1)
			continue
		}
		f.replace(i, strings.Join(rest, " "))
	}
	if !found {
		return fmt.Errorf("remove %q of %s: %w", Hide(value, SecretsOf(key, value)), key, ErrMissing)
	}
	return nil
}

// replace gives a line another value and leaves all else of it as it stands.
func (f *File) replace(at int, value string) {
	l := &f.Lines[at]
	if l.Value == value {
		return
	}
	end := lineEnd(l.Raw)
	body := l.Raw[:len(l.Raw)-len(end)]
	before, after := body[:l.ValueAt], body[int(l.ValueAt)+len(l.Value):]
	switch {
	case l.Quote != 0:
	case value == "":
		before, after = strings.TrimRight(before, blanks), ""
	case l.Value == "":
		before, after = strings.TrimRight(body, blanks)+" ", ""
		value = quoted(value)
	default:
		value = quoted(value)
	}
	*l = parseLine(before + value + after + end)
}

// settle takes the lines apart again where two ends of lines, \r and \n, have
// become one by what was taken out between them.
func (f *File) settle() {
	for i := 1; i < len(f.Lines); i++ {
		if strings.HasSuffix(f.Lines[i-1].Raw, "\r") && strings.HasPrefix(f.Lines[i].Raw, "\n") {
			f.Lines = Parse(f.Name, f.Bytes()).Lines
			return
		}
	}
}

// quoted is a value as it is written: liblxc takes blanks off its ends, and one
// pair of quotes.
func quoted(value string) string {
	n := len(value)
	if strings.Trim(value, blanks) != value || n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return `"` + value + `"`
	}
	return value
}

// placeOf is where a key that has no line yet gets one: at the end, but the type
// of an interface goes before what is said of it, which it would take back.
func (f *File) placeOf(key string) int {
	n, sub, ok := netKey(key)
	if !ok || sub != "type" {
		return len(f.Lines)
	}
	for i := range f.Lines {
		if m, sub, ok := netKey(f.Lines[i].Key); ok && m == n && sub != "" {
			return i
		}
	}
	return len(f.Lines)
}

// insert puts a new line before the one with an index and gives its number, from 1.
func (f *File) insert(at int, key, value string) int {
	end := f.endAt(at)
	if at > 0 && lineEnd(f.Lines[at-1].Raw) == "" {
		f.Lines[at-1] = parseLine(f.Lines[at-1].Raw + end)
	}
	text := key + " ="
	if value != "" {
		text += " " + quoted(value)
	}
	f.Lines = slices.Insert(f.Lines, at, parseLine(text+end))
	return at + 1
}

// endAt is how a new line before the one with an index ends: as its neighbours do.
func (f *File) endAt(at int) string {
	for _, i := range []int{at - 1, at - 2, at} {
		if i >= 0 && i < len(f.Lines) {
			if end := lineEnd(f.Lines[i].Raw); end != "" {
				return end
			}
		}
	}
	return "\n"
}
