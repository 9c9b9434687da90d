package tui

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestCreateListFindsByTyping(t *testing.T) {
	d := createDeck(t, 80, 24, nil)
	d.typed("echo")
	d.goTo("distribution")
	d.press("u")
	d.sees("ubuntu")
	d.typed("zzz")
	d.sees("nothing of that name")
	d.press("enter") // nothing to take
	if d.m.creation.form.list == nil {
		t.Fatal("the list has closed")
	}
	d.press("backspace", "backspace", "backspace", "enter")
	d.sees("< ubuntu >", "noble", "desktop")
	d.press("space", "up", "esc")
	d.sees("< ubuntu >") // esc leaves what was chosen, and the form open
	d.press("space", "home", "up", "up", "enter")
	d.sees("< alpine >", "3.20")
	d.goTo("distribution")
	d.send(tea.PasteMsg{Content: "ignored"})
	d.press("right")
	d.sees("< debian >", "bookworm")
	d.goTo("release")
	d.press("right")
	d.sees("< trixie >")
	d.press("enter")
	_, a := d.created()
	if strings.Join(a.Args, " ") != "--dist debian --release trixie --arch "+hostArch()+" --variant default" {
		t.Fatal(a.Args)
	}
}

func TestCreateWithoutAnIndexIsTyped(t *testing.T) {
	d := newDeck(t, 100, 40, Options{}, some()...)
	d.rt.SetChoices(offers())
	d.rt.Fail(fake.Survey, runtime.Ref{}, fake.Fault{Err: errors.New("no route to host")})
	d.press("N")
	d.sees("What this host has for it cannot be read", "no route to host")
	d.typed("echo")
	d.press("enter")
	d.sees("not known yet")
	d.press("esc")
	d.rt.Heal(fake.Survey, runtime.Ref{})
	d.m.creation.indexes[""] = &imageIndex{err: errors.New("no route to host")}
	d.press("N")
	d.sees("echo") // what was typed stands there, and the index is read again
	d.send(imagesMsg{err: errors.New("no route to host")})
	d.sees("type the four words: the image index cannot be read: no route to host")
	d.goTo("template")
	d.press("enter")
	d.sees("> distribution", "name the distribution")
	d.typed("debian")
	d.fill("release", "sid")
	d.fill("architecture", "riscv64")
	d.press("enter")
	_, a := d.created()
	if strings.Join(a.Args, " ") != "--dist debian --release sid --arch riscv64" {
		t.Fatal(a.Args)
	}
}

func TestCreateAnotherImageServer(t *testing.T) {
	d := createDeck(t, 100, 40, nil)
	d.typed("echo")
	was := d.rt.Calls(fake.Survey)
	d.fill("image server", "images.example.org")
	if n := d.rt.Calls(fake.Survey); n != was {
		t.Fatalf("%d reads while it was typed", n-was)
	}
	d.press("tab")
	if n := d.rt.Calls(fake.Survey); n != was+1 {
		t.Fatalf("%d reads of the index", n-was)
	}
	d.press("enter")
	_, a := d.created()
	if want := "--variant default --server images.example.org"; !strings.HasSuffix(strings.Join(a.Args, " "), want) {
		t.Fatal(a.Args)
	}
}

func TestCreateAsAUserMustMap(t *testing.T) {
	d := createDeck(t, 120, 40, func(rt *fake.Runtime) {
		c := offers()
		c.MustMap = true
		rt.SetChoices(c)
	})
	d.typed("echo")
	d.goTo("unprivileged")
	d.press("space")
	d.sees("[x] always, since lxcdeck does not run as root")
	d.press("enter")
	if _, a := d.created(); !reflect.DeepEqual(a.IDMap, offers().IDMaps) {
		t.Fatal(a.IDMap)
	}
	d = createDeck(t, 120, 40, func(rt *fake.Runtime) {
		c := offers()
		c.MustMap, c.IDMaps, c.IDMapsWhy = true, nil, "/etc/subuid has no line for dev"
		rt.SetChoices(c)
	})
	d.typed("echo")
	d.sees("/etc/subuid has no line for dev")
	d.press("enter")
	if len(d.rt.Requests()) != 0 {
		t.Fatal("created without an id map")
	}
}

func TestIDMapSets(t *testing.T) {
	u := func(inner, host uint64) runtime.IDMap { return runtime.IDMap{Inner: inner, Host: host, Count: 1000} }
	g := func(inner, host uint64) runtime.IDMap {
		return runtime.IDMap{Group: true, Inner: inner, Host: host, Count: 1000}
	}
	for _, c := range []struct {
		all  []runtime.IDMap
		want string
	}{
		{nil, ""},
		{[]runtime.IDMap{u(0, 1000), g(0, 1000)}, "u 0 1000 1000, g 0 1000 1000"},
		{[]runtime.IDMap{u(0, 1000), u(1000, 5000), g(0, 1000)}, "u 0 1000 1000, u 1000 5000 1000, g 0 1000 1000"},
		{[]runtime.IDMap{u(0, 1000), u(0, 5000), g(0, 1000), g(0, 7000)}, "u 0 1000 1000, g 0 1000 1000|u 0 5000 1000, g 0 7000 1000"},
	} {
		if got := strings.Join(idMapNames(c.all), "|"); got != c.want {
			t.Errorf("%v: %q, want %q", c.all, got, c.want)
		}
	}
}
