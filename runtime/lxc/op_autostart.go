package lxc

import (
	"fmt"

	"lxcdeck/runtime"
)

// setAutostart writes what lxc-autostart(1) goes by into the config.
func (o *operation) setAutostart() error {
	a, ok := o.q.Args.(*runtime.AutostartArgs)
	if !ok {
		return fmt.Errorf("%w: set-autostart takes other arguments", runtime.ErrInvalid)
	}
	c, err := readConfOf(o.q.Ref)
	if err != nil {
		return err
	}
	was := c.String()
	if err := c.setAutostart(a); err != nil {
		return err
	}
	if c.String() == was {
		return nil
	}
	return c.write()
}

// setAutostart sets the lines of a. What is as liblxc has it without a line gets
// none, unless an include could say otherwise.
func (c *confFile) setAutostart(a *runtime.AutostartArgs) error {
	includes := len(c.values("lxc.include")) > 0
	var keys []string
	values := map[string][]string{}
	for _, line := range a.Lines() {
		if values[line[0]] == nil {
			keys = append(keys, line[0])
		}
		values[line[0]] = append(values[line[0]], line[1])
	}
	const group = "lxc.group"
	switch {
	case includes:
		// Groups add up; an empty one takes back those of the includes.
		values[group] = append([]string{""}, values[group]...)
		if len(values[group]) == 1 {
			keys = append(keys, group)
		}
	case len(values[group]) == 0:
		c.remove(group)
	}
	for _, key := range keys {
		v := values[key]
		if !includes && len(v) == 1 && v[0] == "0" {
			c.remove(key)
			continue
		}
		if err := c.set(key, v...); err != nil {
			return err
		}
	}
	return nil
}
