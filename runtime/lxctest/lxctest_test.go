package lxctest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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

// A monitor that answers nobody is what a failed test may leave: lxc-stop waits for
// it in vain.
func TestStuckContainersEnd(t *testing.T) {
	if why := Missing(); why != "" {
		t.Skip(why)
	}
	s, err := Make()
	if err != nil {
		t.Fatal(err)
	}
	names, err := s.AddMany(1)
	if err != nil {
		t.Fatal(errors.Join(err, s.Remove()))
	}
	out, err := exec.Command("lxc-info", "-P", s.Path, "-n", names[0], "-p", "-H").Output()
	init, aerr := strconv.Atoi(strings.TrimSpace(string(out)))
	if err := errors.Join(err, aerr); err != nil {
		t.Fatal(errors.Join(err, s.Remove()))
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(init) + "/stat")
	if err != nil {
		t.Fatal(errors.Join(err, s.Remove()))
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	monitor, err := strconv.Atoi(strings.Fields(after)[1])
	if err := errors.Join(err, syscall.Kill(monitor, syscall.SIGSTOP)); err != nil {
		t.Fatal(errors.Join(err, s.Remove()))
	}
	if err := s.end(names[0]); err != nil { // also its cgroups
		t.Error(err)
	}
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if syscall.Kill(init, 0) != nil && syscall.Kill(monitor, 0) != nil {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("init %d or monitor %d is still there", init, monitor)
		}
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
}
