package reconcile

import (
	"math"
	"slices"

	"itnio_exporter/collector/call"
)

// Kind is what a pass is for.
type Kind uint8

// Kinds of passes.
const (
	Live  Kind = iota // the lookback, each poll
	Sweep             // each window once after it left the lookback; what downtime and the first fill left unread
	Audit             // the horizon, each audit interval
)

// Ask is one request to make: a page of a window as it is to be asked for, both ends in Unix seconds.
type Ask struct {
	From, To int64
	Page     int
}

// Answer is what came of it.
type Answer struct {
	Total   int      // -1: not said
	Size    int      // page size as answered
	IDs     []uint64 // identities of the records, in their order
	Pending bool     // some record is not complete
}

// Pass is one reading of a stretch of time. The caller makes the requests that Next asks for, brings the records into the
// ledger, and hands the answer to Take.
type Pass struct {
	Kind      Kind
	Begun     int64 // server's time
	Requests  int   // answered
	Unsettled int   // windows that did not settle
	Deleted   int   // records that are gone, each confirmed by a second reading
	Anomalies map[call.Anomaly]int

	s       *State
	now     int64
	rates   *rates
	stack   []*task
	changes int // cells that turned out to have changed
	reign   int
	floor   int64
	done    bool

	refused   int    // since the last answer
	suspect   Window // the first of these
	given     int    // windows given up since the last answer
	bisecting bool   // a failure that persists is narrowed down
}

type taskKind uint8

const (
	whole    taskKind = iota // read a window whole
	ask                      // ask whether a row of cells is as it was
	frame                    // find what has changed in a row of cells
	frontier                 // read the newest window whole
	ahead                    // read a window whole that lies further ahead than the frontier may reach
	count                    // ask how much a window holds, to see whether that changes
	confirm                  // ask a row of cells once more, whose answer none of its parts accounts for
)

type task struct {
	kind taskKind
	win  Window
	walk walk

	total int      // frame: what the row holds now
	rest  []Window // frame: parts not looked at yet, the next one last
	mark  int      // frame: changes when it began
	known int      // frame: what was known of the row when it began

	derived bool // frame: total was worked out, not answered
	plain   bool // ask, frame: work nothing out
	again   bool // ask, frame: the row has been searched in this pass already
	paired  bool // confirm: what its halves share has been read
}

// walk is one going-over of a window, page by page.
type walk struct {
	page    int // answered so far
	ids     map[uint64]struct{}
	total   int
	steady  bool // total was the same on every page
	untold  bool // the server says none
	filled  int  // pages with records
	largest int  // page
	pending bool
	again   *reading // the walk before, which did not settle
	tries   int
}

func (s *State) newPass(k Kind, now, floor int64) *Pass {
	s.newest = max(s.newest, now) // the clock may be wrong for this pass alone: the next poll is to see that it was set back
	return &Pass{
		Kind: k, Begun: now, now: now, floor: floor, s: s, reign: s.reign, Anomalies: map[call.Anomaly]int{}, rates: &s.live,
	}
}

// Live goes over the lookback. now is the server's time; nothing before floor is asked for.
func (s *State) Live(now, floor int64) *Pass {
	s.start(now, floor)
	s.setBack(now)
	p := s.newPass(Live, now, floor)
	from := max(s.swept, now-s.set.Lookback, floor)
	s.advance(now)
	if i := s.tl.from(from); i < len(s.tl.cells) && s.tl.cells[i].From < from {
		from = s.tl.cells[i].From
	}
	if from < s.frontier {
		for _, w := range s.tl.holes(Window{from, s.frontier}) {
			p.push(&task{kind: whole, win: w})
		}
		p.questions(from, s.frontier, now < s.distrust, s.recheck(now))
	}
	p.push(&task{kind: frontier})
	slices.SortStableFunc(p.stack, func(a, b *task) int {
		switch {
		case a.kind == frontier:
			return 1
		case b.kind == frontier:
			return -1
		}
		return int(a.win.From - b.win.From)
	})
	return p
}

