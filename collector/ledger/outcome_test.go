package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// failures makes commits fail before or after they are in the file, and takes the file away so that nothing can be found out.
type failures struct {
	before, after, away bool
	path                string
}

func (f *failures) beforeCommit() error {
	if f.before {
		return errors.New("planted: before")
	}
	return nil
}

func (f *failures) afterCommit() error {
	if f.away {
		if err := os.Rename(f.path, f.path+".away"); err != nil {
			return err
		}
	}
	if f.after || f.away {
		return errors.New("planted: after")
	}
	return nil
}

// back ends every failure.
func (f *failures) back(t require.TestingT) {
	if f.away {
		require.NoError(t, os.Rename(f.path+".away", f.path))
	}
	f.before, f.after, f.away = false, false, false
}

func newFailingLedger(t testing.TB) (*testLedger, *failures) {
	dir := t.TempDir()
	f := &failures{path: filepath.Join(dir, fileName)}
	tl := newTestLedger(t, withDir(dir), func(o *Options) {
		o.BeforeCommit, o.AfterCommit = f.beforeCommit, f.afterCommit
	})
	tl.establish()
	return tl, f
}

// Whatever commits do, every call is counted once and all families say the same, and a restart changes nothing.
func TestOutcomesOfFailedCommits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tl, f := newFailingLedger(t)
		defer func() { _ = tl.Close() }()
		calls := uint64(0)
		for range rapid.IntRange(1, 12).Draw(rt, "batches") {
			shown := exposed(tl.Ledger)
			ids := tl.account.IDs()
			items := []Item{{Call: someCall(calls + 1)}, {Call: someCall(calls + 2)}}
			switch rapid.IntRange(0, 4).Draw(rt, "failure") {
			case 0:
				f.before = true
			case 1:
				f.after = true
			case 2:
				f.away = true
			}
			failing := *f
			_, err := tl.Commit(&Batch{Account: tl.account, Server: start(), Items: items})
			switch {
			case failing.before || failing.away:
				require.Error(rt, err)
				require.Equal(rt, shown, exposed(tl.Ledger), "nothing shows that is not known to be durable")
				require.Equal(rt, ids, tl.account.IDs())
			default:
				require.NoError(rt, err, "the commit is in the file, and that was found out")
			}
			if failing.away {
				require.Error(rt, tl.Health())
				_, err = tl.Commit(&Batch{Account: tl.account, Server: start(), Items: items})
				require.Error(rt, err, "nothing is written before the outcome is known")
			}
			f.back(rt)
			report := tl.commit(Batch{Items: items})
			want := Counted
			if failing.after || failing.away || !failing.before {
				want = Duplicate
			}
			require.Equal(rt, []Result{want, want}, report.Results)
			require.NoError(rt, tl.Health())
			calls += 2
			if rapid.Bool().Draw(rt, "restart") {
				tl.reopen()
			}
			require.EqualValues(rt, calls, tl.account.IDs())
			values := exposed(tl.Ledger)
			require.EqualValues(rt, calls, values[salesCalls])
			require.EqualValues(rt, calls, values["itnio_call_duration_seconds{main,sales,CN,incoming}_count"])
			require.EqualValues(rt, calls, values["itnio_call_ring_duration_seconds{main,sales,CN,incoming,true}_count"])
			require.EqualValues(rt, calls, values["itnio_call_sip_responses_total{main,CN,incoming,200}"])
		}
	})
}

// Every kind of transaction whose outcome was not known at first is published once it is.
func TestLateOutcomeOfEveryTransaction(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*testLedger) error
		done   func(*testLedger) bool
	}{
		"attach": {
			func(tl *testLedger) error {
				_, err := tl.Attach(Identity{Name: "second", BaseURL: "https://api.invalid"})
				return err
			},
			func(tl *testLedger) bool { return tl.accounts["second"] != nil },
		},
		"forget ids": {
			func(tl *testLedger) error { return tl.account.Forget() },
			func(tl *testLedger) bool { return tl.account.IDs() == 0 },
		},
		"batch": {
			func(tl *testLedger) error {
				_, err := tl.Commit(&Batch{Account: tl.account, Server: start(), Items: []Item{{Call: someCall(2)}}})
				return err
			},
			func(tl *testLedger) bool { return tl.account.IDs() == 2 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			tl, f := newFailingLedger(t)
			tl.count(someCall(1, ended(start().Add(-1))))
			require.Equal(t, 1, tl.account.IDs())
			f.away = true
			require.ErrorContains(t, tc.change(tl), "is not known yet")
			require.False(t, tc.done(tl))
			f.back(t)
			require.NoError(t, tl.account.Establish(start(), 0))
			require.True(t, tc.done(tl))
			tl.reopen()
			require.True(t, tc.done(tl))
		})
	}
}
