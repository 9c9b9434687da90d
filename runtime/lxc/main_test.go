package lxc

import (
	"os"
	"testing"
)

// TestMain makes the test binary its own helper, as main does for lxcdeck.
func TestMain(m *testing.M) {
	HelperMain()
	os.Exit(m.Run())
}
