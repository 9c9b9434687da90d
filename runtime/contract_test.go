package runtime_test

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestOpTable(t *testing.T) {
	ops := runtime.Ops()
	names := map[string]bool{}
	for i, info := range ops {
		if info.Op != runtime.Op(i+1) {
			t.Errorf("row %d is of operation %d: the table is not in order or has a gap", i, info.Op)
		}
		if names[info.Name] || info.Name == "" || strings.ToLower(info.Name) != info.Name {
			t.Errorf("name %q", info.Name)
		}
		names[info.Name] = true
		if info.Title == "" || info.Doing == "" || info.Timeout <= 0 || len(info.From) == 0 != (info.Kind == runtime.Makes) || info.Kind == runtime.OnState && info.To == runtime.Unknown {
			t.Errorf("%s: an empty column: %+v", info.Name, info)
		}
		if slices.Contains(info.From, runtime.Unknown) {
			t.Errorf("%s is accepted in a state that is not known", info.Name)
		}
		if info.Asks == (info.AsksMore == "") {
			t.Errorf("%s: asks %v, with %q to say", info.Name, info.Asks, info.AsksMore)
		}
		if info.Kind != runtime.OnState {
			if info.LXC != "" || info.Op.NewArgs() == nil && info.Op != runtime.Unlock {
				t.Errorf("%s: command %q, arguments %T", info.Name, info.LXC, info.Op.NewArgs())
			}
		} else if !strings.HasPrefix(info.LXC, "lxc-") || !strings.Contains(info.LXC, "-P {P}") || !strings.Contains(info.LXC, "-n {N}") {
			t.Errorf("%s: command %q", info.Name, info.LXC)
		}
		if op, ok := runtime.ParseOp(info.Name); !ok || op != info.Op || info.Op.String() != info.Name {
			t.Errorf("ParseOp(%q) = %v, %v", info.Name, op, ok)
		}
		for s := runtime.Unknown; s <= runtime.Thawed; s++ {
			if info.Op.Accepts(s) != slices.Contains(info.From, s) {
				t.Errorf("%s.Accepts(%s) = %v", info.Name, s, info.Op.Accepts(s))
			}
		}
	}
	for _, op := range []runtime.Op{runtime.NoOp, 200} {
		if op.Info().Op != runtime.NoOp || op.String() != "" || op.Accepts(runtime.Running) {
			t.Errorf("operation %d is known", op)
		}
	}
	for _, verb := range []string{"", "unknown", "Start"} {
		if op, ok := runtime.ParseOp(verb); ok {
			t.Errorf("ParseOp(%q) = %v", verb, op)
		}
	}
	if op, ok := runtime.ParseOp("unfreeze"); !ok || op != runtime.Thaw {
		t.Error("unfreeze is not thaw")
	}
	ops[0].Name = "overwritten"
	if runtime.Ops()[0].Name == "overwritten" {
		t.Error("Ops hands out the table itself")
	}
}

// What stands alone must not end in a word that leads on to a container.
func TestBusyWords(t *testing.T) {
	for _, op := range runtime.Ops() {
		words := strings.Fields(op.Op.Busy())
		if len(words) == 0 || slices.Contains([]string{"of", "to", "from", "after", "in", "for", "with"}, words[len(words)-1]) {
			t.Errorf("%s: %q", op.Name, op.Op.Busy())
		}
	}
	if got := runtime.Snapshot.Busy(); got != "taking a snapshot" {
		t.Errorf("a snapshot: %q", got)
	}
}

func TestLXCCommand(t *testing.T) {
	r := runtime.Ref{Path: "/var/lib/my lxc", Name: "it's"}
	want := `lxc-stop -P '/var/lib/my lxc' -n 'it'\''s' && lxc-start -P '/var/lib/my lxc' -n 'it'\''s'`
	if got := runtime.Restart.LXCCommand(r); got != want {
		t.Errorf("command = %s, want %s", got, want)
	}
	// A path that looks like a placeholder stays what it is.
	r = runtime.Ref{Path: "/{N}", Name: "{P}"}
	if got := runtime.Freeze.LXCCommand(r); got != "lxc-freeze -P '/{N}' -n '{P}'" {
		t.Errorf("command = %s", got)
	}
}

func TestStates(t *testing.T) {
	for s := runtime.Unknown; s <= runtime.Thawed; s++ {
		for _, word := range []string{s.String(), strings.ToLower(s.String())} {
			if got, ok := runtime.ParseState(word); !ok || got != s {
				t.Errorf("ParseState(%q) = %v, %v", word, got, ok)
			}
		}
	}
	if s, ok := runtime.ParseState("ASLEEP"); ok || s != runtime.Unknown {
		t.Errorf("ParseState(ASLEEP) = %v, %v", s, ok)
	}
	if got := runtime.State(200).String(); got != "UNKNOWN" {
		t.Errorf("state 200 is %q", got)
	}
	alive := []runtime.State{runtime.Running, runtime.Freezing, runtime.Frozen, runtime.Thawed, runtime.Stopping}
	for s := runtime.Unknown; s <= runtime.Thawed; s++ {
		if s.Alive() != slices.Contains(alive, s) {
			t.Errorf("%s.Alive() = %v", s, s.Alive())
		}
	}
}

