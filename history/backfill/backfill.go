// Package backfill writes what the exporter would have shown in the past, as OpenMetrics files for the backfilling of Prometheus and
// others. A ledger of its own counts the calls of each step, with all the code that counts live ones.
package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-kit/log"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/series"
	"itnio_exporter/history"
)

const (
	// longest is the longest call that is believed, so a call that ends in the history may be listed so long before.
	longest = day
	// settle is how long after its end a record may be listed and still be counted at its step. Records are listed up to forty minutes
	// late; a later one counts at the next step.
	settle = 2 * time.Hour
	// spare is how much longer than the horizon ids are kept, as the live exporter does: the widest window, and a day.
	spare = 48 * time.Hour
)

// Options of Run.
type Options struct {
	Dir     string
	Plan    Plan // account, address, filter, version and model are filled in
	History history.Options
	// Ledger are the options of the exporter's ledger: its directory is used only where Plan.Moves.
	Ledger   ledger.Options
	Identity ledger.Identity
	Zone     *time.Location // utc_offset
	Horizon  time.Duration  // how far back the live exporter will read
	Lookback time.Duration  // how long the live exporter waits for a call to be complete
	Logger   log.Logger
	Begin    func(context.Context) error // called before anything is read, once nothing is against it; may be nil
	Progress func(Progress)              // told after each answer; may be nil
}

// Progress is how far a run is.
type Progress struct {
	history.Progress
	From, To time.Time // what is read
	Counted  int       // calls, by this run
}

// Result is what a run has done.
type Result struct {
	history.Result
	Counted int // by this run
	Late    int // of them: listed so late that they count at a later step than the one in which they ended
	Samples int64
	Resumed time.Time // where it went on; zero: it began
	Files   []File
	Totals  Totals
	Moved   bool // the account is in the exporter's ledger
}

// Run writes a history, or goes on with one that was interrupted. After an error, also of an interruption, it can be run again.
func Run(ctx context.Context, o Options) (Result, error) {
	o.Plan.fill(o.Identity, o.Ledger.Model)
	dir, err := openDirectory(o.Dir, &o.Plan)
	if err != nil {
		return Result{}, err
	}
	r := &run{Options: o, dir: dir, server: o.Plan.Start, queue: newQueue(o.Plan.Step)}
	if err := r.open(); err != nil {
		return r.result, err
	}
	if err := o.Plan.settled(o.History.API.ServerNow()); err != nil {
		return r.result, errors.Join(err, r.close())
	}
	if !r.at.Equal(o.Plan.End) {
		err = r.checkZone(ctx)
		if err == nil && o.Begin != nil {
			err = o.Begin(ctx)
		}
	}
	if err == nil {
		err = r.all(ctx)
	}
	err = errors.Join(err, r.close())
	return r.result, err
}

// run is one run of Run.
type run struct {
	Options
	dir     *directory
	ledger  *ledger.Ledger
	account *ledger.Account
	queue   queue
	samples samples
	file    *dayFile
	server  time.Time // the ledger's clock
	at      time.Time // of the last step; zero: there was none
	result  Result
}

func (r *run) open() error {
	at, err := r.dir.resume()
	if err != nil {
		return err
	}
	o := r.Ledger
	o.Dir, o.ZeroFirst, o.NoSync, o.Logger = r.dir.in("work"), 0, true, log.NewNopLogger()
	o.Now = func() time.Time { return r.server }
	if !at.IsZero() {
		r.server = at
	}
	if r.ledger, err = ledger.Open(o); err != nil {
		return err
	}
	r.account, err = r.ledger.Attach(r.Identity)
	if err == nil {
		err = r.account.Establish(r.Plan.Start, 0)
	}
	if err != nil {
		return errors.Join(err, r.ledger.Close())
	}
	r.samples = samples{labels: r.Plan.Labels, short: r.Plan.ShortBounds, step: r.Plan.Step, families: map[string]*rows{}}
	r.result.Resumed, r.result.At = at, at
	if at.IsZero() || at.Equal(r.Plan.End) {
		r.at = at
		return nil
	}
	return r.goOn(at)
}

