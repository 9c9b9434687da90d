package runtime

import (
	"strings"
	"testing"
)

// TestSecretPartsAndMask holds the two forms of the rules together: what one
// masks, the other names.
func TestSecretPartsAndMask(t *testing.T) {
	for _, c := range []struct{ text, shown string }{
		{"nothing to hide here, token expired", "nothing to hide here, token ***"}, // the word behind could be one
		{"https://ann:hush@example.com/x", "https://ann:***@example.com/x"},
		{"postgres://u:hush@db/x?sslmode=off", "postgres://u:***@db/x?sslmode=off"},
		{"run --password=hush now", "run --password=*** now"},
		{"run --auth hush now", "run --auth *** now"},
		{"run --auth=hush now", "run --auth=*** now"},
		{"run -pw hush", "run -pw ***"},
		{`DB_URL="a b" make`, "DB_URL=*** make"},
		{"x password: 'hush hush'; y", "x password: ***; y"},
		{"TOKEN=https://a:hush@b/c", "TOKEN=***"},
		{"authorization: bearer hush", "authorization: ***"},
		{"--key", "--key"},
		{"the password is hush", "the password is ***"},
		{"the password is: hush", "the password is: ***"},
		{"password = hush", "password = ***"},
		{"password : hush", "password : ***"},
		{"curl -u ann:hush http://h", "curl -u ann:*** http://h"},
		{"curl -uann:hush --proxy-user='bo:hush hush'", "curl -uann:*** --proxy-user='bo:*** hush'"},
		{"run -u 1000:1000 -v", "run -u 1000:1000 -v"},
		{"mysql -u root -phush db", "mysql -u root -p*** db"},
		{"mkdir -p /x; sshpass -p hush ssh h", "mkdir -p /x; sshpass -p *** ssh h"},
		{"", ""},
	} {
		var b strings.Builder
		at := 0
		for _, p := range SecretParts(c.text) {
			if p[0] < at || p[1] <= p[0] || p[1] > len(c.text) {
				t.Fatalf("%q: parts %v", c.text, SecretParts(c.text))
			}
			b.WriteString(c.text[at:p[0]] + SecretMask)
			at = p[1]
		}
		b.WriteString(c.text[at:])
		if b.String() != c.shown {
			t.Errorf("%q is shown as %q, want %q", c.text, b.String(), c.shown)
		}
	}
	if got := MaskSecrets("--auth=hush"); got != "--auth=***" {
		t.Errorf("MaskSecrets = %q", got)
	}
	if got := MaskSaid("curl -u ann:hush: no answer, token expired"); got != "curl -u ann:*** no answer, token expired" {
		t.Errorf("MaskSaid = %q", got)
	}
	if !IsSecretFlag("--db-password") || IsSecretFlag("--port") || IsSecretFlag("--password=x") {
		t.Error("IsSecretFlag is wrong")
	}
}

// FuzzSecretParts: ranges are in order, apart and inside; where the mask of the
// audit log hides something, some range is there too.
func FuzzSecretParts(f *testing.F) {
	f.Add("https://a:b@c --token x PASSWORD='y z'; -p q")
	f.Fuzz(func(t *testing.T, text string) {
		parts := SecretParts(text)
		at := -1
		for _, p := range parts {
			if p[0] <= at || p[1] <= p[0] || p[1] > len(text) {
				t.Fatalf("%q: %v", text, parts)
			}
			at = p[1]
		}
		if masked := MaskSecrets(text); len(parts) == 0 && masked != text {
			t.Fatalf("%q is masked as %q and has no parts", text, masked)
		}
	})
}
