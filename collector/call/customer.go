package call

import (
	"regexp"
	"slices"
	"unicode"

	"itnio_exporter/enum"
	"itnio_exporter/itnio"
)

// lastDigits is how many digits at the end of a phone number identify it in a text, with or without its calling code. Shorter
// numbers are extensions and short codes: they belong to no person.
const (
	lastDigits    = 7
	lastDigitsMod = 10_000_000
)

// customer has the last digits of the customer's numbers in a record, to keep these numbers out of labels.
type customer struct {
	ends  [3]uint32
	count int
}

// customerOf takes the customer's numbers from a record. If the call type is unknown, every number may be the customer's.
// The centre's own number is not among them: a group may be named after its hotline.
func customerOf(r *itnio.Record, t enum.CallType) customer {
	numbers := []itnio.Number{r.Caller, r.Called, r.EncryptCalled}
	switch t {
	case enum.Incoming:
		numbers = numbers[:1]
	case enum.Outgoing, enum.GroupCall:
		numbers = numbers[1:]
	}
	var c customer
	for _, n := range numbers {
		var d digits
		for _, r := range string(n) {
			if v, ok := digit(r); ok {
				d.add(v)
			}
		}
		if d.count >= lastDigits {
			c.ends[c.count] = d.last
			c.count++
		}
	}
	return c
}

// in reports whether a text contains one of the customer's numbers, whatever stands between its digits except words.
func (c customer) in(text string) bool {
	if c.count == 0 || !hasDigits(text, lastDigits) {
		return false
	}
	return c.inRow(text) || c.inRow(escapes.ReplaceAllLiteralString(text, " "))
}

// escapes are characters that are written as in URLs, as in JSON and as in HTML: digits in them are none of the number.
var escapes = regexp.MustCompile(`(?i)%[0-9a-f]{2}|\\u[0-9a-f]{4}|\\[a-z]|&#?\w{1,8};`)

// maxWord is how many letters may stand between two digits of a number if there are blanks, too.
const maxWord = 4

func (c customer) inRow(text string) bool {
	var d digits
	letters, blank := 0, false // since the last digit
	for _, r := range text {
		v, ok := digit(r)
		switch {
		case !ok && unicode.IsLetter(r):
			letters++
		case !ok:
			blank = blank || unicode.IsSpace(r)
		}
		if !ok {
			continue
		}
		if letters > maxWord && blank {
			d = digits{}
		}
		letters, blank = 0, false
		d.add(v)
		if d.count >= lastDigits && slices.Contains(c.ends[:c.count], d.last) {
			return true
		}
	}
	return false
}

// hasDigits reports whether a text has n digits.
func hasDigits(text string, n int) bool {
	for _, r := range text {
		if _, ok := digit(r); ok {
			if n--; n == 0 {
				return true
			}
		}
	}
	return false
}

// digit is the value of a decimal digit of any script.
func digit(r rune) (uint32, bool) {
	switch {
	case r >= '0' && r <= '9':
		return uint32(r - '0'), true
	case r <= unicode.MaxASCII || !unicode.Is(unicode.Nd, r):
		return 0, false
	}
	for _, t := range unicode.Nd.R16 { // digits stand in rows of ten
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return uint32(r-rune(t.Lo)) % 10, true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return uint32(r-rune(t.Lo)) % 10, true
		}
	}
	return 0, false
}

// digits are the last lastDigits digits of a text, as a number, and how many digits it has.
type digits struct {
	last  uint32
	count int
}

func (d *digits) add(v uint32) {
	d.last = (d.last*10 + v) % lastDigitsMod
	d.count++
}
