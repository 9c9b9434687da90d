package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// names are the containers a verb was given, by -n and as arguments.
func (d *deck) given(args []string) []string {
	return append(append([]string(nil), d.flags.names...), args...)
}

// list makes a listing and says what is wrong with whole lxcpaths.
func (d *deck) list(ctx context.Context) (runtime.Listing, error) {
	l, err := d.rt.List(ctx)
	if err != nil {
		return l, err
	}
	for _, p := range l.Problems {
		d.complain(p)
		d.status = max(d.status, exitFailed)
	}
	return l, nil
}

// find gives the one container of the listing that a name means. A name with
// a slash is a whole Ref, PATH/NAME.
func find(all []runtime.Container, name string) (runtime.Container, error) {
	var found []runtime.Container
	for _, c := range all {
		if c.Name == name || (strings.Contains(name, "/") && c.Ref.String() == name) {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 0:
		return runtime.Container{}, runtime.ErrNotFound
	case 1:
		return found[0], nil
	}
	paths := make([]string, 0, len(found))
	for _, c := range found {
		paths = append(paths, c.Path)
	}
	return runtime.Container{}, &exitError{exitUsage, fmt.Errorf("%s is in several lxcpaths: %s; choose one with -P", name, strings.Join(paths, ", "))}
}

// named is the error of a name, with the verb that it was given to.
func (d *deck) named(name string, err error) error {
	if !errors.Is(err, runtime.ErrNotFound) {
		return err
	}
	return &runtime.Error{Op: d.doing, Ref: runtime.Ref{Name: name}, Err: err}
}

// pick gives the containers of the listing that the names mean, in the
// listing's order, without doubles; no names mean all. What is not found is
// said and counted in the status.
func (d *deck) pick(all []runtime.Container, names []string) []runtime.Container {
	if len(names) == 0 {
		return all
	}
	want := make(map[runtime.Ref]bool, len(names))
	for _, name := range names {
		c, err := find(all, name)
		if err != nil {
			d.fail(d.named(name, err))
			continue
		}
		want[c.Ref] = true
	}
	var picked []runtime.Container
	for _, c := range all {
		if want[c.Ref] {
			picked = append(picked, c)
		}
	}
	return picked
}

// fail says what went wrong with one of several and goes on.
func (d *deck) fail(err error) {
	d.complain(err)
	d.status = max(d.status, statusOf(err))
}

// refs gives what the names mean, in the order given and without doubles. With
// one lxcpath there is nothing to look up: whether the container is there, its
// operation says.
func (d *deck) refs(ctx context.Context, names []string) ([]runtime.Ref, error) {
	var refs []runtime.Ref
	add := func(ref runtime.Ref) {
		if !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	if paths := d.rt.About().Paths; len(paths) == 1 {
		for _, name := range names {
			ref := runtime.Ref{Path: paths[0], Name: name}
			if under, ok := strings.CutPrefix(name, paths[0]+"/"); ok {
				ref.Name = under
			}
			if err := ref.Check(); err != nil {
				d.fail(fmt.Errorf("%s: %w", d.doing, err))
				continue
			}
			add(ref)
		}
		return refs, nil
	}
	l, err := d.list(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		c, err := find(l.Containers, name)
		if err != nil {
			d.fail(d.named(name, err))
			continue
		}
		add(c.Ref)
	}
	return refs, nil
}

// one is refs for a verb that takes a single container.
func (d *deck) one(ctx context.Context, name string) (runtime.Ref, error) {
	before := d.status
	refs, err := d.refs(ctx, []string{name})
	if err != nil {
		return runtime.Ref{}, err
	}
	if len(refs) == 0 {
		return runtime.Ref{}, errSaid
	}
	d.status = before
	return refs[0], nil
}

// errSaid is an error that was shown already.
var errSaid = errors.New("")