// recheck is the time before which a reading is too long ago, where records are known to be deleted: a deletion hides an
// insert from the total, and only reading whole shows it.
func (s *State) recheck(now int64) int64 {
	if s.deletedSeen == 0 || now-s.deletedSeen > day {
		return math.MinInt64
	}
	return now - s.set.AuditInterval/2
}

// Audit goes over the horizon.
func (s *State) Audit(now, floor int64) *Pass {
	p := s.newPass(Audit, now, floor)
	p.rates = &s.audit
	s.lastTry = now
	s.unlimit()
	from := max(now-s.set.Horizon, floor)
	if i := s.tl.from(from); i < len(s.tl.cells) && s.tl.cells[i].From < from {
		from = max(s.tl.cells[i].From, floor)
	}
	// What was never read: the time before the first fill. Calls in progress at the first start may begin there, so the
	// hours before it are read. Of older ones, which hold nothing that counts, it is enough to know how many records they
	// hold: if that changes, something late has come, and then they are read.
	for _, w := range s.tl.holes(Window{from, max(from, s.swept)}) {
		read := max(w.From, min(w.To, s.past))
		for at := w.From; at < read; {
			next := min(alignDown(at, hour)+hour, read)
			p.push(&task{kind: count, win: Window{at, next}})
			at = next
		}
		if read < w.To {
			p.push(&task{kind: whole, win: Window{read, w.To}})
		}
	}
	p.questions(from, s.swept, false, math.MinInt64)
	if reach := s.future; reach > 0 {
		for at := now + reach; at < now+day; at += reach {
			p.push(&task{kind: ahead, win: Window{at, min(at+reach, now+day)}})
		}
	}
	s.future = day // to be tried again
	slices.SortStableFunc(p.stack, func(a, b *task) int { return int(a.win.From - b.win.From) })
	return p
}

// AuditDue reports whether the time for an audit has come. One that was given up is tried again early, but not at once.
func (s *State) AuditDue(now int64) bool {
	return s.lastTry == 0 || now-s.lastAudit >= s.set.AuditInterval && now-s.lastTry >= s.set.AuditInterval/6
}

// Sweep reads each window whole that has left the lookback, the oldest first.
func (s *State) Sweep(now, floor int64) *Pass {
	p := s.newPass(Sweep, now, floor)
	s.start(now, floor)
	if s.swept < floor {
		s.swept = floor
	}
	s.sweepOn()
	return p
}

const (
	hour = 3600
	// fewest records that are taken for a full page where the server does not say.
	fewest = 10
	// maxPages ends a walk whose answers go on and on.
	maxPages = 10000
	// watchful is how far back an audit reads whole where records are known to be deleted.
	watchful = 8 * hour
)

// questions plans the cells in [from, to).
func (p *Pass) questions(from, to int64, each bool, recheck int64) {
	s := p.s
	i := s.tl.from(from)
	var run []cell
	var changes []float64
	flush := func() {
		starts := group(run, changes, s.limit)
		for k, a := range starts {
			b := len(run)
			if k+1 < len(starts) {
				b = starts[k+1]
			}
			t := &task{kind: whole, win: Window{run[a].From, run[b-1].To}}
			if b-a > 1 || s.askable(&run[a]) {
				t.kind = ask
			}
			p.push(t)
		}
		run, changes = nil, nil
	}
	deleting := s.deletedSeen != 0 && p.now-s.deletedSeen <= day
	// From which age on cells are leaving the horizon, and before which one their last reading is too long ago. Where few audits
	// fit between the lookback and the horizon, the reading after the lookback must not be taken for the last one.
	leaves := max(s.set.Horizon-2*s.set.AuditInterval, s.set.Lookback)
	before := max(s.set.Horizon-3*s.set.AuditInterval, (s.set.Lookback+s.set.Horizon)/2)
	for ; i < len(s.tl.cells) && s.tl.cells[i].From < to; i++ {
		c := &s.tl.cells[i]
		if c.From < p.floor { // ids of then are no longer kept
			if c.To > p.floor {
				p.push(&task{kind: whole, win: Window{p.floor, c.To}})
			}
			continue
		}
		age := p.now - c.To
		p.rates.saw(age, c.width(), 0)
		// The last time around: what an insert and a deletion have hidden from the totals for as long as a week.
		leaving := p.Kind == Audit && age >= leaves && c.readAt < c.To+before
		old := c.readAt < p.now-s.set.AuditInterval/2
		watched := old && p.Kind == Audit && (deleting && age < watchful || p.now < s.distrust)
		// What is counted but not shown may come to be shown.
		hiding := old && c.total > c.n && c.total-c.n != s.habit
		if each || s.untold || single(c) || leaving || watched || hiding || c.readAt < recheck {
			flush()
			p.push(&task{kind: whole, win: c.Window})
			continue
		}
		run = append(run, *c)
		changes = append(changes, p.rates.changes(age, c.width()))
	}
	flush()
}

