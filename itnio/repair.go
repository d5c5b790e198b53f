package itnio

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"regexp"
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
	fixed := repaired{damaged: map[int][]string{}}
	if rows, ok := splitRows(body[w.at:]); ok {
		end := w.at + rows[len(rows)-1].end
		w.out = append(w.out, d.repairRows(body[w.at:], rows, fixed.damaged)...)
		w.at = end
	}
	for first := true; w.depth > 0 || first; first = false {
		if !w.token() {
			return repaired{}, false
		}
	}
	// What follows is not looked at, unless it is JSON: another answer, or the rest of one that seemed to end too early.
	rest := bytes.Trim(body[w.at:], jsonBlanks+"\x00")
	fixed.body = w.out
	return fixed, len(rest) == 0 || bytes.IndexByte([]byte(tokenEnds), rest[0]) < 0
}

// listStart finds the list of records, behind its bracket; 0 if there is none. False if there are several.
func listStart(body []byte) (int, bool) {
	for _, pattern := range []string{`"records"\s*:\s*\[`, `"data"\s*:\s*\[`} {
		if lists := regexp.MustCompile(pattern).FindAllIndex(body, 2); lists != nil {
			return lists[0][1], len(lists) == 1
		}
	}
	return 0, true
}

// span is a part of a text.
type span struct{ start, end int }

// place is where a record stands in a list.
type place struct {
	span
	begins string // the name of its first member
}

// bound is where a record may end and the next one begin.
type bound struct {
	end, start int
	name       string // the first member of what begins
}

// splitRows finds the records of a list, from behind its bracket on. Most records begin with the same member. Where an object
// begins with another one, which is so if that member is missing, it is a record if it or what is before it is valid. The end
// of the last record is the first place where it makes sense as a record, or else the last place where a list of objects ends.
func splitRows(list []byte) ([]place, bool) {
	first := regexp.MustCompile(`^\s*\{\s*"(\w{1,64})"\s*:`).FindSubmatch(list)
	if first == nil {
		return nil, false
	}
	var bounds []bound
	for _, m := range regexp.MustCompile(`\}(\s*,\s*)\{\s*"(\w{1,64})"\s*:`).FindAllSubmatchIndex(list, maxRows) {
		if name := string(list[m[4]:m[5]]); name == string(first[1]) || isField(name) {
			bounds = append(bounds, bound{m[2], m[3], name})
		}
	}
	name := commonest(string(first[1]), bounds)
	rows := []place{{span{start: bytes.IndexByte(list, '{')}, string(first[1])}}
	for i, b := range bounds {
		last := &rows[len(rows)-1]
		if b.name != name && !isObject(list[last.start:b.end]) && !isObject(upTo(list, bounds, i)) {
			continue
		}
		last.end = b.end
		rows = append(rows, place{span{start: b.start}, b.name})
	}
	last := &rows[len(rows)-1]
	ends := regexp.MustCompile(`\}\s*\]`).FindAllIndex(list[last.start:], -1)
	if ends == nil {
		return nil, false
	}
	last.end = last.start + ends[len(ends)-1][0] + 1
	for _, e := range ends[:min(len(ends), maxListEnds)] {
		if !repairRow(list[last.start : last.start+e[0]+1]).lost() {
			last.end = last.start + e[0] + 1
			break
		}
	}
	return rows, true
}

func isField(name string) bool { _, ok := fields[name]; return ok }

// commonest is the name with which most records begin.
func commonest(first string, bounds []bound) string {
	counts := map[string]int{first: 1}
	for _, b := range bounds {
		if counts[b.name]++; counts[b.name] > counts[first] {
			first = b.name
		}
	}
	return first
}

// upTo is the object that begins at a bound, up to the next one or to the end of the list.
func upTo(list []byte, bounds []bound, i int) []byte {
	if i+1 < len(bounds) {
		return list[bounds[i].start:bounds[i+1].end]
	}
	end := regexp.MustCompile(`\}\s*\]`).FindIndex(list[bounds[i].start:])
	if end == nil {
		return nil
	}
	return list[bounds[i].start : bounds[i].start+end[0]+1]
}

func isObject(raw []byte) bool { _, ok := countMembers(raw); return ok }

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
		if _, used := fields[name]; used {
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
