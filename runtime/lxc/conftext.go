package lxc

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

const (
	// configTime is how long reading or judging a config may take: its includes may
	// lie on file systems that do not answer.
	configTime = 10 * time.Second
	// systemDefault is the default config of the host (lxc.system.conf(5)).
	systemDefault = "/etc/lxc/default.conf"
)

// DefaultConfigs are those of the host and of this user.
func (*Adapter) DefaultConfigs() []string { return defaultConfigs() }

// defaultConfigs is DefaultConfigs for helpers, which have no Adapter.
func defaultConfigs() []string {
	out := []string{systemDefault}
	own := golxc.GlobalConfigItem("lxc.default_config")
	// liblxc goes by HOME, which may be another user's; helpers have the user's own.
	if rest, ok := strings.CutPrefix(own, os.Getenv("HOME")+"/"); ok && os.Geteuid() != 0 {
		home := homeDir()
		if home == "/" { // a user without a home has none
			return out
		}
		own = filepath.Join(home, rest)
	}
	if filepath.IsAbs(own) && filepath.Clean(own) != systemDefault {
		out = append(out, filepath.Clean(own))
	}
	return out
}

// checkConfigOf refuses what is no config of this host.
func checkConfigOf(of runtime.ConfigOf) error {
	if err := of.Check(); err != nil {
		return err
	}
	if of.Default != "" && !slices.Contains(defaultConfigs(), of.Default) {
		return fmt.Errorf("%w: %s is no default config", runtime.ErrInvalid, of.Default)
	}
	return nil
}

// ConfigText reads a config as text in a helper. Nothing of it has to be trusted:
// liblxc is asked only for a config that it may load.
func (a *Adapter) ConfigText(ctx context.Context, of runtime.ConfigOf) (runtime.ConfigText, error) {
	t, err := a.configText(ctx, of)
	return t, fail("config", of.Ref, err)
}

func (a *Adapter) configText(ctx context.Context, of runtime.ConfigOf) (t runtime.ConfigText, err error) {
	ctx, cancel := context.WithTimeout(ctx, configTime)
	defer cancel()
	q, as, noSave, err := a.configRequest(kindConfig, of)
	if err != nil {
		return t, err
	}
	why := ""
	if of.Default == "" {
		in := inspector{walk: newWalker(a.trust), cache: a.configs}
		c := a.look(ctx, of.Ref, in.inspect(of.Ref).err)
		switch {
		case !c.NoAnswerSince.IsZero():
			why = (&silence{c.NoAnswerSince}).Error()
		case c.InitPID > 0:
			q.Init = c.InitPID
		case c.State == runtime.Unknown && c.Problem != nil:
			why = c.Problem.Error()
		}
	}
	if err := a.askConfig(ctx, q, as, &t); err != nil {
		return t, err
	}
	if noSave != "" {
		t.NoSave = noSave
	}
	if why != "" {
		t.InForceWhy, t.Restart = why, runtime.NotKnown
	}
	return t, nil
}

// CheckConfig lets liblxc parse a text in a helper.
func (a *Adapter) CheckConfig(ctx context.Context, of runtime.ConfigOf, text []byte) (*runtime.ConfigFault, error) {
	fault, err := a.checkConfig(ctx, of, text)
	return fault, fail("check config", of.Ref, err)
}

func (a *Adapter) checkConfig(ctx context.Context, of runtime.ConfigOf, text []byte) (*runtime.ConfigFault, error) {
	ctx, cancel := context.WithTimeout(ctx, configTime)
	defer cancel()
	if err := (&runtime.ConfigArgs{Text: text}).Check(); err != nil {
		return nil, err
	}
	q, as, _, err := a.configRequest(kindCheckConfig, of)
	if err != nil {
		return nil, err
	}
	q.Text = text
	var found []runtime.ConfigFault // gob knows no nil
	if err := a.askConfig(ctx, q, as, &found); err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// ConfigBackup reads a backup in a helper.
func (a *Adapter) ConfigBackup(ctx context.Context, of runtime.ConfigOf, name string) ([]byte, error) {
	text, err := a.configBackup(ctx, of, name)
	return text, fail("config backup", of.Ref, err)
}

func (a *Adapter) configBackup(ctx context.Context, of runtime.ConfigOf, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, configTime)
	defer cancel()
	q, as, _, err := a.configRequest(kindConfigBackup, of)
	if err != nil {
		return nil, err
	}
	q.Paths = []string{name}
	var text []byte
	return text, a.askConfig(ctx, q, as, &text)
}

