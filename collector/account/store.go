package account

import (
	"cmp"
	"fmt"
	"time"

	"itnio_exporter/collector/ledger"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// store is what is known of the account, and the ledger that keeps it: state is ahead of the ledger by what the next
// transaction writes.
type store struct {
	global  config.Global
	ledger  *ledger.Ledger
	account *ledger.Account
	metrics Metrics
	now     func() time.Time

	state  *reconcile.State
	habits itnio.Habits // of the server; what state knows of them is newer
}

// reset starts over from what the ledger remembers.
func (s *store) reset() {
	cells := s.account.Cells()
	known := make([]reconcile.Cell, len(cells))
	for i, c := range cells {
		known[i] = reconcile.Cell(c)
	}
	s.state = reconcile.New(reconcile.Settings{
		Lookback: seconds(s.global.Lookback), Horizon: seconds(s.global.Horizon),
		AuditInterval: seconds(s.global.AuditInterval), History: seconds(s.global.InitialHistory),
	}, known, s.account.Swept())
	s.state.Know(s.habits)
}

// learn brings the habits up to date. format is that in which the server was found to read windows; "": not found yet.
func (s *store) learn(format string) itnio.Habits {
	s.state.Describe(&s.habits)
	s.habits.TimeFormat = cmp.Or(format, s.habits.TimeFormat)
	return s.habits
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// behind reports whether Prometheus may have seen higher values than the ledger has: it is a backup, or the account was not read
// for long before now, as if it were one.
func (s *store) behind(now time.Time) bool {
	swept := s.account.Swept()
	return s.account.Copied() || swept != 0 && now.Sub(time.Unix(swept, 0)) > 2*s.global.Lookback
}

// establish sets the epoch if the answer with this date is the account's first good one.
func (s *store) establish(server time.Time) error {
	return s.written(s.account.Establish(server, s.global.InitialHistory))
}

// forget drops what was marked. Nothing may have been counted.
func (s *store) forget() error { return s.written(s.account.Forget()) }

// commit brings a batch into the ledger, with what has become known of the windows.
func (s *store) commit(b *ledger.Batch, server time.Time) (*ledger.Report, error) {
	d := s.state.Durable(server.Unix())
	b.Account, b.Server, b.DropBefore, b.Swept = s.account, server, d.DropBefore, d.Swept
	b.Cells = make([]ledger.Cell, len(d.Cells))
	for i, c := range d.Cells {
		b.Cells[i] = ledger.Cell(c)
	}
	for _, one := range d.Deletions {
		b.Deletions = append(b.Deletions, ledger.Deletion{From: one.From, To: one.To, At: one.At, IDs: one.IDs})
	}
	began := s.now()
	report, err := s.ledger.Commit(b)
	if err != nil {
		return nil, s.written(err)
	}
	s.metrics.CommitDuration.Observe(s.now().Sub(began).Seconds())
	s.state.Saved(d)
	return report, nil
}

// flush writes what has become known of the windows and was not part of a batch yet.
func (s *store) flush(server time.Time) error {
	if d := s.state.Durable(server.Unix()); d.Empty() {
		return nil
	}
	_, err := s.commit(&ledger.Batch{}, server)
	return err
}

// succeeded keeps when the account was last read, by how much the server's clock was ahead of the local one, and the server's habits.
func (s *store) succeeded(at time.Time, skew time.Duration) error {
	return s.written(s.account.SetLastSuccess(at, skew, s.habits.Encode()))
}

// written counts and wraps the error of a transaction that counts calls.
func (s *store) written(err error) error {
	if err == nil {
		return nil
	}
	s.metrics.CommitFailures.Inc()
	return ledgerError{fmt.Errorf("what was read is not counted yet: %w", err)}
}

// caughtUp notes that all that was shown before is counted.
func (s *store) caughtUp(server time.Time) error {
	if !s.account.Copied() {
		return nil
	}
	_, err := s.commit(&ledger.Batch{CaughtUp: true}, server)
	return err
}

// expire drops the ids that can no longer be asked about.
func (s *store) expire(server time.Time) error {
	// The horizon, the widest window of a day, and a day. As many days as pass between two audits, and one more to make up for
	// times without any.
	most := 1 + int(s.global.AuditInterval/(24*time.Hour))
	_, err := s.account.Expire(server, s.global.Horizon+48*time.Hour, most)
	return err
}
