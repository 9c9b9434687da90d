package runtime

import (
	"errors"
	"strings"
)

// SplitWords cuts a line into words as a POSIX shell does: blanks separate,
// quotes and backslashes keep together and mean themselves nowhere else.
// Nothing is expanded: $ * ~ | ; and the like are characters as any other.
func SplitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	begun := false // '' is a word too
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case ' ', '\t', '\n':
			if begun {
				words = append(words, word.String())
				word.Reset()
				begun = false
			}
			continue
		case '\'', '"':
			n, err := unquote(&word, s[i:])
			if err != nil {
				return nil, err
			}
			i += n - 1
		case '\\':
			i++
			if i == len(s) {
				return nil, errors.New(`nothing follows the last \`)
			}
			if s[i] == '\n' { // the line goes on
				continue
			}
			word.WriteByte(s[i])
		default:
			word.WriteByte(c)
		}
		begun = true
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

// unquote adds what stands in the quotes with which s begins, and gives their
// length.
func unquote(word *strings.Builder, s string) (int, error) {
	mark := s[0]
	for i := 1; i < len(s); i++ {
		c := s[i]
		switch {
		case c == mark:
			return i + 1, nil
		case c == '\\' && mark == '"' && i+1 < len(s) && strings.IndexByte("$`\"\\\n", s[i+1]) >= 0:
			if i++; s[i] != '\n' {
				word.WriteByte(s[i])
			}
		default:
			word.WriteByte(c)
		}
	}
	if mark == '"' {
		return 0, errors.New(`a " is not closed`)
	}
	return 0, errors.New("a ' is not closed")
}

// JoinWords is a line that SplitWords, and a shell, cut into these words.
func JoinWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = ShellQuote(w)
	}
	return strings.Join(quoted, " ")
}
