package audit

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

const (
	mask = runtime.SecretMask
	// maxWords, maxWord and maxLine bound a command line in the log.
	maxWords = 256
	maxWord  = 4096
	maxLine  = 32 << 10
	// maxPaths is how many sources of a copy are written down.
	maxPaths = 50
)

// assignment is NAME=value, as a shell and env(1) take it.
var assignment = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=`)

// attached are programs that take a secret behind a short option, as -pSECRET
// or as the word after it.
var attached = map[string]struct {
	flag string
	next bool // also in the word after it
}{
	"mysql": {"-p", false}, "mysqldump": {"-p", false}, "mysqladmin": {"-p", false}, "mariadb": {"-p", false}, "mariadb-dump": {"-p", false},
	"sshpass": {"-p", true}, "curl": {"-u", true}, "ldapsearch": {"-w", true}, "redis-cli": {"-a", true}, "smbclient": {"-U", true},
}

// maskWords gives a command line that can be kept: values of variables, and
// what looks like a secret, are masked.
func maskWords(words []string) []string {
	out := make([]string, 0, min(len(words), maxWords))
	inEnv, next := true, false // variables may stand here; this word is a flag's value
	var short struct {
		flag string
		next bool
	}
	room := maxLine
	for i, w := range words {
		if room -= min(len(w), maxWord); i == maxWords || room < 0 {
			return append(out, "... "+strconv.Itoa(len(words)-i)+" more")
		}
		switch {
		case next:
			w, next = mask, strings.HasPrefix(w, "-") && runtime.IsSecretFlag(w)
		case inEnv && assignment.MatchString(w):
			w = w[:strings.IndexByte(w, '=')+1] + mask
		case short.flag != "" && strings.HasPrefix(w, short.flag):
			next = w == short.flag && short.next
			if w != short.flag {
				w = short.flag + mask
			}
		case runtime.IsSecretFlag(w):
			next = true
		default:
			if base := path.Base(w); inEnv && !strings.HasPrefix(w, "-") {
				inEnv = base == "env" || base == "sudo"
				short = attached[base]
			}
			w = maskText(w)
		}
		out = append(out, text(w))
	}
	return out
}

// maskText masks what looks like a secret in a word, which may be a whole script.
func maskText(w string) string {
	if len(w) > maxWord {
		w = w[:maxWord] + "... " + strconv.Itoa(len(w)) + " bytes"
	}
	return runtime.MaskSecrets(w)
}

// envNames are the variables of an environment, without their values.
func envNames(env []string) []string {
	out := make([]string, 0, len(env))
	for i, kv := range env {
		if i == maxWords {
			break
		}
		name, _, _ := strings.Cut(kv, "=")
		out = append(out, text(name))
	}
	return out
}

// masked is a request as it may be kept.
func masked(q runtime.Request) runtime.Request {
	switch a := q.Args.(type) {
	case *runtime.StartArgs:
		c := *a
		c.Command = maskWords(a.Command)
		q.Args = &c
	case *runtime.CreateArgs:
		c := *a
		c.Args = maskWords(a.Args)
		q.Args = &c
	case *runtime.ConfigArgs: // the text may hold secrets, and is kept as a backup
		c := *a
		c.Text = nil
		q.Args = &c
	case *runtime.CopyFilesArgs: // paths are told, contents never are
		c := *a
		if more := len(a.From) - maxPaths; more > 0 {
			c.From = append(slices.Clone(a.From[:maxPaths]), "... "+strconv.Itoa(more)+" more")
		}
		q.Args = &c
	case *runtime.RunArgs:
		c := *a
		c.Command, c.Env, c.Config = maskWords(a.Command), envNames(a.Env), maskConfig(a.Config)
		q.Args = &c
	}
	return q
}

// maskConfig gives lines of a config without the values of variables.
func maskConfig(lines []string) []string {
	var out []string
	for _, l := range lines {
		key, value, _ := strings.Cut(l, "=")
		if strings.HasPrefix(strings.TrimSpace(key), "lxc.environment") {
			name, _, _ := strings.Cut(strings.Trim(strings.TrimSpace(value), `"'`), "=")
			l = strings.TrimSpace(key) + " = " + name + "=" + mask
		}
		out = append(out, text(l))
	}
	return out
}
