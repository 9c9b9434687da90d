package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
	"lxcdeck/runtime/lxctest"
)

// insideFor goes into a user namespace that ends with the test.
func insideFor(t *testing.T, ids hostIDs, file *os.File, stage string) *insider {
	t.Helper()
	var dir *os.File
	if stage != "" {
		var err error
		dir, err = openStage(stage)
		must(t, err)
		defer dir.Close()
	}
	in, err := goInside(ids, file, dir, "")
	must(t, err)
	t.Cleanup(in.close)
	return in
}

// TestInside packs and makes a root whose files are for their owners alone, in the user
// namespace of those.
func TestInside(t *testing.T) {
	s := lxctest.New(t)
	_, first := rootMap(t)
	ids := hostIDs{{Host: uint64(first), Count: 65536}, {Group: true, Host: uint64(first), Count: 65536}}
	ref := boxWith(t, s, "lxcdt-from", first)
	must(t, os.Link(filepath.Join(rootOfBox(ref), "srv/null"), filepath.Join(rootOfBox(ref), "srv/void")))
	// A file of the user's own, whose id is mapped in there and yet none of the container's.
	mine := filepath.Join(rootOfBox(ref), "srv/mine")
	put(t, mine, "mine")
	must(t, os.Chmod(mine, 0o755|os.ModeSetuid))
	own := filepath.Join(rootOfBox(ref), "srv/own")
	must(t, os.Mkdir(own, 0o700))
	put(t, filepath.Join(own, "file"), "deep")
	for _, name := range []string{"", "file"} {
		must(t, os.Lchown(filepath.Join(own, name), first+7, first+8))
	}
	f := archiveFileIn(t, s.Path)
	opts := archive.PackOptions{Meta: archive.Meta{Version: archive.Version, Name: ref.Name}, Config: []byte("lxc.arch = x\n"), Progress: func(uint64) {}}
	in := insideFor(t, ids, f, "")
	total, err := in.measure(t.Context(), rootSource{"dir", rootOfBox(ref)})
	must(t, err)
	packed, err := in.pack(t.Context(), opts)
	must(t, err)
	in.close()
	if packed.Entries == 0 || packed.Read != total {
		t.Errorf("packed %+v of %d bytes", packed, total)
	}

	stage := filepath.Join(s.Path, ".stage")
	must(t, os.Mkdir(stage, 0o700))
	judged := ""
	limits := archive.UnpackOptions{MaxSize: 1 << 30, Progress: func(uint64) {}, Config: func(m archive.Meta, config []byte) error {
		judged = m.Name + " " + string(config)
		return nil
	}}
	in = insideFor(t, ids, rewound(t, f), stage)
	out, read, err := in.unpack(t.Context(), limits, "")
	must(t, err)
	must(t, in.hostName(t.Context(), "lxcdt-other"))
	in.close()
	if judged != ref.Name+" lxc.arch = x\n" || read == 0 || out.SHA256 != packed.SHA256 {
		t.Errorf("judged %q, read %d, %+v", judged, read, out)
	}
	if out.Left != 2 || len(out.Skipped) != 2 || out.Skipped[0].Path != "srv/null" || out.Skipped[1].Path != "srv/void" ||
		!strings.Contains(out.Skipped[1].Why, "device") {
		t.Errorf("left out: %+v", out.Skipped)
	}
	var st unix.Stat_t
	must(t, unix.Lstat(filepath.Join(stage, "rootfs/srv/mine"), &st))
	if int(st.Uid) != first+65534 || st.Mode&unix.S_ISUID != 0 {
		t.Errorf("the user's own file belongs to %d, mode %o", st.Uid, st.Mode)
	}
	must(t, unix.Lstat(filepath.Join(stage, "rootfs/srv/own/file"), &st))
	if int(st.Uid) != first+7 || int(st.Gid) != first+8 {
		t.Errorf("it belongs to %d:%d", st.Uid, st.Gid)
	}
	if name, err := os.ReadFile(filepath.Join(stage, "rootfs/etc/hostname")); err != nil || string(name) != "lxcdt-other\n" {
		t.Errorf("host name %q, %v", name, err)
	}
	if name := filepath.Join(stage, "rootfs/srv/odd \xff\n"); !exists(name) {
		t.Errorf("%q is not there", name)
	}

	// Nor may an archive name the user's own id.
	forged := archiveFileIn(t, t.TempDir())
	_, err = archive.Pack(t.Context(), forged, archive.PackOptions{Meta: opts.Meta, Root: rootDir(t, rootOfBox(ref)),
		Inner: func(uint32, bool) (uint32, bool) { return 65536, true }})
	must(t, err)
	other := filepath.Join(s.Path, ".other")
	must(t, os.Mkdir(other, 0o700))
	_, _, err = insideFor(t, ids, rewound(t, forged), other).unpack(t.Context(), limits, "")
	if err == nil || !strings.Contains(err.Error(), "is not one of the new container's ids") {
		t.Errorf("an archive of the user's own id: %v", err)
	}
	must(t, removeInside(ids, other))
	must(t, os.Remove(other))

	// What was refused is not made, and what was made is removed.
	refused := filepath.Join(s.Path, ".refused")
	must(t, os.Mkdir(refused, 0o700))
	no := fmt.Errorf("%w: not this one", runtime.ErrConfig)
	limits.Config = func(archive.Meta, []byte) error { return no }
	_, _, err = insideFor(t, ids, rewound(t, f), refused).unpack(t.Context(), limits, "")
	if !errors.Is(err, no) || exists(filepath.Join(refused, "rootfs")) {
		t.Errorf("refused: %v", err)
	}
	must(t, removeInside(ids, stage))
	must(t, os.Remove(stage))
	must(t, os.Remove(refused))
}

