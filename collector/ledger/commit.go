package ledger

import (
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/call"
)

// Result is what became of a record.
type Result uint8

// Results. The names are the values of the label result.
const (
	Counted Result = iota
	Baseline
	Duplicate
	Pending
	TooOld
	Invalid
)

// Results lists every result.
func Results() []Result { return []Result{Counted, Baseline, Duplicate, Pending, TooOld, Invalid} }

func (r Result) String() string {
	return [...]string{"counted", "baseline", "duplicate", "pending", "too_old", "invalid"}[r]
}

// Item is a call to be brought into the ledger.
type Item struct {
	Call call.Call
	// AsItStands counts a pending call although it is not complete.
	AsItStands bool
}

// Batch is what one transaction brings.
type Batch struct {
	Account *Account
	Server  time.Time // server's time when the records were read
	Items   []Item

	Cells       []Cell // windows that are now known; each replaces what it overlaps
	DropBefore  int64  // windows that end at or before it are forgotten; 0: none
	Swept       int64  // 0: unchanged
	InitialDone bool   // the first fill is whole
	ShowInitial bool   // with InitialDone: its values show at once, not zero first
}

// Report tells what a batch did.
type Report struct {
	Results  []Result       // one for each item
	Overflow map[string]int // by label: calls whose value was folded into "other"
}

// Count is the number of items with a result.
func (r *Report) Count(want Result) int {
	n := 0
	for _, have := range r.Results {
		if have == want {
			n++
		}
	}
	return n
}

// Commit brings a batch into the ledger: wholly, or not at all if there is an error.
func (l *Ledger) Commit(b *Batch) (*Report, error) {
	l.writer.Lock()
	defer l.writer.Unlock()
	f := fold{
		l: l, a: b.Account, server: b.Server, meta: b.Account.meta,
		touched: make([][]*storedSeries, len(l.families)), born: make([]map[string]*storedSeries, len(l.families)),
		admitted: map[string]map[string]struct{}{}, seen: map[uint64]struct{}{},
		report: Report{Results: make([]Result, len(b.Items)), Overflow: map[string]int{}},
	}
	for i := range b.Items {
		f.report.Results[i] = f.item(&b.Items[i])
	}
	if b.Swept != 0 {
		f.meta.Swept = b.Swept
	}
	f.meta.InitialDone = f.meta.InitialDone || b.InitialDone
	if b.ShowInitial && b.InitialDone && !b.Account.meta.InitialDone {
		f.showInitial()
	}
	if f.empty() && len(b.Cells) == 0 && b.DropBefore == 0 {
		return &f.report, nil
	}
	if err := l.update(func(tx *bolt.Tx) error { return f.write(tx, b) }); err != nil {
		f.discard()
		return nil, fmt.Errorf("ledger: %w", err)
	}
	f.publish()
	return &f.report, nil
}

// fold is the state of one batch on its way into the ledger.
type fold struct {
	l      *Ledger
	a      *Account
	server time.Time
	meta   accountMeta

	entry    entry
	ends     []int64                        // days on which the remembered calls ended
	seen     map[uint64]struct{}            // keys, sessions and tags of this batch
	touched  [][]*storedSeries              // by family: those that have a next value
	born     []map[string]*storedSeries     // by family
	admitted map[string]map[string]struct{} // new label values
	show     []*storedSeries                // of the initial fill
	over     []string                       // labels of the call in hand that were folded into "other"
	report   Report

	key    []byte
	labels []string
}

func (f *fold) empty() bool {
	for _, t := range f.touched {
		if len(t) > 0 {
			return false
		}
	}
	return f.entry.empty() && f.meta == f.a.meta
}

// day is the one that the batch's ids belong to: that of the server's clock, but not an earlier one than the calls ended on. A
// clock that was behind for a while would have them dropped too early, and the calls counted again. The median, since single
// records have ends in the year 2099.
func (f *fold) day() int64 {
	number := dayOf(f.server)
	if len(f.ends) > 0 {
		slices.Sort(f.ends)
		number = max(number, f.ends[len(f.ends)/2])
	}
	return number
}

// publish makes the committed state the one that is read.
func (f *fold) publish() {
	l := f.l
	l.mu.Lock()
	defer l.mu.Unlock()
	appears := f.meta.InitialDone && !f.a.meta.InitialDone
	f.a.meta = f.meta
	if !f.entry.empty() {
		number := f.day()
		d := f.a.at(number)
		if d == nil {
			d = f.a.addDay(number)
		}
		d.add(&f.entry)
	}
	for label, values := range f.admitted {
		if l.admitted[label] == nil {
			l.admitted[label] = map[string]struct{}{}
		}
		for v := range values {
			l.admitted[label][v] = struct{}{}
		}
	}
	visible := false
	for i, fam := range l.families {
		born := make([]*storedSeries, 0, len(f.born[i]))
		for _, s := range f.born[i] {
			s.bornGen = l.gen + 1
			if !s.shown {
				l.hold.held[s] = struct{}{}
			}
			born = append(born, s)
		}
		fam.adopt(born)
	}
	for _, s := range f.show {
		l.reveal(s)
	}
	for i, fam := range l.families {
		for _, s := range f.touched[i] {
			s.cur, s.next = s.next, nil
			fam.dirty = fam.dirty || s.shown
		}
		visible = visible || fam.dirty
	}
	switch {
	case appears:
		l.expose(f.a)
	case visible:
		l.changed()
	}
}
