package simulator

import "cmp"

// pair is choice a of factor f together with choice b of factor g; f < g.
type pair struct{ f, a, g, b int }

func (p pair) compare(q pair) int {
	return cmp.Or(cmp.Compare(p.f, q.f), cmp.Compare(p.g, q.g), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
}

// pairs is the set of pairs that are in no row yet: the open pairs.
type pairs map[pair]bool

func allPairs(sizes []int) pairs {
	open := pairs{}
	for f := range sizes {
		for g := f + 1; g < len(sizes); g++ {
			for a := range sizes[f] {
				for b := range sizes[g] {
					open[pair{f, a, g, b}] = true
				}
			}
		}
	}
	return open
}

// close removes the pairs that a row has.
func (open pairs) close(row []int) {
	for f := range row {
		for g := f + 1; g < len(row); g++ {
			delete(open, pair{f, row[f], g, row[g]})
		}
	}
}

// lowest is the first pair in the order of compare.
func (open pairs) lowest() pair {
	first := pair{f: -1}
	for p := range open {
		if first.f < 0 || p.compare(first) < 0 {
			first = p
		}
	}
	return first
}

const unset = -1

// gain is how many open pairs a row would close if factor g got choice b. Factors of the row that are not set yet do not count.
func (open pairs) gain(row []int, g, b int) (n int) {
	for f, a := range row {
		if a == unset || f == g {
			continue
		}
		p := pair{f, a, g, b}
		if f > g {
			p = pair{g, b, f, a}
		}
		if open[p] {
			n++
		}
	}
	return n
}

// row makes a row with the pair start. Every other factor gets the choice that closes most open pairs.
func (open pairs) row(start pair, sizes []int) []int {
	row := make([]int, len(sizes))
	for i := range row {
		row[i] = unset
	}
	row[start.f], row[start.g] = start.a, start.b
	for f := range row {
		if row[f] != unset {
			continue
		}
		best, most := 0, -1
		for c := range sizes[f] {
			if n := open.gain(row, f, c); n > most {
				best, most = c, n
			}
		}
		row[f] = best
	}
	return row
}

// pairwise returns rows with one choice for each factor. Every pair of choices of two factors is in at least one row. The first row
// has all zeros; the others are found greedily.
func pairwise(sizes []int) [][]int {
	open := allPairs(sizes)
	rows := [][]int{make([]int, len(sizes))}
	open.close(rows[0])
	for len(open) > 0 {
		row := open.row(open.lowest(), sizes)
		open.close(row)
		rows = append(rows, row)
	}
	return rows
}
