package call

import (
	"strings"
	"unicode"
)

// sipCode is the SIP code in the last brackets of the error reason that contain one, as in "call failed(486)", else the
// hang-up code if it is one, else Unknown. Brackets may be of any kind, and brackets and digits full-width.
func sipCode(errorReason, hangupCode string) string {
	errorReason = strings.Map(plain, errorReason)
	for content, rest := bracketed(errorReason); content != "" || rest != ""; content, rest = bracketed(rest) {
		if code := firstWord(content); isSIPCode(code) { // "486 Busy Here"
			return code
		}
	}
	if code := strings.TrimSpace(strings.Map(plain, hangupCode)); isSIPCode(code) {
		return code
	}
	return Unknown
}

// plain turns brackets of any kind into round ones, full-width digits into ASCII digits, and any blank into a space.
func plain(r rune) rune {
	switch {
	case unicode.Is(unicode.Ps, r), r == '<', r == '＜':
		return '('
	case unicode.Is(unicode.Pe, r), r == '>', r == '＞':
		return ')'
	case '０' <= r && r <= '９':
		return r - '０' + '0'
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

// firstWord is the text before the first blank or punctuation mark, as in "486 Busy Here", "486: busy" or "486，忙".
func firstWord(s string) string {
	if i := strings.IndexFunc(s, func(r rune) bool { return r == ' ' || unicode.IsPunct(r) }); i >= 0 {
		return s[:i]
	}
	return s
}

// bracketed is the content of the last closed brackets of s, and the text before them.
func bracketed(s string) (content, before string) {
	last := strings.LastIndexByte(s, ')')
	if last < 0 {
		return "", ""
	}
	open := strings.LastIndexByte(s[:last], '(')
	if open < 0 {
		return "", ""
	}
	content, _, _ = strings.Cut(s[open+1:], ")")
	return strings.TrimSpace(content), s[:open]
}

// isSIPCode reports whether s is a SIP response code, 100 to 699.
func isSIPCode(s string) bool {
	return len(s) == 3 && s[0] >= '1' && s[0] <= '6' && isDigits(s)
}
