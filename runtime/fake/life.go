package fake

import (
	"fmt"
	"slices"

	"lxcdeck/runtime"
)

// repair moves devices, and does what a diagnosis or the choices offer. Callers
// hold r.mu.
func (r *Runtime) repair(b *box, q runtime.Request) error {
	switch a := q.Args.(type) {
	case *runtime.DeviceArgs:
		return b.device(q.Op, a)
	case *runtime.MendArgs:
		if f := r.diagnoses[q.Ref].Fix; f != nil && f.ID == a.Fix {
			delete(r.diagnoses, q.Ref)
			if b != nil {
				b.spec.NoStart = nil
			}
			return nil
		}
		if r.choices != nil && r.choices.Default.Fix != nil && r.choices.Default.Fix.ID == a.Fix {
			c := *r.choices
			c.Default.Missing, c.Default.Fix = false, nil
			c.Bridges = append(slices.Clone(c.Bridges), c.Default.Link)
			r.choices = &c
			return nil
		}
		return fmt.Errorf("%w: no fix is named %q", runtime.ErrInvalid, a.Fix)
	}
	return nil
}

// device keeps the names that were put into the container.
func (b *box) device(op runtime.Op, a *runtime.DeviceArgs) error {
	name := a.As
	if name == "" {
		name = a.Device
	}
	switch {
	case op == runtime.AddDevice && b.devices[name]:
		return fmt.Errorf("%w: %s is there in the container", runtime.ErrExists, name)
	case op == runtime.AddDevice:
		b.devices[name] = true
	case !b.devices[name]:
		return fmt.Errorf("%w: there is no device %s in the container", runtime.ErrInvalid, name)
	default:
		delete(b.devices, name)
	}
	return nil
}
