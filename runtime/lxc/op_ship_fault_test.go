package lxc

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
	"lxcdeck/runtime/lxctest"
)

// packedBox gives an archive of a container, and where it may be unpacked to.
func packedBox(t *testing.T, s *lxctest.Scratch, a *Adapter) (*os.File, runtime.Ref) {
	t.Helper()
	ref := boxWith(t, s, "lxcdt-from", 0)
	f := archiveFileIn(t, s.Path)
	_, err := shipping(t, a, runtime.Pack, ref, &runtime.PackArgs{}, f)
	must(t, err)
	return rewound(t, f), runtime.Ref{Path: s.Path, Name: "lxcdt-to"}
}

func fileOf(t testing.TB, text []byte) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "archive"))
	must(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.Write(text)
	must(t, err)
	return rewound(t, f)
}

// byHand is an archive with one more entry, and no checksum that could fit.
func byHand(t testing.TB, h tar.Header) []byte {
	t.Helper()
	var raw bytes.Buffer
	w := tar.NewWriter(&raw)
	meta, err := json.Marshal(archive.Meta{Version: archive.Version, Name: "web"})
	must(t, err)
	for _, e := range []struct{ name, text string }{{"web/lxcdeck.json", string(meta)}, {"web/config", "lxc.uts.name = web\n"}} {
		must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: 0o600, Size: int64(len(e.text))}))
		_, err := io.WriteString(w, e.text)
		must(t, err)
	}
	must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "web/rootfs/", Mode: 0o755}))
	h.Mode = 0o755
	must(t, w.WriteHeader(&h))
	must(t, w.Close())
	enc, err := zstd.NewWriter(nil)
	must(t, err)
	return enc.EncodeAll(raw.Bytes(), nil)
}

