package lxc

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
)

// This file runs in helpers.

// helperConfig reads a config as text, a backup of it, or judges one.
func helperConfig(q helperRequest) helperReply {
	a, ok := q.Args.(*runtime.ConfigArgs)
	if !ok {
		return failedReply(fmt.Errorf("%w: no config is named", runtime.ErrInvalid), "")
	}
	of := runtime.ConfigOf{Ref: q.Ref, Default: a.Default}
	if err := checkConfigOf(of); err != nil {
		return failedReply(err, "")
	}
	var out any
	var err error
	switch q.Kind {
	case kindConfigBackup:
		out, err = readBackup(of, q.Paths)
	case kindCheckConfig:
		var fault *runtime.ConfigFault
		if fault, err = judgeConfig(of, q.Text); fault != nil {
			out = []runtime.ConfigFault{*fault}
		} else {
			out = []runtime.ConfigFault{}
		}
	default:
		out, err = readConfigText(of, q.Init)
	}
	if err != nil {
		return failedReply(err, "")
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(out); err != nil {
		return failedReply(fmt.Errorf("%w: answer: %w", runtime.ErrHelper, err), "")
	}
	return helperReply{OK: true, Text: b.Bytes()}
}

// confErr gives an error of runtime/conf the sentinel that callers know.
func confErr(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, conf.ErrChanged):
		return kindError{text: err.Error(), kind: runtime.ErrChanged}
	case errors.Is(err, fs.ErrPermission):
		return kindError{text: err.Error(), kind: runtime.ErrPermission}
	case errors.Is(err, conf.ErrNoFile), errors.Is(err, conf.ErrTooLong), errors.Is(err, conf.ErrBinary):
		return kindError{text: err.Error(), kind: runtime.ErrConfig}
	}
	return err
}

// readConfigText reads a config. init is the container's whose values in force are
// asked for; 0 = nobody's.
func readConfigText(of runtime.ConfigOf, init int) (runtime.ConfigText, error) {
	t := runtime.ConfigText{Path: of.Path(), Restart: runtime.No}
	doc, err := conf.Load(of.Path())
	switch {
	case err == nil:
		t.Path, t.Version = doc.Path, doc.Stamp.Version()
	case errors.Is(err, fs.ErrNotExist) && of.Default != "":
	case errors.Is(err, fs.ErrNotExist):
		return t, noConfigErr(of)
	default:
		return t, confErr(err)
	}
	if why := unwritable(filepath.Dir(t.Path)); why != "" {
		t.NoSave = why
	}
	r := configReader{text: &t, left: runtime.MaxConfigRead}
	open := r.open
	if doc != nil {
		open = conf.WithFile(of.Path(), conf.Parse(of.Path(), doc.Text), r.open)
		r.note(of.Path(), conf.Opened{Real: doc.Path, Text: doc.Text}, nil)
	}
	tree := conf.Resolve(of.Path(), open, conf.Options{})
	if f := tree.Nodes[0].File; f != nil && f.Err != nil {
		t.NoSave = f.Err.Error()
	}
	var have []string
	for i := range tree.Items {
		have = append(have, tree.Items[i].Key)
	}
	slices.Sort(have)
	t.Lacking, t.Extra = conf.AskSupport(slices.Compact(have), supports())
	t.Backups = backupsOf(t.Path)
	if init > 0 {
		if t.InForce, err = inForce(of.Ref, init, tree); err != nil {
			t.InForceWhy, t.Restart = err.Error(), runtime.NotKnown
		} else {
			t.Restart = runtime.AnswerOf(slices.ContainsFunc(t.InForce, func(v runtime.ConfigInForce) bool { return v.Later }))
		}
	}
	return t, nil
}

// unwritable says why nothing can be written in a directory; "" = it can. One that
// is not there yet is made.
func unwritable(dir string) string {
	err := unix.Access(dir, unix.W_OK)
	for errors.Is(err, unix.ENOENT) && dir != "/" {
		dir = filepath.Dir(dir)
		err = unix.Access(dir, unix.W_OK)
	}
	if err != nil {
		return fmt.Sprintf("nothing can be written in %s: %v", dir, err)
	}
	return ""
}

// configReader is the opener that notes what it has read.
type configReader struct {
	text *runtime.ConfigText
	left int // bytes that it may still read
}

