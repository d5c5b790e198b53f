package itnio

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxForeignText = 200  // bytes of a server's words that an error carries
	maxForeignRead = 4096 // longer texts are not looked at
	maxLetters     = 4    // between two digits of a number
	hidden         = "…"
)

// redactor removes what must not be shown from a text that comes from outside; known texts in it stay as they are.
type redactor func(text string, known ...string) string

// newRedactor gives the function through which everything that a server, a proxy or the network stack says has to go
// before it enters an error: one line, at most 200 bytes, without secrets, signatures, phone numbers, and users and
// passwords of URLs. What an operator needs stays: addresses, ports, dates, times and durations, and what is known, such as
// the host that was dialled. It is a closure so that no way of printing a Client can show a secret.
func newRedactor(secrets ...string) redactor {
	hides := secretPattern(secrets)
	users := regexp.MustCompile(`("\w+://)[^"]*@|(://)[^\s"]*@`)              // in quotes they may hold blanks
	tokens := regexp.MustCompile(`(?i)\b(bearer|basic)[ :]+[\w.~+/-]{16,}=*`) // also those that were fetched
	// Signatures, and seven digits or more as phone numbers are written: in a row or in groups, with signs of any kind, escapes or
	// a few letters between them. Shorter ones are extensions, ports and ids, as in collector/call.
	personal := regexp.MustCompile(`(?i)[0-9a-f]{16,}|\p{N}(?:(?:` + escape + `|<[^<>]{1,12}>|[^\p{L}\p{N}]){0,4}\p{N}|\p{L}{1,` + strconv.Itoa(maxLetters) + `}\p{N}){6,}`)
	technical := []shape{{technicalPattern(), isAddress4}, {regexp.MustCompile(ipv6), isAddress6}}
	return func(s string, known ...string) string {
		if len(s) > maxForeignRead {
			return "(a text of excessive length)"
		}
		s = hides.ReplaceAllLiteralString(oneLine(s), hidden)
		s = users.ReplaceAllString(s, "${1}${2}"+hidden+"@")
		s = tokens.ReplaceAllString(s, "$1 "+hidden)
		var out strings.Builder
		shown := 0
		for _, keep := range keptSpans(s, technical, known) {
			if keep.start >= shown {
				out.WriteString(personal.ReplaceAllLiteralString(s[shown:keep.start], hidden))
				out.WriteString(s[keep.start:keep.end])
				shown = keep.end
			}
		}
		out.WriteString(personal.ReplaceAllLiteralString(s[shown:], hidden))
		return cut(strings.TrimSpace(out.String()), maxForeignText)
	}
}

// escape is a character that is written in another way: as in URLs, as in JSON and as in HTML.
const escape = `%[0-9a-f]{2}|\\u[0-9a-f]{4}|\\[a-z]|&#?\w{1,8};`

// oneLine drops what cannot be printed and replaces each blank by a space.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// secretPattern finds secrets as they stand, with escapes of URLs, JSON and HTML, in base64 and as Go quotes them.
func secretPattern(secrets []string) *regexp.Regexp {
	forms := []string{`[^\s\S]`} // matches nothing
	for _, s := range secrets {
		if s = oneLine(s); utf8.RuneCountInString(s) < 2 {
			continue // one character is part of most words, and hiding it would leave nothing to read
		}
		quoted := strconv.Quote(s)
		forms = append(forms, escaped(s), regexp.QuoteMeta(quoted[1:len(quoted)-1]))
		if len(s) < 3 {
			continue // its base64 is part of many words
		}
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			forms = append(forms, regexp.QuoteMeta(enc.EncodeToString([]byte(s)))+"=*")
		}
	}
	slices.SortStableFunc(forms, func(a, b string) int { return len(b) - len(a) }) // none hides only the beginning of another
	return regexp.MustCompile("(?i)" + strings.Join(forms, "|"))
}

// escaped is the pattern of a text of which any character may be escaped as in URLs, JSON or HTML.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		_, _ = fmt.Fprintf(&b, "(?:%s|", regexp.QuoteMeta(string(r)))
		switch r {
		case ' ':
			b.WriteString(`\+|`)
		case '/':
			b.WriteString(`\\/|`)
		case '"':
			b.WriteString(`&quot;|`)
		case '\'':
			b.WriteString(`&apos;|`)
		case '&', '<', '>':
			b.WriteString(html.EscapeString(string(r)) + "|")
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			_, _ = fmt.Fprintf(&b, `\\u%04x`, unit)
		}
		_, _ = fmt.Fprintf(&b, "|&#0*%d;|&#x0*%x;|", r, r)
		for _, c := range []byte(string(r)) {
			_, _ = fmt.Fprintf(&b, "%%%02x", c)
		}
		b.WriteString(")")
	}
	return b.String()
}