func TestBadArchivesLeaveNothing(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	f, to := packedBox(t, s, a)
	sound, err := io.ReadAll(f)
	must(t, err)
	changed := bytes.Clone(sound)
	changed[len(changed)/2] ^= 0x40
	for _, c := range []struct {
		name string
		text []byte
		args runtime.UnpackArgs
		want error
		says string
	}{
		{"cut", sound[:len(sound)/2], runtime.UnpackArgs{}, nil, "archive is damaged"},
		{"cut at its end", sound[:len(sound)-3], runtime.UnpackArgs{}, nil, "archive is damaged"},
		{"changed", changed, runtime.UnpackArgs{}, nil, "archive is damaged"},
		{"another", sound, runtime.UnpackArgs{SHA256: strings.Repeat("ab", 32)}, nil, "not the one that was given"},
		{"empty", nil, runtime.UnpackArgs{}, nil, "archive is damaged"},
		{"no archive", []byte(strings.Repeat("text", 1000)), runtime.UnpackArgs{}, nil, "archive is damaged"},
		{"too large", sound, runtime.UnpackArgs{MaxSize: 1 << 20}, nil, "archive is too large"},
		{"too many", sound, runtime.UnpackArgs{MaxEntries: 5}, nil, "archive is too large"},
		{"two dots", byHand(t, tar.Header{Typeflag: tar.TypeDir, Name: "web/rootfs/../../x"}), runtime.UnpackArgs{}, nil, "not safe"},
		{"absolute", byHand(t, tar.Header{Typeflag: tar.TypeReg, Name: "/tmp/lxcdt-escape"}), runtime.UnpackArgs{}, nil, "not safe"},
		{"a disk", byHand(t, tar.Header{Typeflag: tar.TypeBlock, Name: "web/rootfs/sda", Devmajor: 8}), runtime.UnpackArgs{}, nil, "not safe"},
		{"a hard link out", byHand(t, tar.Header{Typeflag: tar.TypeLink, Name: "web/rootfs/x", Linkname: "/etc/passwd"}), runtime.UnpackArgs{}, nil, "not safe"},
		{"an attribute that no file system holds", byHand(t, tar.Header{Typeflag: tar.TypeReg, Name: "web/rootfs/x", PAXRecords: map[string]string{
			"SCHILY.xattr.user.long": strings.Repeat("x", 64<<10+1)}}), runtime.UnpackArgs{}, nil, "More room does not help"},
		{"owners beyond the ids", byHand(t, tar.Header{Typeflag: tar.TypeReg, Name: "web/rootfs/x", Uid: 70000}),
			runtime.UnpackArgs{IDMap: []runtime.IDMap{{Host: 300000, Count: 65536}, {Group: true, Host: 300000, Count: 65536}}}, nil,
			"its owner, user 70000, is not one of the new container's ids"},
		{"owners beyond the ids, and the way out", byHand(t, tar.Header{Typeflag: tar.TypeReg, Name: "web/rootfs/x", Gid: 70000}),
			runtime.UnpackArgs{IDMap: []runtime.IDMap{{Host: 300000, Count: 65536}, {Group: true, Host: 300000, Count: 65536}}}, nil, "map a longer range"},
		{"a key that is never taken", sound, runtime.UnpackArgs{AllowConfig: []string{"lxc.rootfs.path"}}, runtime.ErrInvalid, "never taken"},
	} {
		_, err := shipping(t, a, runtime.Unpack, to, &c.args, fileOf(t, c.text))
		var told *runtime.Error
		hint := ""
		if errors.As(err, &told) {
			hint = told.Hint
		}
		if err == nil || !strings.Contains(err.Error()+"\n"+hint, c.says) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		wantNothingOf(t, to)
	}
	// What is there already is not touched.
	_, err = shipping(t, a, runtime.Unpack, runtime.Ref{Path: s.Path, Name: "lxcdt-from"}, &runtime.UnpackArgs{}, fileOf(t, sound))
	if !errors.Is(err, runtime.ErrExists) {
		t.Errorf("a name that is taken: %v", err)
	}
	// A key that was allowed comes as it is, and what it does is seen at the start.
	mark := filepath.Join(s.Path, ".hooked")
	config, err := os.ReadFile(filepath.Join(s.Path, "lxcdt-from", "config"))
	must(t, err)
	put(t, filepath.Join(s.Path, "lxcdt-from", "config"), string(config)+"lxc.hook.pre-start = /usr/bin/touch "+mark+"\n")
	f = archiveFileIn(t, s.Path)
	_, err = shipping(t, a, runtime.Pack, runtime.Ref{Path: s.Path, Name: "lxcdt-from"}, &runtime.PackArgs{}, f)
	must(t, err)
	for _, allow := range [][]string{nil, {"lxc.hook.pre-start"}} {
		_, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{AllowConfig: allow}, rewound(t, f))
		must(t, err)
		must(t, do(t, a, runtime.Start, to))
		must(t, do(t, a, runtime.Kill, to))
		if exists(mark) != (allow != nil) {
			t.Errorf("allowed %v: the hook has run: %v", allow, exists(mark))
		}
		must(t, os.RemoveAll(to.String()))
	}
	// One that could be neither started nor destroyed is not made.
	f = archiveFileIn(t, s.Path)
	root, err := os.Open(rootOfBox(runtime.Ref{Path: s.Path, Name: "lxcdt-from"}))
	must(t, err)
	defer root.Close()
	_, err = archive.Pack(t.Context(), f, archive.PackOptions{
		Meta: archive.Meta{Version: archive.Version, Name: "web"}, Config: []byte("lxc.signal.halt = nonsense\n"), Root: root,
	})
	must(t, err)
	_, err = shipping(t, a, runtime.Unpack, to, &runtime.UnpackArgs{}, rewound(t, f))
	if !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), "cannot be loaded here") {
		t.Errorf("a config that cannot be loaded: %v", err)
	}
	wantNothingOf(t, to)
}

// tmpfs mounts a small file system, which goes with the test.
func tmpfs(t testing.TB, dir, size string) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755,size="+size))
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

