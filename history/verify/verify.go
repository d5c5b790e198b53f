package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/idset"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/history"
)

// Past reads a stretch of the account's past from the API. history.Reader does.
type Past interface {
	Read(ctx context.Context, from, to time.Time, each func(history.Window, []call.Call) error) (history.Result, error)
}

// Options of the verification of one account. All but Prometheus are needed.
type Options struct {
	Name     string
	From, To time.Time // the range, in whole seconds
	Now      time.Time // the server's
	Lookback time.Duration
	Ledger   *ledger.Extract
	Source   string // of the ledger: see Ledger.Source
	Past     Past
	// Prometheus, if set, is compared too.
	Prometheus *Server
}

// Run verifies one account.
func Run(ctx context.Context, o Options) (Account, error) {
	if err := o.check(); err != nil {
		return Account{}, err
	}
	known := reconcile.Inspect(cellsOf(o.Ledger))
	last := lastRead(o.Ledger, known)
	from, to, epoch := o.From.Unix(), o.To.Unix(), o.Ledger.Epoch().Unix()
	windows, seconds := windowsOf(known, from, to, epoch)
	deleted, _ := windowsOf(deletionsOf(o.Ledger), from, to, epoch)
	all := slices.Concat(windows, deleted)
	c := &comparison{
		from: from, to: to, epoch: epoch, recent: last.Add(-o.Lookback).Unix(), book: o.Ledger,
		labels: newLabels(o.Ledger.Labels, o.Ledger.Series),
		rows:   map[key]*Counts{}, ended: map[key]*ends{}, seen: map[uint64]struct{}{}, former: map[uint64]struct{}{},
	}
	if floor := o.Ledger.Floor(); !floor.IsZero() {
		c.floor = floor.Unix()
	}
	first, end := o.around(all)
	read, err := o.Past.Read(ctx, first, end, func(_ history.Window, calls []call.Call) error { c.take(calls); return nil })
	if err != nil {
		return Account{}, err
	}
	a := Account{
		Name: o.Name, From: o.From, To: o.To, API: API{Requests: read.Requests, Records: len(c.seen), Unread: unread(read)},
		Ledger: Ledger{Source: o.Source, Epoch: o.Ledger.Epoch(), LastRead: last, KnownSeconds: seconds, Behind: epoch < to && last.Add(o.Lookback).Before(earlier(o.To, o.Now))},
	}
	if floor := o.Ledger.Floor(); !floor.IsZero() {
		a.Ledger.IDsSince = &floor
	}
	a.Rows, a.Total = c.sorted()
	a.NoLongerShown, a.Noticed = c.gone(answered(all, a.API.Unread)), c.gone(answered(deleted, a.API.Unread))
	if o.Prometheus != nil && epoch < to {
		s, err := o.Prometheus.read(ctx, o.Name, c.labels.names, first, earlier(o.To.Add(around*time.Second), o.Now))
		if err != nil {
			return Account{}, err
		}
		a.Prometheus = s.compare(max(from, epoch), to, min(end.Unix(), o.Now.Unix()), c.ended)
	}
	a.judge()
	return a, nil
}

// check refuses ranges that cannot be compared.
func (o *Options) check() error {
	switch floor := o.Ledger.Floor(); {
	case !o.From.Before(o.To):
		return fmt.Errorf("the range ends at %s, before it begins", stamp(o.To))
	case !o.From.Before(o.Now):
		return fmt.Errorf("the range begins at %s, in the future", stamp(o.From))
	case o.From.Before(floor):
		return fmt.Errorf("the ledger keeps ids of calls since %s (see horizon): choose a range that begins then or later", stamp(floor))
	}
	return nil
}

// around is what is read: more than the range, because windows may go by another time of a call than its end, and a window that the
// ledger knows can reach out of the range.
func (o *Options) around(windows []reconcile.Known) (from, to time.Time) {
	margin := o.Lookback
	if o.Prometheus != nil {
		margin = max(margin, around*time.Second)
	}
	from, to = o.From.Add(-margin), o.To.Add(margin)
	for _, w := range windows {
		from = earlier(from, unix(w.From-1))
		if t := unix(w.To + 1); t.After(to) {
			to = t
		}
	}
	return from, earlier(to, o.Now)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func cellsOf(e *ledger.Extract) []reconcile.Cell {
	cells := make([]reconcile.Cell, len(e.Cells))
	for i, c := range e.Cells {
		cells[i] = reconcile.Cell(c)
	}
	return cells
}

// deletionsOf gives the deletions that the exporter has seen itself as windows with the ids that are gone from them.
func deletionsOf(e *ledger.Extract) []reconcile.Known {
	out := make([]reconcile.Known, len(e.Deletions))
	for i, d := range e.Deletions {
		out[i] = reconcile.Known{Window: reconcile.Window{From: d.From, To: d.To}, IDs: idset.Pack(d.IDs), Read: true}
	}
	return out
}

// lastRead is when the account was last read: the file has it only within a minute, and each window has it too.
func lastRead(e *ledger.Extract, known []reconcile.Known) time.Time {
	last := e.LastRead()
	for _, w := range known {
		if at := unix(w.At); at.After(last) {
			last = at
		}
	}
	return last
}

// unread is what may lack records.
func unread(r history.Result) (out []Stretch) {
	for _, w := range slices.Concat(r.Gaps, r.Open) {
		out = append(out, Stretch(w))
	}
	return out
}

// answered are the windows for all of which the API has answered.
func answered(windows []reconcile.Known, unread []Stretch) (out []reconcile.Known) {
	for _, w := range windows {
		whole := true
		for _, r := range unread {
			whole = whole && (!unix(w.From-1).Before(r.To) || !unix(w.To+1).After(r.From))
		}
		if whole {
			out = append(out, w)
		}
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
