package simulator

import "cmp"

// pair is a choice of one factor together with a choice of a later one.
type pair struct{ f, a, g, b int }

func (p pair) compare(q pair) int {
	return cmp.Or(cmp.Compare(p.f, q.f), cmp.Compare(p.g, q.g), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
}

// pairs is a set of pairs that no row has yet.
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

// close removes the pairs of a row.
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

// gain is how many open pairs choice b of factor g closes in a row that may have factors unset.
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

// row starts with an open pair and gives every other factor the choice that closes most pairs.
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

// pairwise gives rows of choices, one a factor, in which every pair of choices of two factors occurs. The first row has
// all zeros; the others are found greedily.
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
