// Package runtimetest is the conformance suite: what every Runtime must do,
// whatever runs the containers. The fake passes it everywhere, the LXC adapter
// on a real host.
//
// Rules of this room:
//   - What is expected stands in the contract (package runtime); this suite
//     adds nothing to it.
//   - What other tools do is done by the Host, with means of its own, never
//     through the Runtime under test.
//   - No test waits a fixed time: it asks again until a deadline that is far
//     beyond what any host needs.
package runtimetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// Patience is the deadline of one step.
const Patience = time.Minute

// Host is a host to test a Runtime on. Its functions act behind the Runtime's
// back and fail the test when they cannot.
type Host struct {
	Paths [2]string // two lxcpaths, empty of what the suite names
	// Name turns a word into a container's name, where names need a form.
	Name func(word string) string
	// Open gives a fresh Runtime on these lxcpaths. The suite closes it.
	Open func(t testing.TB, paths ...string) runtime.Runtime

	Make   func(t testing.TB, ref runtime.Ref) // a stopped container that can be started, with a POSIX shell, cat, stty and a getty on tty1
	Own    func(t testing.TB, ref runtime.Ref) // as Make, with a root that no other container has
	Logged func(t testing.TB, ref runtime.Ref) // as Make, and what its console prints is kept; Make's is not
	Remove func(t testing.TB, ref runtime.Ref) // in whatever state it is; absent is fine
	Start  func(t testing.TB, ref runtime.Ref)
	Stop   func(t testing.TB, ref runtime.Ref) // at once
	Freeze func(t testing.TB, ref runtime.Ref)
	Thaw   func(t testing.TB, ref runtime.Ref)
	Edit   func(t testing.TB, ref runtime.Ref) // writes the config file
	// Log adds text to a log of a container that Own has made: to a file inside, or to
	// what liblxc has logged of it ("lxc"). One that is not there is made.
	Log func(t testing.TB, ref runtime.Ref, name, text string)

	// Steady promises that Sample allocates nothing once it knows the batch.
	Steady bool
}

// Test runs the whole suite.
func Test(t *testing.T, h Host) {
	tests := []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"About", testAbout},
		{"List", testList},
		{"ListFollows", testListFollows},
		{"Identity", testIdentity},
		{"Operations", testOperations},
		{"Reboot", testReboot},
		{"Expect", testExpect},
		{"NotFound", testNotFound},
		{"Invalid", testInvalid},
		{"Cancelled", testCancelled},
		{"OneAtATime", testOneAtATime},
		{"Create", testCreate},
		{"CreateRefused", testCreateRefused},
		{"Destroy", testDestroy},
		{"Sample", testSample},
		{"SampleTiers", testTiers},
		{"SampleOtherLife", testOtherLife},
		{"SampleVanished", testVanished},
		{"SampleHost", testHostSample},
		{"SampleAllocations", testAllocations},
		{"Watch", testWatch},
		{"WatchEnds", testWatchEnds},
		{"Shell", testShell},
		{"ShellExit", testShellExit},
		{"ShellClose", testShellClose},
		{"ShellStopped", testShellStopped},
		{"ShellRefused", testShellRefused},
		{"Exec", testExec},
		{"ExecCancelled", testExecCancelled},
		{"Console", testConsole},
		{"ConsoleBusy", testConsoleBusy},
		{"ConsoleStopped", testConsoleStopped},
		{"ConsoleRefused", testConsoleRefused},
		{"BootLog", testBootLog},
		{"Logs", testLogs},
		{"LogsRefused", testLogsRefused},
		{"Lock", testLock},
		{"StartCommand", testStartCommand},
		{"Device", testDevice},
		{"Mend", testMend},
		{"Snapshots", testSnapshots},
		{"SnapshotStates", testSnapshotStates},
		{"Restore", testRestore},
		{"RestoreAs", testRestoreAs},
		{"Clone", testClone},
		{"CloneOverlay", testCloneOverlay},
		{"CloneRefused", testCloneRefused},
		{"Rename", testRename},
		{"RenameRefused", testRenameRefused},
		{"Autostart", testAutostart},
		{"Footprint", testFootprint},
		{"CheckHost", testCheckHost},
		{"Ship", testShip},
		{"Files", testFiles},
		{"Run", testRun},
		{"RunCancelled", testRunCancelled},
		{"RunStopped", testRunStopped},
		{"RunRefused", testRunRefused},
		{"Checkpoint", testCheckpoint},
		{"Processes", testProcesses},
		{"Network", testNetwork},
		{"Isolation", testIsolation},
		{"Config", testConfig},
		{"ConfigInForce", testConfigInForce},
		{"Signal", testSignal},
		{"Owners", testOwners},
		{"Space", testSpace},
		{"Limits", testLimits},
		{"ReadOnly", testReadOnly},
		{"Together", testTogether},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &suite{Host: h, test: tt.name}
			s.rt = s.open(t)
			tt.run(t, s)
		})
	}
}

// suite is one test's view of the host.
type suite struct {
	Host
	test string
	rt   runtime.Runtime
}

func (s *suite) open(t *testing.T) runtime.Runtime {
	t.Helper()
	rt := s.Open(t, s.Paths[0], s.Paths[1])
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return rt
}

// context is a context of a step's patience.
func (s *suite) context(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// ref names a container of this test.
func (s *suite) ref(path int, word string) runtime.Ref {
	return runtime.Ref{Path: s.Paths[path], Name: s.Name(word)}
}

// make makes a container and brings it into a state; it goes with the test.
func (s *suite) make(t *testing.T, word string, state runtime.State) runtime.Ref {
	t.Helper()
	ref := s.ref(0, word)
	s.makeRef(t, ref)
	s.bring(t, ref, state)
	return ref
}

func (s *suite) makeRef(t *testing.T, ref runtime.Ref) {
	t.Helper()
	s.Make(t, ref)
	t.Cleanup(func() { s.Remove(t, ref) })
}

// bring puts a container into a state, from whatever state it is in.
func (s *suite) bring(t *testing.T, ref runtime.Ref, to runtime.State) {
	t.Helper()
	is := s.get(t, ref).State
	if is == to {
		return
	}
	if is == runtime.Frozen {
		s.Thaw(t, ref)
		is = runtime.Running
	}
	switch {
	case to == runtime.Stopped:
		s.Stop(t, ref)
	case is == runtime.Stopped:
		s.Start(t, ref)
	}
	if to == runtime.Frozen {
		s.Freeze(t, ref)
	}
	s.await(t, ref, to)
}

// list lists, and leaves out what is not this suite's.
func (s *suite) list(t *testing.T) []runtime.Container {
	t.Helper()
	l, err := s.rt.List(s.context(t))
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	return l.Containers
}

// get gives a container that must be there.
func (s *suite) get(t *testing.T, ref runtime.Ref) runtime.Container {
	t.Helper()
	all := s.list(t)
	i := slices.IndexFunc(all, func(c runtime.Container) bool { return c.Ref == ref })
	if i < 0 {
		t.Fatalf("%s is not in the list", ref)
	}
	return all[i]
}

// await waits until List shows a container in a state.
func (s *suite) await(t *testing.T, ref runtime.Ref, want runtime.State) runtime.Container {
	t.Helper()
	var c runtime.Container
	eventually(t, func() bool {
		c = s.get(t, ref)
		return c.State == want
	}, func() string { return ref.Name + " is " + c.State.String() + ", want " + want.String() })
	return c
}

// eventually asks until it is true.
func eventually(t *testing.T, ok func() bool, otherwise func() string) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(otherwise())
		}
	}
}
