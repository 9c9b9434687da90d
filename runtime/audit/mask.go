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
	mask = "***"
	// maxWords, maxWord and maxLine bound a command line in the log.
	maxWords = 256
	maxWord  = 4096
	maxLine  = 32 << 10
)

var (
	// assignment is NAME=value, as a shell and env(1) take it.
	assignment = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=`)
	// secretValue is a value behind a name that speaks of a secret, in a word
	// or anywhere in a script: --password=x, token: x.
	secretValue = regexp.MustCompile(`(?i)([\w-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key|credential|authorization|cookie)[\w-]*["']?(?:=|:\s*|\s+))(?:"[^"]*"|'[^']*'|(?:bearer|basic)\s+\S+|[^\s;]+)`)
	// scriptVar is an assignment in a script, or a word that could be one.
	scriptVar = regexp.MustCompile(`(^|[\s;&|(])([A-Z_][A-Z0-9_]*)=(?:"[^"]*"|'[^']*'|[^\s;&|)]+)`)
	// secretSaid is a secret as a program repeats its arguments in what it says
	// of a failure. Words such as "token expired" are none.
	secretSaid = regexp.MustCompile(`(?i)((?:--?[\w-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key|credential)[\w-]*\s+|[\w-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key|credential)[\w-]*["']?=))(?:"[^"]*"|'[^']*'|[^\s;&]+)`)
	// userInfo is a password in a URL.
	userInfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@`)
)

// secretFlags are options whose value is a secret, without their dashes, and
// parts of longer names such as --db-password.
var secretFlags = []string{
	"password", "passwd", "pass", "passphrase", "pw", "pwd", "secret", "secrets", "token", "apikey", "key", "auth", "credential", "credentials", "cookie",
}

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
			w, next = mask, strings.HasPrefix(w, "-") && isSecretFlag(w)
		case inEnv && assignment.MatchString(w):
			w = w[:strings.IndexByte(w, '=')+1] + mask
		case short.flag != "" && strings.HasPrefix(w, short.flag):
			next = w == short.flag && short.next
			if w != short.flag {
				w = short.flag + mask
			}
		case isSecretFlag(w):
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

// isSecretFlag says whether the word after this one is a secret.
func isSecretFlag(w string) bool {
	if !strings.HasPrefix(w, "-") || strings.ContainsAny(w, "= \t\n") {
		return false
	}
	parts := strings.FieldsFunc(strings.ToLower(w), func(r rune) bool { return r == '-' || r == '_' })
	return slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(secretFlags, p) })
}

// maskText masks what looks like a secret in a word, which may be a whole script.
func maskText(w string) string {
	if len(w) > maxWord {
		w = w[:maxWord] + "... " + strconv.Itoa(len(w)) + " bytes"
	}
	if name, value, ok := strings.Cut(w, "="); ok && strings.HasPrefix(name, "-") && isSecretFlag(name) && value != "" {
		return name + "=" + mask
	}
	w = userInfo.ReplaceAllString(w, "${1}"+mask+"@")
	w = secretValue.ReplaceAllString(w, "${1}"+mask)
	return scriptVar.ReplaceAllString(w, "${1}${2}="+mask)
}

// maskSaid masks what looks like a secret in the words of an error, which may be
// those of a template that repeats what it was given.
func maskSaid(words string) string {
	return secretSaid.ReplaceAllString(userInfo.ReplaceAllString(words, "${1}"+mask+"@"), "${1}"+mask)
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