func TestRefCheck(t *testing.T) {
	tests := []struct {
		ref runtime.Ref
		ok  bool
	}{
		{runtime.Ref{Path: "/var/lib/lxc", Name: "web-1"}, true},
		{runtime.Ref{Path: "/", Name: "a"}, true},
		{runtime.Ref{Path: "/p", Name: "..."}, true},
		{runtime.Ref{Path: "/p", Name: "with space\x1b"}, true}, // odd, but no way out
		{runtime.Ref{Path: "/p", Name: strings.Repeat("a", 255)}, true},
		{runtime.Ref{Path: "/p", Name: strings.Repeat("a", 256)}, false},
		{runtime.Ref{Path: "/p", Name: ""}, false},
		{runtime.Ref{Path: "/p", Name: "."}, false},
		{runtime.Ref{Path: "/p", Name: ".."}, false},
		{runtime.Ref{Path: "/p", Name: "a/b"}, false},
		{runtime.Ref{Path: "/p", Name: "a\x00b"}, false},
		{runtime.Ref{Path: "", Name: "a"}, false},
		{runtime.Ref{Path: "p", Name: "a"}, false},
		{runtime.Ref{Path: "/p/", Name: "a"}, false},
		{runtime.Ref{Path: "/p/../q", Name: "a"}, false},
	}
	for _, tt := range tests {
		err := tt.ref.Check()
		if (err == nil) != tt.ok || (err != nil && !errors.Is(err, runtime.ErrInvalid)) {
			t.Errorf("%q: %v, want ok %v", tt.ref, err, tt.ok)
		}
	}
}

func TestRefCheckNew(t *testing.T) {
	for name, ok := range map[string]bool{
		"web-1": true, "web_2.x@y+z": true, strings.Repeat("a", 64): true, "東京": true,
		strings.Repeat("a", 65): false, ".hidden": false, "a\nb": false, "a\x1b": false, "a\x7f": false, "": false, "a/b": false,
		"web x": false, "web*": false, "a;b": false, "$(a)": false, "a\u00a0b": false,
	} {
		ref := runtime.Ref{Path: "/p", Name: name}
		other := runtime.Request{Op: runtime.Clone, Ref: runtime.Ref{Path: "/p", Name: "web"}, Args: &runtime.CloneArgs{To: ref}}
		made := runtime.Request{Op: runtime.Create, Ref: ref, Args: &runtime.CreateArgs{Template: "busybox"}}
		for _, err := range []error{ref.CheckNew(), other.Check(), made.Check()} {
			if (err == nil) != ok || (err != nil && !errors.Is(err, runtime.ErrInvalid)) {
				t.Errorf("%q: %v, want ok %v", name, err, ok)
			}
		}
	}
	// What is there already may have any name, and be destroyed.
	q := runtime.Request{Op: runtime.Destroy, Ref: runtime.Ref{Path: "/p", Name: ".odd\n"}}
	if err := q.Check(); err != nil {
		t.Error(err)
	}
}

func TestRefOrder(t *testing.T) {
	refs := []runtime.Ref{{Path: "/a", Name: "a"}, {Path: "/b", Name: "a"}, {Path: "/a", Name: "b"}}
	for i := range refs {
		for j := range refs {
			if refs[i].Less(refs[j]) != (i < j) {
				t.Errorf("%s < %s is %v", refs[i], refs[j], !(i < j))
			}
		}
	}
	if got := refs[0].String(); got != "/a/a" {
		t.Errorf("written as %q", got)
	}
}

