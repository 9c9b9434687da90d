package lxctest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestContainersComeAndGo(t *testing.T) {
	if why := Missing(); why != "" {
		t.Skip(why)
	}
	s, err := Make()
	if err != nil {
		t.Fatal(err)
	}
	names, err := s.AddMany(3)
	if err != nil {
		t.Error(err)
	}
	for _, n := range names {
		if err := s.Tool("lxc-wait", n, "-s", "RUNNING", "-t", "60"); err != nil {
			t.Error(err)
		}
	}
	if err := s.Add("web"); err == nil {
		t.Error("a name without the prefix was taken")
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(s.Path, names[0])); !os.IsNotExist(err) {
		t.Errorf("the scratch lxcpath is still there: %v", err)
	}
}
