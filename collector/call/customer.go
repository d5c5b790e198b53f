package call

import (
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
			d.add(r)
		}
		if d.count >= lastDigits {
			c.ends[c.count] = d.last
			c.count++
		}
	}
	return c
}

// in reports whether a text contains one of the customer's numbers, whatever stands between its digits except letters.
func (c customer) in(text string) bool {
	var d digits
	for _, r := range text {
		if unicode.IsLetter(r) {
			d = digits{}
			continue
		}
		d.add(r)
		if d.count >= lastDigits && slices.Contains(c.ends[:c.count], d.last) {
			return true
		}
	}
	return false
}

// digits are the last lastDigits digits of a text, as a number, and how many digits it has.
type digits struct {
	last  uint32
	count int
}

// add reads the next character of the text.
func (d *digits) add(r rune) {
	if r = plain(r); r < '0' || r > '9' {
		return
	}
	d.last = (d.last*10 + uint32(r-'0')) % lastDigitsMod
	d.count++
}