func (p *Pass) push(t *task) { p.stack = append(p.stack, t) }

func (p *Pass) pop() { p.stack = p.stack[:len(p.stack)-1] }

func (p *Pass) top() *task { return p.stack[len(p.stack)-1] }

// Next is the request to make next; false: the pass is over.
func (p *Pass) Next() (Ask, bool) {
	for !p.done {
		if p.reign != p.s.reign {
			p.done = true
			break
		}
		if len(p.stack) == 0 {
			if p.Kind == Sweep && p.moreToSweep() {
				continue
			}
			p.done = true
			p.rates.learn()
			if p.Kind == Audit {
				p.s.lastAudit = p.Begun
				p.s.forgetIDs()
			}
			break
		}
		t := p.top()
		switch t.kind {
		case frame:
			p.search(t)
		case frontier:
			return Ask{From: p.s.frontier - 1, To: max(p.now+p.s.future, p.s.frontier+1), Page: t.walk.page + 1}, true
		default:
			return Ask{From: t.win.From - 1, To: t.win.To, Page: t.walk.page + 1}, true
		}
	}
	return Ask{}, false
}

// chunk bounds one window of the catching up.
const chunk = day

// moreToSweep pushes the oldest window that is to be read.
func (p *Pass) moreToSweep() bool {
	s := p.s
	if len(s.refused) > 0 {
		return false // whether it is passed over, the next answer tells
	}
	limit := p.now - s.set.Lookback
	i := s.tl.from(s.swept)
	if i > 0 && i <= len(s.tl.cells) && s.tl.cells[i-1].To == s.swept && s.tl.cells[i-1].readAt == 0 {
		// After a restart: its ids show what the next cell shares with it.
		p.push(&task{kind: whole, win: s.tl.cells[i-1].Window})
		s.tl.cells[i-1].readAt = 1
		return true
	}
	end := limit
	if i < len(s.tl.cells) {
		c := &s.tl.cells[i]
		if c.From <= s.swept {
			if c.To > limit || c.readAt >= c.To+s.set.Lookback {
				return false
			}
			p.push(&task{kind: whole, win: c.Window})
			return true
		}
		end = min(end, c.From)
	}
	if end <= s.swept {
		return false
	}
	p.push(&task{kind: whole, win: Window{s.swept, min(end, s.swept+chunk)}})
	return true
}

// search goes on with a row of cells in which something has changed.
func (p *Pass) search(t *task) {
	s := p.s
	i, j, ok := s.tl.tiled(t.win)
	if ok && s.expect(i, j) == t.total {
		p.found(t) // all that the answer told of
		return
	}
	if len(t.rest) == 0 {
		p.exhausted(t, ok)
		return
	}
	last := len(t.rest) - 1
	part := t.rest[last]
	t.rest = t.rest[:last]
	a, b, row := s.tl.tiled(part)
	switch {
	case !row || b-a == 1 && !s.askable(&s.tl.cells[a]):
		p.push(&task{kind: whole, win: part})
	case b-a > 1 && last == 0 && ok && p.changes == t.mark && !t.plain && t.total > t.known:
		// The other half was as it was, so the change is in this one: no need to ask. Not where the total has fallen:
		// a server may cap it.
		f := p.divide(part, a, b, t.total-s.expect(i, j)+s.expect(a, b))
		f.derived = true
	default:
		p.push(&task{kind: ask, win: part, plain: t.plain, again: true})
	}
}

