package runtime

import (
	"fmt"
	"testing"
	"time"
)

// TestNetPlacesAreQuick: interfaces of a container that are made on each other in every
// way that the kernel lets them be are each looked at once.
func TestNetPlacesAreQuick(t *testing.T) {
	// Devices on a bridge that are ports of it too: gretap with dev, vxlan and others.
	loops := func(c *ContainerNet) {
		c.Links = append(c.Links, NetLink{Index: 10, Name: "br", Kind: "bridge", LinkNS: HereNS})
		for i := range 60 {
			c.Links = append(c.Links, NetLink{Index: 20 + i, Name: fmt.Sprint("g", i), Kind: "gretap", Link: 10, Master: 10, LinkNS: HereNS})
		}
	}
	// Macvlans on each of five bridges that are ports of the next.
	chain := func(c *ContainerNet) {
		for i := range 5 {
			c.Links = append(c.Links, NetLink{Index: 10 + i, Name: fmt.Sprint("br", i), Kind: "bridge", LinkNS: HereNS})
		}
		for i := range 56 {
			c.Links = append(c.Links, NetLink{Index: 20 + i, Name: fmt.Sprint("m", i), Kind: "macvlan", Link: 10 + i%5, Master: 10 + (i+1)%5, LinkNS: HereNS})
		}
	}
	for name, add := range map[string]func(*ContainerNet){"loops": loops, "chain": chain} {
		m := netHost()
		add(m.port("a", 3, 1, ""))
		done := make(chan int, 1)
		go func() {
			places, known := m.Places(), 0
			c := &m.Containers[0]
			for i := range c.Links {
				if places.Of(c, &c.Links[i]).Bridge != nil {
					known++
				}
			}
			done <- known
		}()
		select {
		case known := <-done:
			if known != 1 {
				t.Errorf("%s: %d interfaces are on a bridge of the host's", name, known)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the places take too long", name)
		}
	}
}

// TestNetPlacesGoRound: what leads back to itself hides no other way.
func TestNetPlacesGoRound(t *testing.T) {
	m := netHost()
	c := m.port("a", 3, 1, "")
	c.Links[0].Master = 10
	c.Links = append([]NetLink{
		{Index: 20, Name: "g", Kind: "gretap", Link: 10, Master: 10, LinkNS: HereNS},
		{Index: 10, Name: "br", Kind: "bridge", LinkNS: HereNS},
	}, c.Links...)
	places := m.Places()
	for _, i := range []int{1, 2, 0} {
		if at := places.Of(c, &c.Links[i]); at.Bridge == nil || at.Bridge.Name != "br0" {
			t.Errorf("%s: %+v", c.Links[i].Name, at)
		}
	}
}
