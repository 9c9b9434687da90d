package runtime

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// SecretMask stands in the place of a secret.
const SecretMask = "***"

var (
	// secretValue is a value behind a name that speaks of a secret, in a word
	// or anywhere in a script: --password=x, token: x.
	secretValue = regexp.MustCompile(`(?i)([\w-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key|credential|authorization|cookie)[\w-]*["']?(?:[ \t]*=[ \t]*|\s*:\s*|\s+(?:is|was|are)\b[ \t]*[:=]?\s*|\s+))(?:"[^"]*"|'[^']*'|(?:bearer|basic)\s+\S+|[^\s;]+)`)
	// scriptVar is an assignment in a script, or a word that could be one.
	scriptVar = regexp.MustCompile(`(^|[\s;&|(])([A-Z_][A-Z0-9_]*)=(?:"[^"]*"|'[^']*'|[^\s;&|)]+)`)
	// secretSaid is a secret as a program repeats its arguments in what it says
	// of a failure. Words such as "token expired" are none.
	secretSaid = regexp.MustCompile(`(?i)((?:--?[\w-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key|credential)[\w-]*\s+|[\w-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key|credential)[\w-]*["']?=))(?:"[^"]*"|'[^']*'|[^\s;&]+)`)
	// userPair is USER:PASSWORD behind an option, as curl takes it; a pair of numbers
	// is none.
	userPair = regexp.MustCompile(`((?:^|\s)(?:-u|-U|--user|--proxy-user)(?:=|[ \t]*)["']?[^\s:"'/=]*[^\s:"'/=\d][^\s:"'/=]*:)[^\s"';]+`)
	// programSecret is a secret behind a short option of a program that is known.
	programSecret = regexp.MustCompile(`(\b(?:(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b[^;&|\n]*?\s-p|(?:sshpass\b[^;&|\n]*?\s-p|ldapsearch\b[^;&|\n]*?\s-w|redis-cli\b[^;&|\n]*?\s-a)[ \t]*))(?:"[^"]*"|'[^']*'|[^\s;&|]+)`)
	// userInfo is a password in a URL.
	userInfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@`)
)

// secretFlags are options whose value is a secret, without their dashes, and
// parts of longer names such as --db-password.
var secretFlags = []string{
	"password", "passwd", "pass", "passphrase", "pw", "pwd", "secret", "secrets", "token", "apikey", "key", "auth", "credential", "credentials", "cookie",
}

// IsSecretFlag says whether a word is an option and the word after it a secret.
func IsSecretFlag(w string) bool {
	if !strings.HasPrefix(w, "-") || strings.ContainsAny(w, "= \t\n") {
		return false
	}
	parts := strings.FieldsFunc(strings.ToLower(w), func(r rune) bool { return r == '-' || r == '_' })
	return slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(secretFlags, p) })
}

// MaskSecrets masks what looks like a secret in a word, which may be a whole script.
func MaskSecrets(w string) string {
	if name, value, ok := strings.Cut(w, "="); ok && strings.HasPrefix(name, "-") && IsSecretFlag(name) && value != "" {
		return name + "=" + SecretMask
	}
	w = userInfo.ReplaceAllString(w, "${1}"+SecretMask+"@")
	w = programSecret.ReplaceAllString(userPair.ReplaceAllString(w, "${1}"+SecretMask), "${1}"+SecretMask)
	w = secretValue.ReplaceAllString(w, "${1}"+SecretMask)
	return scriptVar.ReplaceAllString(w, "${1}${2}="+SecretMask)
}

// MaskSaid masks what looks like a secret in the words of an error, which may be
// those of a template that repeats what it was given.
func MaskSaid(words string) string {
	words = userInfo.ReplaceAllString(words, "${1}"+SecretMask+"@")
	words = programSecret.ReplaceAllString(userPair.ReplaceAllString(words, "${1}"+SecretMask), "${1}"+SecretMask)
	return secretSaid.ReplaceAllString(words, "${1}"+SecretMask)
}

// SecretBehind is where what follows the first word that speaks of a secret begins, in
// bytes; -1 = there is none. In prose nobody can say which of the words is the secret.
func SecretBehind(text string) int {
	m := secretValue.FindStringSubmatchIndex(text)
	if m == nil {
		return -1
	}
	return m[3]
}

// SecretParts are the parts of a text that look like secrets by the same rules,
// values behind options such as --auth among them: from byte, up to byte, in
// order and apart from each other.
func SecretParts(text string) [][2]int {
	var all [][2]int
	add := func(from, to int) {
		if from < to {
			all = append(all, [2]int{from, to})
		}
	}
	for _, m := range userInfo.FindAllStringSubmatchIndex(text, -1) {
		add(m[3], m[1]-1) // without the @
	}
	for _, m := range secretValue.FindAllStringSubmatchIndex(text, -1) {
		add(m[3], m[1])
	}
	if strings.Contains(text, "-") { // both are slow, and most texts have none
		for _, re := range []*regexp.Regexp{userPair, programSecret} {
			for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
				add(m[3], m[1])
			}
		}
	}
	for _, m := range scriptVar.FindAllStringSubmatchIndex(text, -1) {
		add(m[5]+1, m[1])
	}
	flag, at := false, 0 // the word before is an option whose value is a secret
	for word := range strings.FieldsSeq(text) {
		at += strings.Index(text[at:], word)
		end := at + len(word)
		name, _, assigned := strings.Cut(word, "=")
		switch {
		case assigned && IsSecretFlag(name):
			add(at+len(name)+1, end)
		case flag:
			add(at, end)
		}
		flag, at = IsSecretFlag(word), end
	}
	slices.SortFunc(all, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	out := all[:0]
	for _, p := range all {
		if n := len(out); n > 0 && p[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], p[1])
			continue
		}
		out = append(out, p)
	}
	return out
}