// found ends a search that accounts for the answer. While it went on, something else may have come to the row: a poll sees
// that the next time, an audit would only an interval later.
func (p *Pass) found(t *task) {
	p.pop()
	if p.Kind == Audit && p.changes != t.mark && !t.again && !t.derived {
		p.push(&task{kind: ask, win: t.win, again: true})
	}
}

// exhausted ends a search that has looked at all parts and does not account for the answer.
func (p *Pass) exhausted(t *task, ok bool) {
	p.pop()
	switch {
	case !ok || p.changes != t.mark:
	case t.derived:
		// What was taken for granted is asked after all.
		p.push(&task{kind: ask, win: t.win, plain: true, again: true})
	case t.total < t.known && t.total > p.s.limit.total: // capped, as is known
	default:
		p.push(&task{kind: confirm, win: t.win, total: t.total})
	}
}

// askable cells are large enough for a question to be cheaper than reading them whole, and their total can be trusted.
func (s *State) askable(c *cell) bool {
	return c.n > s.page && c.n <= s.limit.total && !single(c)
}

// expect is the total that a server in step would answer for the cells [i, j).
func (s *State) expect(i, j int) int {
	if j-i == 1 {
		return s.tl.expected(i, j)
	}
	return s.tl.expected(i, j) + s.habit
}

func (p *Pass) divide(w Window, i, j, total int) *task {
	mid := p.s.tl.cells[middle(i, j)].From
	f := &task{
		kind: frame, win: w, total: total, known: p.s.expect(i, j), mark: p.changes,
		rest: []Window{{w.From, mid}, {mid, w.To}},
	}
	p.push(f)
	return f
}

func middle(i, j int) int { return (i + j + 1) / 2 }

// confirmed handles the second answer for a row of cells whose first none of the parts accounts for, although all of them
// are as they were.
func (p *Pass) confirmed(t *task, total int) {
	s := p.s
	p.pop()
	i, j, ok := s.tl.tiled(t.win)
	if !ok || j-i < 2 || s.expect(i, j) == total {
		return
	}
	if total != t.total {
		p.foundNothing() // the total wanders
		return
	}
	left, right := &s.tl.cells[middle(i, j)-1], &s.tl.cells[middle(i, j)]
	known := s.expect(i, j)
	switch {
	case s.counted(left) || s.counted(right):
		// What they share was never read, and nothing that counts is in them: this is the total that goes with them.
		right.unique += total - known
		if right.From < s.swept {
			s.dirty[right.From] = struct{}{}
		}
	case !t.paired && (!left.known || !right.known):
		// How many records the halves share is not known for sure.
		t.paired = true
		p.push(t)
		p.push(&task{kind: whole, win: right.Window})
		p.push(&task{kind: whole, win: left.Window})
	case total < known && total == s.cappedAt && known != s.cappedFrom:
		// The same answer for rows that hold different numbers of records: it goes no higher.
		s.limit.total = max(total-1, 1)
		p.Anomalies[call.AnomalyTotalCapped]++
	default:
		// A wrong total is not remembered: when it becomes right, it would hide as many records as it was wrong by.
		if total < known {
			s.cappedAt, s.cappedFrom = total, known
		}
		p.foundNothing()
	}
}

// counted cells were never read, only counted.
func (s *State) counted(c *cell) bool { return !c.known && c.n > s.page && c.total == c.n }

