package simulator

import (
	"cmp"
	"container/heap"
	"math/rand/v2"
	"time"
)

// tenant is an account with its calls and their records. Events change it as time passes: a record appears, is completed,
// edited, deleted.
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
	version uint64 // changes with the index and with any value that rows are sorted by
	sorted  sortedRows
	written map[uint32][]byte // records in JSON, as they were last sent
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

// firstID is the first keyId of every account. Accounts have the same ids on purpose: the vendor does not say that ids differ between accounts.
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

// advanceTenant draws the calls that start until now and applies the events that are due.
func (s *Simulator) advanceTenant(t *tenant, now time.Time) {
	if t.now = max(t.now, now.UnixNano()); t.now == 0 {
		return
	}
	for ; t.chunk*chunkSeconds*1e9 <= t.now; t.chunk++ {
		if s.traffic {
			s.drawChunk(t)
		}
	}
	for len(t.events) > 0 && t.events[0].at <= t.now {
		t.apply(heap.Pop(&t.events).(event))
	}
}

// drawChunk draws the calls of the tenant's next chunk, and a burst if the faults have one then.
func (s *Simulator) drawChunk(t *tenant) {
	take := func(r row) {
		if r.start < s.o.Start.Unix() || !s.o.End.IsZero() && r.start >= s.o.End.Unix() {
			return
		}
		s.spoil(t, &r)
		t.add(r, s.zone)
	}
	s.calls.chunk(t.account, t.seed, t.chunk, s.scenarios, take)
	begin := t.chunk * chunkSeconds
	if begin%slot != 0 || !s.faults.active(time.Unix(begin, 0)) {
		return
	}
	if hit, x := request(mix(t.seed, uint64(begin)), drawBurst, s.faults.Burst); hit {
		s.calls.burst(t.seed, begin+int64(x%chunkSeconds), s.faults.burstSize(), take)
	}
}

// spoil draws the faults of a new record.
func (s *Simulator) spoil(t *tenant, r *row) {
	if s.faults.active(time.Unix(r.start, 0)) {
		s.calls.spoil(rand.New(rand.NewPCG(mix(t.seed, 7), uint64(len(t.rows)))), r, &s.faults)
	}
}

// add adds a call and schedules the events of its record.
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

// apply applies one event.
func (t *tenant) apply(e event) {
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

// cancelAfter cancels the calls that were drawn in advance and have not started.
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

// window is a stretch of time in Unix seconds, by the times of the rows, both ends included.
type window struct{ from, to int64 }