// technicalPattern finds what has many digits and is no phone number.
func technicalPattern() *regexp.Regexp {
	const clock = `(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?`
	const seconds = `[0-5]?\d(?:\.\d{1,9})?s`
	return regexp.MustCompile(strings.Join([]string{
		`\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?`,                     // IPv4 address or network
		`(?:\]|localhost|[[:alnum:]-]+\.[[:alnum:].-]*[[:alpha:]]):\d{1,5}`, // the port of an IPv6 address or a host
		`(?:19|20)\d\d[-/.](?:0[1-9]|1[0-2])[-/.](?:0[1-9]|[12]\d|3[01])(?:[ T]` + clock + `(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?`,
		`\d{1,2}[ -][A-Z][a-z]{2}[ -]\d{4} ` + clock,          // as in headers
		`[A-Z][a-z]{2} {1,2}\d{1,2} ` + clock + `(?: \d{4})?`, // as in logs
		clock,
		`HTTP/\d(?:\.\d)?(?: \d{3})?`,
		`(?:\d{1,6}(?:\.\d{1,9})?(?:ns|us|µs|μs|ms|s|m|h)|\d{1,6}h[0-5]?\dm(?:` + seconds + `)?|\d{1,6}m` + seconds + `)\b`, // duration
	}, "|"))
}

// shape is a kind of text that has many digits and is no phone number.
type shape struct {
	pattern *regexp.Regexp
	is      func(match string) bool
}

// ipv6 finds what may be an IPv6 address.
const ipv6 = `[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?(?:%[\w.-]+)?`

// isAddress6 reports whether a text is an IPv6 address of a range in use: a row of digits may have the form of another one.
func isAddress6(match string) bool {
	a, err := netip.ParseAddr(match)
	return err == nil && (a.Is4In6() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.As16()[0]>>5 == 1)
}

// isAddress4 is true for what does not have the form of an IPv4 address.
func isAddress4(match string) bool {
	address, _, _ := strings.Cut(strings.SplitN(match, ":", 2)[0], "/")
	if strings.Count(address, ".") != 3 || strings.Trim(address, "0123456789.") != "" {
		return true
	}
	_, err := netip.ParseAddr(address)
	return err == nil
}

// keptSpans are the places of a text that stay as they are, in order.
func keptSpans(s string, technical []shape, known []string) []span {
	var spans []span
	for _, k := range known {
		for at := 0; k != ""; {
			i := strings.Index(s[at:], k)
			if i < 0 {
				break
			}
			spans = append(spans, span{at + i, at + i + len(k)})
			at += i + len(k)
		}
	}
	for _, t := range technical {
		for _, m := range t.pattern.FindAllStringIndex(s, -1) {
			if t.is(s[m[0]:m[1]]) && standsAlone(s, m[0], m[1]) {
				spans = append(spans, span{m[0], m[1]})
			}
		}
	}
	slices.SortStableFunc(spans, func(a, b span) int { return a.start - b.start })
	return spans
}

// standsAlone reports whether what begins and ends there is no part of a longer row of digits.
func standsAlone(s string, start, end int) bool {
	if goesOn([]rune(s[end:])) {
		return false
	}
	before := []rune(s[:start])
	slices.Reverse(before)
	return s[start] < '0' || s[start] > '9' || !goesOn(before)
}

// goesOn reports whether a row of digits goes on with these characters: a digit, or a digit behind a mark or a few letters.
func goesOn(next []rune) bool {
	switch {
	case len(next) == 0:
		return false
	case unicode.Is(unicode.Pd, next[0]) || strings.ContainsRune("−._·•‧∙⋅・:=", next[0]):
		return len(next) > 1 && unicode.IsDigit(next[1])
	}
	letters := 0
	for letters < min(len(next)-1, maxLetters) && unicode.IsLetter(next[letters]) {
		letters++
	}
	return unicode.IsDigit(next[letters])
}

// cut shortens s to at most n bytes, between two characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len(hidden)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + hidden
}