// foundNothing notes a search that was in vain.
func (p *Pass) foundNothing() {
	s := p.s
	s.fruitless++
	if s.fruitless >= fruitless {
		s.fruitless = 0
		s.distrust = p.now + distrustFor
		p.Anomalies[call.AnomalyTotalMismatch]++
	}
}

// Take brings in the answer to the last Ask.
func (p *Pass) Take(a Answer) {
	p.passOver()
	p.Requests++
	t := p.top()
	untold := a.Total < 0
	p.s.largest = max(p.s.largest, len(a.IDs))
	if untold && a.Size > p.s.largest {
		a.Size = 0 // nothing but a page that large shows that it is true
	}
	size := a.Size
	if size <= 0 {
		size = max(p.s.largest, 1) // a page is full if there was none larger
	} else if size != pageSize && p.Requests == 1 {
		p.Anomalies[call.AnomalyPageSizeImposed]++
	}
	size = max(size, len(a.IDs))
	switch {
	case !untold || len(a.IDs) > 0:
		p.s.untold = untold
	case t.walk.page > 0: // the end of a walk: some servers then leave everything out
		untold, a.Total = t.walk.untold, t.walk.total
	default: // nothing, which needs no total
		untold, a.Total = false, 0
	}
	if untold && len(a.IDs) > 0 {
		a.Total = len(a.IDs)
		if len(a.IDs) >= size {
			a.Total = 2 * size
		}
	}
	if len(a.IDs) == a.Size && a.Size > 0 || a.Total > len(a.IDs) && len(a.IDs) == size && size >= fewest {
		p.s.page = size
	}
	more := a.Total > size && len(a.IDs) >= size && (a.Size > 0 || size >= fewest)
	if t.walk.page == 0 && t.walk.tries == 0 {
		switch t.kind {
		case ask:
			if untold {
				p.singly(t)
				return
			}
			if p.asked(t, a, size) {
				return
			}
			t.kind = whole
		case confirm:
			p.confirmed(t, a.Total)
			return
		case count:
			if more && !untold {
				p.pop()
				p.settle(cell{Window: t.win, total: a.Total, n: a.Total})
				return
			}
			t.kind = whole
		case frontier:
			if more && p.splitFrontier(a.Total, size) {
				return
			}
		}
		if t.kind == whole && more && t.win.width() > 1 {
			p.pop()
			p.split(t.win, parts(a.Total, size))
			return
		}
	}
	p.step(t, a, size, untold)
}

// singly reads a row cell by cell.
func (p *Pass) singly(t *task) {
	p.pop()
	i, j, ok := p.s.tl.tiled(t.win)
	if !ok {
		p.push(&task{kind: whole, win: t.win})
		return
	}
	for _, c := range p.s.tl.cells[i:j] {
		p.push(&task{kind: whole, win: c.Window})
	}
}

func parts(total, size int) int { return int(math.Ceil(float64(total) / (fill * float64(size)))) }

// split reads a window in parts: newest first, but in a sweep the oldest, so that it can be held on to.
func (p *Pass) split(w Window, k int) {
	ws := cut(w, k)
	if p.Kind == Sweep {
		slices.Reverse(ws)
	}
	for _, part := range ws {
		p.push(&task{kind: whole, win: part})
	}
}

// splitFrontier moves the start of the frontier on, and reads what it leaves behind as windows.
func (p *Pass) splitFrontier(total, size int) bool {
	s := p.s
	w := Window{s.frontier, p.now} // so that the frontier keeps to the past, where a server answers
	if w.width() <= minFrontier {
		return false
	}
	ws := cut(w, parts(total, size))
	behind := Window{s.frontier, ws[len(ws)-1].From}
	s.moveFrontier(behind.To)
	top := p.top()
	p.pop()
	for _, part := range ws[:len(ws)-1] {
		p.push(&task{kind: whole, win: part})
	}
	top.walk = walk{}
	p.push(top)
	return true
}

