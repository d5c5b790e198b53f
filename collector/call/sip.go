package call

import "strings"

// sipCode is the SIP code in the last brackets of the error reason that contain one, as in "call failed(486)", else the
// hang-up code if it is one, else Unknown.
func sipCode(errorReason, hangupCode string) string {
	for content, rest := bracketed(errorReason); content != "" || rest != ""; content, rest = bracketed(rest) {
		if code, _, _ := strings.Cut(content, " "); isSIPCode(code) { // "486 Busy Here"
			return code
		}
	}
	if code := strings.TrimSpace(hangupCode); isSIPCode(code) {
		return code
	}
	return Unknown
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
