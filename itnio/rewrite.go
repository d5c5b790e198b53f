package itnio

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// rewriter copies what is nearly JSON, token by token, and makes JSON of it on the way. Its time is linear in its input.
type rewriter struct {
	in    []byte
	at    int
	out   []byte
	depth int // of objects and arrays that are open

	guessed bool // a quote was taken to belong to a text because of what follows it, or not to although it is escaped
}

// next is the byte at hand; 0 at the end.
func (w *rewriter) next() byte { return byteAt(w.in, w.at) }

func byteAt(b []byte, i int) byte {
	if i < len(b) {
		return b[i]
	}
	return 0
}

func (w *rewriter) copyByte() {
	w.out = append(w.out, w.in[w.at])
	w.at++
}

func (w *rewriter) skipBlanks() { w.at = afterBlanks(w.in, w.at) }

func afterBlanks(b []byte, i int) int {
	for i < len(b) && bytes.IndexByte([]byte(jsonBlanks), b[i]) >= 0 {
		i++
	}
	return i
}

// comma copies a comma, unless nothing follows it in its object or array.
func (w *rewriter) comma() {
	if next := byteAt(w.in, afterBlanks(w.in, w.at+1)); next == '}' || next == ']' {
		w.at++
		return
	}
	w.copyByte()
}

// token copies a token of any kind, without regard to where it may stand. False at the end, and where there is none.
func (w *rewriter) token() bool {
	w.skipBlanks()
	switch w.next() {
	case 0:
		return false
	case '{', '[':
		w.depth++
		w.copyByte()
	case '}', ']':
		w.depth--
		w.copyByte()
	case ':':
		w.copyByte()
	case ',':
		w.comma()
	case '"':
		_, ok := w.text(endsToken, false)
		return ok
	default:
		_, ok := w.bare()
		return ok
	}
	return true
}

// finish copies all up to the end of what is open. What follows that is not looked at, unless it is JSON: another answer, or the
// rest of one that seemed to end too early; then it is false.
func (w *rewriter) finish() bool {
	for first := true; w.depth > 0 || first; first = false {
		if !w.token() {
			return false
		}
	}
	rest := bytes.Trim(w.in[w.at:], jsonBlanks+"\x00")
	return len(rest) == 0 || bytes.IndexByte([]byte(tokenEnds), rest[0]) < 0
}

// member copies a member of a record, and what stands between it and the next one. It reports whether the value had to be
// repaired.
func (w *rewriter) member() (name string, damaged, ok bool) {
	if name, ok = w.name(); !ok {
		return name, false, false
	}
	if damaged, ok = w.value(); !ok {
		return name, damaged, false
	}
	switch w.skipBlanks(); w.next() {
	case ',':
		w.comma()
		return name, damaged, true
	case '}':
		return name, damaged, w.at == len(w.in)-1
	}
	return name, damaged, false
}

// name copies the name of a member with its colon.
func (w *rewriter) name() (string, bool) {
	end, ok := nameAt(w.in, w.at)
	if !ok {
		return "", false
	}
	name := w.in[w.at:end]
	w.out = append(append(w.out, name...), ':')
	w.at = afterBlanks(w.in, end) + 1
	return string(name[1 : len(name)-1]), true
}

// nameAt finds the end of a member's name that begins at i. Names have no escapes, and a colon follows them.
func nameAt(b []byte, i int) (end int, ok bool) {
	if byteAt(b, i) != '"' {
		return 0, false
	}
	for end = i + 1; end < len(b) && end-i <= maxName && isWord(b[end]); end++ {
	}
	return end + 1, end > i+1 && byteAt(b, end) == '"' && byteAt(b, afterBlanks(b, end+1)) == ':'
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|' ' && c|' ' <= 'z'
}

// value copies the value of a record's member, and reports whether it had to be repaired.
func (w *rewriter) value() (damaged, ok bool) {
	w.skipBlanks()
	switch w.next() {
	case '"':
		return w.text(endsMember, true)
	case '{', '[':
		in := newInput(w.in[w.at:])
		if raw, err := in.ReadValue(); err == nil {
			w.out = append(w.out, raw...)
			w.at += int(in.InputOffset())
			return false, true
		}
		outer := w.depth
		for first := true; w.depth > outer || first; first = false {
			if !w.token() {
				return true, false
			}
		}
		return true, true
	}
	return w.bare()
}

