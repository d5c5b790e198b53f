package reconcile

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/itnio"
)

// record is one of the fake server's records: filtered on by at, to be seen while visible <= now < gone.
type record struct {
	id                uint64
	at, visible, gone int64
}

// server answers as the API does, from memory, with its own clock.
type server struct {
	now     int64
	records []record

	openFrom, openTo bool // ends are exclusive
	order            int  // 0: by time, 1: newest first, 2: any, but the same for all pages
	page             int  // imposed; 0: 100
	says             int  // page size that answers name; 0: the one they have
	cap              int  // of totals
	lie              int  // what totals are wrong by
	noSize, noTotal  bool
	torn             uint64  // a record that is listed as two
	mute             bool    // empty answers hold nothing else either
	firstAgain       bool    // past the end
	endRefusal       Refusal // of a page past the end; 0: it is not refused
	maxWidth         int64
	maxTotal         int
	noFuture         bool
	deaf             func(Ask) (Refusal, bool) // refuses what it wants to

	requests int
	asks     []Ask
}

func (s *server) has(r record, a Ask) bool {
	from, to := a.From, a.To
	if s.openFrom {
		from++
	}
	if s.openTo {
		to--
	}
	return r.visible <= s.now && s.now < r.gone && r.at >= from && r.at <= to
}

// count is how many records a request asks for.
func (s *server) count(a Ask) (n int) {
	for _, r := range s.records {
		if s.has(r, a) {
			n++
		}
	}
	return n
}

func (s *server) answer(a Ask) (Answer, Refusal, bool) {
	s.requests++
	if s.requests%5 == 0 {
		s.now++
	}
	s.asks = append(s.asks, a)
	var found []record
	for _, r := range s.records {
		if s.has(r, a) {
			found = append(found, r)
		}
	}
	if r, no := s.refuses(a, len(found)); no {
		return Answer{}, r, true
	}
	slices.SortFunc(found, s.compare)
	size := s.size()
	first := (a.Page - 1) * size
	if first >= len(found) {
		if first = len(found); s.firstAgain {
			first = 0
		}
	}
	out := Answer{Total: s.total(len(found)), Size: size}
	if s.says > 0 {
		out.Size = s.says
	}
	if s.noSize {
		out.Size = 0
	}
	for _, r := range found[first:min(len(found), first+size)] {
		out.IDs = append(out.IDs, r.id)
		if r.id == s.torn {
			out.IDs = append(out.IDs, 1<<40+r.id)
		}
	}
	if s.mute && len(out.IDs) == 0 {
		out.Total, out.Size = -1, 0
	}
	return out, 0, false
}

func (s *server) size() int { return cmp.Or(s.page, 100) }

func (s *server) refuses(a Ask, found int) (Refusal, bool) {
	if s.deaf != nil {
		if r, no := s.deaf(a); no {
			return r, true
		}
	}
	switch {
	case s.noFuture && a.To > s.now:
		return Parameter, true
	case s.maxWidth > 0 && a.To-a.From > s.maxWidth:
		return TooLong, true
	case s.maxTotal > 0 && found > s.maxTotal:
		return TooMuch, true
	case s.endRefusal != 0 && a.Page > 1 && (a.Page-1)*s.size() >= found:
		return s.endRefusal, true
	}
	return 0, false
}

// total is what the server says where there are so many.
func (s *server) total(n int) int {
	if s.noTotal {
		return -1
	}
	n += s.lie
	if s.cap > 0 {
		n = min(n, s.cap)
	}
	return max(0, n)
}

func (s *server) compare(x, y record) int {
	switch s.order {
	case 0:
		return int(x.at-y.at)*2 + sign(x.id, y.id)
	case 1:
		return int(y.at-x.at)*2 + sign(y.id, x.id)
	}
	return sign(x.id*0x9e3779b97f4a7c15, y.id*0x9e3779b97f4a7c15)
}

