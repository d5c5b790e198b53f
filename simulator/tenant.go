package simulator

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// tenant is an account with its calls and its records. It moves with time by events: a record appears, is completed, edited, deleted.
type tenant struct {
	account Account
	seed    uint64
	filter  Field

	rows    []row // in the order they were drawn
	nextID  uint64
	chunk   int64 // the next chunk of traffic
	now     int64 // nanoseconds; never goes back
	events  events
	index   index
	version uint64 // changes with the index or with what is sorted by
	sorted  sortedRows
	written map[uint32][]byte // records as they were last written
}

// sortedRows is the last answer that had to be sorted, for the pages after it.
type sortedRows struct {
	key     string
	version uint64
	rows    []uint32
}

type event struct {
	at   int64 // nanoseconds
	row  uint32
	kind eventKind
}

type eventKind uint8

const (
	appear eventKind = iota
	complete
	edit
	remove
)

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(e[i].at, e[j].at), cmp.Compare(e[i].kind, e[j].kind), cmp.Compare(e[i].row, e[j].row)) < 0
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

// firstID is the first keyId of every account: accounts share ids, as nothing says that they are unique beyond one.
const firstID = 50_000_001

func newTenant(a Account, seed uint64, o Options) *tenant {
	return &tenant{
		account: a,
		seed:    seed,
		filter:  o.Habits.FilterOn,
		nextID:  firstID,
		chunk:   o.Start.Unix() / chunkSeconds,
		index:   index{buckets: map[int64][]entry{}},
		written: map[uint32][]byte{},
	}
}

// advanceTenant draws the calls that start until now and makes happen what is due.
func (s *Simulator) advanceTenant(t *tenant, now time.Time) {
	if t.now = max(t.now, now.UnixNano()); t.now == 0 {
		return
	}
	for ; t.chunk*chunkSeconds*1e9 <= t.now; t.chunk++ {
		begin := t.chunk * chunkSeconds
		if !s.traffic {
			continue
		}
		take := func(r row) {
			if r.start < s.o.Start.Unix() || !s.o.End.IsZero() && r.start >= s.o.End.Unix() {
				return
			}
			s.spoil(t, &r)
			t.add(r, s.zone)
		}
		s.calls.chunk(t.account, t.seed, t.chunk, s.plans, take)
		if s.faults.active(time.Unix(begin, 0)) && begin%slot == 0 {
			if hit, x := request(mix(t.seed, uint64(begin)), drawBurst, s.faults.Burst); hit {
				size := s.faults.BurstSize
				if size == 0 {
					size = 2000
				}
				s.calls.burst(t.seed, begin+int64(x%chunkSeconds), size, take)
			}
		}
	}
	for len(t.events) > 0 && t.events[0].at <= t.now {
		t.happen(heap.Pop(&t.events).(event))
	}
}

// spoil makes a new record faulty, if it falls under the faults.
func (s *Simulator) spoil(t *tenant, r *row) {
	if s.faults.active(time.Unix(r.start, 0)) {
		s.calls.spoil(rand.New(rand.NewPCG(mix(t.seed, 7), uint64(len(t.rows)))), r, &s.faults)
	}
}

// add takes a call in and plans its record's life.
func (t *tenant) add(r row, zone *time.Location) {
	n := uint32(len(t.rows))
	if r.session == 0 {
		r.session = stamp(r.start, zone)*100_000 + uint64(n)%100_000
	}
	t.rows = append(t.rows, r)
	heap.Push(&t.events, event{r.visible, n, appear})
	if r.is(incomplete) && !r.is(neverComplete) {
		heap.Push(&t.events, event{r.completed, n, complete})
	}
	if r.edited > 0 {
		heap.Push(&t.events, event{r.edited, n, edit})
	}
	if r.deleted > 0 {
		heap.Push(&t.events, event{r.deleted, n, remove})
	}
}

// happen makes one event happen.
func (t *tenant) happen(e event) {
	r := &t.rows[e.row]
	if r.is(cancelled) || r.is(gone) {
		return
	}
	was, found := r.filterTime(t.filter)
	if found && r.is(appeared) {
		t.index.remove(was, e.row)
	}
	switch e.kind {
	case appear:
		r.state |= appeared
		if r.id == 0 {
			r.id = t.nextID
		}
		t.nextID = max(t.nextID, r.id) + 1 + mix(t.seed, r.session)%3 // ids have gaps
	case complete:
		r.state &^= incomplete
	case edit:
		r.state |= isEdited
	case remove:
		r.state |= gone
	}
	if is, ok := r.filterTime(t.filter); ok && !r.is(gone) {
		t.index.insert(is, e.row)
	}
	t.version++
	delete(t.written, e.row)
}

