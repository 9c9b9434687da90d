package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
	"lxcdeck/tui/record"
	"lxcdeck/tui/settings"
	"lxcdeck/views"
)

// edit gives a file with the config to an editor, and saves what comes of it. What cannot
// be saved is kept in that file.
func (w *configWork) edit(cmd *cobra.Command, path string) error {
	d := w.d
	for {
		failed := d.editor(path)
		got, err := conf.Open(path)
		switch {
		case failed != nil && err == nil && bytes.Equal(got.Text, w.base):
			return errors.Join(fmt.Errorf("edit %s: %w", w.of.Path(), failed), os.Remove(path))
		case failed != nil:
			return fmt.Errorf("edit %s: %w; the text is kept in %s", w.of.Path(), failed, path)
		case err != nil:
			return fmt.Errorf("what was edited cannot be read: %w", err)
		}
		before := d.status
		ctx, stop := d.working(cmd)
		err = w.save(ctx, got.Text)
		stop()
		if err == nil && d.status == before {
			return os.Remove(path)
		}
		if err != nil {
			d.complain(err)
			d.status = max(d.status, statusOf(err))
		}
		if err == nil || !d.confirmed("Edit it again?") {
			d.warn("the text is kept in %s", views.Clean(path))
			return nil
		}
		d.status = before
	}
}

// editFile writes the config to a file of this user's alone.
func (w *configWork) editFile(ctx context.Context) (path string, err error) {
	d := w.d
	switch {
	case d.settings.ReadOnly.Value:
		return "", &runtime.Error{Op: runtime.SetConfig.String(), Ref: w.of.Ref, Err: runtime.ErrReadOnly}
	case w.text.NoSave != "":
		return "", &exitError{exitRefused, fmt.Errorf("%s cannot be saved: %s", w.of.Path(), w.text.NoSave)}
	case !isTerminal(d.Stdin) || !isTerminal(d.Stdout):
		return "", &exitError{exitUsage, errors.New("config edit needs a terminal; config set changes one key")}
	}
	name := "default"
	if w.of.Default == "" {
		name = w.of.Ref.Name
	}
	dir := record.DefaultDir(settings.StateDir(d.Getenv))
	places, err := d.savePlaces(ctx)
	if err != nil {
		return "", err
	}
	places.Own = dir
	var f *os.File
	for i := range 60 { // one of this second is kept
		f, err = record.Create(filepath.Join(dir, record.Name("edit-"+name, "conf", time.Now().Add(time.Duration(i)*time.Second))), places)
		if !errors.Is(err, record.ErrExists) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	_, err = f.Write(w.base)
	return f.Name(), errors.Join(err, f.Close())
}

// editor runs the editor. What ctrl+c ends there is up to it.
func (d *deck) editor(path string) error {
	words, err := conf.Editor(d.Getenv)
	if err != nil {
		return err
	}
	ints := make(chan os.Signal, 1)
	signal.Notify(ints, syscall.SIGINT)
	defer signal.Stop(ints)
	c := exec.Command(words[0], append(words[1:], path)...)
	c.Stdin, c.Stdout, c.Stderr = d.Stdin, d.Stdout, d.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", words[0], err)
	}
	return nil
}
