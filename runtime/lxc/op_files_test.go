package lxc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// copies does a Push or Pull.
func copies(t testing.TB, a *Adapter, op runtime.Op, ref runtime.Ref, args *runtime.CopyFilesArgs) (*told, error) {
	t.Helper()
	return shipping(t, a, op, ref, args, nil)
}

// owned is who owns a file, and its mode.
func owned(t testing.TB, name string) (uid, gid, mode uint32) {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Lstat(name, &st))
	return st.Uid, st.Gid, st.Mode & 0o7777
}

// filesStates are those in which files are copied.
func filesStates() []runtime.State {
	return []runtime.State{runtime.Stopped, runtime.Running, runtime.Frozen}
}

// TestFilesBothWays: owners keep their numbers inside, in every state, whatever they
// are outside.
func TestFilesBothWays(t *testing.T) {
	for _, mapped := range []bool{false, true} {
		t.Run(fmt.Sprintf("mapped %v", mapped), func(t *testing.T) {
			s := lxctest.New(t)
			shift, lines := 0, []string(nil)
			if mapped {
				lines, shift = rootMap(t)
				lines = append(lines, idle, "lxc.cap.drop =", "lxc.mount.auto =", "lxc.mount.auto = proc:mixed")
			}
			ref := boxWith(t, s, "lxcdt-files", shift, lines...)
			must(t, os.Chmod(ref.String(), 0o755)) // else its own root could not start it
			a := newAdapter(t, Options{Paths: []string{s.Path}})
			for _, state := range filesStates() {
				t.Run(state.String(), func(t *testing.T) {
					if state != runtime.Stopped {
						into(t, s, a, ref.Name, state)
					}
					bothWays(t, a, ref, uint32(shift), state)
				})
			}
		})
	}
}

func bothWays(t *testing.T, a *Adapter, ref runtime.Ref, shift uint32, state runtime.State) {
	from, back := t.TempDir(), t.TempDir()
	tree := filepath.Join(from, "tree")
	big := strings.Repeat("0123456789abcdef", 70000)
	put(t, filepath.Join(tree, "big"), big)
	put(t, filepath.Join(tree, "sub/odd \xff\n"), "odd")
	must(t, os.Symlink("/etc/passwd", filepath.Join(tree, "link")))
	must(t, os.Chown(filepath.Join(tree, "big"), 1234, 1235))
	must(t, unix.Chmod(filepath.Join(tree, "big"), 0o6751))
	put(t, filepath.Join(tree, "strange"), "s")
	must(t, os.Chown(filepath.Join(tree, "strange"), 3000000, 3000000))
	to := "/srv/" + strings.ToLower(state.String())
	words, err := copies(t, a, runtime.Push, ref, &runtime.CopyFilesArgs{From: []string{tree}, To: to, Verify: true})
	must(t, err)
	inside := filepath.Join(rootOfBox(ref), to)
	if uid, gid, mode := owned(t, filepath.Join(inside, "big")); uid != shift+1234 || gid != shift+1235 || mode != 0o6751 {
		t.Errorf("pushed: %d:%d, mode %o", uid, gid, mode)
	}
	if uid, _, _ := owned(t, filepath.Join(inside, "strange")); shift > 0 && uid != shift || shift == 0 && uid != 3000000 {
		t.Errorf("one whose owner is nobody inside: %d", uid)
	}
	if named := strings.Contains(words.output(), "strange: its owner 3000000:3000000 is nobody's there"); named != (shift > 0) {
		t.Errorf("output %q", words.output())
	}
	c := words.copied
	sum := sha256.Sum256([]byte(big))
	if c == nil || c.Files != 3 || c.Links != 1 || c.Folders != 2 || len(c.Sums) != 3 || c.Sums[0].SHA256 != hex.EncodeToString(sum[:]) ||
		!strings.HasSuffix(c.Sums[2].Path, "odd \xff\n") {
		t.Errorf("copied %+v", c)
	}
	words, err = copies(t, a, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{to}, To: back, Verify: true})
	must(t, err)
	pulled := filepath.Join(back, filepath.Base(to))
	if b, err := os.ReadFile(filepath.Join(pulled, "big")); err != nil || string(b) != big {
		t.Errorf("pulled %d bytes, %v", len(b), err)
	}
	if uid, gid, mode := owned(t, filepath.Join(pulled, "big")); uid != 1234 || gid != 1235 || mode != 0o751 {
		t.Errorf("pulled: %d:%d, mode %o", uid, gid, mode)
	}
	if target, err := os.Readlink(filepath.Join(pulled, "link")); err != nil || target != "/etc/passwd" {
		t.Errorf("link to %q, %v", target, err)
	}
	if !strings.Contains(words.output(), "setuid and setgid are not kept") || len(words.copied.Sums) != 3 {
		t.Errorf("pull said %q, %+v", words.output(), words.copied)
	}
	folder, err := a.Files(t.Context(), ref, to)
	must(t, err)
	if folder.Path != to || len(folder.Entries) != 4 || folder.Entries[0].Name != "sub" || folder.Entries[1].UID != 1234 || folder.Entries[2].Target != "/etc/passwd" {
		t.Errorf("files %+v", folder)
	}
	_, err = copies(t, a, runtime.Push, ref, &runtime.CopyFilesArgs{From: []string{tree}, To: "/srv", Owner: &runtime.FileOwner{UID: 7, GID: 8}})
	must(t, err)
	if uid, gid, mode := owned(t, filepath.Join(rootOfBox(ref), "srv/tree/big")); uid != shift+7 || gid != shift+8 || mode != 0o751 {
		t.Errorf("with an owner: %d:%d, mode %o", uid, gid, mode)
	}
	must(t, os.RemoveAll(filepath.Join(rootOfBox(ref), "srv/tree")))
}