// bare copies a number or a word. What is not known to JSON, such as NaN, becomes a text.
func (w *rewriter) bare() (damaged, ok bool) {
	start := w.at
	for w.at < len(w.in) && w.at-start <= maxBare && bytes.IndexByte([]byte(tokenEnds), w.in[w.at]) < 0 {
		w.at++
	}
	word := w.in[start:w.at]
	if len(word) == 0 || len(word) > maxBare {
		return true, false
	}
	if jsontext.Value(word).IsValid() {
		w.out = append(w.out, word...)
		return false, true
	}
	w.out = append(w.out, '"')
	for _, c := range word {
		w.escaped(c)
	}
	w.out = append(w.out, '"')
	return true, true
}

// textRules say where a text ends that may contain quotes and backslashes which are not escaped.
type textRules struct {
	ends   func(b []byte, quote int) bool // whether a text may end at a quote
	member bool                           // it is the value of a record's member, not a part of one
	closer byte                           // what ends the JSON that the text contains unescaped; 0: it has none
}

// closes reports whether the quote at i ends the text.
func (r textRules) closes(b []byte, i int) bool {
	return (r.closer == 0 || b[i-1] == r.closer) && r.ends(b, i)
}

// escapes reports whether the backslash at i begins an escape. The text of a member may end in a backslash that is not
// escaped, such as "C:\".
func (r textRules) escapes(b []byte, i int) bool {
	return escapeAt(b, i) && (!r.member || b[i+1] != '"' || !r.ends(b, i+1))
}

// text copies a text up to its end. That of a member may not contain the beginning of a member that is used: perhaps it is one.
func (w *rewriter) text(ends func(b []byte, quote int) bool, member bool) (damaged, ok bool) {
	w.copyByte()
	rules := textRules{ends: ends, member: member}
	if byteAt(w.in, w.at+1) == '"' {
		rules.closer = map[byte]byte{'{': '}', '[': ']'}[w.next()]
	}
	for ; w.at < len(w.in); w.at++ {
		c := w.in[w.at]
		switch {
		case c == '"' && rules.closes(w.in, w.at):
			w.copyByte()
			return damaged, true
		case c == '"' && member && usedNameAt(w.in, w.at):
			return true, false
		case c == '\\' && rules.escapes(w.in, w.at):
			w.out = append(w.out, c, w.in[w.at+1])
			w.at++
		default:
			w.guessed = w.guessed || c == '"' || c == '\\' && byteAt(w.in, w.at+1) == '"'
			damaged = w.escaped(c) || damaged
		}
	}
	return true, false
}

// usedNameAt reports whether the name of a member that is used begins at i.
func usedNameAt(b []byte, i int) bool {
	end, ok := nameAt(b, i)
	if ok {
		ok = isField(string(b[i+1 : end-1]))
	}
	return ok
}

// escaped writes a byte of a text, and reports whether that takes an escape.
func (w *rewriter) escaped(c byte) bool {
	switch {
	case c == '"' || c == '\\':
		w.out = append(w.out, '\\', c)
	case c < ' ':
		w.out = fmt.Appendf(w.out, `\u%04x`, c)
	default:
		w.out = append(w.out, c)
		return false
	}
	return true
}

// escapeAt reports whether the backslash at i begins an escape.
func escapeAt(b []byte, i int) bool {
	switch byteAt(b, i+1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for _, c := range b[i+2 : min(i+6, len(b))] {
			if bytes.IndexByte([]byte("0123456789abcdefABCDEF"), c) < 0 {
				return false
			}
		}
		return i+6 <= len(b)
	}
	return false
}

// endsToken reports whether a text may end at a quote: something follows that may follow a text anywhere.
func endsToken(b []byte, quote int) bool {
	switch byteAt(b, afterBlanks(b, quote+1)) {
	case ',', ':', '}', ']':
		return true
	}
	return false
}

// endsMember reports whether the text of a record's member may end at a quote: the record ends, or its next member begins.
func endsMember(b []byte, quote int) bool {
	i := afterBlanks(b, quote+1)
	switch byteAt(b, i) {
	case '}':
		return i == len(b)-1
	case ',':
		i = afterBlanks(b, i+1)
		if i == len(b)-1 {
			return b[i] == '}'
		}
		end, ok := nameAt(b, i)
		return ok && beginsValue(b, afterBlanks(b, afterBlanks(b, end)+1))
	}
	return false
}

// beginsValue reports whether a value may begin at i.
func beginsValue(b []byte, i int) bool {
	c := byteAt(b, i)
	return bytes.IndexByte([]byte(`"{[-+.`), c) >= 0 || isWord(c)
}
