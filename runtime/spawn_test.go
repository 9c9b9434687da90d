package runtime

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestSpawnTurnsPanicsIntoErrors(t *testing.T) {
	failed := make(chan error, 1)
	Spawn("some work", func(err error) { failed <- err }, func() {
		none := make([]int, 0)
		none[len(os.Args)] = 1
	})
	select {
	case err := <-failed:
		for _, want := range []string{"some work", "index out of range", "spawn_test.go"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("no %q in %v", want, err)
			}
		}
	case <-time.After(time.Minute):
		t.Error("nothing was told")
	}
}