func TestShipsOnAFullDisk(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	f, _ := packedBox(t, s, a)
	small := filepath.Join(t.TempDir(), "small")
	tmpfs(t, small, "256k")
	from := runtime.Ref{Path: s.Path, Name: "lxcdt-from"}
	must(t, s.Start(from.Name))
	_, err := shipping(t, a, runtime.Pack, from, &runtime.PackArgs{}, archiveFileIn(t, small))
	var e *runtime.Error
	if !errors.Is(err, unix.ENOSPC) && (err == nil || !strings.Contains(err.Error(), "no space left")) || !errors.As(err, &e) || !strings.Contains(e.Hint, "full") {
		t.Errorf("pack: %v", err)
	}
	if c := find(t, list(t, a), from.Name); c.State != runtime.Running {
		t.Errorf("it is %s", c.State)
	}
	must(t, s.Stop(from.Name))
	// Too small by what its files hold, and by what was not foreseen.
	other := filepath.Join(t.TempDir(), "other")
	tmpfs(t, other, "2m")
	b := newAdapter(t, Options{Paths: []string{other}})
	to := runtime.Ref{Path: other, Name: "lxcdt-to"}
	_, err = shipping(t, b, runtime.Unpack, to, &runtime.UnpackArgs{}, rewound(t, f))
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "not enough room") || e.Hint != "Nothing was kept. Make room in "+other+"." {
		t.Errorf("unpack: %v; hint %q", err, e.Hint)
	}
	wantNothingOf(t, to)
	put(t, filepath.Join(other, "filler"), strings.Repeat("x", 2<<20-8192))
	_, err = shipping(t, b, runtime.Unpack, to, &runtime.UnpackArgs{}, rewound(t, f))
	if err == nil {
		t.Error("unpack on a full file system went well")
	}
	wantNothingOf(t, to)
}

// TestRecoverShips: what helpers leave whose adapter died too is undone from the journal.
func TestRecoverShips(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	f, to := packedBox(t, s, a)
	from := runtime.Ref{Path: s.Path, Name: "lxcdt-from"}
	must(t, s.Start(from.Name))
	for _, c := range []struct {
		op    runtime.Op
		step  string
		ref   runtime.Ref
		whole bool
	}{
		{runtime.Pack, packFreezing, from, false}, {runtime.Pack, packReading, from, false}, {runtime.Pack, packThawing, from, false},
		{runtime.Unpack, unpackMaking, to, false}, {runtime.Unpack, unpackMoving, to, false},
	} {
		killedShip(t, c.step, helperRequest{Kind: kindOp, Op: c.op, Ref: c.ref, Args: c.op.NewArgs()}, rewound(t, f))
		left, err := journals(s.Path)
		must(t, err)
		if len(left) != 1 {
			t.Fatalf("%s at %s: %d journals", c.op, c.step, len(left))
		}
		describe, do := leftPack, recoverPack
		if c.op == runtime.Unpack {
			describe, do = leftUnpack, recoverUnpack
		}
		what, ways := describe(left[0])
		if what == "" || len(ways) != 1 || ways[0] != runtime.Undo {
			t.Errorf("%s at %s: %q, %v", c.op, c.step, what, ways)
		}
		o := &operation{q: helperRequest{Ref: c.ref}, log: func() string { return "" }}
		must(t, do(o, left[0], runtime.Undo))
		wantNothingOf(t, to)
		if got := find(t, list(t, a), from.Name); got.State != runtime.Running {
			t.Errorf("%s at %s: it is %s", c.op, c.step, got.State)
		}
	}
	must(t, s.Stop(from.Name))
}

