package itnio

import (
	"bytes"
	"regexp"
)

// listStart finds the list of records, behind its bracket; 0 if there is none. False if there are several.
func listStart(body []byte) (int, bool) {
	for _, pattern := range []string{`"records"\s*:\s*\[`, `"data"\s*:\s*\[`} {
		if lists := regexp.MustCompile(pattern).FindAllIndex(body, 2); lists != nil {
			return lists[0][1], len(lists) == 1
		}
	}
	return 0, true
}

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
// begins with another one, which is so if that member is missing, it is a record if it or what is before it is valid. The last
// record has no end yet: ends are the places where it may be, none if there are no records. First come those up to which it makes
// sense as a record, then the last place where a list of objects ends.
func splitRows(list []byte) (rows []place, ends []int) {
	first := regexp.MustCompile(`^\s*\{\s*"(\w{1,64})"\s*:`).FindSubmatch(list)
	if first == nil {
		return nil, nil
	}
	var bounds []bound
	for _, m := range regexp.MustCompile(`\}(\s*,\s*)\{\s*"(\w{1,64})"\s*:`).FindAllSubmatchIndex(list, maxRows) {
		if name := string(list[m[4]:m[5]]); name == string(first[1]) || isField(name) {
			bounds = append(bounds, bound{m[2], m[3], name})
		}
	}
	name := commonest(string(first[1]), bounds)
	rows = []place{{span{start: bytes.IndexByte(list, '{')}, string(first[1])}}
	for i, b := range bounds {
		last := &rows[len(rows)-1]
		if b.name != name && !isObject(list[last.start:b.end]) && !isObject(upTo(list, bounds, i)) {
			continue
		}
		last.end = b.end
		rows = append(rows, place{span{start: b.start}, b.name})
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

// isField reports whether a member of a record is used.
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
