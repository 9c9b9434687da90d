package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// imagesTime is how long the image server may take.
	imagesTime = 2 * time.Minute
	// maxIndex is how much of a list is read, in bytes: the public one has 50 kB.
	maxIndex = 8 << 20
	// systemCache is where the download template keeps images for root.
	systemCache = "/var/cache/lxc"
)

// Images reads the index of the download template, by its own --list. When
// that fails the images that lie on this host are given, with the error: they can
// still be used.
func (a *Adapter) Images(ctx context.Context, server string) ([]runtime.Image, error) {
	ctx, cancel := context.WithTimeout(ctx, imagesTime)
	defer cancel()
	script, err := findTemplate("download")
	if err != nil {
		return nil, fail("images", runtime.Ref{}, err)
	}
	cache := imageCaches(os.Geteuid(), homeDir())
	all, err := listImages(ctx, script, server, append(helperEnv(nil), proxies()...))
	if err != nil {
		return cachedImages(cache), fail("images", runtime.Ref{}, err)
	}
	for i := range all {
		all[i].Cached = slices.ContainsFunc(cache, func(dir string) bool { return cached(dir, &all[i]) })
	}
	return all, nil
}

// listImages runs the script in a process group of its own, which does not
// outlive this call. Its exit status says nothing: with --list it is 1.
func listImages(ctx context.Context, script, server string, env []string) ([]runtime.Image, error) {
	// Without the last, it lists the variant "default" alone.
	args := []string{"--list", "--variant="}
	if server != "" {
		args = append(args, "--server="+server)
	}
	// A script that is killed leaves its temporary files.
	tmp, err := os.MkdirTemp("", "lxcdeck-images-")
	if err != nil {
		return nil, fmt.Errorf("list of images: %w", fileErr(err))
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	cmd := exec.CommandContext(ctx, script, args...)
	cmd.Env, cmd.Dir = append(env, "LC_ALL=C", "TMPDIR="+tmp), "/"
	var out cappedBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// Not reaped yet: the number is still its group's.
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = reapTime
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	images, ok := parseImages(out.Bytes())
	var exit *exec.ExitError
	switch {
	case ok && !out.cut:
		return images, nil
	case out.cut:
		return nil, fmt.Errorf("list of images: more than %d bytes", maxIndex)
	case err != nil && !errors.As(err, &exit):
		return nil, fmt.Errorf("list of images: %w", fileErr(err))
	}
	words := mostTelling(lastLines(out.Bytes()[max(0, out.Len()-outputTail):], usageMax))
	p := createPlan{name: "download"}
	text := strings.Join(words, "\n")
	return nil, &runtime.Error{Op: "images", Err: errors.New("the download template could not list images"), Log: text, Hint: p.hint(text)}
}

// cappedBuffer keeps no more than maxIndex bytes.
type cappedBuffer struct {
	bytes.Buffer
	cut bool
}

func (b *cappedBuffer) Write(p []byte) (int, error) {
	room := maxIndex - b.Len()
	if len(p) > room {
		b.cut = true
		_, _ = b.Buffer.Write(p[:room])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}

// ReadFrom keeps io.Copy from going around Write.
func (b *cappedBuffer) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{b}, r)
}

// parseImages reads the table that the script prints: a head of five names
// between two lines of three dashes, rows of five fields with tabs between, and
// the dashes again. ok says that it was there to its end.
func parseImages(text []byte) (images []runtime.Image, ok bool) {
	dashes := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "---" {
			dashes++
			continue
		}
		f := strings.Split(line, "\t")
		if dashes == 2 && len(f) == 5 && f[0] != "" {
			images = append(images, runtime.Image{Dist: f[0], Release: f[1], Arch: f[2], Variant: f[3], Build: f[4]})
		}
	}
	return images, dashes >= 3
}

// imageCaches are where the download template keeps images: for root the
// system's, and for root's unprivileged containers, as for every user, one in HOME.
func imageCaches(uid int, home string) []string {
	own := filepath.Join(home, ".cache/lxc")
	if uid == 0 {
		return []string{systemCache, own}
	}
	return []string{own}
}

// cached says whether an image lies in a cache.
func cached(cache string, i *runtime.Image) bool {
	for _, part := range []string{i.Dist, i.Release, i.Arch, i.Variant} {
		if part == "" || part == "." || part == ".." || strings.Contains(part, "/") {
			return false // of no cache of the script's
		}
	}
	return exists(filepath.Join(cache, "download", i.Dist, i.Release, i.Arch, i.Variant, "rootfs.tar.xz"))
}

// cachedImages are the images that lie on this host.
func cachedImages(caches []string) []runtime.Image {
	var out []runtime.Image
	for _, cache := range caches {
		// A pattern with nothing of the caller's in it is never malformed.
		found, _ := filepath.Glob(filepath.Join(escapeGlob(cache), "download/*/*/*/*/rootfs.tar.xz"))
		for _, file := range found {
			dir := filepath.Dir(file)
			rel, err := filepath.Rel(filepath.Join(cache, "download"), dir)
			f := strings.Split(rel, "/")
			if err != nil || len(f) != 4 {
				continue
			}
			i := runtime.Image{Dist: f[0], Release: f[1], Arch: f[2], Variant: f[3], Cached: true}
			if build, err := os.ReadFile(filepath.Join(dir, "build_id")); err == nil && len(build) < 256 {
				i.Build = strings.TrimSpace(string(build))
			}
			out = append(out, i)
		}
	}
	return out
}

// escapeGlob makes a path a pattern that matches it alone.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// proxies are the variables by which programs that download find their way out;
// everything else of the caller's environment stays behind.
func proxies() []string {
	var env []string
	for _, key := range []string{"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY"} {
		if v := os.Getenv(key); v != "" {
			env = append(env, key+"="+v)
		}
	}
	return env
}