// TestRecoverNamesThePart: of an archive that was being written when helper and lxcdeck
// were killed the journal tells, and removes it; another file of its name stays.
func TestRecoverNamesThePart(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := boxWith(t, s, "lxcdt-from", 0)
	part := filepath.Join(t.TempDir(), "from.tar.zst"+partEnd)
	pack := helperRequest{Kind: kindOp, Op: runtime.Pack, Ref: ref, Args: &runtime.PackArgs{}}
	killed := func(step string) runtime.Leftover {
		f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		must(t, err)
		defer f.Close()
		killedShip(t, step, pack, f)
		left, err := a.Leftovers(t.Context())
		if err != nil || len(left) != 1 || len(left[0].Ways) != 1 || !strings.Contains(left[0].What, part) {
			t.Fatalf("%+v, %v", left, err)
		}
		return left[0]
	}
	undo := func(l runtime.Leftover) {
		must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Recover, Ref: ref, Args: &runtime.RecoverArgs{ID: l.ID, Way: l.Ways[0], What: l.What, Since: l.Since}}))
		if left, err := a.Leftovers(t.Context()); err != nil || len(left) != 0 {
			t.Errorf("%+v, %v", left, err)
		}
	}
	l := killed(packWriting)
	if l.Where != part || l.Size != 0 || !strings.Contains(l.What, "is not whole") || strings.Contains(l.What, "frozen") {
		t.Errorf("%+v", l)
	}
	undo(l)
	if exists(part) {
		t.Error("the file that is not whole is there still")
	}

	must(t, s.Start(ref.Name))
	l = killed(packReading)
	if !strings.Contains(l.What, "frozen") || !strings.Contains(l.What, "is not whole") {
		t.Errorf("%+v", l)
	}
	must(t, os.Remove(part))
	put(t, part, "another's")
	left, err := a.Leftovers(t.Context())
	must(t, err)
	if len(left) != 1 || left[0].Where != "" || !strings.Contains(left[0].What, "not there any more") {
		t.Fatalf("%+v", left)
	}
	undo(left[0])
	if text, err := os.ReadFile(part); err != nil || string(text) != "another's" {
		t.Errorf("the other file: %q, %v", text, err)
	}
	if is := find(t, list(t, a), ref.Name).State; is != runtime.Running {
		t.Error(is)
	}
	must(t, os.Remove(part))

	// Who has it all done sees nothing of it afterwards.
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	must(t, err)
	defer f.Close()
	_, err = shipping(t, a, runtime.Pack, ref, &runtime.PackArgs{}, f)
	must(t, err)
	if exists(filepath.Join(s.Path, deckDir)) {
		t.Error("the journal stays")
	}
	must(t, s.Stop(ref.Name))
}

// Whose lxcdeck was killed alone goes on, and tells where the archive lies.
func TestPackAloneKeepsItsJournal(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-from"))
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-from"}
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "x"+partEnd), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	must(t, err)
	defer f.Close()
	for did, want := range map[error]string{nil: "is whole", errors.New("full"): "is not whole"} {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		must(t, err)
		conn, err := newMsgConn(pair[0])
		must(t, err)
		o := &operation{q: helperRequest{Op: runtime.Pack, Ref: ref}, conn: conn, file: f}
		j := o.beginDraft()
		must(t, unix.Close(pair[1]))
		o.endDraft(j, did)
		conn.Close()
		if what, _ := leftPack(j); !strings.Contains(what, want) || !strings.Contains(what, f.Name()) || j.ended() {
			t.Errorf("%q, ended %v", what, j.ended())
		}
		must(t, j.end())
	}
}

// killedShip carries an operation out that is killed at a step.
func killedShip(t testing.TB, step string, q helperRequest, f *os.File) {
	t.Helper()
	text, err := json.Marshal(q)
	must(t, err)
	cmd := exec.Command("/proc/self/exe", dyingShipArg, step)
	cmd.Stdin = bytes.NewReader(text)
	cmd.ExtraFiles = []*os.File{f}
	if q.Op == runtime.Pack && !strings.HasSuffix(f.Name(), partEnd) {
		null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		must(t, err)
		defer null.Close()
		cmd.ExtraFiles[0] = null
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	words, err := cmd.CombinedOutput()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Signaled() {
		t.Fatalf("it was not killed at %s: %v: %s", step, err, words)
	}
}

// dyingShipArg makes this binary a helper that kills itself at a step.
const dyingShipArg = "__lxcdt_dying_ship"

// dyingShip is that helper.
func dyingShip(step string) error {
	var q helperRequest
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	conn, err := newMsgConn(pair[0])
	if err != nil {
		return err
	}
	held, err := holdAll(&q)
	if err != nil {
		return err
	}
	defer held.release()
	o := &operation{q: q, info: q.Op.Info(), conn: conn, file: os.NewFile(3, "archive"), log: func() string { return "" }}
	o.at = func(is string) {
		if is == step {
			_ = unix.Kill(os.Getpid(), unix.SIGKILL)
		}
	}
	return o.change()
}

func TestTarReadsAPack(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	f, _ := packedBox(t, s, a)
	dir := t.TempDir()
	cmd := exec.Command("tar", "--zstd", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf", f.Name(), "-C", dir)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v: %s", err, out)
	}
	wantSame(t, treeFacts(t, filepath.Join(dir, "lxcdt-from/rootfs"), 0), treeFacts(t, filepath.Join(s.Path, "lxcdt-from/rootfs"), 0))
}