// goOn begins the day at whose first step the run before has kept the ledger.
func (r *run) goOn(at time.Time) error {
	r.at = at
	r.samples.next(at, r.shown(at))
	return r.begin(at)
}

func (r *run) close() error {
	err := r.ledger.Close()
	if r.file != nil {
		err = errors.Join(err, r.file.f.Close())
	}
	return err
}

func (r *run) all(ctx context.Context) error {
	var err error
	if r.at.Equal(r.Plan.End) {
		r.result.Missing, err = r.dir.missing(r.at)
	} else {
		err = r.read(ctx)
	}
	if err != nil {
		return err
	}
	if r.Plan.Moves {
		if err := r.move(); err != nil {
			return err
		}
	}
	shown, _ := r.ledger.Exposition()
	r.result.Totals = totalsOf(shown)
	if r.result.Files, err = r.dir.files(); err != nil {
		return err
	}
	return r.dir.done(&r.Plan)
}

// move brings the account into the exporter's ledger. A run that was interrupted just then may have done it already.
func (r *run) move() error {
	moved, err := r.moved()
	if err == nil && !moved {
		err = r.ledger.MoveTo(r.Ledger, r.Identity)
	}
	r.result.Moved = err == nil
	return err
}

// moved reports whether the account is in the exporter's ledger already, with this history. It is an error if an exporter has been
// started meanwhile: its counters begin at 0.
func (r *run) moved() (bool, error) {
	epoch, err := ledger.EpochIn(r.Ledger.Dir, r.Identity.Name)
	switch {
	case ledger.IsInUse(err):
		return false, fmt.Errorf("an exporter has been started on the ledger in %s meanwhile: stop it, and run the same command again, which goes on from here", r.Ledger.Dir)
	case err == nil && !epoch.IsZero() && !epoch.Equal(r.Plan.Start):
		err = fmt.Errorf("an exporter that was started meanwhile has begun to count the account, at %s: run the same command again: it goes on from here, and the history ends then, where the exporter's counters began at 0",
			epoch.Format(time.RFC3339))
	}
	return epoch.Equal(r.Plan.Start), err
}

// read reads from so long before the first step that is missing that every call is listed that ends after it.
func (r *run) read(ctx context.Context) error {
	from, to := r.Plan.Start, r.Plan.End.Add(settle)
	if !r.at.IsZero() {
		from = r.at
	}
	from = from.Add(-longest)
	if now := r.History.API.ServerNow().Truncate(time.Second); to.After(now) {
		to = now
	}
	o := r.History
	before, err := r.dir.missing(from)
	if err != nil {
		return err
	}
	came := func(p history.Progress) {
		r.result.Progress = p
		r.result.Missing = joined(before, p.Missing)
	}
	o.Progress = func(p history.Progress) {
		came(p)
		if r.Progress != nil {
			r.Progress(Progress{Progress: p, From: from, To: to, Counted: r.result.Counted})
		}
	}
	read, err := history.New(o).Read(ctx, from, to, r.take)
	came(read.Progress)
	if err == nil {
		err = r.advance(r.Plan.End)
	}
	if err == nil {
		err = r.end()
	}
	return err
}

// take takes the calls that are listed in a window: those that ended before the history only make their series exist.
func (r *run) take(w history.Window, calls []call.Call) error {
	var before []ledger.Item
	now := r.History.API.ServerNow()
	for i := range calls {
		c := &calls[i]
		switch at := countsAt(c, w); {
		case c.Pending && now.Sub(at) < r.Lookback: // it may be complete yet, and the live exporter counts it then
		case at.Before(r.Plan.Start):
			before = append(before, ledger.Item{Call: *c})
		case at.Before(r.Plan.End):
			r.queue.add(c, at)
		}
	}
	if err := r.commit(&ledger.Batch{Items: before}); err != nil {
		return err
	}
	return r.advance(w.To.Add(-settle))
}

