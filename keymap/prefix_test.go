package keymap

import "testing"

// TestPrefixesThatTerminalsSend: those that passthru knows as well.
func TestPrefixesThatTerminalsSend(t *testing.T) {
	for _, p := range []string{"ctrl+a", "ctrl+space", "ctrl+@", "ctrl+]", "ctrl+\\", "ctrl+^", "ctrl+_", "ctrl+h", "alt+x", "alt+é", "alt+1", "f1", "f12", "ctrl+up"} {
		if _, err := New("", nil, p); err != nil {
			t.Error(err)
		}
	}
	if m := newMap(t, "", nil, "ctrl+@"); !m.IsPrefix("ctrl+space") { // as it is told to us
		t.Errorf("ctrl+@ is %s", m.Prefix())
	}
}
