package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestChoicesAreKept(t *testing.T) {
	var p Places
	dir := filepath.Join(t.TempDir(), "state", "lxcdeck")
	if all, err := p.LoadChoices(dir); err != nil || len(all) != 0 {
		t.Fatalf("%v, %v before anything was chosen", all, err)
	}
	web := Choice{User: "www", Cwd: "/srv", Command: []string{"sh", "-c", "a b"}}
	if err := p.SaveChoice(dir, "/var/lib/lxc/web", web); err != nil {
		t.Fatal(err)
	}
	if err := p.SaveChoice(dir, "/var/lib/lxc/db", Choice{User: "postgres"}); err != nil {
		t.Fatal(err)
	}
	all, err := p.LoadChoices(dir)
	if err != nil || !reflect.DeepEqual(all["/var/lib/lxc/web"], web) || all["/var/lib/lxc/db"].User != "postgres" {
		t.Fatalf("%v, %v", all, err)
	}
	info, err := os.Stat(filepath.Join(dir, choicesFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	if err := p.SaveChoice(dir, "/var/lib/lxc/web", Choice{}); err != nil {
		t.Fatal(err)
	}
	if all, err = p.LoadChoices(dir); err != nil || len(all) != 1 {
		t.Fatalf("%v, %v after the choice of nothing", all, err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("left behind: %v, %v", files, err)
	}
}

func TestChoicesThatDoNotCount(t *testing.T) {
	p := Places{Trust: true, TrustUID: os.Geteuid()}
	dir := t.TempDir()
	name := filepath.Join(dir, choicesFile)
	if err := os.WriteFile(name, []byte(`{"/x/web": {"command": ["evil"]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o666); err != nil {
		t.Fatal(err)
	}
	if all, err := p.LoadChoices(dir); err == nil || len(all) != 0 {
		t.Errorf("a file that others could have written counts: %v", all)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(`{"/x/web": `), 0o600); err != nil {
		t.Fatal(err)
	}
	if all, err := p.LoadChoices(dir); err == nil || len(all) != 0 {
		t.Errorf("half a file counts: %v", all)
	}
	if err := p.SaveChoice(dir, "/x/db", Choice{User: "a"}); err == nil {
		t.Error("half a file is written over")
	}
}

func TestChoicesAreBounded(t *testing.T) {
	var p Places
	dir := t.TempDir()
	text := []byte("{")
	for k := range maxChoices {
		text = fmt.Appendf(text, `"/x/%d":{"user":"u"},`, k)
	}
	text[len(text)-1] = '}'
	if err := os.WriteFile(filepath.Join(dir, choicesFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.SaveChoice(dir, "last", Choice{User: "me"}); err != nil {
		t.Fatal(err)
	}
	got, err := p.LoadChoices(dir)
	if err != nil || len(got) != maxChoices || got["last"].User != "me" {
		t.Fatalf("%d choices, %v", len(got), err)
	}
}
