package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// suggested gives what a shell's script is told, without descriptions, and the directive.
func suggested(t *testing.T, rt runtime.Runtime, words ...string) ([]string, string) {
	t.Helper()
	r := lxcdeck(t, rt, append([]string{"__complete"}, words...)...)
	if r.code != 0 || r.err != "" {
		t.Errorf("%q: status %d, %q", words, r.code, r.err)
	}
	lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
	for i, l := range lines {
		lines[i], _, _ = strings.Cut(l, "\t")
	}
	return lines[:len(lines)-1], lines[len(lines)-1]
}

func TestCompletion(t *testing.T) {
	const none, file, dirs = ":4", ":0", ":16"
	for _, c := range []struct {
		words     string // the last is the one under the cursor
		want      string
		directive string
	}{
		{"shell ", "web-1", none},
		{"shell d", "", none},
		{"shell web-1 ", "", none},
		{"shell web-1 -- ", "", none},
		{"shell -n ", "web-1", none},
		{"shell -n web-1 ", "", none},
		{"-P /var/lib/lxc shell w", "web-1", none},
		{"start ", "db", none},
		{"start w", "", none},
		{"stop ", "web-1", none},
		{"ls ", "db web-1", none}, // one name has a control character
		{"ls db ", "web-1", none},
		{"destroy ", "db", none},
		{"lock w", "web-1", none},
		{"unlock ", "", none},
		{"snapshot ", "create list delete db web-1", none},
		{"snapshot delete ", "db web-1", none},
		{"snapshot delete db ", "", none},
		{"device ", "add remove", none},
		{"device add ", "web-1", none},
		{"device add web-1 ", "", file},
		{"push web-1 ", "", file},
		{"resume db ", "", dirs},
		{"unpack ", "", file},
		{"run --from ", "db", none},
		{"create ", "", none},
		{"doctor ", "", none},
		{"completion ", "bash zsh fish", none},
		{"help comp", "completion", none},
		{"isol", "isolation", none},
		{"--read-o", "--read-only", none},
		{"--theme ", "default", none},
		{"bogus ", "", file},
	} {
		got, directive := suggested(t, testHost(), strings.Split(c.words, " ")...)
		if strings.Join(got, " ") != c.want || directive != c.directive {
			t.Errorf("%q: %q %s, want %q %s", c.words, got, directive, c.want, c.directive)
		}
	}
	r := lxcdeck(t, testHost(), "__complete", "ls", "")
	if !strings.HasPrefix(r.out, "db\tstopped\nweb-1\trunning\n") {
		t.Errorf("without states: %q", r.out)
	}
}

// lateHost lists nothing before it is told not to wait.
type lateHost struct{ *fake.Runtime }

func (lateHost) List(ctx context.Context) (runtime.Listing, error) {
	<-ctx.Done()
	return runtime.Listing{Problems: []error{errors.New("too late")}}, ctx.Err()
}

// Whatever is wrong, a shell's line stays as it is.
func TestCompletionIsSilent(t *testing.T) {
	begun := time.Now()
	if got, _ := suggested(t, lateHost{testHost()}, "ls", ""); len(got) != 0 {
		t.Errorf("a host that does not answer: %q", got)
	}
	if took := time.Since(begun); took > 20*completeTime {
		t.Errorf("the shell waited %s", took)
	}
	rt := testHost()
	rt.Fail(fake.List, runtime.Ref{}, fake.Fault{Err: errors.New("no host")})
	if got, _ := suggested(t, rt, "ls", ""); len(got) != 0 {
		t.Errorf("a host that fails: %q", got)
	}
	bad := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(bad, []byte("nonsense = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _ := suggested(t, testHost(), "--config", bad, "ls", ""); len(got) != 0 {
		t.Errorf("bad settings: %q", got)
	}
	if got, _ := suggested(t, testHost(), "ls", "--bogus", ""); len(got) != 0 {
		t.Errorf("an unknown flag: %q", got)
	}
}

// The scripts are taken by their shells, and bash's asks this program.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		r := lxcdeck(t, testHost(), "completion", shell)
		if r.code != 0 || r.err != "" || !strings.Contains(r.out, "__complete") {
			t.Fatalf("%s: %+v", shell, r)
		}
		program, err := exec.LookPath(shell)
		if err != nil {
			continue // what is left is the text, which was looked at
		}
		file := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(file, []byte(r.out), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), program, "-n", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
		if shell != "bash" {
			continue
		}
		dir := t.TempDir()
		stub := "#!/bin/sh\nprintf 'web-1\\trunning\\nweb-2\\trunning\\n:4\\n'\necho noise >&2\n"
		if err := os.WriteFile(filepath.Join(dir, "lxcdeck"), []byte(stub), 0o700); err != nil {
			t.Fatal(err)
		}
		ask := `_get_comp_words_by_ref() { cur=web prev=shell cword=2 words=(lxcdeck shell web); } # of bash-completion
			compopt() { :; } # bash has it only while a key is pressed
			source "$1"; COMP_WORDS=(lxcdeck shell web) COMP_CWORD=2 COMP_LINE='lxcdeck shell web' COMP_POINT=17 COMP_TYPE=9
			__start_lxcdeck; printf '%s\n' "${COMPREPLY[@]}"`
		cmd := exec.CommandContext(t.Context(), program, "--norc", "-c", ask, "bash", file)
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "PATH=") }),
			"PATH="+dir+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "web-1\nweb-2\n" {
			t.Errorf("bash: %v: %q", err, out)
		}
	}
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		if r := lxcdeck(t, testHost(), args...); r.code != 2 || r.out != "" || !strings.Contains(r.err, "bash, zsh, fish") {
			t.Errorf("%q: %+v", args, r)
		}
	}
}
