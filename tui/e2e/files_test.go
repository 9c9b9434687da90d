package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFilesAreCopiedOnScreen copies a file into a container and out of it again, leaves
// alone what is there when told so, and is led out of the root by no link.
func TestFilesAreCopiedOnScreen(t *testing.T) {
	s := host(t, "lxcdt-web")
	dir, err := os.MkdirTemp("", "lxcdt-e2e-files")
	want(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	name := "report-é.txt"
	want(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	want(t, os.WriteFile(filepath.Join(dir, "sub", name), []byte("from the host\n"), 0o640))
	inside(t, s, "lxcdt-web", "mkdir", "-p", "/srv/in")
	inside(t, s, "lxcdt-web", "ln", "-sfn", "/srv/in", "/srv/link")
	inside(t, s, "lxcdt-web", "ln", "-sfn", dir, "/srv/out") // which leads nowhere: it stays inside

	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("lxcdt-web", patience))
	want(t, term.Type("gg"))
	want(t, term.Wait("── lxcdt-web", patience))
	want(t, term.Type("B"))
	want(t, term.Wait("etc/", patience))
	want(t, term.Type("o/srv/out\r"))
	want(t, term.Wait("/srv/out: it is not there", patience))
	want(t, term.Type("o/srv/link\r"))
	want(t, term.Wait("lxcdt-web: /srv/in", patience))
	want(t, term.Type("\to"+dir+"/sub\r"))
	want(t, term.Wait(filepath.Base(dir)+"/sub ", patience))
	want(t, term.Wait(name, patience))
	push := func(key string) {
		t.Helper()
		want(t, term.Type("c"))
		want(t, term.Wait("Copy "+name+" into lxcdt-web?", patience))
		want(t, term.WaitGone("a moment", patience)) // it takes keys
		want(t, term.Type(key))
		want(t, term.Wait("push done", patience))
	}
	push("y")
	if got := inside(t, s, "lxcdt-web", "cat", "/srv/in/"+name); !strings.Contains(got, "from the host") {
		t.Fatalf("%q is in it", got)
	}
	inside(t, s, "lxcdt-web", "sh", "-c", "echo changed > /srv/in/"+name)
	want(t, term.Type("r"))
	push("2") // left alone
	if got := inside(t, s, "lxcdt-web", "cat", "/srv/in/"+name); !strings.Contains(got, "changed") {
		t.Fatalf("%q is in it, though it was to be left alone", got)
	}
	want(t, term.Type("o"+dir+"\r\t")) // and out again, to the folder above
	want(t, term.Wait("sub/", patience))
	want(t, term.Type("c"))
	want(t, term.Wait("Copy "+name+" out of lxcdt-web?", patience))
	want(t, term.WaitGone("a moment", patience))
	want(t, term.Type("y"))
	want(t, term.Wait("pull done", patience))
	if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != "changed\n" {
		t.Fatalf("%q, %v", got, err)
	}
	want(t, term.Type("qq"))
	code, err := term.WaitExit(patience)
	want(t, err)
	if code != 0 {
		t.Errorf("it ended with %d", code)
	}
	noneLeft(t, "files")
}
