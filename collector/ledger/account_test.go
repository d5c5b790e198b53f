package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestEpochIsNeverMovedBack(t *testing.T) {
	tl := newTestLedger(t)
	_, ok := tl.account.Epoch()
	require.False(t, ok, "no good answer yet")
	require.NoError(t, tl.account.Establish(start(), 2*time.Hour))
	want := start().Add(-2 * time.Hour)
	for _, again := range []func(){
		func() { require.NoError(t, tl.account.Establish(start().Add(-time.Hour), 100*time.Hour)) },
		func() { require.NoError(t, tl.account.Establish(start().Add(time.Hour), 0)) },
		func() { tl.reopen() },
		func() { require.NoError(t, tl.account.Establish(start().Add(time.Hour), 0)) },
		func() { tl.Detach(tl.account); tl.open2() },
	} {
		again()
		epoch, ok := tl.account.Epoch()
		require.True(t, ok)
		require.Equal(t, want, epoch)
	}
}

// open2 attaches the account anew, as a reload does.
func (tl *testLedger) open2() {
	tl.t.Helper()
	a, err := tl.Attach(tl.id)
	require.NoError(tl.t, err)
	tl.account = a
}

func TestChangedFilter(t *testing.T) {
	tl := newTestLedger(t)
	tl.establish()
	tl.count(someCall(1))
	tl.commit(Batch{Cells: []Cell{{From: 0, To: 7200, Data: []byte{3}}}, Swept: 7200})
	require.Len(t, tl.account.Cells(), 1)

	tl.id.Filter = "group=sales"
	tl.reopen()
	require.Contains(t, tl.log.String(), "filter has changed")
	require.Empty(t, tl.account.Cells(), "remembered totals are forgotten")
	require.Zero(t, tl.account.Swept())
	_, ok := tl.account.Epoch()
	require.False(t, ok, "calls are counted from the next good answer on")
	tl.reopen()
	_, ok = tl.account.Epoch()
	require.False(t, ok, "that is durable")

	now := start().Add(time.Hour)
	require.NoError(t, tl.account.Establish(now, 100*time.Hour))
	epoch, ok := tl.account.Epoch()
	require.True(t, ok)
	require.Equal(t, now, epoch, "without history")
	require.Equal(t, []Result{Duplicate, Baseline, Counted}, tl.count(someCall(1), someCall(2), someCall(3, ended(now))))
	require.EqualValues(t, 2, exposed(tl.Ledger)[salesCalls], "what was counted stays")

	tl.id.Filter = ""
	tl.reopen()
	require.NoError(t, tl.account.Establish(start(), 0))
	epoch, _ = tl.account.Epoch()
	require.Equal(t, now, epoch, "not even a server's clock that went back moves it back")
}

func TestFilterChangedBeforeTheFirstAnswer(t *testing.T) {
	tl := newTestLedger(t)
	tl.id.Filter = "group=sales"
	tl.reopen()
	require.NoError(t, tl.account.Establish(start(), time.Hour))
	epoch, ok := tl.account.Epoch()
	require.True(t, ok)
	require.Equal(t, start().Add(-time.Hour), epoch, "nothing was read yet: the history asked for holds")
}

func TestChangedBaseURL(t *testing.T) {
	tl := newTestLedger(t)
	tl.establish()
	tl.count(someCall(1))
	id := tl.id
	id.BaseURL = "https://other.invalid"
	const want = `account "main": the ledger knows it with another base_url: its ids are of another system; give it another name, or move the ledger away;` +
		` if it is the same platform at a new address, set moved_from: https://api.invalid for the account`
	require.EqualError(t, tl.Check(id), want)
	_, err := tl.Attach(id)
	require.EqualError(t, err, want)
	id.Name = "other"
	require.NoError(t, tl.Check(id))
	require.Equal(t, []Result{Duplicate}, tl.count(someCall(1)), "nothing has changed")
}

