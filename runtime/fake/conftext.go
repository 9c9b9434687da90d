package fake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
)

// defaultText is the default config of this host.
const defaultText = "# What new containers begin with.\nlxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\nlxc.net.0.flags = up\n"

// commonConf is what the containers of this host include.
const (
	commonPath = "/usr/share/lxc/config/common.conf"
	commonConf = "# LXC's own part.\nlxc.tty.dir = lxc\nlxc.tty.max = 4\nlxc.pty.max = 1024\nlxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio\n" +
		"lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed\nlxc.seccomp.profile = /usr/share/lxc/config/common.seccomp\n"
)

// confs are configs as they are edited, by path.
type confs map[string]*confFile

type confFile struct {
	text    string
	version int
	backups []confBackup // the oldest first
	ran     string       // what the container started with that is InitPID init
	init    int
	whose   string // Identity of the container
	edits   int    // of the box, when it was looked at last
}

type confBackup struct {
	name, text string
	at         time.Time
}

// DefaultConfigs are those of this host and of this user.
func (r *Runtime) DefaultConfigs() []string {
	if r.opts.UID == 0 || r.opts.NoHome {
		return []string{"/etc/lxc/default.conf"}
	}
	return []string{"/etc/lxc/default.conf", "/home/user/.config/lxc/default.conf"}
}

// conf is a config of this host. Callers hold r.mu.
func (r *Runtime) conf(of runtime.ConfigOf) (*confFile, error) {
	if r.confs == nil {
		r.confs = confs{}
	}
	f := r.confs[of.Path()]
	switch {
	case of.Default != "" && !slices.Contains(r.DefaultConfigs(), of.Default):
		return nil, fmt.Errorf("%w: %s is no default config", runtime.ErrInvalid, of.Default)
	case of.Default != "" && f == nil:
		f = &confFile{}
		if of.Default == "/etc/lxc/default.conf" {
			f = &confFile{text: defaultText, version: 1}
		}
		r.confs[of.Path()] = f
	case of.Default == "":
		b, ok := r.boxes[of.Ref]
		if !ok {
			return nil, runtime.ErrNotFound
		}
		if f == nil || f.whose != b.spec.Identity {
			f = &confFile{whose: b.spec.Identity, edits: b.edits, text: b.spec.ConfigText, version: 1}
			if f.text == "" {
				f.text = r.plainText(b)
			}
			r.confs[of.Path()] = f
		}
		f.version, f.edits = f.version+b.edits-f.edits, b.edits
		if b.spec.InitPID != f.init {
			f.ran, f.init = f.text, b.spec.InitPID
		}
	}
	return f, nil
}

// edited says whether a box runs with another config than its own by now. Callers
// hold r.mu.
func (r *Runtime) edited(b *box) bool {
	f := r.confs[runtime.ConfigOf{Ref: b.spec.Ref}.Path()]
	return f != nil && f.whose == b.spec.Identity && f.init == b.spec.InitPID && f.ran != f.text
}

