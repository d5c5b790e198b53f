package verify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/idset"
	"itnio_exporter/collector/reconcile"
)

// ofKeyed is the session of a call that is known by its keyId.
const ofKeyed = 1000

// shelf is a ledger that knows some ids.
type shelf map[uint64]bool

func (s shelf) Knows(c *call.Call) bool {
	return s[c.Key] || c.Key == 0 && (s[c.Session] || c.Session == ofKeyed)
}
func (s shelf) KnowsID(id uint64) bool { return s[id] }

func newComparison(s shelf) *comparison {
	return &comparison{
		from: 1000, to: 2000, book: s, recent: 1900, epoch: 500, labels: newLabels(nil, nil),
		rows: map[key]*Counts{}, ended: map[key]*ends{}, seen: map[uint64]struct{}{}, former: map[uint64]struct{}{},
	}
}

func ended(key uint64, at int64) call.Call {
	return call.Call{Key: key, End: time.Unix(at, 0), Group: "sales", Country: "CN"}
}

// TestSort: each call goes to one count, by what the ledger knows of it and when it ended.
func TestSort(t *testing.T) {
	pending := ended(1, 1500)
	pending.Pending = true
	orphan := call.Call{Session: 9, End: time.Unix(1500, 0)}
	for _, tt := range []struct {
		name  string
		call  call.Call
		known bool
		set   func(*comparison)
		want  Counts
		rises bool
	}{
		{"counted", ended(1, 1500), true, nil, Counts{Counted: 1}, true},
		{"by its session", orphan, true, nil, Counts{Counted: 1}, true},
		{"not counted", ended(1, 1500), false, nil, Counts{NotCounted: 1}, false},
		{"at the beginning", ended(1, 1000), false, nil, Counts{NotCounted: 1}, false},
		{"not read yet", ended(1, 1900), false, nil, Counts{Recent: 1}, true},
		{"read soon", ended(1, 1900), true, nil, Counts{Counted: 1}, true},
		{"incomplete", pending, false, nil, Counts{Pending: 1}, false},
		{"counted as it stands", pending, true, nil, Counts{Counted: 1}, true},
		{"baseline", ended(1, 1500), true, func(c *comparison) { c.epoch = 1501 }, Counts{Baseline: 1}, false},
		{"baseline never read", ended(1, 1500), false, func(c *comparison) { c.epoch = 1501 }, Counts{Baseline: 1}, false},
		{"too old", ended(1, 1500), false, func(c *comparison) { c.floor = 1501 }, Counts{TooOld: 1}, false},
		{"no id", call.Call{End: time.Unix(1500, 0)}, false, nil, Counts{NoID: 1}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newComparison(shelf{1: tt.known, 9: tt.known})
			if tt.set != nil {
				tt.set(c)
			}
			c.take([]call.Call{tt.call})
			if tt.call.Key != 0 {
				c.take([]call.Call{tt.call}) // windows overlap
			}
			rows, total := c.sorted()
			tt.want.Shown = 1
			require.Equal(t, tt.want, total)
			require.Len(t, rows, 1)
			require.Equal(t, tt.rises, len(c.ended) > 0)
		})
	}
	for name, one := range map[string]call.Call{"before": ended(1, 999), "after": ended(1, 2000), "no time": {Key: 1}} {
		t.Run(name, func(t *testing.T) {
			c := newComparison(shelf{})
			c.take([]call.Call{one})
			require.Empty(t, c.rows)
		})
	}
}

// TestGone: an id that the ledger has in a window and that is not shown is found, once; one that was never counted is not.
func TestGone(t *testing.T) {
	c := newComparison(shelf{1: true, 2: true, 3: true})
	c.take([]call.Call{ended(1, 1500)})
	windows := []reconcile.Known{{IDs: idset.Pack([]uint64{1, 2})}, {IDs: idset.Pack([]uint64{2, 3, 4})}}
	require.Equal(t, 2, c.gone(windows))
	c.take([]call.Call{{Session: 3, End: time.Unix(1500, 0)}})
	require.Equal(t, 1, c.gone(windows), "it never had a keyId")
	c.take([]call.Call{{Key: 7, Session: 3, End: time.Unix(1500, 0)}})
	require.Equal(t, 1, c.gone(windows), "that call is known by its session, and shown")
	c.take([]call.Call{{Session: ofKeyed, End: time.Unix(1500, 0)}})
	require.Zero(t, c.gone(windows), "the keyId 2 may be that of the call that is shown without")
}

func TestWindowsOf(t *testing.T) {
	w := func(from, to int64, read bool) reconcile.Known {
		return reconcile.Known{Window: reconcile.Window{From: from, To: to}, Read: read}
	}
	within, seconds := windowsOf([]reconcile.Known{w(0, 100, true), w(900, 1100, true), w(1100, 1300, false), w(1300, 2100, true), w(2100, 2200, true)}, 1000, 2000, 50)
	require.Equal(t, []reconcile.Known{w(900, 1100, true), w(1300, 2100, true)}, within)
	require.Equal(t, int64(800), seconds)
	within, _ = windowsOf([]reconcile.Known{w(900, 1100, true)}, 1000, 2000, 1100)
	require.Empty(t, within, "of before the epoch")
	require.Len(t, answered([]reconcile.Known{w(0, 100, true), w(100, 200, true)}, []Stretch{{unix(150), unix(151)}}), 1)
}

// TestLabels: calls have the label values that the limits and the configuration have left them.
func TestLabels(t *testing.T) {
	names := []string{"account", "agent_group", "country"}
	one := call.Call{Group: "sales", Country: "CN"}
	for _, tt := range []struct {
		names  []string
		series [][]string
		want   key
	}{
		{nil, nil, key{"sales", "CN"}},
		{names, nil, key{"sales", "CN"}},
		{names, [][]string{{"main", "sales", "CN"}, {"main", "other", "CN"}}, key{"sales", "CN"}},
		{names, [][]string{{"main", "support", "CN"}, {"main", "other", "CN"}}, key{"other", "CN"}},
		{names, [][]string{{"main", "support", "CN"}, {"main", "other", "other"}}, key{"other", "other"}},
		{names[:2], [][]string{{"main", "sales"}}, key{"sales", ""}},
		{[]string{"account", "country"}, [][]string{{"main", "CN"}}, key{"", "CN"}},
	} {
		l := newLabels(tt.names, tt.series)
		require.Equal(t, tt.want, l.of(&one), tt)
	}
}