func (r *configReader) open(path string) (conf.Opened, error) {
	if f, known := r.text.File(path); known {
		switch {
		case f.Absent:
			return conf.Opened{}, fmt.Errorf("read %s: %w", path, fs.ErrNotExist)
		case f.Why != "":
			return conf.Opened{}, errors.New(f.Why)
		}
		return conf.Opened{Real: f.Real, Text: f.Text, Dir: f.Dir, Names: f.Names}, nil
	}
	got, err := conf.Open(path)
	size := len(got.Text)
	for _, name := range got.Names {
		size += len(name)
	}
	if err == nil && size > r.left {
		err = fmt.Errorf("read %s: %w: all files together have more than %d bytes", path, conf.ErrTooLong, runtime.MaxConfigRead)
		got = conf.Opened{}
	}
	r.note(path, got, err)
	return got, err
}

func (r *configReader) note(path string, got conf.Opened, err error) {
	f := runtime.ConfigFile{Path: path, Real: got.Real, Text: got.Text, Dir: got.Dir, Names: got.Names, Absent: errors.Is(err, fs.ErrNotExist)}
	if err != nil {
		f.Why = err.Error()
	}
	if info, err := os.Stat(path); err == nil {
		f.Changed = info.ModTime()
	}
	r.left -= len(got.Text)
	r.text.Files = append(r.text.Files, f)
}

// backupsOf are the backups of a config. That they cannot be listed is no reason
// not to show the config.
func backupsOf(path string) []runtime.ConfigBackup {
	all, err := conf.Backups(path)
	if err != nil {
		return nil
	}
	var out []runtime.ConfigBackup
	for _, name := range all {
		var st unix.Stat_t
		if lstat(name, &st) == nil {
			at, _ := conf.BackupTime(path, name)
			out = append(out, runtime.ConfigBackup{Name: filepath.Base(name), At: at, Size: st.Size})
		}
	}
	return out
}

// readBackup reads the backup of a name.
func readBackup(of runtime.ConfigOf, names []string) ([]byte, error) {
	real, err := filepath.EvalSymlinks(of.Path())
	if err != nil {
		return nil, fmt.Errorf("backups: %w", fileErr(err))
	}
	all, err := conf.Backups(real)
	if err != nil {
		return nil, confErr(err)
	}
	i := slices.IndexFunc(all, func(path string) bool { return len(names) == 1 && filepath.Base(path) == names[0] })
	if i < 0 {
		return nil, fmt.Errorf("%w: %s has %d others", runtime.ErrNoBackup, real, len(all))
	}
	doc, err := conf.Load(all[i])
	if err != nil {
		return nil, confErr(err)
	}
	return doc.Text, nil
}

// inForce are the values of a running container that differ from what liblxc makes
// of its files by now. Both are asked of liblxc, so that they are written alike.
func inForce(ref runtime.Ref, init int, tree *conf.Tree) ([]runtime.ConfigInForce, error) {
	if err := loadableHere(ref); err != nil {
		return nil, err
	}
	c, err := golxc.NewContainer(ref.Name, ref.Path)
	if err != nil {
		return nil, unloadable(ref)
	}
	defer func() { _ = c.Release() }()
	if c.InitPid() != init {
		return nil, errPassing()
	}
	var out []runtime.ConfigInForce
	ask := func(key string, k *conf.Key) {
		file, runs := valuesSaid(k, c.ConfigItem(key)), valuesSaid(k, c.RunningConfigItem(key))
		if k.Kind == conf.Clear { // of a family: all its keys, each with its value
			for _, one := range families(file, runs) {
				out = append(out, runtime.ConfigInForce{Key: one.Key, File: one.File, Runs: one.Runs, Later: true})
			}
			return
		}
		if !slices.Equal(file, runs) && !changing(key, file) {
			out = append(out, runtime.ConfigInForce{Key: key, File: file, Runs: runs, Later: k.Effect != conf.AtOnce})
		}
	}
	nets, other, has := netsOf(c, tree), otherCaps(c, tree), supports()
	for _, k := range conf.Keys() {
		switch {
		case k.Name == other:
		case k.Kind != conf.Clear && !strings.Contains(k.Name, "[") && !has(k.Name):
			// liblxc would log an error of it, also in the container's own log.
		case k.Name == "lxc.include", k.Name == "lxc.hook", k.Name == "lxc.net":
			// Includes are read while they are parsed.
		case k.Name == "lxc.log.file" && startedInMemory(c):
			if file := valuesSaid(&k, c.ConfigItem(k.Name)); len(file) > 0 {
				out = append(out, runtime.ConfigInForce{Key: k.Name, File: file, Later: true})
			}
		case k.Name == "lxc.log.level" && startedInMemory(c): // what it was is not known
		case k.Name == "lxc.net.[i]":
		case strings.HasPrefix(k.Name, "lxc.net.[i]."):
			for _, n := range nets {
				// Of an interface of another type, all else differs by that.
				other := slices.ContainsFunc(out, func(v runtime.ConfigInForce) bool { return v.Key == "lxc.net."+n+".type" })
				if !other {
					ask(strings.Replace(k.Name, "[i]", n, 1), &k)
				}
			}
		case strings.HasPrefix(k.Name, "lxc.namespace.share."):
			for _, sub := range k.Subs {
				ask("lxc.namespace.share."+sub, &k)
			}
		case strings.HasSuffix(k.Name, "]"): // asked by its family
		default:
			ask(k.Name, &k)
		}
	}
	if len(out) > 0 { // a limit that was set since the start is in force where the cgroup has it
		l, err := newLimitReader(c)
		if err != nil {
			return nil, err
		}
		out = slices.DeleteFunc(out, func(v runtime.ConfigInForce) bool { return l.holds(v.Key) })
	}
	if c.InitPid() != init {
		return nil, errPassing()
	}
	return out, nil
}

