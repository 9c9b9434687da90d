package runtime

import (
	"errors"
	"strings"
	"testing"
)

func TestLimitWordsAndBack(t *testing.T) {
	for _, c := range []struct{ name, text, value, words string }{
		{LimitCPU, "1.5", "150000 100000", "1.5"}, {LimitCPU, "50%", "50000 100000", "0.5"}, {LimitCPU, "none", "", "none"}, {LimitCPU, "max", "max", "none"}, {LimitCPU, "", "", "none"},
		{LimitCPU, "30000 50000", "30000 50000", "30000 50000"}, {LimitCPU, "0.01", "1000 100000", "0.01"},
		{LimitMemory, "512M", "536870912", "512M"}, {LimitMemory, "1.5GiB", "1610612736", "1536M"}, {LimitMemory, "max", "max", "none"}, {LimitSwap, "0", "0", "0"}, {LimitMemory, "1000", "1000", "1000"},
		{LimitPids, "1024", "1024", "1024"}, {LimitPids, "none", "", "none"}, {LimitCPUWeight, "default", "", "default"}, {LimitCPUWeight, "none", "", "default"}, {LimitCPUs, "0-3", "0-3", "0-3"},
		{LimitIO, "rbps=10M, wiops=500", "rbps=10485760 wiops=500", "rbps=10M wiops=500"}, {LimitIO, "none", "", "none"}, {LimitIO, "rbps=max", "rbps=max", "none"},
	} {
		got, err := ParseLimit(c.name, c.text)
		if err != nil || got != c.value {
			t.Errorf("%s %q is %q, %v, want %q", c.name, c.text, got, err, c.value)
		}
		s := LimitSetting{Name: c.name, Value: got}
		if c.name == LimitIO {
			s.Device = "8:0"
		}
		if err := (&SetLimitsArgs{Set: []LimitSetting{s}}).Check(); err != nil {
			t.Errorf("%s %q: %v", c.name, c.text, err)
		}
		if words := LimitWords(c.name, got); words != c.words {
			t.Errorf("%s %q reads %q, want %q", c.name, got, words, c.words)
		}
		again, err := ParseLimit(c.name, c.words)
		if err != nil || LimitWords(c.name, again) != c.words {
			t.Errorf("%s %q again: %q, %v", c.name, c.words, again, err)
		}
	}
	for _, c := range [][2]string{
		{LimitCPU, "much"}, {LimitCPU, "0"}, {LimitCPU, "-1"}, {LimitCPU, "NaN"}, {LimitMemory, "M"}, {LimitMemory, "1X"}, {LimitMemory, "-5M"}, {LimitMemory, "9999999P"}, {LimitMemory, "0.5"},
		{LimitIO, "10M"}, {LimitIO, "rbps=x"}, {LimitIO, "rbps=0"}, {LimitIO, "bps=1"}, {LimitIO, "rbps=1 rbps=2"}, {LimitCPU, "0.001"},
	} {
		if got, err := ParseLimit(c[0], c[1]); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s %q: %q, %v", c[0], c[1], got, err)
		}
	}
}

func TestParseLimits(t *testing.T) {
	set, err := ParseLimits("cpu=0.5 io=vda:rbps=10M,wiops=500 io=/dev/sdb:none io=8:0:wbps=1")
	if err != nil || len(set) != 4 || set[1] != (LimitSetting{Name: LimitIO, Device: "vda", Value: "rbps=10485760 wiops=500"}) {
		t.Fatalf("%+v, %v", set, err)
	}
	rep := LimitReport{Devices: []LimitDevice{{"254:0", "vda"}, {"8:16", "sdb"}, {"8:0", "sda"}}}
	got, err := rep.OnDisks(set)
	if err != nil || got[1].Device != "254:0" || got[2].Device != "8:16" || got[3].Device != "8:0" || set[1].Device != "vda" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := (&SetLimitsArgs{Set: got}).Check(); err != nil {
		t.Error(err)
	}
	for text, says := range map[string]string{
		"": "no limit is named", "io=vda": "DISK:LIMITS", "io=:rbps=1": "DISK:LIMITS", "io=vda:rbps=0": "above 0", "pids=-1": "from 0 on, or none", "cpu=0.001": "from 0.01 to",
		"pids=1 pids=2": "twice", "io=vda:rbps=1 io=vda:wbps=1": "twice", "swap": "there are cpu=",
	} {
		if _, err := ParseLimits(text); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	for _, disks := range []string{"io=vdz:rbps=1", "io=vda:rbps=1 io=254:0:wbps=1"} {
		set, err := ParseLimits(disks)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rep.OnDisks(set); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", disks, err)
		}
	}
}
