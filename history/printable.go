package history

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable is a text as a table for people shows it: in one line, and without what a terminal would obey. What cannot be printed is
// written as an escape, \n, so that two names that differ look different.
func Printable(text string) string {
	if !strings.ContainsFunc(text, unprintable) {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		if unprintable(r) {
			quoted := strconv.QuoteRuneToGraphic(r)
			out.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

func unprintable(r rune) bool { return !unicode.IsGraphic(r) }
