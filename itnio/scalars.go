package itnio

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

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

// time reads a time field into UTC.
func (r *rows) time(name string, to *time.Time) error {
	raw, err := r.in.ReadValue()
	if err != nil {
		return err
	}
	t := r.text(raw)
	v, ok := time.Time{}, false
	if !t.bad {
		v, ok = parseTime(t.b, r.loc)
	}
	if !ok {
		r.unreadable(name)
	}
	*to = v
	return nil
}

// parseTime reads a time in any of the forms seen in APIs of this kind: date, its parts joined by - or /, and time with
// a blank or a T between them, with or without a fraction and a zone, or Unix seconds or milliseconds. Without a zone it is in loc. An empty
// text, 0 and a date of zeros are the zero time; false for what cannot be read, years before 1970 included.
func parseTime(b []byte, loc *time.Location) (time.Time, bool) {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0, string(b) == "null":
		return time.Time{}, true
	case len(b) > maxDigits:
		return time.Time{}, false
	case len(b) < 16 || b[4] != '-' && b[4] != '/':
		return parseUnix(b)
	}
	year, ok1 := digits(b, 0, 4)
	month, ok2 := digits(b, 5, 2)
	day, ok3 := digits(b, 8, 2)
	hour, ok4 := digits(b, 11, 2)
	minute, ok5 := digits(b, 14, 2)
	shaped := b[7] == b[4] && b[13] == ':' && (b[10] == ' ' || b[10] == 'T' || b[10] == 't')
	if !shaped || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return time.Time{}, false
	}
	rest := b[16:]
	second, nanos := 0, 0
	if len(rest) > 0 && rest[0] == ':' {
		s, ok := digits(rest, 1, 2)
		if !ok {
			return time.Time{}, false
		}
		second, rest = s, rest[3:]
		if nanos, rest, ok = fraction(rest); !ok {
			return time.Time{}, false
		}
	}
	zone, ok := parseZone(rest, loc)
	if !ok {
		return time.Time{}, false
	}
	if year == 0 && month == 0 && day == 0 {
		return time.Time{}, true // how MySQL writes no date
	}
	if year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, zone)
	if day < 1 || day > 28 && time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() != day {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// digits reads n digits at i.
func digits(b []byte, i, n int) (int, bool) {
	if len(b) < i+n {
		return 0, false
	}
	v := 0
	for _, c := range b[i : i+n] {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}

// fraction reads an optional fraction of a second, cut to nanoseconds.
func fraction(b []byte) (nanos int, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return 0, b, true
	}
	i, unit := 1, 100_000_000
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		nanos += int(b[i]-'0') * unit
		unit /= 10
	}
	return nanos, b[i:], i > 1
}

// parseZone reads what follows the time of day: nothing, Z, or an offset as +08:00, +0800 or +08.
func parseZone(b []byte, loc *time.Location) (*time.Location, bool) {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0:
		return loc, true
	case string(b) == "Z", string(b) == "z", string(b) == "UTC":
		return time.UTC, true
	case b[0] != '+' && b[0] != '-':
		return nil, false
	}
	hour, ok := digits(b, 1, 2)
	minute := 0
	if rest := b[min(3, len(b)):]; ok && len(rest) > 0 {
		rest = bytes.TrimPrefix(rest, []byte(":"))
		minute, ok = digits(rest, 0, 2)
		ok = ok && len(rest) == 2
	}
	if !ok || hour > 23 || minute > 59 {
		return nil, false
	}
	seconds := hour*3600 + minute*60
	if b[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), true
}

// parseUnix reads Unix seconds, or milliseconds from 10^11 on, up to 13 digits. A fraction is dropped. 0 is the zero
// time.
func parseUnix(b []byte) (time.Time, bool) {
	v, ok := parseInt(text{b: b})
	if whole, _, cut := bytes.Cut(b, []byte(".")); !ok && cut {
		v.V, ok = smallInt(whole)
	}
	switch {
	case !ok || v.V < 0 || v.V >= 1e13:
		return time.Time{}, false
	case v.V == 0:
		return time.Time{}, true
	case v.V >= 1e11:
		return time.UnixMilli(v.V).UTC(), true
	}
	return time.Unix(v.V, 0).UTC(), true
}
