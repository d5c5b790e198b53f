package itnio

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// text is what a scalar says, whatever JSON type it is written in.
type text struct {
	b   []byte // only good until the next text is read; empty for null
	bad bool   // an object or array
}

func (r *rows) text(raw jsontext.Value) text {
	switch raw.Kind() {
	case '"':
		if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
			return text{b: inner}
		}
		r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], raw) // invalid UTF-8 is replaced, there is no other error
		return text{b: r.scratch}
	case '0', 't', 'f':
		return text{b: raw}
	case 'n':
		return text{}
	}
	return text{bad: true}
}

// maxDigits bounds what is looked at as a number.
const maxDigits = 40

// parseInt reads an integer; also where it is written as a float without a fraction. An empty text is a missing one;
// false for anything else that is no integer of 64 bits.
func parseInt(t text) (Int, bool) {
	b := bytes.TrimSpace(t.b)
	switch {
	case t.bad || len(b) > maxDigits:
		return Int{}, false
	case len(b) == 0 || string(b) == "null":
		return Int{}, true
	}
	if v, ok := smallInt(b); ok {
		return Int{V: v, Set: true}, true
	}
	if v, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		return Int{V: v, Set: true}, true
	}
	if whole, fraction, ok := bytes.Cut(b, []byte(".")); ok && len(whole) > 0 && len(bytes.Trim(fraction, "0")) == 0 {
		v, err := strconv.ParseInt(string(whole), 10, 64)
		return Int{V: v, Set: err == nil}, err == nil
	}
	if bytes.ContainsAny(b, "xX_nN") || !bytes.ContainsAny(b, ".eE") {
		return Int{}, false
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 { // larger ones stand for several integers
		return Int{}, false
	}
	return Int{V: int64(f), Set: true}, true
}

// smallInt reads up to 18 digits and nothing else.
func smallInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var v int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}
