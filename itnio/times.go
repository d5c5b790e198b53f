package itnio

import (
	"bytes"
	"time"
)

// parseTime reads a time in any of the forms seen in APIs of this kind: date, its parts joined by - or /, and time with
// a blank or a T between them, with or without a fraction and a zone, or Unix seconds or milliseconds. Without a zone it is in loc. An empty
// text, 0 and a date of zeros are the zero time; false for what cannot be read, years before 1970 included.
func parseTime(t text, loc *time.Location) (time.Time, bool) {
	b := bytes.TrimSpace(t.b)
	switch {
	case t.bad || len(b) > maxDigits:
		return time.Time{}, false
	case len(b) == 0, string(b) == "null":
		return time.Time{}, true
	case len(b) < 16 || b[4] != '-' && b[4] != '/':
		return parseUnix(b)
	}
	d, rest, ok := parseDate(b)
	if !ok {
		return time.Time{}, false
	}
	zone, ok := parseZone(rest, loc)
	switch {
	case !ok:
		return time.Time{}, false
	case d.year == 0 && d.month == 0 && d.day == 0:
		return time.Time{}, true // how MySQL writes no date
	case !d.exists():
		return time.Time{}, false
	}
	return time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, d.nanos, zone).UTC(), true
}

// date is a date and a time of day as they were written.
type date struct{ year, month, day, hour, minute, second, nanos int }

// parseDate reads the digits of a date of 16 bytes at least and gives what follows them.
func parseDate(b []byte) (d date, rest []byte, ok bool) {
	if b[7] != b[4] || b[13] != ':' || b[10] != ' ' && b[10] != 'T' && b[10] != 't' {
		return d, nil, false
	}
	var read [5]bool
	d.year, read[0] = digits(b, 0, 4)
	d.month, read[1] = digits(b, 5, 2)
	d.day, read[2] = digits(b, 8, 2)
	d.hour, read[3] = digits(b, 11, 2)
	d.minute, read[4] = digits(b, 14, 2)
	if read != [5]bool{true, true, true, true, true} {
		return d, nil, false
	}
	rest = b[16:]
	if len(rest) == 0 || rest[0] != ':' {
		return d, rest, true
	}
	if d.second, ok = digits(rest, 1, 2); !ok {
		return d, nil, false
	}
	d.nanos, rest, ok = fraction(rest[3:])
	return d, rest, ok
}

// exists reports whether there is such a date and time, from 1970 on.
func (d date) exists() bool {
	switch {
	case d.year < 1970, d.month < 1, d.month > 12, d.day < 1, d.hour > 23, d.minute > 59, d.second > 59:
		return false
	}
	return time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC).Day() == d.day
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