// asked handles the first page of a row of cells. False: the answer holds the whole of it, and is to be taken as a reading.
func (p *Pass) asked(t *task, a Answer, size int) bool {
	s := p.s
	i, j, ok := s.tl.tiled(t.win)
	if ok && s.expect(i, j) == a.Total {
		s.fruitless = 0
		p.pop()
		return true
	}
	if !ok || j-i == 1 || a.Total <= size && len(a.IDs) == a.Total && t.win.width() <= s.set.Lookback/4 {
		return false
	}
	p.pop()
	f := p.divide(t.win, i, j, a.Total)
	f.plain, f.again = t.plain, t.again
	return true
}

// step takes one page of a walk.
func (p *Pass) step(t *task, a Answer, size int, untold bool) {
	w := &t.walk
	if w.page == 0 {
		w.ids, w.total, w.steady, w.untold = make(map[uint64]struct{}, len(a.IDs)), a.Total, true, untold
	}
	w.page++
	w.steady = w.steady && w.untold == untold && (untold || a.Total == w.total)
	w.total = a.Total
	if len(a.IDs) > 0 {
		w.filled++
	}
	if a.Size <= 0 && w.page > 1 {
		size = min(size, w.largest)
	}
	w.largest = max(w.largest, len(a.IDs))
	w.pending = w.pending || a.Pending
	before := len(w.ids)
	for _, id := range a.IDs {
		w.ids[id] = struct{}{}
	}
	fresh := len(w.ids) - before
	if fresh < len(a.IDs) && w.page == 1 {
		p.Anomalies[call.AnomalyDuplicateInAnswer]++
	}
	switch {
	case len(a.IDs) == 0, fresh == 0:
	case len(a.IDs) < size && (!untold || a.Size > 0) && w.last(len(a.IDs), a.Total):
	case w.page >= maxPages:
		w.steady = false
	default:
		return // there may be more
	}
	if w.untold {
		w.total = len(w.ids)
	}
	p.walked(t)
}

// last reports whether a short page is the last of a walk. The size that the server says may be false, and the total capped or
// one too few: then all pages are as short, and there are more.
func (w *walk) last(n, total int) bool {
	return len(w.ids) >= total && (w.page == 1 || n < w.largest)
}

// window is what a task is about; the frontier has no end.
func (p *Pass) window(t *task) Window {
	if t.kind == frontier {
		return Window{p.s.frontier, math.MaxInt64}
	}
	return t.win
}

// walked is the end of a walk: it settles the window, is repeated, or leaves it open.
func (p *Pass) walked(t *task) {
	s, w := p.s, &t.walk
	r := reading{total: w.total, ids: make([]uint64, 0, len(w.ids))}
	for id := range w.ids {
		r.ids = append(r.ids, id)
	}
	slices.Sort(r.ids)
	win := p.window(t)
	if win.From == s.failed.From || win.To == s.failed.To {
		s.fails = 0
	}
	diff := r.total - len(r.ids)
	// Without totals, only a second walk shows that no page was shifted during the first.
	agrees := w.steady && diff == 0 && (!w.untold || w.filled < 2)
	habitual := w.steady && diff != 0 && diff == s.habit
	previous, had := s.mismatch[win]
	if w.again != nil {
		previous, had = *w.again, true
	}
	same := had && w.steady && previous.total == r.total && slices.Equal(previous.ids, r.ids)
	lost, gone := p.missing(t, r.ids)
	switch {
	case (agrees || habitual) && (gone == 0 || same):
	case same:
	case w.tries == 0:
		if !w.steady {
			r.total = math.MinInt // equals no other
		}
		t.walk = walk{tries: 1, again: &r}
		return
	default:
		p.leaveOpen(t, win, r, w)
		return
	}
	delete(s.mismatch, win)
	if w.steady && !w.untold && len(r.ids) > 0 { // of nothing, none can be left out
		s.lied(diff)
	}
	if diff != 0 {
		p.Anomalies[call.AnomalyTotalMismatch]++
	}
	if gone > 0 {
		p.Deleted += s.deleted(lost, gone)
		s.deletedSeen = p.now
	}
	p.pop()
	switch t.kind {
	case ahead:
		return // it is part of the frontier in time
	case frontier:
		s.frontierIDs = r.ids
		return
	}
	p.settle(cell{
		Window: t.win, total: r.total, n: len(r.ids), ids: r.ids, known: true, readAt: p.now,
		open: w.pending, blind: r.total < len(r.ids) && diff != s.habit,
	})
}