func TestAccountsComeAndGo(t *testing.T) {
	tl := newTestLedger(t)
	tl.establish()
	tl.count(someCall(1))
	first := tl.account
	second, err := tl.Attach(Identity{Name: "second", BaseURL: tl.id.BaseURL})
	require.NoError(t, err)
	require.NoError(t, second.Establish(start(), 0))
	report, err := tl.Commit(&Batch{Account: second, Server: start(), Items: []Item{{Call: someCall(1)}}, InitialDone: true})
	require.NoError(t, err)
	require.Equal(t, []Result{Counted}, report.Results, "ids are an account's own")
	const secondCalls = "itnio_calls_total{second,sales,CN,incoming,answered,incoming_hung_up,customer}"
	require.EqualValues(t, 1, exposed(tl.Ledger)[secondCalls])

	tl.Detach(second)
	require.NotContains(t, exposed(tl.Ledger), secondCalls)
	require.EqualValues(t, 1, exposed(tl.Ledger)[salesCalls])
	tl.Detach(first)
	require.Empty(t, exposed(tl.Ledger))
	tl.open2()
	require.EqualValues(t, 1, exposed(tl.Ledger)[salesCalls])
	tl.reopen()
	require.NotContains(t, exposed(tl.Ledger), secondCalls, "only those of the configuration show")
	_, err = tl.Attach(Identity{Name: "second", BaseURL: tl.id.BaseURL})
	require.NoError(t, err)
	require.EqualValues(t, 1, exposed(tl.Ledger)[secondCalls])
}

func TestForget(t *testing.T) {
	tl := newTestLedger(t)
	require.NoError(t, tl.account.Establish(start(), 0))
	tl.count(someCall(1, ended(start().Add(-time.Hour))))
	tl.commit(Batch{Cells: []Cell{{From: 0, To: 7200}}, Swept: 7200})
	require.Equal(t, 1, tl.account.IDs())
	require.NoError(t, tl.account.Forget())
	for range 2 {
		require.Zero(t, tl.account.IDs())
		require.Empty(t, tl.account.Cells())
		require.Zero(t, tl.account.Swept())
		epoch, ok := tl.account.Epoch()
		require.True(t, ok)
		require.Equal(t, start(), epoch)
		tl.reopen()
	}
	require.Equal(t, []Result{Counted}, tl.count(someCall(1)), "with its mended time it is none of the past")
	require.True(t, tl.account.Counted())
	require.EqualError(t, tl.account.Forget(), `account "main" has counted calls`)
	require.Equal(t, []Result{Duplicate}, tl.count(someCall(1)))
}

func TestExpire(t *testing.T) {
	c := newClock()
	tl := newTestLedger(t, withClock(c.now))
	tl.establish()
	const keep = 48 * time.Hour
	day := func(n int) time.Time { return start().Add(time.Duration(n) * 24 * time.Hour) }
	for n := range 5 {
		tl.commit(Batch{Server: day(n), Items: []Item{{Call: someCall(uint64(1+n), ended(day(n)))}}})
	}
	require.Zero(t, tl.account.Floor(), "nothing was dropped")
	expire := func(server time.Time) bool {
		t.Helper()
		dropped, err := tl.account.Expire(server, keep, 1)
		require.NoError(t, err)
		return dropped == 1
	}
	midnight := start().Truncate(24 * time.Hour)
	require.False(t, expire(midnight.Add(24*time.Hour+keep-time.Second)))
	require.True(t, expire(midnight.Add(24*time.Hour+keep)))
	require.Equal(t, midnight.Add(48*time.Hour).Unix(), tl.account.Floor())
	require.Equal(t, 4, tl.account.IDs())

	// A server's clock that leaps ahead does not empty the ledger at once.
	require.False(t, expire(day(10000)))
	c.advance(-30 * 24 * time.Hour) // nor do steps of the machine's clock
	require.True(t, expire(day(10000)))
	require.False(t, expire(day(10000)))
	c.advance(time.Hour)
	require.True(t, expire(day(10000)))
	require.Equal(t, 2, tl.account.IDs())

	tl.reopen()
	require.Equal(t, midnight.Add(4*24*time.Hour).Unix(), tl.account.Floor(), "the oldest kept day is durable")
	require.Equal(t, 2, tl.account.IDs())
	require.Equal(t, []Result{TooOld, TooOld, TooOld, Duplicate, Duplicate},
		tl.count(someCall(1, ended(day(0))), someCall(2, ended(day(1))), someCall(3, ended(day(2))), someCall(4, ended(day(3))), someCall(5, ended(day(4)))))
	require.Equal(t, []Result{TooOld}, tl.count(someCall(99, ended(midnight.Add(3*24*time.Hour-time.Second)))))
	require.Equal(t, []Result{Counted}, tl.count(someCall(99, ended(midnight.Add(3*24*time.Hour)))))
}