// plainText is the config of a container that has been given none. Callers hold r.mu.
func (r *Runtime) plainText(b *box) string {
	ref := b.spec.Ref
	lines := []string{"# Made for this demo.", "lxc.include = " + commonPath, "", "lxc.uts.name = " + ref.Name, "lxc.rootfs.path = dir:" + ref.String() + "/rootfs",
		"lxc.net.0.type = veth", "lxc.net.0.link = lxcbr0", "lxc.net.0.flags = up"}
	if c := b.spec.Config; c != nil {
		if c.Unprivileged {
			lines = append(lines, "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 100000 65536")
		}
		if c.Autostart {
			lines = append(lines, "lxc.start.auto = 1", "lxc.start.order = "+strconv.Itoa(c.Order))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// word is the version of a config; "" = it is not there yet.
func (f *confFile) word() string {
	if f.version == 0 {
		return ""
	}
	return fmt.Sprintf("%d-%x", f.version, sha256.Sum256([]byte(f.text)))
}

// keep keeps what a config holds as an earlier version of it.
func (f *confFile) keep(now time.Time) {
	f.backups = append(f.backups, confBackup{"config.lxcdeck-" + now.UTC().Format("20060102T150405Z") + fmt.Sprintf("-%02d", f.version), f.text, now})
}

// EditConfig changes a config behind the Runtime's back, as an editor does.
func (r *Runtime) EditConfig(of runtime.ConfigOf, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.conf(of)
	if err != nil {
		return err
	}
	f.text, f.version = text, f.version+1
	return nil
}

// openConf is what stands at a path of this host.
func openConf(path string) (conf.Opened, error) {
	if path == commonPath {
		return conf.Opened{Real: path, Text: []byte(commonConf)}, nil
	}
	return conf.Opened{}, fmt.Errorf("read %s: %w", path, fs.ErrNotExist)
}

// ConfigText reads a config.
func (r *Runtime) ConfigText(ctx context.Context, of runtime.ConfigOf) (runtime.ConfigText, error) {
	if err := of.Check(); err != nil {
		return runtime.ConfigText{}, wrap("config", of.Ref, err)
	}
	if err := r.enter(ctx, Configs, of.Ref); err != nil {
		return runtime.ConfigText{}, wrap("config", of.Ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.conf(of)
	if err != nil {
		return runtime.ConfigText{}, wrap("config", of.Ref, err)
	}
	t := runtime.ConfigText{Path: of.Path(), Version: f.word(), Restart: runtime.No}
	if f.version > 0 {
		t.Files = append(t.Files, runtime.ConfigFile{Path: of.Path(), Real: of.Path(), Text: []byte(f.text), Changed: r.Now()})
	}
	tree := conf.Resolve(of.Path(), conf.WithFile(of.Path(), conf.Parse(of.Path(), []byte(f.text)), openConf), conf.Options{})
	for i := range tree.Nodes[1:] {
		n := &tree.Nodes[i+1]
		c := runtime.ConfigFile{Path: n.Path, Real: n.Real, Absent: errors.Is(n.Err, fs.ErrNotExist)}
		if n.Err != nil {
			c.Why = n.Err.Error()
		} else if n.File != nil {
			c.Text = n.File.Bytes()
		}
		if _, known := t.File(n.Path); !known {
			t.Files = append(t.Files, c)
		}
	}
	if top := tree.Nodes[0].File; top != nil && top.Err != nil {
		t.NoSave = top.Err.Error()
	}
	for _, b := range f.backups {
		t.Backups = append(t.Backups, runtime.ConfigBackup{Name: b.name, At: b.at, Size: int64(len(b.text))})
	}
	if of.Default != "" {
		return t, nil
	}
	b := r.boxes[of.Ref]
	if c := r.shown(b); c.Lock != nil {
		t.NoSave = c.Lock.Err().Error()
	}
	if b.spec.InitPID > 0 && f.ran != f.text {
		t.InForce = inForce(f.ran, f.text)
		t.Restart = runtime.AnswerOf(slices.ContainsFunc(t.InForce, func(v runtime.ConfigInForce) bool { return v.Later }))
	}
	return t, nil
}

// inForce are the keys whose values differ between what runs and the file.
func inForce(ran, file string) []runtime.ConfigInForce {
	values := func(text string) map[string][]string {
		out := map[string][]string{}
		f := conf.Parse("config", []byte(text))
		for i := range f.Lines {
			l := &f.Lines[i]
			k, _ := conf.Lookup(l.Key)
			switch {
			case l.Kind != conf.Setting:
			case k.Kind == conf.List && l.Value != "":
				out[l.Key] = append(out[l.Key], l.Value)
			case l.Value == "":
				delete(out, l.Key)
			default:
				out[l.Key] = []string{l.Value}
			}
		}
		return out
	}
	a, b := values(ran), values(file)
	var out []runtime.ConfigInForce
	for _, text := range []string{ran, file} {
		f := conf.Parse("config", []byte(text))
		for i := range f.Lines {
			key := f.Lines[i].Key
			known := slices.ContainsFunc(out, func(v runtime.ConfigInForce) bool { return v.Key == key })
			if key == "" || known || slices.Equal(a[key], b[key]) {
				continue
			}
			k, _ := conf.Lookup(key)
			out = append(out, runtime.ConfigInForce{Key: key, Runs: a[key], File: b[key], Later: k.Effect != conf.AtOnce})
		}
	}
	slices.SortFunc(out, func(x, y runtime.ConfigInForce) int { return strings.Compare(x.Key, y.Key) })
	return out
}

// CheckConfig judges a text by lxcdeck's own rules.
func (r *Runtime) CheckConfig(ctx context.Context, of runtime.ConfigOf, text []byte) (*runtime.ConfigFault, error) {
	err := of.Check()
	if err == nil {
		err = (&runtime.ConfigArgs{Text: text}).Check()
	}
	if err == nil {
		err = r.enter(ctx, Configs, of.Ref)
	}
	if err == nil {
		r.mu.Lock()
		_, err = r.conf(of)
		r.mu.Unlock()
	}
	if err != nil {
		return nil, wrap("check config", of.Ref, err)
	}
	return judge(of, text), nil
}

func judge(of runtime.ConfigOf, text []byte) *runtime.ConfigFault {
	f := conf.Parse(of.Path(), text)
	tree := conf.Resolve(of.Path(), conf.WithFile(of.Path(), f, openConf), conf.Options{})
	p := tree.Fatal()
	if p == nil {
		return nil
	}
	out := &runtime.ConfigFault{Key: p.Key, Why: strings.TrimPrefix(p.Err.Error(), p.Key+": ")}
	if p.Node == 0 {
		out.Line = p.Line
	}
	return out
}

// ConfigBackup reads a backup.
func (r *Runtime) ConfigBackup(ctx context.Context, of runtime.ConfigOf, name string) ([]byte, error) {
	err := of.Check()
	if err == nil {
		err = r.enter(ctx, Configs, of.Ref)
	}
	if err != nil {
		return nil, wrap("config backup", of.Ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.conf(of)
	if err != nil {
		return nil, wrap("config backup", of.Ref, err)
	}
	for _, b := range f.backups {
		if b.name == name {
			return []byte(b.text), nil
		}
	}
	return nil, wrap("config backup", of.Ref, runtime.ErrNoBackup)
}

// setConfig puts a text in the place of the version that was read. b is nil for a
// default config. Callers hold r.mu.
func (r *Runtime) setConfig(b *box, q runtime.Request) error {
	a, ok := q.Args.(*runtime.ConfigArgs)
	if !ok {
		return runtime.ErrInvalid
	}
	of := runtime.ConfigOf{Ref: q.Ref, Default: a.Default}
	f, err := r.conf(of)
	switch {
	case err != nil:
		return err
	case f.word() != a.Version:
		return fmt.Errorf("%w: %s is no longer what was read; nothing was written", runtime.ErrChanged, of.Path())
	}
	if fault := judge(of, a.Text); fault != nil {
		return fmt.Errorf("%w: %s; nothing was written", runtime.ErrConfig, fault)
	}
	if f.version > 0 && f.text == string(a.Text) {
		return nil
	}
	if f.version > 0 {
		f.keep(r.Now())
	}
	f.text = string(a.Text)
	if b == nil {
		f.version++
		return nil
	}
	b.edits++ // which makes another version of it
	b.spec.ConfigText = f.text
	return nil
}