// cancelAfter takes back the calls that were drawn ahead and have not started.
func (t *tenant) cancelAfter(now time.Time) {
	for i := len(t.rows) - 1; i >= 0; i-- {
		r := &t.rows[i]
		if r.start < now.Unix()-chunkSeconds && !r.is(added) {
			return // rows are drawn in the order of chunks
		}
		if r.start > now.Unix() && !r.is(added) {
			r.state |= cancelled
		}
	}
}

// stamp is a time as the number yymmddhhmmss.
func stamp(unix int64, zone *time.Location) uint64 {
	t := time.Unix(unix, 0).In(zone)
	y, m, d := t.Date()
	return ((uint64(y%100)*100+uint64(m))*100+uint64(d))*1_000_000 + uint64(t.Hour()*10000+t.Minute()*100+t.Second())
}

// window is what is asked for: both ends included, unix, in the terms of the rows.
type window struct{ from, to int64 }

// page gives the rows of a page and the number of rows in all. salt differs for every answer.
func (t *tenant) page(w window, m matcher, o Order, unstable bool, salt uint64, offset, size int) ([]uint32, int) {
	if w.to < w.from {
		return nil, 0
	}
	plain := m.match == nil
	if plain && !unstable && t.sameOrder(o) {
		return t.runPage(w, o, offset, size)
	}
	if plain {
		if n := t.index.count(w.from, w.to); offset >= n {
			return nil, n
		}
	}
	rows, total := t.sort(w, m, o, unstable, salt, offset+size)
	if offset >= len(rows) {
		return nil, total
	}
	return rows[offset:min(len(rows), offset+size)], total
}

// sameOrder reports whether the order is that of the index. The index breaks ties by appearance and that is the order of ids.
func (t *tenant) sameOrder(o Order) bool {
	switch t.filter {
	case ByStart:
		return o == StartAsc || o == StartDesc
	case ByCreate:
		return o == CreateAsc || o == CreateDesc
	}
	return false
}

// runPage reads a page straight from the index.
func (t *tenant) runPage(w window, o Order, offset, size int) (page []uint32, total int) {
	desc := o == StartDesc || o == CreateDesc
	t.index.runs(w.from, w.to, desc, func(b []entry) bool {
		first, last := offset-total, offset+size-total // what of the bucket belongs to the page
		total += len(b)
		for i := max(0, first); i < min(len(b), last); i++ {
			if desc {
				page = append(page, b[len(b)-1-i].row)
			} else {
				page = append(page, b[i].row)
			}
		}
		return true
	})
	return page, total
}

// ranked is a row with what it is sorted by.
type ranked struct {
	by, tie int64
	row     uint32
}

// sort gives the rows of a window in order, at least the first need of them, and how many there are in all.
func (t *tenant) sort(w window, m matcher, o Order, unstable bool, salt uint64, need int) ([]uint32, int) {
	key := fmt.Sprint(w, o, m.key)
	if !unstable && t.sorted.rows != nil && t.sorted.key == key && t.sorted.version == t.version {
		return t.sorted.rows, len(t.sorted.rows)
	}
	desc := o == IDDesc || o == StartDesc || o == CreateDesc || o == UpdateDesc
	less := func(a, b ranked) int {
		c := cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.tie, b.tie), cmp.Compare(a.row, b.row))
		if desc {
			return -c
		}
		return c
	}
	first := need <= 4*100 // the first pages are found without sorting the rest
	var found []ranked
	total, full := 0, false
	take := func(n uint32) {
		r := &t.rows[n]
		if m.match != nil && !m.match(r) {
			return
		}
		total++
		k := ranked{r.rank(o), int64(r.id), n}
		if unstable && o != IDAsc && o != IDDesc {
			k.tie = int64(mix(r.id, salt) >> 1)
		}
		if full && less(k, found[need-1]) > 0 {
			return
		}
		if found = append(found, k); first && len(found) >= 2*need+64 {
			slices.SortFunc(found, less)
			found, full = found[:need], true
		}
	}
	t.index.runs(w.from, w.to, desc, func(b []entry) bool {
		for i := range b {
			if desc { // in about the order wanted, so that the first rows are soon found
				i = len(b) - 1 - i
			}
			take(b[i].row)
		}
		return true
	})
	slices.SortFunc(found, less)
	rows := make([]uint32, len(found))
	for i, f := range found {
		rows[i] = f.row
	}
	if !unstable && len(rows) == total {
		t.sorted = sortedRows{key, t.version, rows}
	}
	return rows, total
}

// rank is what an order sorts by.
func (r *row) rank(o Order) int64 {
	switch o {
	case StartAsc, StartDesc:
		return r.start
	case CreateAsc, CreateDesc:
		return r.create
	case UpdateDesc:
		return r.update()
	}
	return int64(r.id)
}
