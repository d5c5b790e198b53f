package reconcile

// frontier is the newest window. It has no end: records with a time ahead of the server's clock are in it too. Every poll reads it
// in full.
type frontier struct {
	from  int64    // its start
	ids   int      // how many it had when it was last read
	odd   *Reading // the last one, if it was closed although its total is not the number of ids; nil: it was not
	ahead int64    // how far ahead of its clock the server answers, in seconds: at most a day
}

const (
	fill        = 0.75 // share of a page that a new cell in the lookback is to fill: the rest is for records to come
	minFrontier = 2    // seconds: a shorter frontier is not divided
)

// move moves the start forward.
func (f *frontier) move(to int64) {
	if to > f.from {
		f.from, f.ids, f.odd = to, 0, nil
	}
}

// took notes a reading.
func (f *frontier) took(r *Reading, closed bool) {
	f.ids, f.odd = r.IDs.Len(), nil
	if closed && r.excess() != 0 {
		f.odd = r
	}
}

// asked is the window to ask for.
func (f *frontier) asked(now int64) Window {
	return Window{f.from - 1, max(now+f.ahead, f.from+1)}
}

// density is the mean number of records in a second of the lookback.
func (s *State) density(now int64) float64 {
	n, width := 0, int64(0)
	for i := s.row.from(now - s.set.Lookback); i < len(s.row.cells); i++ {
		n += s.row.cells[i].ids.Len() - s.row.cells[i].shared
		width += s.row.cells[i].width()
	}
	if width == 0 {
		return 0
	}
	return float64(n) / float64(width)
}

// advance moves the start of the frontier forward if it has, or soon will have, more than a page of records, or is long.
func (s *State) advance(now int64) {
	f, page := &s.frontier, float64(s.pageSize())
	lookbackFrom := now - s.set.Lookback
	if f.from < lookbackFrom {
		// The first poll, or one after a long time.
		f.move(alignDown(now-min(64, s.set.Lookback/4), 2))
		if n := len(s.row.cells); n > 0 && s.row.cells[n-1].To > lookbackFrom {
			f.from = min(s.row.cells[n-1].To, now-1) // what the ledger remembers ends there
		}
	}
	span := now - f.from
	if float64(f.ids) <= 0.8*page && span <= s.set.Lookback/2 {
		return
	}
	width := s.set.Lookback / 4
	if d := s.density(now); d > 0 {
		width = min(width, int64(fill*page/d))
	}
	if f.ids > 0 {
		// What has just come is at least this dense.
		width = min(width, int64(fill*page*float64(span)/float64(f.ids)))
	}
	width = max(width, minFrontier)
	next := alignDown(f.from+width, alignment(width))
	if next <= f.from {
		next = f.from + width
	}
	f.move(min(next, now-1))
}

// splitFrontier moves the start of the frontier forward, and has what is before it read as windows.
func (p *Pass) splitFrontier(parts int) bool {
	f := &p.s.frontier
	w := Window{f.from, p.now} // cut at times in the past, which every server answers for
	if w.width() <= minFrontier {
		return false
	}
	ws := cut(w, parts)
	f.move(ws[len(ws)-1].From)
	t := p.top()
	p.pop()
	for _, part := range ws[:len(ws)-1] {
		p.push(&task{kind: taskRead, win: part})
	}
	t.walk = nil
	p.push(t)
	return true
}

// refused lowers ahead after the server refused the frontier: its end in the future may be the reason. It reports whether that is
// likely. Each audit sets ahead to a day again.
func (f *frontier) refused(r Refusal) (ofClock bool) {
	if r == Parameter {
		f.ahead = 0
		return true
	}
	if f.ahead /= 2; f.ahead < hour {
		f.ahead = 0
	}
	return false
}
