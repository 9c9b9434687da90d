package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	choicesFile = "choices.json"
	// maxChoices bounds the file: containers come and go.
	maxChoices = 1000
)

// Choice is what a shell in a container was opened with last. Environments are
// not kept: they hold secrets.
type Choice struct {
	User    string   `json:"user,omitempty"`
	Cwd     string   `json:"cwd,omitempty"`
	Command []string `json:"command,omitempty"`
}

// LoadChoices gives what was chosen last, by lxcpath and name of the container
// joined with a slash. dir is the state directory; without one, or without the
// file, there is none. The file counts by the rules of settings.
func (p Places) LoadChoices(dir string) (map[string]Choice, error) {
	all := map[string]Choice{}
	if dir == "" {
		return all, nil
	}
	text, err := p.read(filepath.Join(dir, choicesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, fmt.Errorf("what was chosen before: %w", err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return map[string]Choice{}, fmt.Errorf("what was chosen before: %s: %w", filepath.Join(dir, choicesFile), err)
	}
	return all, nil
}

// SaveChoice keeps one choice beside the others, which another lxcdeck may have
// written meanwhile. A choice of nothing is forgotten.
func (p Places) SaveChoice(dir, container string, c Choice) error {
	if dir == "" {
		return nil
	}
	all, err := p.LoadChoices(dir)
	if err != nil {
		return err
	}
	delete(all, container)
	if c.User != "" || c.Cwd != "" || len(c.Command) > 0 {
		all[container] = c
	}
	for name := range all {
		if len(all) <= maxChoices {
			break
		}
		if name != container {
			delete(all, name)
		}
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("keep what was chosen: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep what was chosen: %w", err)
	}
	if err := replace(filepath.Join(dir, choicesFile), append(text, '\n')); err != nil {
		return fmt.Errorf("keep what was chosen: %w", err)
	}
	return nil
}
