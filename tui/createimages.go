package tui

import (
	goruntime "runtime"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// imageWords are the words by which an image is found, in the order of the
// fields.
func imageWords(x *runtime.Image) [4]string { return [4]string{x.Dist, x.Release, x.Arch, x.Variant} }

// imageWord is what stands in a field of the download template, be it typed or
// chosen.
func (c *creation) imageWord(i int) string {
	if at := &c.form.fields[i]; at.kind == views.ChoiceField && !at.off {
		return at.choice()
	}
	return c.word(i)
}

// lookAtImages lets the four words of the download template follow the index:
// to choose from where it was read, to type where not. It reads the index of a
// server once the cursor has left its name.
func (c *creation) lookAtImages(m *Model) tea.Cmd {
	f := c.form
	if f.fields[newTemplate].choice() != "download" || f.fields[newTemplate].out["download"] != "" {
		return nil
	}
	server := strings.TrimSpace(f.text(newServer))
	x := c.indexes[server]
	var fetch tea.Cmd
	if x == nil && c.read && f.at != newServer {
		x = &imageIndex{reading: true}
		c.indexes[server], fetch = x, m.readImages(server)
	}
	help := "reading the image index ..."
	if x == nil || x.reading || x.err != nil || len(x.images) == 0 {
		if x != nil && !x.reading {
			help = "as lxc-download names it"
		}
		for i := newDist; i <= newVariant; i++ {
			f.fields[i].typed(help)
		}
		c.shown = nil
		return fetch
	}
	first := c.shown != x
	c.shown = x
	c.offerImages(first)
	return fetch
}

// typed makes a text of a choice; what was chosen stands there.
func (f *formField) typed(help string) {
	if f.kind == views.ChoiceField {
		f.line.set(f.choice())
		f.kind = views.TextField
	}
	f.help = help
}

// offerImages lets each word be chosen among those that go with the words
// before it.
func (c *creation) offerImages(first bool) {
	f := c.form
	left := c.shown.images
	for i := range 4 {
		at := &f.fields[newDist+i]
		if first && at.kind == views.TextField { // what was typed is chosen, if it is there
			at.kind = views.ChoiceField
			at.choices, at.at = []string{strings.TrimSpace(at.line.String())}, 0
		}
		at.help = ""
		at.offerWord(left, i)
		word := at.choice()
		left = slices.DeleteFunc(slices.Clone(left), func(x runtime.Image) bool { return imageWords(&x)[i] != word })
	}
}

// offerWord gives a field the i-th words of images, in the order of the index,
// those marked that lie on this host.
func (f *formField) offerWord(images []runtime.Image, i int) {
	was := f.choice()
	var words []string
	notes := map[string]string{}
	for k := range images {
		w := imageWords(&images[k])[i]
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
		if images[k].Cached {
			notes[w] = "cached"
		}
		if i == 3 && notes[w] == "" {
			notes[w] = images[k].Build
		}
	}
	f.choices, f.notes, f.out = words, notes, nil
	if f.choose(was) {
		return
	}
	f.at = 0
	for _, likely := range [][]string{{"debian"}, nil, {hostArch()}, {"default"}}[i] {
		f.choose(likely)
	}
}

// hostArch is this machine's architecture as image servers name it.
func hostArch() string {
	switch goruntime.GOARCH {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	case "ppc64le":
		return "ppc64el"
	default:
		return goruntime.GOARCH
	}
}