// leaveOpen gives a window up for this time.
func (p *Pass) leaveOpen(t *task, win Window, r reading, w *walk) {
	s := p.s
	if w.steady {
		if len(s.mismatch) > 4096 {
			clear(s.mismatch)
		}
		s.mismatch[win] = r
	}
	p.Unsettled++
	p.pop()
	switch t.kind {
	case ahead:
		return
	case frontier:
		s.frontierIDs = r.ids
		return
	}
	p.settle(cell{Window: t.win, total: r.total, n: len(r.ids), ids: r.ids, known: true, readAt: p.now, open: true})
}

func (p *Pass) settle(c cell) {
	s := p.s
	i, swept := s.tl.from(c.From), c.From < s.swept
	anew := i >= len(s.tl.cells) || s.tl.cells[i].Window != c.Window || s.tl.cells[i].n != c.n
	if anew || s.tl.cells[i].total != c.total || s.tl.cells[i].open != c.open {
		p.changes++
	}
	s.settle(c, p.now, p.rates)
	if anew && swept {
		p.neighbours(i)
	}
}

// neighbours reads the cells beside a swept one that has changed, where their ids are no longer kept: what is new may lie in
// the seconds that it shares with them. A wrong number of shared ids would hide the next late record of their row for good.
func (p *Pass) neighbours(i int) {
	cells := p.s.tl.cells
	for _, k := range []int{i - 1, i + 1} {
		if k < 0 || k >= len(cells) || cells[k].known || cells[k].From < p.floor || cells[k].From >= p.s.swept {
			continue
		}
		if cells[k].To == cells[i].From || cells[k].From == cells[i].To {
			p.push(&task{kind: whole, win: cells[k].Window})
		}
	}
}

// missing is what a window has lost since its cells were last read, and how many that are: which ones is known of young cells
// only.
func (p *Pass) missing(t *task, ids []uint64) (lost []uint64, n int) {
	if t.kind != whole {
		return nil, 0
	}
	s := p.s
	i, j, ok := s.tl.tiled(t.win)
	if !ok {
		return nil, 0
	}
	for k := i; k < j; k++ {
		if !s.tl.cells[k].known {
			known := s.tl.cells[i].n
			for k := i + 1; k < j; k++ {
				known += s.tl.cells[k].unique
			}
			return nil, max(0, known-len(ids))
		}
		for _, id := range s.tl.cells[k].ids {
			if _, here := slices.BinarySearch(ids, id); !here && (len(lost) == 0 || !slices.Contains(lost, id)) {
				lost = append(lost, id)
			}
		}
	}
	return lost, len(lost)
}

// Refusal is a way in which the server refuses a window.
type Refusal uint8

// Refusals.
const (
	TooMuch   Refusal = iota // -23: more records than it will answer for
	TooLong                  // -76: a longer window than it will answer for
	Parameter                // -22
	Broken                   // another failure, which may or may not be the window's: it has a record that cannot be answered, or takes too long
)

const (
	// persistent is how many passes in a row fail at the same place until it is taken for the window's fault.
	persistent = 3
	// maxRefused in a row are more than the narrowing down of a single second takes.
	maxRefused = 32
	maxGiven   = 4
)