// TestInsideEnds: a cancel ends the work in there, wherever it waits; the end of the
// process itself is told with its words.
func TestInsideEnds(t *testing.T) {
	s := lxctest.New(t)
	_, first := rootMap(t)
	ids := hostIDs{{Host: uint64(first), Count: 65536}, {Group: true, Host: uint64(first), Count: 65536}}
	ref := boxWith(t, s, "lxcdt-from", first)
	opts := archive.PackOptions{Meta: archive.Meta{Version: archive.Version, Name: ref.Name}, Progress: func(uint64) {}}
	for name, end := range map[string]func(in *insider, cancel func()){
		"cancel": func(_ *insider, cancel func()) { cancel() },
		"kill":   func(in *insider, _ func()) { endInside(t, in) },
	} {
		t.Run(name, func(t *testing.T) {
			r, w, err := os.Pipe() // it takes less than the archive is
			must(t, err)
			defer r.Close()
			in := insideFor(t, ids, w, "")
			must(t, w.Close())
			_, err = in.measure(t.Context(), rootSource{"dir", rootOfBox(ref)})
			must(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			ended := make(chan error, 1)
			go func() {
				_, err := in.pack(ctx, opts)
				ended <- err
			}()
			_, err = io.ReadFull(r, make([]byte, 1))
			must(t, err)
			end(in, cancel)
			err = <-ended
			if name == "cancel" && !errors.Is(err, context.Canceled) || name == "kill" && !errors.Is(err, runtime.ErrHelper) {
				t.Errorf("it ended with %v", err)
			}
			in.close()
			within(t, "the end of who writes", func() bool {
				_, err := r.Read(make([]byte, 64<<10))
				return errors.Is(err, io.EOF)
			})
		})
	}
	_, err := goInside(hostIDs{{Host: 1 << 32, Count: 1}}, nil, nil, "")
	if !errors.Is(err, runtime.ErrHelper) || !strings.Contains(err.Error(), "user namespace") {
		t.Errorf("ids that there are not: %v", err)
	}
}

func rootDir(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// endInside kills the worker, which is the child of lxc-usernsexec.
func endInside(t *testing.T, in *insider) {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", in.cmd.Process.Pid))
	must(t, err)
	var pid int
	if _, err := fmt.Sscan(string(children), &pid); err != nil {
		t.Fatalf("children of lxc-usernsexec: %q", children)
	}
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	time.Sleep(10 * time.Millisecond)
}
