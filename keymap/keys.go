package keymap

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// modifiers in the order in which Bubble Tea writes them.
var modifiers = [...]string{"ctrl", "alt", "shift", "meta", "hyper", "super"}

// synonyms are names people write for keys, and Bubble Tea's own.
func synonym(key string) string {
	switch key {
	case "pgdn", "pagedown", "page-down":
		return "pgdown"
	case "pageup", "page-up":
		return "pgup"
	case "escape":
		return "esc"
	case "return":
		return "enter"
	case "del":
		return "delete"
	case "ins":
		return "insert"
	case "spc", " ":
		return "space"
	case "plus":
		return "+"
	case "bs":
		return "backspace"
	default:
		return key
	}
}

func named(key string) bool {
	switch key {
	case "enter", "tab", "backspace", "esc", "space", "up", "down", "left", "right", "insert",
		"delete", "pgup", "pgdown", "home", "end", "begin", "menu", "pause", "printscreen":
		return true
	}
	var n int
	if _, err := fmt.Sscanf(key, "f%d", &n); err == nil {
		return n >= 1 && n <= 63 && key == fmt.Sprintf("f%d", n)
	}
	return false
}

// ParseKey checks a key's name and gives it as Bubble Tea writes it: "ctrl+d",
// "pgdown", "G", "space". Common synonyms ("pgdn", "escape") are understood.
func ParseKey(name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("empty key name")
	}
	if utf8.RuneCountInString(name) == 1 {
		return parsePlain(name)
	}
	held := map[string]bool{}
	rest := name
	for {
		mod, after, found := strings.Cut(rest, "+")
		if !found || after == "" {
			break
		}
		m := strings.ToLower(mod)
		if !isModifier(m) {
			return "", fmt.Errorf("key %q: %q is no modifier (there are %s)", name, mod, strings.Join(modifiers[:], ", "))
		}
		if held[m] {
			return "", fmt.Errorf("key %q: %s twice", name, m)
		}
		held[m], rest = true, after
	}
	key, err := parsePlain(rest)
	if err != nil {
		return "", fmt.Errorf("key %q: %w", name, err)
	}
	return joinKey(name, held, key)
}

// joinKey puts modifiers and key together in Bubble Tea's order.
func joinKey(name string, held map[string]bool, key string) (string, error) {
	if r, _ := utf8.DecodeRuneInString(key); utf8.RuneCountInString(key) == 1 && len(held) > 0 {
		if unicode.IsUpper(r) {
			return "", fmt.Errorf("key %q: with a modifier write the letter small, and shift+ for the large one", name)
		}
		if len(held) == 1 && held["shift"] {
			if !unicode.IsLetter(r) {
				return "", fmt.Errorf("key %q: write the character that shift gives", name)
			}
			return string(unicode.ToUpper(r)), nil
		}
	}
	if key == "@" && len(held) == 1 && held["ctrl"] {
		key = "space" // one byte, by which Bubble Tea tells it as that
	}
	var b strings.Builder
	for _, m := range modifiers {
		if held[m] {
			b.WriteString(m)
			b.WriteByte('+')
		}
	}
	b.WriteString(key)
	return b.String(), nil
}

func parsePlain(key string) (string, error) {
	key = synonym(key)
	if r, n := utf8.DecodeRuneInString(key); n == len(key) {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return "", fmt.Errorf("%q is no key", key)
		}
		return key, nil
	}
	if low := synonym(strings.ToLower(key)); named(low) {
		return low, nil
	}
	return "", fmt.Errorf("%q is no key (single characters, or names such as enter, esc, space, pgup, f1)", key)
}

func isModifier(s string) bool {
	for _, m := range modifiers {
		if m == s {
			return true
		}
	}
	return false
}

// KeyName is a key as people read it: "pgdn", "ctrl+]", "space".
func KeyName(key string) string {
	mods, last := "", key
	if i := strings.LastIndexByte(key[:max(0, len(key)-1)], '+'); i > 0 {
		mods, last = key[:i+1], key[i+1:]
	}
	switch last {
	case "pgdown":
		last = "pgdn"
	case "delete":
		last = "del"
	case "insert":
		last = "ins"
	}
	return mods + last
}
