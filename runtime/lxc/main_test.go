package lxc

import (
	"os"
	"testing"
)

// TestMain makes the test binary its own helper, as main does for lxcdeck.
func TestMain(m *testing.M) {
	HelperMain()
	if log := os.Getenv(auditParent); log != "" {
		os.Exit(auditMain(log))
	}
	os.Exit(m.Run())
}
