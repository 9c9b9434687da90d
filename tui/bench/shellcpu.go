package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

const (
	// shellFPS is the frame rate of the screen while a shell has the focus.
	shellFPS = 120
	// shellSpan is how long that is watched.
	shellSpan = 10 * time.Second
)

// shellCPU compares lxcdeck with a shell at rest in focus with an empty program
// at the same frame rate, over the same time.
func (b *bench) shellCPU() error {
	return b.onStage(func(s *stage) error {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		empty, err := s.start(exec.Command(self, "-empty", fmt.Sprint(shellFPS)))
		if err != nil {
			return err
		}
		if err := empty.shows("", "empty"); err != nil {
			return err
		}
		deck, err := s.openPane()
		if err != nil {
			return err
		}
		if err := deck.settle(); err != nil {
			return err
		}
		time.Sleep(2 * time.Second) // what starts a program is not its rest
		percent, err := usedEach(shellSpan, []int{deck.cmd.Process.Pid}, []int{empty.cmd.Process.Pid})
		if err != nil {
			return err
		}
		b.report.tell("CPU with a shell at rest in focus", percent[0], "%", percent[1], fmt.Sprintf("an empty program at %d frames a second", shellFPS))
		return nil
	})
}
