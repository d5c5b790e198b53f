package ledger

import (
	"fmt"
	"time"

	"itnio_exporter/collector/call"
)

// Result is what became of a record.
type Result uint8

// Results. The names are the values of the label result.
const (
	Counted   Result = iota
	Baseline         // it ended before the epoch: its id is kept, nothing is added
	Duplicate        // its id is known
	Pending          // it is not complete yet
	TooOld           // it ended before the oldest day whose ids are kept
	Invalid          // it has no id
)

// Results lists every result.
func Results() []Result { return []Result{Counted, Baseline, Duplicate, Pending, TooOld, Invalid} }

func (r Result) String() string {
	return [...]string{"counted", "baseline", "duplicate", "pending", "too_old", "invalid"}[r]
}

// Item is a call to be written to the ledger.
type Item struct {
	Call call.Call
	// AsItStands counts a pending call although it is not complete.
	AsItStands bool
}

// Batch is the content of one transaction.
type Batch struct {
	Account *Account
	Server  time.Time // server's time when the records were read
	Items   []Item

	Cells       []Cell // windows that are now known; each replaces what it overlaps
	Deletions   []Deletion
	DropBefore  int64 // windows and deletions that end at or before it are forgotten; 0: none
	Swept       int64 // 0: unchanged
	InitialDone bool  // the first fill is complete
	ShowInitial bool  // with InitialDone: its values show at once, not zero first
	CaughtUp    bool  // all that came since a backup is counted; its values show at once. Nothing if the ledger is no backup
}

// Report is the result of a batch.
type Report struct {
	Results  []Result       // one for each item
	Overflow map[string]int // by label: calls whose value was folded into "other"
}

// Count is the number of items with a result.
func (r *Report) Count(want Result) int {
	n := 0
	for _, got := range r.Results {
		if got == want {
			n++
		}
	}
	return n
}

// Commit writes a batch to the ledger in one transaction. After an error nothing of it counts, with one exception: a commit
// whose outcome is not known yet may turn out to be in the file. Its calls are then duplicates when they are read again.
func (l *Ledger) Commit(b *Batch) (*Report, error) {
	if err := l.lock(); err != nil {
		return nil, err
	}
	defer l.writer.Unlock()
	t := l.begin(b)
	for i := range b.Items {
		t.report.Results[i] = t.item(&b.Items[i])
	}
	if b.Swept != 0 {
		t.meta.Swept = b.Swept
	}
	t.meta.InitialDone = t.meta.InitialDone || b.InitialDone
	if b.ShowInitial && b.InitialDone && !b.Account.meta.InitialDone {
		t.showAll()
	}
	if b.CaughtUp && t.meta.Copied {
		t.meta.Copied = false
		t.showAll()
	}
	if t.empty() {
		l.retire(b.Server)
		return &t.report, nil
	}
	if err := l.run(update{write: t.write, publish: t.publish, discard: t.changes.discard}); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	l.retire(b.Server)
	return &t.report, nil
}
