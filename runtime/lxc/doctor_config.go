package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// noContainer is for a container whose directory or config is gone.
func (p *patient) noContainer() *runtime.Diagnosis {
	dir := p.ref.String()
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !exists(dir):
		p.saw("%s is not there", dir)
		if _, err := os.Stat(p.ref.Path); err != nil {
			return found("Its lxcpath "+p.ref.Path+" is not there: "+plainErr(err)+".", "Look whether a file system has to be mounted there.")
		}
		return found("There is no directory "+dir+": the container is gone.", "Look whether it was renamed or destroyed meanwhile, or lies on a file system that is not mounted.")
	case err != nil:
		return found("Its directory "+dir+" cannot be reached: "+plainErr(err)+".", "Look where it leads, and whether a file system has to be mounted there.")
	case !st.IsDir():
		return found(dir+" is no directory, and so no container.", "Look what has been put in its place.")
	}
	config := filepath.Join(dir, "config")
	if exists(config) {
		return nil
	}
	p.saw("%s is there, %s is not", dir, config)
	kept, _ := filepath.Glob(filepath.Join(globQuote(dir), "snaps", "*", "config"))
	for _, k := range kept {
		p.saw("a snapshot has one: %s", k)
	}
	return found("Its directory has no config file: to LXC it is no container.", "Put the config back, from a backup or from a snapshot.")
}

// globQuote takes the meaning from what path.Match would interpret.
func globQuote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// plainErr is an error of the file system without the call and the path.
func plainErr(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// badConfig is for a config that liblxc cannot read, or must not.
func (p *patient) badConfig() *runtime.Diagnosis {
	if p.load == nil {
		return nil
	}
	var unsafe *unsafeError
	var path *fs.PathError
	text := p.load.Error()
	file, line := quotedAfter(text, "Failed to parse config file "), quotedAfter(text, "at line ")
	if i := strings.Index(text, `at line "`); i >= 0 { // the line may have quotes of its own
		line = strings.TrimSuffix(text[i+len(`at line "`):], `"`)
	}
	if file != "" {
		p.saw("%s, at the line: %s", file, line)
	}
	switch {
	case seen(filepath.Join(p.ref.String(), "partial")):
		return p.halfMade()
	case errors.As(p.load, &unsafe):
		return found("lxcdeck does not let liblxc read its config: "+unsafe.Error()+".", unsafe.hint())
	case errors.As(p.load, &path) && path.Path == filepath.Join(p.ref.String(), "config") && errors.Is(path.Err, fs.ErrPermission):
		return found(fmt.Sprintf("Its config cannot be read by %s: %s: %s.", accountName(p.uid), path.Path, path.Err),
			"Run lxcdeck as root, or as the user who owns the container.")
	case errors.As(p.load, &path) && path.Path != filepath.Join(p.ref.String(), "config"):
		p.saw("%s: %v", path.Path, path.Err)
		return found("Its config includes a file that cannot be read: "+p.includeOf(path.Path)+": "+path.Err.Error()+".",
			"Put it back (which package brings it: dpkg -S or rpm -qf of its name), or take out the lxc.include line.")
	case strings.Contains(text, "Unsupported config key"):
		return p.unknownKey(quotedAfter(text, "Unsupported config key "), file)
	case strings.Contains(text, "Unsupported personality"):
		return found(fmt.Sprintf("lxc.arch = %s is no architecture that LXC knows.", quotedAfter(text, "Unsupported personality ")),
			"Write the host's, as uname -m prints it, or one that it can run, into "+file+".")
	case file != "":
		return found("liblxc does not take a line of its config: "+line, "Correct the value in "+file+", see lxc.container.conf(5).")
	}
	if home, run := os.Getenv("HOME"), os.Getenv("XDG_RUNTIME_DIR"); p.uid != 0 && run == "" && unix.Access(home, unix.W_OK) != nil {
		// get_rundir of initutils.c
		p.saw("HOME of %s is %s; there is no /run/user/%d", accountName(p.uid), home, p.uid)
		return found("liblxc has no place for its locks: "+accountName(p.uid)+" has neither a runtime directory nor a home that it can write.",
			"Log in as that user, or make its home; or, as root: loginctl enable-linger "+runtime.ShellQuote(accountName(p.uid))+", which gives it a runtime directory.")
	}
	return found("Its config cannot be loaded: "+text+".", "Correct it, see lxc.container.conf(5).")
}

// seen says that a file is there, and not only that nothing is known of it.
func seen(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// halfMade is for a container whose creation has not ended.
func (p *patient) halfMade() *runtime.Diagnosis {
	partial := filepath.Join(p.ref.String(), "partial")
	if held(p.ref) {
		return found("It is being created just now: "+partial+" is there.", "Start it when that is done.")
	}
	cause := "It was never made to its end: " + partial + " stands there while liblxc creates a container."
	all, _ := journals(p.ref.Path)
	for _, j := range all {
		if sameRef(j.ref(), p.ref) && j.Op == runtime.Create {
			p.saw("a create of lxcdeck's has left a journal: %s", j.ID)
			return found(cause, "If nobody creates it any more, lxcdeck recover shows what that has left: lxcdeck recover "+runtime.ShellQuote(p.ref.Name)+" "+j.ID+" undo removes it.")
		}
	}
	p.saw("lxcdeck has no journal of it, so that something else has made it")
	return found(cause, "If nobody creates it any more, look whether anything in "+p.ref.String()+" is still wanted, and remove that directory; lxcdeck recover lists only what lxcdeck itself has left.")
}

// includeOf is the value of the lxc.include that leads to a path.
func (p *patient) includeOf(missing string) string {
	in := inspector{walk: newWalker(ownTrust()), cache: newConfigCache()}
	for _, id := range in.inspect(p.ref).files {
		text, err := readRegular(id.path, id)
		if err != nil {
			continue // a directory of them
		}
		for _, inc := range parse(text).includes {
			if inc == missing || strings.HasPrefix(inc, missing+"/") {
				p.saw("%s includes %s", id.path, inc)
				return inc
			}
		}
	}
	return missing
}

// unknownKey is for a key that this liblxc does not have.
func (p *patient) unknownKey(key, file string) *runtime.Diagnosis {
	for _, old := range []string{
		"lxc.network.", "lxc.utsname", "lxc.rootfs", "lxc.tty", "lxc.pts", "lxc.id_map", "lxc.mount", "lxc.kmsg", "lxc.aa_",
		"lxc.se_context", "lxc.seccomp", "lxc.init_", "lxc.logfile", "lxc.loglevel", "lxc.console", "lxc.haltsignal",
		"lxc.rebootsignal", "lxc.stopsignal", "lxc.syslog", "lxc.limit.", "lxc.devttydir", "lxc.pivotdir",
	} {
		if strings.HasPrefix(key, old) {
			return found("Its config has a key of LXC before 2.1, which liblxc "+Version()+" does not know: "+key+".",
				"lxc-update-config -c "+runtime.ShellQuote(file)+" writes the new names; it keeps the old file beside it.")
		}
	}
	return found("Its config has a key that liblxc "+Version()+" does not know: "+key+".",
		"Correct or remove that line in "+file+": it is misspelt, or of another version. lxc.container.conf(5) has them all.")
}