// TestFilesLook: folders are listed as the container sees them, and no link leads out.
func TestFilesLook(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-look", 0)
	a := newAdapter(t, Options{Paths: []string{s.Path}, ReadOnly: true})
	root := rootOfBox(ref)
	must(t, os.Symlink("/", filepath.Join(root, "srv/top")))
	must(t, os.Symlink("../../../../../../..", filepath.Join(root, "srv/up")))
	must(t, os.Symlink("/proc/1/root", filepath.Join(root, "srv/magic")))
	for _, state := range []runtime.State{runtime.Stopped, runtime.Running} {
		if state == runtime.Running {
			must(t, s.Start(ref.Name))
		}
		for _, dir := range []string{"/", "/srv/top", "/srv/up", "/../.."} {
			f, err := a.Files(t.Context(), ref, dir)
			must(t, err)
			names := map[string]runtime.FileEntry{}
			for _, e := range f.Entries {
				names[e.Name] = e
			}
			if f.Path != "/" || names["srv"].Kind != runtime.FileFolder || names["srv"].Owner != "root" {
				t.Errorf("%s %s: path %q, %+v", state, dir, f.Path, names["srv"])
			}
			if names["proc"].Mount != (state == runtime.Running) {
				t.Errorf("%s: proc is a mount: %v", state, names["proc"].Mount)
			}
		}
		if _, err := a.Files(t.Context(), ref, "/srv/magic"); err == nil {
			t.Error("a magic link was followed")
		}
		for dir, want := range map[string]error{"/none": runtime.ErrNoFile, "/srv/plain": runtime.ErrInvalid, "srv": runtime.ErrInvalid, "/srv/fifo": runtime.ErrInvalid} {
			if _, err := a.Files(t.Context(), ref, dir); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", dir, err, want)
			}
		}
	}
}

// TestFilesStayInside: links of the container lead nowhere else, named or in a tree.
func TestFilesStayInside(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-stay", 0)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	root, out := rootOfBox(ref), t.TempDir()
	must(t, os.Symlink(out, filepath.Join(root, "srv/out")))
	from := t.TempDir()
	put(t, filepath.Join(from, "f"), "x")
	if _, err := copies(t, a, runtime.Push, ref, &runtime.CopyFilesArgs{From: []string{filepath.Join(from, "f")}, To: "/srv/out/f"}); !errors.Is(err, runtime.ErrNoFile) {
		t.Errorf("into a link that leads out: %v", err)
	}
	if all, _ := os.ReadDir(out); len(all) > 0 {
		t.Errorf("outside: %v", all)
	}
	// What the link means inside is used.
	must(t, os.MkdirAll(filepath.Join(root, out), 0o755))
	_, err := copies(t, a, runtime.Push, ref, &runtime.CopyFilesArgs{From: []string{filepath.Join(from, "f")}, To: "/srv/out"})
	must(t, err)
	if _, err := os.Stat(filepath.Join(root, out, "f")); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]error{"/srv/fifo": runtime.ErrInvalid, "/srv/null": runtime.ErrInvalid, "/srv/nothing": runtime.ErrNoFile} {
		if _, err := copies(t, a, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{name}, To: t.TempDir()}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, err := copies(t, a, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{"/etc"}, To: filepath.Join(root, "srv")}); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("a pull into its own root: %v", err)
	}
	words, err := copies(t, a, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{"/srv"}, To: t.TempDir()})
	must(t, err)
	if !strings.Contains(words.output(), "/srv/fifo: neither") || !strings.Contains(words.output(), "/srv/null: neither") || words.copied.Left != 5 {
		t.Errorf("output %q, %+v", words.output(), words.copied)
	}
	_, err = copies(t, a, runtime.Push, ref, &runtime.CopyFilesArgs{From: []string{ref.String()}, To: "/srv"})
	must(t, err)
	if _, err := os.Stat(filepath.Join(root, "srv", ref.Name, "rootfs")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the root was copied into itself: %v", err)
	}
}

