package ledger

import (
	"maps"
	"time"

	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
)

// transaction is one batch on its way into the ledger. Before publish it changes nothing that readers see. The ledger's writer
// lock is locked from begin to publish.
type transaction struct {
	l     *Ledger
	batch *Batch

	meta      accountMeta
	ids       batchIDs
	admission admission
	folder    *families.Folder
	changes   changes
	latest    []map[string]latest        // by family, then by ID
	gone      map[*storedSeries]struct{} // replaced by one of latest
	show      []*storedSeries            // of the first fill: they show their values from now on
	report    Report
}

func (l *Ledger) begin(b *Batch) *transaction {
	t := &transaction{
		l: l, batch: b, meta: b.Account.meta,
		latest: make([]map[string]latest, len(l.families)), gone: map[*storedSeries]struct{}{},
		ids:    batchIDs{days: b.Account.days, seen: map[uint64]struct{}{}},
		report: Report{Results: make([]Result, len(b.Items)), Overflow: map[string]int{}},
		changes: changes{
			day: dayOf(b.Server), families: l.families, touched: make([][]*storedSeries, len(l.families)), born: make([]map[string]*storedSeries, len(l.families)),
		},
	}
	t.admission = admission{admitted: l.admitted, fresh: map[string]map[string]struct{}{}, overflow: t.report.Overflow}
	t.folder = l.model.Folder(b.Account.name, b.Server, &t.admission)
	return t
}

// item decides what becomes of a call, and adds it to the series if it counts.
func (t *transaction) item(it *Item) Result {
	c := &it.Call
	t.admission.nextCall()
	switch {
	case c.Key == 0 && c.Session == 0:
		return Invalid
	case t.ids.known(c):
		if !c.Pending && !c.End.IsZero() && c.End.Unix() >= t.meta.Epoch {
			t.addTags(c) // it may have got tags since it was counted
		}
		return Duplicate
	case c.Pending && !it.AsItStands:
		return Pending
	}
	end := c.End
	if end.IsZero() {
		end = t.batch.Server // it has no time at all, and has been waited for
	}
	switch {
	case c.Pending && end.Unix() < t.meta.Epoch:
		return Pending // it may be in progress since before the epoch: once complete it counts
	case end.Unix() < t.meta.Epoch:
		t.ids.remember(c)
		t.add(c, false)
		return Baseline
	case end.Unix() < t.meta.OldestDay*secondsPerDay:
		return TooOld
	}
	t.ids.remember(c)
	t.add(c, true)
	t.addTags(c)
	t.meta.Counted = true
	return Counted
}

// showAll shows the account's values at once, without zero first. Those of the first fill are history, and no increase is expected
// of them. Those of a restored backup were most likely shown before: a 0 would be a reset, and Prometheus would count them again.
func (t *transaction) showAll() {
	for i, f := range t.l.families {
		for _, s := range f.sorted {
			if s.account == t.batch.Account && !s.shown {
				t.show = append(t.show, s)
				if s.next == nil {
					t.changes.touch(i, s, s.cur)
				}
			}
		}
	}
	for _, born := range t.changes.born {
		for _, s := range born {
			if s.account == t.batch.Account {
				s.shown, s.zero = true, nil
			}
		}
	}
}

func (t *transaction) empty() bool {
	return t.changes.empty() && t.ids.entry.empty() && t.meta == t.batch.Account.meta &&
		len(t.batch.Cells) == 0 && len(t.batch.Deletions) == 0 && t.batch.DropBefore == 0
}

// write puts everything into a transaction of the file.
func (t *transaction) write(tx *bolt.Tx) error {
	account, err := accountBucket(tx, t.batch.Account.name)
	if err != nil {
		return err
	}
	if err := t.writeIDs(account); err != nil {
		return err
	}
	if err := writeCells(account, t.batch); err != nil {
		return err
	}
	if err := writeDeletions(account, t.batch); err != nil {
		return err
	}
	if t.meta != t.batch.Account.meta {
		if err := putMeta(account, &t.meta); err != nil {
			return err
		}
	}
	return t.writeSeries(tx.Bucket([]byte(bucketFamilies)))
}

func (t *transaction) writeIDs(account *bolt.Bucket) error {
	if t.ids.entry.empty() {
		return nil
	}
	ids, err := account.CreateBucketIfNotExists([]byte(bucketIDs))
	if err != nil {
		return err
	}
	today, err := ids.CreateBucketIfNotExists(be32(t.ids.day(t.batch.Server)))
	if err != nil {
		return err
	}
	seq, err := today.NextSequence()
	if err != nil {
		return err
	}
	today.FillPercent = 1 // new keys are always the last ones
	return today.Put(be64(int64(seq)), seal(t.ids.entry.encode()))
}

func (t *transaction) writeSeries(root *bolt.Bucket) error {
	shown := map[*storedSeries]bool{}
	for _, s := range t.show {
		shown[s] = true
	}
	for i, f := range t.l.families {
		if len(t.changes.touched[i]) == 0 {
			continue
		}
		family := root.Bucket([]byte(f.Name))
		bucket := family.Bucket([]byte(bucketSeries))
		if _, err := deleteSeries(family, f, t.gone); err != nil {
			return err
		}
		for _, s := range t.changes.touched[i] {
			if _, gone := t.gone[s]; gone {
				continue
			}
			if err := bucket.Put(storedKey(s.key), encodeSeries(s, s.next, max(s.used, t.changes.day), s.shown || shown[s])); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish makes the committed state the one that is read.
func (t *transaction) publish() {
	l, a := t.l, t.batch.Account
	l.mu.Lock()
	defer l.mu.Unlock()
	appears := t.meta.InitialDone && !a.meta.InitialDone
	a.meta = t.meta
	if !t.ids.entry.empty() {
		number := t.ids.day(t.batch.Server)
		d := a.at(number)
		if d == nil {
			d = a.addDay(number)
		}
		d.add(&t.ids.entry)
	}
	t.admission.publish()
	for _, born := range t.changes.born {
		maps.DeleteFunc(born, func(_ string, s *storedSeries) bool { _, gone := t.gone[s]; return gone })
	}
	l.adopt(t.changes.born)
	t.publishLatest()
	for _, s := range t.show {
		l.zeroFirst.reveal(s)
	}
	switch visible := t.changes.publish(); {
	case appears:
		l.expose(a)
	case visible:
		l.changed()
	}
}

func (t *transaction) publishLatest() {
	for i, f := range t.l.families {
		maps.Copy(f.latest, t.latest[i])
		if len(t.gone) > 0 {
			f.remove(t.gone)
			f.recount()
		}
	}
	t.l.forgetZeros(t.gone)
}

// bornAt is the created time of a series that is born now, in Unix milliseconds: the epoch for series of the first fill.
func (t *transaction) bornAt(f *family) int64 {
	now := t.l.now().UnixMilli()
	switch {
	case f.restarted != 0:
		return f.restarted
	case !t.meta.InitialDone && t.meta.Epoch != 0:
		return min(now, time.Unix(t.meta.Epoch, 0).UnixMilli())
	case t.meta.Copied && t.meta.Swept != 0: // it may have been shown since then, and must not seem to be reset
		return min(now, time.Unix(t.meta.Swept, 0).UnixMilli())
	}
	return now
}