// Refused brings in that the server refuses the window asked for, which is then narrowed down. What it refuses for good is left
// open, and the rest goes on. False: the pass ends, it may refuse everything for now.
func (p *Pass) Refused(r Refusal) bool {
	s, t := p.s, p.top()
	if t.kind == frontier && t.walk.page == 0 && s.future > 0 && r != Broken {
		// It may be the end a day ahead that it minds. The next audit tries it again.
		if r == Parameter {
			s.future = 0
			p.Anomalies[call.AnomalyFutureRefused]++
		} else if s.future /= 2; s.future < hour {
			s.future = 0
		}
		return true
	}
	if (r == Broken || r == Parameter && t.kind == frontier) && !p.persists(t) {
		return false
	}
	switch t.kind {
	case ahead, confirm:
		p.pop()
		return true
	case frontier:
		return p.splitFrontier(2, 1)
	}
	i, j, ok := s.tl.tiled(t.win)
	if k := s.tl.from(t.win.From); k < len(s.tl.cells) && p.Kind != Sweep {
		if c := &s.tl.cells[k]; c.unread() && c.From <= t.win.From && t.win.To <= c.To { // as the last time
			c.readAt = p.now
			p.Unsettled++
			p.pop()
			return true
		}
	}
	if p.given > 0 && t.win.To == p.suspect.From {
		// Just before one that was given up: it goes with it.
		p.suspect.From = t.win.From
		s.refused[len(s.refused)-1] = p.suspect
		p.pop()
		return true
	}
	if p.refused++; p.refused == 1 {
		p.suspect = t.win
	}
	if p.refused > maxRefused {
		return r != TooMuch && r != TooLong && p.giveUp() // a quota passes
	}
	p.pop()
	switch {
	case t.kind == ask && ok && j-i > 1:
		switch r {
		case TooMuch:
			s.limit.total = min(s.limit.total, max(1, s.tl.expected(i, j)-1))
		case TooLong:
			s.limit.width = min(s.limit.width, max(1, t.win.width()-1))
		}
		mid := s.tl.cells[(i+j)/2].From
		p.push(&task{kind: ask, win: Window{t.win.From, mid}})
		p.push(&task{kind: ask, win: Window{mid, t.win.To}})
	case t.win.width() > 1 && (r == TooMuch || r == TooLong):
		p.split(t.win, 2)
	case t.win.width() > 1:
		for _, part := range cut(t.win, 2) { // the newest first, always: the past may be refused from some time on
			p.push(&task{kind: whole, win: part})
		}
	default:
		p.Unsettled++
		s.refused = append(s.refused, t.win)
	}
	return true
}

// giveUp leaves the window that is being narrowed down as a whole. Not many of them: then it is no window's fault.
func (p *Pass) giveUp() bool {
	p.s.refused = append(p.s.refused, p.suspect)
	for len(p.stack) > 0 && p.suspect.From <= p.top().win.From && p.top().win.To <= p.suspect.To {
		p.pop()
	}
	p.Unsettled++
	p.refused = 0
	p.given++
	return p.given < maxGiven
}

// persists reports whether passes have failed at the same place so often that it may be the window's fault.
func (p *Pass) persists(t *task) bool {
	if p.bisecting {
		return true
	}
	s, w := p.s, p.window(t)
	if w.From != s.failed.From && w.To != s.failed.To {
		s.fails = 0
	}
	s.failed = w
	s.fails++
	p.bisecting = s.fails >= persistent
	return p.bisecting
}

// unread cells are windows that the server refuses.
func (c *cell) unread() bool { return c.open && c.n == 0 && c.total == 0 }

// passOver leaves open, once the server answers again, the windows that it has refused, so that a sweep gets past them.
func (p *Pass) passOver() {
	p.refused, p.given = 0, 0
	for _, w := range p.s.refused {
		// With those beside it it is one question from then on.
		cells := p.s.tl.cells
		for i := p.s.tl.from(w.From - 1); i < len(cells) && cells[i].From <= w.To; i++ {
			if cells[i].unread() {
				w = Window{min(w.From, cells[i].From), max(w.To, cells[i].To)}
			}
		}
		p.changes++
		p.s.settle(cell{Window: w, open: true, readAt: p.now}, p.now, p.rates)
	}
	p.s.refused = nil
}
