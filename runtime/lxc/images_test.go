package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// fetching is the environment of the installed download template with another
// program in the place of wget.
func fetching(t *testing.T, wget string) (script string, env []string) {
	t.Helper()
	script, err := findTemplate("download")
	if err != nil {
		t.Skip("LEFT OUT: LXC's download template is not installed: its list of images is left out")
	}
	for _, tool := range []string{"getopt", "xz"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("LEFT OUT: %s is not installed, which the download template needs: its list of images is left out", tool)
		}
	}
	bin := t.TempDir()
	put(t, filepath.Join(bin, "wget"), "#!/bin/sh\nfor a; do case $a in https:*) url=$a;; esac; out=$a; done\n"+wget)
	must(t, os.Chmod(filepath.Join(bin, "wget"), 0o755))
	return script, []string{"PATH=" + bin + ":" + helperPath, "HOME=" + t.TempDir()}
}

func TestImages(t *testing.T) {
	script, env := fetching(t, `echo "$url" >> "$HOME/urls"
printf 'alpine;3.20;amd64;default;20250101_13:00;/images/a\ndebian;trixie;amd64;cloud;20250102_05:24;/images/b\nbroken;1;amd64;default;;\n' > "$out"
`)
	got, err := listImages(t.Context(), script, "images.example:8443", env)
	must(t, err)
	want := []runtime.Image{
		{Dist: "alpine", Release: "3.20", Arch: "amd64", Variant: "default", Build: "20250101_13:00"},
		{Dist: "debian", Release: "trixie", Arch: "amd64", Variant: "cloud", Build: "20250102_05:24"},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
	urls, err := os.ReadFile(filepath.Join(strings.TrimPrefix(env[1], "HOME="), "urls"))
	must(t, err)
	if !strings.HasPrefix(string(urls), "https://images.example:8443/") {
		t.Errorf("asked for %s", urls)
	}
}

func TestImagesFail(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	script, env := fetching(t, "exit 4\n")
	_, err := listImages(t.Context(), script, "", env)
	var e *runtime.Error
	if !errors.As(err, &e) || !strings.Contains(e.Log, "Failed to download") || !strings.Contains(e.Hint, "network") {
		t.Errorf("no network: %v", err)
	}
	script, env = fetching(t, "echo $$ > $HOME/pid\nsleep 600\n")
	home := strings.TrimPrefix(env[1], "HOME=")
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() {
		_, err := listImages(ctx, script, "", env)
		got <- err
	}()
	eventually(t, "the download", func() bool { return size(home+"/pid") > 0 })
	cancel()
	if err := <-got; !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("cancelled: %v", err)
	}
	text, err := os.ReadFile(home + "/pid")
	must(t, err)
	eventually(t, "the end of what it started", func() bool { return !exists("/proc/" + strings.TrimSpace(string(text))) })

	script, env = fetching(t, "yes 'd;r;a;default;b;u' | head -c 20000000 > \"$out\"\n")
	if _, err := listImages(t.Context(), script, "", env); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a list without end: %v", err)
	}
	if left, _ := filepath.Glob(tmp + "/lxcdeck-*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestCachedImages(t *testing.T) {
	home := filepath.Join(t.TempDir(), "we[ird*")
	cache := imageCaches(1000, home)
	if len(cache) != 1 || cache[0] != home+"/.cache/lxc" || imageCaches(0, home)[0] != systemCache {
		t.Fatalf("%v, %v", cache, imageCaches(0, home))
	}
	dir := cache[0] + "/download/alpine/3.20/amd64/default"
	put(t, dir+"/rootfs.tar.xz", "x")
	put(t, dir+"/build_id", "20250101_13:00\n")
	put(t, cache[0]+"/download/alpine/3.20/amd64/half/build_id", "1\n")
	one := runtime.Image{Dist: "alpine", Release: "3.20", Arch: "amd64", Variant: "default", Build: "20250101_13:00", Cached: true}
	if got := cachedImages(append(cache, "/nowhere")); len(got) != 1 || got[0] != one {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct {
		image runtime.Image
		want  bool
	}{{one, true}, {runtime.Image{Dist: "alpine", Release: "3.20", Arch: "amd64", Variant: "half"}, false},
		{runtime.Image{Dist: "..", Release: "download", Arch: "alpine", Variant: "3.20/amd64/default"}, false}} {
		if got := cached(cache[0], &c.image); got != c.want {
			t.Errorf("%+v: %v", c.image, got)
		}
	}
}

func FuzzParseImages(f *testing.F) {
	f.Add([]byte("Downloading the image index\n\n---\nDIST\tRELEASE\tARCH\tVARIANT\tBUILD\n---\na\tb\tc\td\te\n---\n"))
	f.Add([]byte("---\n---\n\t\t\t\t\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		images, ok := parseImages(text)
		for _, i := range images {
			if i.Dist == "" || strings.ContainsAny(fmt.Sprint(i), "\t\n") {
				t.Errorf("%+v", i)
			}
		}
		if ok && strings.Count(string(text), "---") < 3 {
			t.Error("a table without its end")
		}
	})
}

// TestMostTelling: the cause stands first, in words that fit a terminal.
func TestMostTelling(t *testing.T) {
	usage := strings.Repeat("[ --path <path> ]: The path to the container\n", 40)
	for _, c := range []struct{ said, first string }{
		{"getopt: unrecognized option '--bogus'\nLXC image builder\n[ -h | --help ]: Print this\n" + usage + "[ --x <y> ]: the last", "getopt: unrecognized option '--bogus'"},
		{"lxc-x: option requires an argument -- 'r'\nUsage: x\n" + usage, "lxc-x: option requires an argument -- 'r'"},
		{"x: unrecognized option '--a'\nx: unrecognized option '--b'\nTry 'x --help'", "x: unrecognized option '--a'"},
		{"getopt: unrecognized option '--bogus'\n--help\nERROR: no luck\nbye", "ERROR: no luck"},
		{"ln: unrecognized option '--tidy'\nit goes on\nno luck", "no luck"},
		{`time="2026-11-26T11:40:08Z" level=fatal msg="initializing source oci:/x: open /x/index.json: no such file"`, "initializing source oci:/x: open /x/index.json: no such file"},
		{`time="2026-11-26T11:40:08Z" level=fatal msg="Get \"https://x/v2/\": no\nhost"` + "\nbye", `Get "https://x/v2/": no host`},
		{`time="2026-11-26T11:40:08Z" level=error msg="cut off`, `time="2026-11-26T11:40:08Z" level=error msg="cut off`},
		{`an error: msg="x"`, `an error: msg="x"`},
		{usage + "bye", "bye"},
	} {
		got := mostTelling(lastLines([]byte(c.said), usageMax))
		if got[0] != c.first || len(got) > lastWordsMax {
			t.Errorf("%d lines, first %q, want %q", len(got), got[0], c.first)
		}
	}
}

func TestLastWords(t *testing.T) {
	lines := lastLines([]byte("a\n\n  \n10%\r20%\rdone\nERROR: x\nlast\xff"), 3)
	if strings.Join(lines, "|") != "done|ERROR: x|last\uFFFD" {
		t.Errorf("%q", lines)
	}
	if got := mostTelling(lines); got[0] != "ERROR: x" || len(got) != 3 {
		t.Errorf("%q", got)
	}
	if mostTelling(nil) != nil {
		t.Error("words of nobody")
	}
	began := time.Now()
	if ask("sh", "-c", "exit 1") == nil || ask("sh", "-c", "exit 0") != nil || ask("lxcdt-none") == nil || time.Since(began) > askTime {
		t.Error("ask")
	}
}
