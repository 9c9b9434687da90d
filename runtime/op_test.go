package runtime

import "testing"

func TestBeside(t *testing.T) {
	for _, o := range Ops() {
		for _, other := range Ops() {
			want := o.Op == Signal && (other.Op == Stop || other.Op == Shutdown)
			if got := o.Op.Beside(other.Op); got != want {
				t.Errorf("%s beside %s: %v", o.Op, other.Op, got)
			}
		}
	}
}