// A server whose clock was behind for a while must not have the ids of then dropped before their time: the calls would be
// counted again.
func TestClockThatWasBehindCountsNothingTwice(t *testing.T) {
	c := newClock()
	tl := newTestLedger(t, withClock(c.now))
	tl.establish()
	now := start().Add(time.Hour)
	for i, wrong := range []time.Time{now.Add(-10 * 24 * time.Hour), now.Add(-3 * 24 * time.Hour), time.Unix(86400, 0)} {
		id := uint64(100 * (i + 1))
		tl.commit(Batch{Server: wrong, Items: []Item{
			{Call: someCall(id, ended(now))}, {Call: someCall(id+1, ended(now))}, {Call: someCall(id+2, ended(now.AddDate(70, 0, 0)))},
		}})
		for range 3 {
			c.advance(dayStep)
			_, err := tl.account.Expire(now.Add(6*24*time.Hour), 9*24*time.Hour, 1)
			require.NoError(t, err)
		}
		tl.reopen()
		require.Equal(t, []Result{Duplicate}, tl.count(someCall(id, ended(now))))
	}
}

// A day that a wrong server clock made lies in the middle, or ahead, and is dropped in its turn.
func TestDaysInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := newClock()
		tl := newTestLedger(t, withClock(c.now))
		tl.establish()
		days := rapid.SliceOfN(rapid.IntRange(0, 12), 1, 12).Draw(rt, "days")
		distinct := map[int]bool{}
		for i, n := range days {
			distinct[n] = true
			at := start().Add(time.Duration(n) * 24 * time.Hour)
			tl.commit(Batch{Server: at, Items: []Item{{Call: someCall(uint64(1+i), ended(at))}}})
			if rapid.Bool().Draw(rt, "reopen") {
				tl.reopen()
			}
		}
		floor := int64(0)
		for left := len(distinct); left > 0; left-- {
			for i, n := range days {
				if distinct[n] {
					require.Equal(rt, []Result{Duplicate}, tl.count(someCall(uint64(1+i))))
				}
			}
			c.advance(time.Hour)
			dropped, err := tl.account.Expire(start().Add(100*24*time.Hour), 24*time.Hour, 1)
			require.NoError(rt, err)
			require.Equal(rt, 1, dropped)
			oldest := 99
			for n := range distinct {
				oldest = min(oldest, n)
			}
			delete(distinct, oldest)
			require.Greater(rt, tl.account.Floor(), floor)
			floor = tl.account.Floor()
			require.Equal(rt, (start().Unix()/86400+int64(oldest)+2)*86400, floor)
		}
		require.Zero(rt, tl.account.IDs())
	})
}

func TestCellsReplaceWhatTheyOverlap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tl := newTestLedger(t)
		var want []Cell
		for range rapid.IntRange(1, 25).Draw(rt, "batches") {
			from := rapid.Int64Range(0, 40).Draw(rt, "from")
			c := Cell{From: from, To: from + rapid.Int64Range(1, 10).Draw(rt, "width"), Data: rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(rt, "data")}
			before := int64(0)
			if rapid.IntRange(0, 5).Draw(rt, "drop") == 0 {
				before = rapid.Int64Range(1, 30).Draw(rt, "before")
			}
			tl.commit(Batch{Cells: []Cell{c}, DropBefore: before})
			kept := []Cell{}
			placed := false
			for _, old := range want {
				if old.To <= before || old.From < c.To && c.From < old.To {
					continue
				}
				if !placed && old.From > c.From {
					kept, placed = append(kept, c), true
				}
				kept = append(kept, old)
			}
			if !placed {
				kept = append(kept, c)
			}
			want = kept
			require.Equal(rt, want, tl.account.Cells())
		}
		tl.reopen()
		require.Equal(rt, want, tl.account.Cells())
	})
}