// startedInMemory says whether a container logs to memory, as one does that was started
// here while its config named no file (newStartLog): at a level of ours then.
func startedInMemory(c *golxc.Container) bool {
	runs := said(c.RunningConfigItem("lxc.log.file"))
	return len(runs) == 1 && strings.HasPrefix(runs[0], "/proc/self/fd/")
}

// otherCaps is lxc.cap.drop or lxc.cap.keep, whichever the files do not set, where
// liblxc gives the same list for both, as it does up to 5.0 at least; "" = it does not.
// Which of the two the container was started with cannot be told then.
func otherCaps(c *golxc.Container, tree *conf.Tree) string {
	const drop, keep = "lxc.cap.drop", "lxc.cap.keep"
	alike := func(ask func(string) []string) bool { return slices.Equal(said(ask(drop)), said(ask(keep))) }
	switch {
	case !alike(c.ConfigItem) || !alike(c.RunningConfigItem):
		return ""
	case len(tree.Of(keep)) > 0:
		return drop
	}
	return keep
}

// said are the values that liblxc gives for a key; "(null)" is what it prints for
// some that are not set.
func said(values []string) []string {
	return slices.DeleteFunc(values, func(v string) bool { return v == "" || v == "(null)" })
}

// valuesSaid are they as they are written in a config: signals by their names, and
// none where liblxc says 0 for one that is not set.
func valuesSaid(k *conf.Key, values []string) []string {
	values = said(values)
	if k.Value != conf.Signal {
		return values
	}
	for i, v := range values {
		if n, err := strconv.Atoi(v); err == nil && unix.SignalName(unix.Signal(n)) != "" {
			values[i] = unix.SignalName(unix.Signal(n))
		}
	}
	return slices.DeleteFunc(values, func(v string) bool { return v == "0" })
}

// changing says whether liblxc gives a key a value of its own, another at each
// start, or at each look: that is no difference.
func changing(key string, file []string) bool {
	switch {
	case strings.HasSuffix(key, ".veth.pair"):
		return len(file) == 0
	case strings.HasSuffix(key, ".hwaddr"): // by chance, unless the files name one
		return true
	}
	return false
}

// netsOf are the numbers of the interfaces that files and the running container have.
func netsOf(c *golxc.Container, tree *conf.Tree) []string {
	var out []string
	for i := range tree.Items {
		rest, ok := strings.CutPrefix(tree.Items[i].Key, "lxc.net.")
		n, _, _ := strings.Cut(rest, ".")
		if ok && isNumber(n) && len(n) < 4 && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	for i := range min(len(said(c.RunningConfigItem("lxc.net"))), maxNetTypes) {
		if n := fmt.Sprint(i); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// families takes lines of "key = value" apart and gives the keys whose values differ.
func families(file, runs []string) []runtime.ConfigInForce {
	byKey := map[string]*runtime.ConfigInForce{}
	of := func(line string) (*runtime.ConfigInForce, string) {
		key, value, _ := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if byKey[key] == nil {
			byKey[key] = &runtime.ConfigInForce{Key: key}
		}
		return byKey[key], strings.TrimSpace(value)
	}
	for _, line := range file {
		v, value := of(line)
		v.File = append(v.File, value)
	}
	for _, line := range runs {
		v, value := of(line)
		v.Runs = append(v.Runs, value)
	}
	var out []runtime.ConfigInForce
	for _, v := range byKey {
		if conf.LastCounts(v.Key) {
			v.File, v.Runs = v.File[max(0, len(v.File)-1):], v.Runs[max(0, len(v.Runs)-1):]
		}
		if !slices.Equal(v.File, v.Runs) {
			out = append(out, *v)
		}
	}
	slices.SortFunc(out, func(a, b runtime.ConfigInForce) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// supports says of a key whether this liblxc has it.
func supports() func(key string) bool {
	return conf.Supports(golxc.Version(), golxc.IsSupportedConfigItem)
}
