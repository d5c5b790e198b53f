package logging

import (
	"strings"
	"unicode"

	"github.com/go-kit/log/level"
)

// kindOf is equal for two lines that say the same. It consists of the level, of the texts (message, account, ...) as they are, and of
// the words of errors. Numbers, durations and times are left out: they differ each time.
func kindOf(keyvals []any) string {
	var b strings.Builder
	for i := 1; i < len(keyvals); i += 2 {
		key, _ := keyvals[i-1].(string)
		switch v := keyvals[i].(type) {
		case error:
			b.WriteString(key + "=" + words(v.Error()))
		case level.Value:
			b.WriteString(key + "=" + v.String())
		case string:
			if key == errKey {
				v = words(v)
			}
			b.WriteString(key + "=" + v)
		}
		b.WriteByte(0)
	}
	return b.String()
}

// words is a text without the words that have a digit in them: ports, addresses, times and request ids.
func words(text string) string {
	all := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	kept := all[:0]
	for _, word := range all {
		if !strings.ContainsFunc(word, unicode.IsDigit) {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}
