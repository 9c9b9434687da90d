package kernfile

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

func TestExact(t *testing.T) {
	for word, want := range map[string]runtime.Value{
		"0": runtime.Of(0), "42": runtime.Of(42), "18446744073709551615": runtime.Of(1<<64 - 1),
		"18446744073709551616": {}, "99999999999999999999": {}, "": {}, "-1": {}, "4x": {}, "+4": {}, "4\t": {},
	} {
		if got, ok := Exact([]byte(word)); got != want || ok == want.Absent() {
			t.Errorf("%q: %v, %v", word, got, ok)
		}
	}
}

func TestSums(t *testing.T) {
	top, one, none := runtime.Of(1<<64-1), runtime.Of(1), runtime.Value{}
	for i, c := range []struct{ got, want runtime.Value }{
		{Plus(top, one), none}, {Plus(one, one), runtime.Of(2)}, {Plus(none, one), none}, {Plus(one, none), none},
		{Times(top, 2), none}, {Times(one, 1000), runtime.Of(1000)}, {Times(none, 2), none}, {Times(runtime.Unlimited(), 2), runtime.Unlimited()},
		{Less(one, top), runtime.Of(0)}, {Less(top, one), runtime.Of(1<<64 - 2)}, {Less(none, one), none}, {Less(one, none), none},
	} {
		if c.got != c.want {
			t.Errorf("sum %d: %v, want %v", i, c.got, c.want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for word, want := range map[string]float64{"0.00": 0, "12.34": 12.34, "7": 7, "100.5": 100.5, "0.05": 0.05} {
		if got, ok := Decimal([]byte(word)); !ok || got != want {
			t.Errorf("%q: %v, %v", word, got, ok)
		}
	}
	for _, word := range []string{"", ".5", "1.", "1.x", "-1.0", "1.00000000000000000", "1,5", "99999999999999999999.0"} {
		if got, ok := Decimal([]byte(word)); ok {
			t.Errorf("%q: %v", word, got)
		}
	}
}

func TestKeyed(t *testing.T) {
	k := Keyed{Rest: []byte("a 1\n\nb\nc x\nd 2 3\ne\t4\nf 5")}
	var got []string
	for {
		key, v, ok := k.Next()
		if !ok {
			break
		}
		n, _ := v.Get()
		got = append(got, string(key)+"="+strconv.FormatUint(n, 10))
	}
	if strings.Join(got, " ") != "a=1 e=4 f=5" {
		t.Errorf("got %q", got)
	}
}

func TestBuffer(t *testing.T) {
	write := func(size int) *os.File {
		f, err := os.Create(t.TempDir() + "/f")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		if _, err := f.WriteString(strings.Repeat("x", size)); err != nil {
			t.Fatal(err)
		}
		return f
	}
	var b Buffer
	for _, size := range []int{0, 1, halfPage, firstBuffer - 1, firstBuffer, firstBuffer + 1, lastBuffer - 1} {
		for _, many := range []bool{false, true} {
			got, err := b.Read(int(write(size).Fd()), many)
			if err != nil || len(got) != size || got == nil {
				t.Errorf("size %d, many %v: %d bytes, nil %v, %v", size, many, len(got), got == nil, err)
			}
		}
	}
	if got, err := b.Read(int(write(lastBuffer+1).Fd()), false); err == nil || got != nil {
		t.Errorf("too long: %d bytes, %v", len(got), err)
	}
	if got, err := b.Read(-1, false); err == nil || got != nil {
		t.Errorf("no descriptor: %d bytes, %v", len(got), err)
	}
}

func FuzzPressure(f *testing.F) {
	f.Add([]byte("some avg10=12.34 avg60=0.00 avg300=0.00 total=837\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n"))
	f.Add([]byte("some avg10=0.00 total=18446744073709551616\n"))
	f.Add([]byte("full total= avg10=.\nsome"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, ok := Pressure(text)
		if ok == p.Some.Total.Absent() || p.Some.Avg10 < 0 || p.Full.Avg10 < 0 {
			t.Errorf("ok %v with %+v", ok, p)
		}
		if !strings.Contains(string(text), "total=") && p != (runtime.Pressure{}) {
			t.Errorf("%+v out of nothing", p)
		}
	})
}

func FuzzWords(f *testing.F) {
	f.Add([]byte("key 12\nother 18446744073709551616\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k := Keyed{Rest: text}
		for range len(text) + 1 {
			if _, v, ok := k.Next(); !ok {
				return
			} else if v.Absent() {
				t.Error("a pair without its value")
			}
		}
		t.Error("more pairs than bytes")
	})
}