// configRequest is a request about a config, and who its helper has to become:
// the owner of the config where that is not who runs this, as far as there is such
// a user. noSave says why this process cannot save it; "" = nothing is known
// against it.
func (a *Adapter) configRequest(kind string, of runtime.ConfigOf) (q helperRequest, as *user, noSave string, err error) {
	if err := checkConfigOf(of); err != nil {
		return q, nil, "", err
	}
	q = helperRequest{Kind: kind, Ref: of.Ref, Op: of.Op(), Args: &runtime.ConfigArgs{Default: of.Default}}
	as, err = a.configUser(of)
	if errors.Is(err, fs.ErrNotExist) && of.Default == "" {
		return q, nil, "", noConfigErr(of)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		noSave = err.Error()
	}
	if of.Default != "" {
		return q, as, noSave, nil
	}
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	if m := a.managers.of(of.Ref, in.inspect(of.Ref).manager); m != "" {
		noSave = fmt.Sprintf("%v: %s", runtime.ErrManaged, m)
	}
	if info := q.Op.Info(); noSave == "" {
		if err := mayTouch(&info, of.Ref, as == nil); err != nil {
			noSave = cause(err).Error()
		}
	}
	return q, as, noSave, nil
}

// configUser is who may write a config; nil = this process's user. The error says
// why that cannot be, or wraps fs.ErrNotExist.
func (a *Adapter) configUser(of runtime.ConfigOf) (*user, error) {
	_, _, err := newWalker(a.trust).walk(of.Path())
	if of.Default != "" { // nobody else's
		return nil, err
	}
	return userFor(err)
}

// noConfigErr is a container without a config, or none.
func noConfigErr(of runtime.ConfigOf) error {
	if exists(of.Ref.String()) {
		return fmt.Errorf("%w: %s has no config file", runtime.ErrNotFound, of.Ref)
	}
	return fmt.Errorf("%w in %s", runtime.ErrNotFound, of.Ref.Path)
}

// askConfig asks a helper and takes its answer, which is in gob.
func (a *Adapter) askConfig(ctx context.Context, q helperRequest, as *user, into any) error {
	r, err := a.callHelper(ctx, q, as, nil)
	if err == nil {
		err = r.err()
	}
	if err != nil {
		return err
	}
	if err := gob.NewDecoder(bytes.NewReader(r.Text)).Decode(into); err != nil {
		return fmt.Errorf("%w: answer: %w", runtime.ErrHelper, err)
	}
	return nil
}

// checkSetConfig says who may save a container's config: it may be one that
// liblxc refuses, which saving is to mend.
func (a *Adapter) checkSetConfig(ctx context.Context, info *runtime.OpInfo, q runtime.Request) (*user, error) {
	of := runtime.ConfigOf{Ref: q.Ref}
	as, err := a.configUser(of)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noConfigErr(of)
	}
	if err != nil {
		return nil, err
	}
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	found := in.inspect(q.Ref)
	if m := a.managers.of(q.Ref, found.manager); m != "" && !info.Managed {
		return nil, fmt.Errorf("%w: %s", runtime.ErrManaged, m)
	}
	if err := mayTouch(info, q.Ref, as == nil); err != nil {
		return nil, err
	}
	if q.Expect == runtime.Unknown {
		return as, nil
	}
	seen := a.look(ctx, q.Ref, found.err)
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	return as, accepts(info, seen.State, q.Expect)
}
