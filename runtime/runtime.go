package runtime

import "context"

// Runtime is everything lxcdeck asks of a container host. All methods may be
// called from several goroutines at once.
type Runtime interface {
	Lister
	Sampler
	Controller
	Watcher
	Attacher
	Surveyor
	Overseer
	Networker
	Examiner
	Measurer
	Limiter
	LogReader
	FileReader
	Configurer
	// About describes the runtime itself. It does not block.
	About() About
	// Close lets go of descriptors, threads and helpers; containers are not touched.
	Close() error
}

// About is what a Runtime says of itself.
type About struct {
	Name    string   // "lxc", "demo"
	Version string   // liblxc's version, such as "5.0.2"
	Paths   []string // the lxcpaths in use, in order
	UID     int      // effective uid
	User    string   // its login name, or the uid where it has none
	Given   bool     // the lxcpaths were asked for: they are not those that LXC has by itself
	Demo    bool     // nothing here is real: the screen says so
}

// Lister knows which containers there are.
type Lister interface {
	// List looks at all lxcpaths. One container that hangs, or whose config is
	// broken, costs the others nothing: it is in the Listing with its Problem.
	// The error is for a List that could not be made at all.
	List(context.Context) (Listing, error)
}

// Sampler reads the kernel's counters.
type Sampler interface {
	// Sample fills every Reading of the batch, and the host's if Batch.Host is
	// set. It allocates nothing once the batch's containers are known.
	// Errors of a single container stand in its Reading.
	Sample(context.Context, *Batch) error
}

// Controller changes containers.
type Controller interface {
	// Do carries one operation out and waits for its end. When the context is
	// cancelled the work is stopped, what it had made so far is removed, and the
	// error wraps ErrCancelled.
	Do(context.Context, Request) error
	// Prepare says that up to n requests of an operation may come soon, such as
	// while a person is asked about them. It does not block, changes no container,
	// and nothing has to come of it.
	Prepare(op Op, n int)
}

// Watcher announces changes.
type Watcher interface {
	// Watch sends hints until the context ends, then closes the channel. A
	// slow receiver loses duplicates, never the last hint of a container.
	Watch(context.Context) (<-chan Event, error)
}

// Attacher runs processes in containers.
type Attacher interface {
	// Attach starts a process on a pty of the container.
	Attach(context.Context, Shell) (Session, error)
	// Exec starts a process on the given descriptors, without a pty, and waits for it.
	Exec(context.Context, Shell, Stdio) (Exit, error)
	// Console takes a tty of the container until the session is closed. The
	// error wraps ErrNoTTY when it is taken already, or all are.
	Console(context.Context, Console) (Session, error)
	// BootLog gives what the container's console has printed, as far as that is
	// kept: at most the last MaxBootLog bytes, as they are. The error wraps
	// ErrNoBootLog when nothing keeps it. LXC's ring buffer gives out each byte
	// once: a Runtime remembers what it was given, another has only the rest.
	BootLog(context.Context, Ref) ([]byte, error)
}

// LogReader gives the logs of a container.
type LogReader interface {
	// Logs lists them: those of the host first, then the journal, then files inside,
	// by name. One that is known of and cannot be read says why.
	Logs(context.Context, Ref) ([]LogSource, error)
	// OpenLog opens one of them, by its kind, and a LogFile by its path. What stands
	// in a file's place that is no regular file is ErrInvalid, what is not there
	// ErrNoLog; no link leads out of the container's root. A journal runs a program in
	// the container, and the ring buffer is read as BootLog reads it. The context bounds
	// the opening only.
	OpenLog(context.Context, Ref, LogSource) (*Log, error)
}
