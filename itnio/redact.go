package itnio

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxForeignText = 200  // bytes of a server's words that an error carries
	maxForeignRead = 4096 // longer texts are not looked at
)

// newRedactor gives the function through which everything that a server, a proxy or the network stack says has to go
// before it enters an error: one line, at most 200 bytes, without key, secret, signature or phone number. It is a
// closure so that no way of printing a Client can show the secret.
func newRedactor(key, secret string) func(string) string {
	secrets := regexp.MustCompile("(?i)" + regexp.QuoteMeta(key) + "|" + regexp.QuoteMeta(secret))
	// Signatures, and digits in a row or in groups as phone numbers are written.
	patterns := regexp.MustCompile(`(?i)[0-9a-f]{16,}|\p{Nd}(?:[-. ()/]{0,2}\p{Nd}){4,}`)
	return func(s string) string {
		if len(s) > maxForeignRead {
			return "(a text of excessive length)"
		}
		s = strings.Map(func(r rune) rune {
			switch {
			case unicode.IsSpace(r):
				return ' '
			case !unicode.IsPrint(r):
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, ""))
		s = secrets.ReplaceAllLiteralString(s, "…")
		s = patterns.ReplaceAllLiteralString(s, "…")
		return cut(strings.TrimSpace(s), maxForeignText)
	}
}

// cut shortens s to at most n bytes, between two characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
