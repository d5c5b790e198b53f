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

// listStart finds the list of records, behind its bracket; 0 if there is none. False if there are several.
func listStart(body []byte) (int, bool) {
	for _, pattern := range []string{`"records"\s*:\s*\[`, `"data"\s*:\s*\[`} {
		if lists := regexp.MustCompile(pattern).FindAllIndex(body, 2); lists != nil {
			return lists[0][1], len(lists) == 1
		}
	}
	return 0, true
}

// span is where a record stands in a list.
type span struct{ start, end int }

// splitRows finds the records of a list, from behind its bracket on. A record begins with the member with which the first
// one begins. The last one has no end yet: ends are the places where it may be, none if there are no records. First come those up
// to which it makes sense as a record, then the last place where a list of objects ends.
func splitRows(list []byte) (rows []span, ends []int) {
	first := regexp.MustCompile(`^\s*\{\s*"(\w{1,64})"\s*:`).FindSubmatchIndex(list)
	if first == nil {
		return nil, nil
	}
	name := string(list[first[2]:first[3]])
	bounds := regexp.MustCompile(`\}(\s*,\s*)\{\s*"`+name+`"\s*:`).FindAllSubmatchIndex(list, maxRows)
	rows = []span{{start: bytes.IndexByte(list, '{')}}
	for _, b := range bounds {
		rows[len(rows)-1].end = b[2]
		rows = append(rows, span{start: b[3]})
	}
	last := rows[len(rows)-1].start
	all := regexp.MustCompile(`\}\s*\]`).FindAllIndex(list[last:], -1)
	for _, e := range all[:min(len(all), maxListEnds)] {
		if end := last + e[0] + 1; !repairRow(list[last:end]).lost() {
			ends = append(ends, end)
		}
	}
	if len(all) > 0 {
		ends = append(ends, last+all[len(all)-1][0]+1)
	}
	return rows, ends
}

// repairRows writes the records of a list, with commas between them. A lost one becomes a text, which is a record with a
// fingerprint only.
func (d decoder) repairRows(list []byte, spans []span, damaged map[int][]string) []byte {
	rows := make([]row, len(spans))
	for i, s := range spans {
		rows[i] = repairRow(list[s.start:s.end])
	}
	loseCut(rows)
	var out []byte
	for i, s := range spans {
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
	guessed  bool // quotes were taken to belong to a text because of what follows them
}

func (r row) lost() bool { return r.json == nil }

// loseCut gives up records that a text with the beginning of a record in it may have cut in two: both parts have fewer
// members than other records, and quotes in the second one are out of order.
func loseCut(rows []row) {
	most := 0
	for _, r := range rows {
		most = max(most, r.members)
	}
	for i := range rows[:len(rows)-1] {
		next := &rows[i+1]
		if rows[i].lost() || rows[i].members == most || !next.lost() && !next.guessed {
			continue
		}
		rows[i] = row{}
		if next.members < most {
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
