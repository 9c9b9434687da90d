package lxc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"lxcdeck/runtime"
)

// badFile is for files of the host that the config names, and that liblxc opens at a
// start (setup_mount_fstab of conf.c, lxc_terminal_create_log_file of terminal.c).
func (p *patient) badFile() *runtime.Diagnosis {
	if line := p.line("Failed to open terminal log file "); line != "" {
		return p.noConsoleLog(quotedAfter(line, "log file "), line)
	}
	for _, line := range p.log {
		file := quotedAfter(line, "Failed to open ")
		if file == "" || !slices.Contains(p.values("lxc.mount.fstab"), file) {
			continue
		}
		const advice = "Put it there, or take lxc.mount.fstab out of the config: lxc.mount.entry takes the same lines."
		_, err := os.Stat(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			p.saw("%s is not there on the host", file)
			return found("The file with its mounts is not there: "+file+" (lxc.mount.fstab).", advice)
		case err != nil:
			return found("The file with its mounts cannot be reached: "+file+" (lxc.mount.fstab): "+plainErr(err)+".", advice)
		}
		return found("The file with its mounts cannot be read: "+line, "Look who may read "+file+", or take lxc.mount.fstab out of the config.")
	}
	return nil
}

// noConsoleLog is for the file that the console is written to. liblxc makes it, but not
// its directory.
func (p *patient) noConsoleLog(file, line string) *runtime.Diagnosis {
	const orOut = ", or correct lxc.console.logfile in its config."
	dir := filepath.Dir(file)
	st, err := os.Stat(dir)
	is, ferr := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.saw("%s is not there on the host", dir)
		return found("The directory that its console is logged to is not there: "+dir+" (lxc.console.logfile = "+file+").",
			"Make it: mkdir -p "+runtime.ShellQuote(dir)+orOut)
	case err != nil:
		return found("The directory that its console is logged to cannot be reached: "+dir+": "+plainErr(err)+".", "Let it be reached"+orOut)
	case !st.IsDir():
		return found("Its console cannot be logged to "+file+": "+dir+" is no directory.", "Move what is there out of the way"+orOut)
	case ferr == nil && is.IsDir():
		return found("Its console cannot be logged to "+file+": that is a directory.", "Name a file in it"+orOut)
	}
	return found("Its console cannot be logged to "+file+": "+line, "Look who may write there"+orOut)
}