// TestFilesCancel: nothing half is left on either side, of a container of other ids too.
func TestFilesCancel(t *testing.T) {
	s := lxctest.New(t)
	lines, shift := rootMap(t)
	ref := boxWith(t, s, "lxcdt-cancel", shift, lines...)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	from, to := t.TempDir(), t.TempDir()
	f, err := os.Create(filepath.Join(from, "large"))
	must(t, err)
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = byte(i * 7)
	}
	for range 600 {
		_, err = f.Write(b)
		must(t, err)
	}
	must(t, f.Close())
	in := filepath.Join(rootOfBox(ref), "srv")
	cancelled := func(op runtime.Op, args *runtime.CopyFilesArgs) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
		defer cancel()
		err := a.Do(ctx, runtime.Request{Op: op, Ref: ref, Args: args, Progress: func(p runtime.Progress) {
			if p.Done > 0 {
				cancel()
			}
		}})
		if !errors.Is(err, runtime.ErrCancelled) {
			t.Errorf("%s: %v", op, err)
		}
		for _, dir := range []string{in, to} {
			all, _ := filepath.Glob(filepath.Join(dir, ".lxcdeck-*"))
			more, _ := filepath.Glob(filepath.Join(dir, "large"))
			if len(all)+len(more) > 0 {
				t.Errorf("%s has left %v %v", op, all, more)
			}
		}
	}
	cancelled(runtime.Push, &runtime.CopyFilesArgs{From: []string{filepath.Join(from, "large")}, To: "/srv", Verify: true})
	must(t, os.Rename(filepath.Join(from, "large"), filepath.Join(in, "big")))
	must(t, os.Chown(filepath.Join(in, "big"), shift, shift))
	cancelled(runtime.Pull, &runtime.CopyFilesArgs{From: []string{"/srv/big"}, To: to + "/large", Verify: true})
}

// TestFilesStreams: one file from and to what somebody has opened.
func TestFilesStreams(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-stream", 0)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	r, w, err := os.Pipe()
	must(t, err)
	go func() {
		_, _ = w.WriteString("streamed")
		_ = w.Close()
	}()
	_, err = shipping(t, a, runtime.Push, ref, &runtime.CopyFilesArgs{To: "/srv/s"}, r)
	must(t, err)
	out := archiveFileIn(t, t.TempDir())
	must(t, os.Symlink("s", filepath.Join(rootOfBox(ref), "srv/t")))
	_, err = shipping(t, a, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{"/srv/t"}}, out)
	must(t, err)
	if b, err := os.ReadFile(out.Name()); err != nil || string(b) != "streamed" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err = shipping(t, a, runtime.Pull, ref, &runtime.CopyFilesArgs{From: []string{"/srv"}}, out); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("a folder to a stream: %v", err)
	}
}

// TestFilesStopMeanwhile: a container that dies ends the copy.
func TestFilesStopMeanwhile(t *testing.T) {
	s := lxctest.New(t)
	ref := boxWith(t, s, "lxcdt-dies", 0)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	must(t, s.Start(ref.Name))
	r, w, err := os.Pipe()
	must(t, err)
	defer w.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := shipping(t, a, runtime.Push, ref, &runtime.CopyFilesArgs{To: "/srv/s"}, r)
		ended <- err
	}()
	_, err = w.Write(make([]byte, 256<<10)) // more than a pipe holds: it is being read
	must(t, err)
	must(t, s.Stop(ref.Name))
	if err := <-ended; !errors.Is(err, runtime.ErrWrongState) {
		t.Errorf("error %v", err)
	}
	if all, _ := filepath.Glob(filepath.Join(rootOfBox(ref), "srv/.lxcdeck-*")); len(all) > 0 {
		t.Errorf("left: %v", all)
	}
}