func sign(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

const forever = int64(1) << 60

// add makes records that are visible from now on.
func (s *server) add(at ...int64) []uint64 {
	ids := make([]uint64, 0, len(at))
	for _, t := range at {
		id := uint64(len(s.records) + 1)
		s.records = append(s.records, record{id: id, at: t, visible: s.now, gone: forever})
		ids = append(ids, id)
	}
	return ids
}

func (s *server) remove(ids ...uint64) {
	for _, id := range ids {
		s.records[id-1].gone = s.now
	}
}

type fataler interface{ Fatalf(string, ...any) }

// account drives a State against a server as the collector does, and keeps what a ledger would.
type account struct {
	t     fataler
	srv   *server
	set   Settings
	st    *State
	floor int64
	seen  map[uint64]struct{}

	cells  []Cell
	swept  int64
	habits itnio.Habits

	deletions           []Deletion
	deleted, incomplete int
	failed              bool  // the last pass did not come to its end
	begun               int64 // last poll
	past                int64 // of the first start
}

func usual() Settings { return Settings{Lookback: 7200, Horizon: 2 * day, AuditInterval: 3600} }

const begin = int64(1_750_000_000)

func newAccount(t fataler, set Settings) *account {
	a := &account{
		t: t, set: set, seen: map[uint64]struct{}{},
		srv: &server{now: begin},
	}
	a.crash()
	return a
}

// crash starts over from what is durable.
func (a *account) crash() {
	a.st = New(a.set, slices.Clone(a.cells), a.swept)
	a.st.Know(a.habits)
}

func (a *account) save() {
	d := a.st.Durable(a.srv.now)
	if d.Swept != 0 {
		a.swept = d.Swept
	}
	for _, c := range d.Cells {
		a.cells = slices.DeleteFunc(a.cells, func(o Cell) bool { return o.From < c.To && c.From < o.To })
		a.cells = append(a.cells, c)
	}
	a.cells = slices.DeleteFunc(a.cells, func(o Cell) bool { return o.To <= d.DropBefore })
	slices.SortFunc(a.cells, func(x, y Cell) int { return int(x.From - y.From) })
	a.deletions = append(a.deletions, d.Deletions...)
	a.st.Saved(d)
	a.st.Describe(&a.habits)
}

// run makes a pass's requests, at most so many; it gives how many were made.
func (a *account) run(p *Pass, most int) int {
	n := 0
	a.failed = false
	a.notePast()
	for ; n < most; n++ {
		q, more := p.Next()
		if !more {
			break
		}
		if n >= a.bound() {
			a.t.Fatalf("a pass of more than %d requests", n)
		}
		if q.To <= q.From || q.Page < 1 {
			a.t.Fatalf("asked for %+v", q)
		}
		answer, refusal, no := a.srv.answer(q)
		if no {
			if !p.Refused(refusal) {
				a.failed = true
				n++
				break
			}
			continue
		}
		a.save()
		for _, id := range answer.IDs {
			a.seen[id] = struct{}{}
		}
		p.Take(answer)
	}
	a.save()
	a.deleted += p.Deleted
	a.incomplete = p.Incomplete
	return n
}

// notePast keeps up to when records are only counted.
func (a *account) notePast() {
	for i := range a.st.row.cells {
		if c := &a.st.row.cells[i]; c.kind == cellCounted {
			a.past = max(a.past, c.To)
		}
	}
}

func (a *account) live() int {
	a.begun = a.srv.now
	return a.run(a.st.Live(a.srv.now, a.floor), math.MaxInt)
}

func (a *account) sweep() int { return a.run(a.st.Sweep(a.srv.now, a.floor), math.MaxInt) }
func (a *account) audit() int { return a.run(a.st.Audit(a.srv.now, a.floor), math.MaxInt) }

// minutes polls each minute, sweeps and audits as the collector does.
func (a *account) minutes(n int) {
	for range n {
		a.srv.now += 60
		a.live()
		a.sweep()
		if a.st.AuditDue(a.srv.now) {
			a.audit()
		}
	}
}

// bound is how many requests a pass may make at most: some for each page and each window there is.
func (a *account) bound() int {
	size := 100
	if a.srv.page > 0 {
		size = a.srv.page
	}
	windows := len(a.st.row.cells) + int((a.set.Horizon+a.set.History)/hour)
	if a.srv.deaf != nil {
		windows += 100 // narrowing down
	}
	return 10 * (len(a.srv.records)/size + windows + 20)
}

// unseen are the records that are shown now, lie within the horizon, and were not read.
func (a *account) unseen() []record {
	var out []record
	for _, r := range a.srv.records {
		_, seen := a.seen[r.id]
		if r.visible >= a.begun && r.at > a.begun-30 || r.at < a.past {
			continue // the frontier had been read by then; of what does not count it is enough to know how much there is
		}
		if !seen && r.visible <= a.srv.now && a.srv.now < r.gone && r.at > a.srv.now-a.set.Horizon && r.at < a.srv.now+day/2 {
			out = append(out, r)
		}
	}
	return out
}

// traffic fills the past with a record each step seconds.
func (a *account) traffic(from, to, step int64) {
	for t := from; t < to; t += step {
		a.srv.records = append(a.srv.records, record{id: uint64(len(a.srv.records) + 1), at: t, visible: t, gone: forever})
	}
}

// steady gives an account that has been read for half a day, with a record each ten seconds.
func steady(t testing.TB, adjust func(*server)) *account {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	a := newAccount(t, usual())
	a.traffic(begin-6*hour, begin+12*hour, 20)
	if adjust != nil {
		adjust(a.srv)
	}
	a.minutes(180)
	for range 4 {
		a.srv.now += 15 * 60
		a.round()
	}
	require.Empty(t, a.unseen())
	return a
}

// round is a poll with all that may come behind it.
func (a *account) round() {
	a.live()
	a.sweep()
	a.audit()
}
