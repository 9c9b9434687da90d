package conf

import (
	"errors"
	"fmt"
	"os/exec"

	"lxcdeck/runtime"
)

// Editor is the command that edits files, by the environment (VISUAL, EDITOR).
func Editor(getenv func(string) string) ([]string, error) {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		words, err := runtime.SplitWords(getenv(name))
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case len(words) > 0:
			return words, nil
		}
	}
	for _, name := range []string{"editor", "sensible-editor", "nano", "vi"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}, nil
		}
	}
	return nil, errors.New("no editor is there")
}
