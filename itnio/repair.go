package itnio

import (
	"fmt"
	"hash/maphash"
	"slices"
)

// An answer that is not JSON because of what stands in its texts is repaired: control characters, quotes and backslashes
// that are not escaped, texts with JSON in them, numbers and words that JSON does not know, commas too many. Each record is
// repaired by itself, within the bounds at which the next one begins, so that no field gets into another record. Where
// there are two ways to read a record it is lost, and its neighbours are not.
const (
	maxName     = 64 // bytes of a member's name
	maxBare     = 40 // bytes of a number or word
	maxListEnds = 8  // places that are tried as the end of the list
	lostRecord  = "record"
	tokenEnds   = " \t\r\n,:{}[]\""
	jsonBlanks  = " \t\r\n"
)

// repaired is an answer after repair.
type repaired struct {
	body    []byte
	damaged map[int][]string // by record that was repaired: the damaged members that are used, or lostRecord
}

// repair makes JSON of an answer, as far as it can. Whether it is JSON then is for the parser to say.
func (d decoder) repair(body []byte) (repaired, bool) {
	start, ok := listStart(body)
	if !ok {
		return repaired{}, false
	}
	w := rewriter{in: body}
	for w.at < start {
		if !w.token() {
			return repaired{}, false
		}
	}
	list := body[w.at:]
	rows, ends := splitRows(list)
	if len(ends) == 0 {
		ok = w.finish()
		return repaired{body: w.out}, ok
	}
	for _, end := range ends {
		behind := rewriter{in: body, at: w.at + end, depth: w.depth}
		if !behind.finish() {
			continue // the list goes on: that end stood in a text
		}
		rows[len(rows)-1].end = end
		fixed := repaired{damaged: map[int][]string{}}
		fixed.body = slices.Concat(w.out, d.repairRows(list, rows, fixed.damaged), behind.out)
		return fixed, true
	}
	return repaired{}, false
}

// span is a part of a text.
type span struct{ start, end int }

// repairRows writes the records of a list, with commas between them. A lost one becomes a text, which is a record with a
// fingerprint only.
func (d decoder) repairRows(list []byte, places []place, damaged map[int][]string) []byte {
	rows := make([]row, len(places))
	for i, s := range places {
		rows[i] = repairRow(list[s.start:s.end])
		rows[i].begins = s.begins
	}
	loseCut(rows)
	var out []byte
	for i, s := range places {
		if i > 0 {
			out = append(out, ',')
		}
		if rows[i].lost() {
			damaged[i] = []string{lostRecord}
			out = fmt.Appendf(out, `"lost %x"`, maphash.Bytes(d.seed, list[s.start:s.end]))
			continue
		}
		if rows[i].repaired {
			damaged[i] = rows[i].damaged
		}
		out = append(out, rows[i].json...)
	}
	return out
}

// row is one record after repair.
type row struct {
	json     []byte   // nil: lost
	repaired bool     // it was no JSON before
	damaged  []string // members with a value that had to be repaired, those that are not used left out
	members  int
	begins   string
	guessed  bool // quotes were taken to belong to a text because of what follows them
}

func (r row) lost() bool { return r.json == nil }

// loseCut gives up records that a text with the beginning of a record in it may have cut in two: both parts have fewer
// members than other records, and quotes in the second one are out of order. A record that lacks only its first member is whole.
func loseCut(rows []row) {
	var fullest row
	for _, r := range rows {
		if r.members > fullest.members {
			fullest = r
		}
	}
	whole := func(r *row) bool {
		return r.members == fullest.members || r.members == fullest.members-1 && r.begins != fullest.begins
	}
	for i := range rows[:len(rows)-1] {
		next := &rows[i+1]
		if rows[i].lost() || whole(&rows[i]) || !next.lost() && !next.guessed {
			continue
		}
		rows[i] = row{}
		if !whole(next) {
			*next = row{}
		}
	}
}

// repairRow repairs a record. It is lost if it makes no sense, or might be read in two ways.
func repairRow(raw []byte) row {
	if n, ok := countMembers(raw); ok {
		return row{json: raw, members: n}
	}
	w := rewriter{in: raw}
	w.copyByte() // the brace
	var r row
	seen := map[string]bool{}
	for w.skipBlanks(); w.at < len(raw)-1; w.skipBlanks() {
		name, damaged, ok := w.member()
		if isField(name) {
			ok = ok && !seen[name] // else one of the two stood in a text
			seen[name] = true
			if damaged {
				r.damaged = append(r.damaged, name)
			}
		}
		if !ok {
			return row{}
		}
	}
	if w.next() != '}' {
		return row{}
	}
	w.copyByte()
	n, ok := countMembers(w.out)
	if !ok {
		return row{}
	}
	r.json, r.repaired, r.members, r.guessed = w.out, true, n, w.guessed
	return r
}

// countMembers counts the members of an object; false if it is not valid.
func countMembers(raw []byte) (n int, ok bool) {
	in := newInput(raw)
	err := members(in, func([]byte) error { n++; return in.SkipValue() })
	return n, err == nil && in.InputOffset() == int64(len(raw))
}

// note tells the records which of their members were damaged.
func (r *rows) note(damaged map[int][]string) {
	for i := range r.list {
		for _, name := range damaged[i] {
			if !slices.Contains(r.list[i].Unreadable, name) {
				r.list[i].Unreadable = append(r.list[i].Unreadable, name)
			}
		}
	}
}