func TestErrorText(t *testing.T) {
	ref := runtime.Ref{Path: "/p", Name: "web"}
	tests := []struct {
		err  runtime.Error
		want string
	}{
		{runtime.Error{Op: "list", Err: runtime.ErrPermission}, "list: permission denied"},
		{runtime.Error{Op: "start", Ref: ref, Err: runtime.ErrHelper}, "start web: helper process failed"},
		{runtime.Error{Op: "delete-snapshot", Ref: ref, Err: runtime.ErrNoSnapshot}, "delete snapshot web: no such snapshot"},
		{runtime.Error{Op: "restore-as", Ref: ref, Err: runtime.ErrNoSnapshot}, "restore web: no such snapshot"},
		{runtime.Error{Op: "start", Ref: ref, Err: runtime.ErrHelper, Log: "\nno bridge lxcbr0\nfailed to start\n"},
			"start web: helper process failed: no bridge lxcbr0"},
		{runtime.Error{Op: "start", Ref: ref, Err: runtime.ErrHelper, Log: " \n "}, "start web: helper process failed"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
		if !errors.Is(&tt.err, tt.err.Err) {
			t.Errorf("%q does not wrap its cause", tt.want)
		}
	}
}

func TestExitText(t *testing.T) {
	tests := map[string]runtime.Exit{
		"exit status 0":                       {},
		"exit status 7":                       {Code: 7},
		"signal 9, the container was stopped": {Code: 137, Signal: 9, Reason: "the container was stopped"},
	}
	for want, e := range tests {
		if got := e.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestReadOnlyLetsOnlyReadingThrough(t *testing.T) {
	ref := runtime.Ref{Path: "/p", Name: "web"}
	rt := fake.New(fake.Options{Paths: []string{"/p"}}, fake.Spec{Container: runtime.Container{Ref: ref, State: runtime.Running}})
	latched, shut := runtime.Latched(rt)
	if _, err := latched.BootLog(context.Background(), ref); err != nil {
		t.Errorf("before it is shut: %v", err)
	}
	shut()
	for _, ro := range []runtime.Runtime{runtime.ReadOnly(rt), latched} {
		onlyReads(t, rt, ro, ref)
	}
}

func onlyReads(t *testing.T, rt *fake.Runtime, ro runtime.Runtime, ref runtime.Ref) {
	t.Helper()
	ctx := context.Background()
	refused := func(what string, err error) {
		var e *runtime.Error
		if !errors.Is(err, runtime.ErrReadOnly) || !errors.As(err, &e) || e.Ref != ref {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, info := range runtime.Ops() {
		refused(info.Name, ro.Do(ctx, runtime.Request{Op: info.Op, Ref: ref}))
	}
	_, err := ro.Attach(ctx, runtime.Shell{Ref: ref})
	refused("attach", err)
	_, err = ro.Exec(ctx, runtime.Shell{Ref: ref}, runtime.Stdio{})
	refused("exec", err)
	_, err = ro.Console(ctx, runtime.Console{Ref: ref})
	refused("console", err)
	if n := rt.Calls(fake.Do) + rt.Calls(fake.Attach) + rt.Calls(fake.Exec) + rt.Calls(fake.Console) + len(rt.Requests()); n != 0 {
		t.Errorf("%d calls reached the runtime below", n)
	}
	l, err := ro.List(ctx)
	if err != nil || len(l.Containers) != 1 || ro.About().Paths[0] != "/p" {
		t.Errorf("list: %v, %v", l, err)
	}
	if text, err := ro.BootLog(ctx, ref); err != nil || len(text) == 0 {
		t.Errorf("boot log: %q, %v", text, err)
	}
}

// TestALatchIsOpenUntilShut: what is begun before that is done.
func TestALatchIsOpenUntilShut(t *testing.T) {
	ref := runtime.Ref{Path: "/p", Name: "web"}
	rt := fake.New(fake.Options{Paths: []string{"/p"}}, fake.Spec{Container: runtime.Container{Ref: ref, State: runtime.Stopped}})
	latched, shut := runtime.Latched(rt)
	if err := latched.Do(context.Background(), runtime.Request{Op: runtime.Start, Ref: ref}); err != nil {
		t.Fatal(err)
	}
	shut()
	err := latched.Do(context.Background(), runtime.Request{Op: runtime.Stop, Ref: ref})
	if !errors.Is(err, runtime.ErrReadOnly) || len(rt.Requests()) != 1 {
		t.Errorf("%v, %v", err, rt.Requests())
	}
}

func TestShellQuotePlain(t *testing.T) {
	for in, want := range map[string]string{
		"web-1": "web-1", "/var/lib/lxc": "/var/lib/lxc", "": "''", "a b": "'a b'", "it's": `'it'\''s'`,
		"~": "'~'", "$x": "'$x'", "a\nb": "'a\nb'", "-n": "-n", "é": "'é'",
	} {
		if got := runtime.ShellQuote(in); got != want {
			t.Errorf("ShellQuote(%q) = %s, want %s", in, got, want)
		}
	}
}

// FuzzShellQuote asks a real shell for the word back.
func FuzzShellQuote(f *testing.F) {
	for _, s := range []string{"web", "", "it's", "''", "a b\tc", "$(id)`id`\\", "!#&|;<>*?[]{}~\"", "\n\n", "-e", "\xff\xfe", "東京"} {
		f.Add(s)
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		f.Fatalf("a POSIX shell is needed: %v", err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") {
			t.Skip("skipped: an argument cannot hold NUL")
		}
		out, err := exec.Command(sh, "-c", "printf %s "+runtime.ShellQuote(s)).Output()
		if err != nil || string(out) != s {
			t.Fatalf("%q came back as %q, %v", s, out, err)
		}
	})
}