// countsAt is when a call counts: at its end. Where that cannot be, it is when it was listed, as the live exporter would have it.
func countsAt(c *call.Call, w history.Window) time.Time {
	if c.End.IsZero() || c.End.After(w.To.Add(longest)) {
		return w.To
	}
	return c.End
}

// advance makes the steps up to a time.
func (r *run) advance(to time.Time) error {
	for {
		next := r.Plan.Start
		if !r.at.IsZero() {
			next = r.at.Add(r.Plan.Step)
		}
		if next.After(r.Plan.End) && r.at.Before(r.Plan.End) {
			next = r.Plan.End
		}
		if next.After(to) || next.After(r.Plan.End) {
			return nil
		}
		if err := r.step(next); err != nil {
			return err
		}
	}
}

// step counts the calls that ended before t, and writes the step before.
func (r *run) step(t time.Time) error {
	r.server = t
	last := t.Equal(r.Plan.End)
	due := t
	if last {
		due = t.Add(r.Plan.Step) // the last step may be a part of one
	}
	calls := r.queue.until(due)
	batch := ledger.Batch{InitialDone: true, Items: make([]ledger.Item, len(calls))}
	for i := range calls {
		batch.Items[i] = ledger.Item{Call: calls[i], AsItStands: calls[i].Pending}
	}
	if last {
		// The live exporter goes on from here. A call that is in progress may be listed where it began.
		batch.Swept = t.Add(-longest).Unix()
	}
	if err := r.commit(&batch); err != nil {
		return err
	}
	r.samples.next(t, r.shown(t))
	before := r.at
	r.at = t
	switch {
	case before.IsZero():
		return r.begin(t)
	case t.Truncate(day).Equal(before.Truncate(day)), last:
		return nil
	}
	if err := r.finish(); err != nil {
		return err
	}
	keep := r.Horizon + spare
	if !r.Plan.Moves { // no exporter goes on from this ledger: ids are for what may be listed twice here
		keep = longest + settle + spare
	}
	if _, err := r.account.Expire(t, keep, 2); err != nil {
		return err
	}
	if err := r.dir.keep(r.ledger, t, r.result.Missing); err != nil {
		return err
	}
	if r.Plan.Moves {
		if _, err := r.moved(); err != nil {
			return err
		}
	}
	return r.begin(t)
}

// shown is what the exporter would have shown at a step.
func (r *run) shown(t time.Time) []*series.Family {
	shown, _ := r.ledger.Exposition()
	return slices.Concat(shown, own(&r.Plan, t))
}

func (r *run) commit(b *ledger.Batch) error {
	b.Account, b.Server = r.account, r.server
	report, err := r.ledger.Commit(b)
	if err != nil {
		return err
	}
	for i, result := range report.Results {
		if result != ledger.Counted {
			continue
		}
		r.result.Counted++
		if end := b.Items[i].Call.End; !end.IsZero() && !r.at.IsZero() && end.Before(r.at) {
			r.result.Late++
		}
	}
	return nil
}

func (r *run) begin(t time.Time) (err error) {
	if r.file, err = r.dir.newDay(t); err != nil {
		return err
	}
	r.samples.begin(r.file.Writer, slices.Concat(r.Ledger.Model.Families, ownNames()))
	return nil
}

func (r *run) finish() error {
	f := r.file
	r.file = nil
	if err := r.samples.end(); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", f.name, err), f.f.Close())
	}
	r.result.Samples = r.samples.written
	return f.finish()
}

// end writes the last step and keeps the ledger.
func (r *run) end() error {
	r.samples.last()
	if !r.Plan.Moves {
		r.samples.zero(r.Plan.End.Add(time.Second))
	}
	if err := r.finish(); err != nil {
		return err
	}
	return r.dir.keep(r.ledger, r.Plan.End, r.result.Missing)
}
