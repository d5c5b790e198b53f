package reconcile

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"itnio_exporter/collector/call"
)

func pick[T any](t *rapid.T, name string, from ...T) T { return rapid.SampledFrom(from).Draw(t, name) }

func drawServer(t *rapid.T, s *server) {
	s.openFrom, s.openTo = rapid.Bool().Draw(t, "open from"), rapid.Bool().Draw(t, "open to")
	s.order = rapid.IntRange(0, 2).Draw(t, "order")
	s.page = pick(t, "page", 0, 0, 15, 50)
	s.cap = pick(t, "cap", 0, 0, 0, 40, 150, 700)
	s.lie = pick(t, "lie", 0, 0, 0, 1, -1, 3)
	s.noSize = rapid.Bool().Draw(t, "no size")
	s.noTotal = pick(t, "no total", false, false, false, true)
	s.mute = pick(t, "mute", false, false, true)
	s.firstAgain = rapid.Bool().Draw(t, "first again")
	s.maxWidth = pick(t, "max width", 0, 0, 6*hour, int64(day))
	s.maxTotal = pick(t, "max total", 0, 0, 300)
	s.noFuture = pick(t, "no future", false, false, true)
}

// Whatever a server is like and whatever happens, after one poll, one sweep and one audit in quiet times, everything that
// the horizon holds has been read, but for what a deletion hides from the totals.
func TestEverythingShownIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { quiet(t, false) })
}

// What a deletion hides has been read before it leaves the horizon.
func TestEverythingShownIsReadInTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { quiet(t, true) })
}

// drill is a server to which anything happens, and the account that reads it.
type drill struct {
	t        *rapid.T
	a        *account
	set      Settings
	deleting bool
	lie, cap int  // of totals, as they are when all is quiet
	refusing bool // something was refused
}

func newDrill(t *rapid.T, deleting bool) *drill {
	set := Settings{
		Lookback: pick(t, "lookback", int64(hour), 2*hour), Horizon: pick(t, "horizon", int64(6*hour), 16*hour),
		AuditInterval: pick(t, "audit interval", int64(hour/2), hour), History: pick(t, "history", int64(0), 3*hour),
	}
	if deleting {
		set.Horizon = 6 * hour
	}
	a := newAccount(t, set)
	drawServer(t, a.srv)
	a.traffic(begin-set.Horizon, begin+8*hour, pick(t, "a record each", int64(20), 60, 300))
	return &drill{t: t, a: a, set: set, deleting: deleting, lie: a.srv.lie, cap: a.srv.cap}
}

func (d *drill) draw(name string, from, to int64) int64 {
	return rapid.Int64Range(from, to).Draw(d.t, name)
}

// steps are what can happen.
var steps = map[string]func(*drill){
	"wait": func(d *drill) { d.a.srv.now += d.draw("seconds", 1, 1200) },
	"late": func(d *drill) {
		for range d.draw("records", 1, 4) {
			d.a.srv.add(d.a.srv.now - d.draw("late by", 0, d.set.Horizon))
		}
	},
	"burst": func(d *drill) {
		at := d.a.srv.now - d.draw("late by", 0, 2*hour)
		for range d.draw("records", 1, 120) {
			d.a.srv.add(at)
		}
	},
	"ahead": func(d *drill) {
		if !d.a.srv.noFuture && d.a.srv.maxWidth == 0 {
			d.a.srv.add(d.a.srv.now + d.draw("ahead by", 0, day/2))
		}
	},
	"minutes": func(d *drill) { d.a.minutes(int(d.draw("minutes", 1, 5))) },
	"live":    func(d *drill) { d.a.live() },
	"sweep":   func(d *drill) { d.a.sweep() },
	"audit":   func(d *drill) { d.a.audit() },
	"cut": func(d *drill) { // the network fails in the midst of a pass
		pass := pick(d.t, "pass", (*State).Live, (*State).Sweep, (*State).Audit)
		d.a.run(pass(d.a.st, d.a.srv.now, 0), int(d.draw("requests", 1, 30)))
	},
	"crash":  func(d *drill) { d.a.crash() },
	"wrong":  func(d *drill) { d.a.srv.lie, d.a.srv.cap = pick(d.t, "lie", 1, -1, 0), pick(d.t, "cap", 0, 100) },
	"right":  func(d *drill) { d.a.srv.lie, d.a.srv.cap = d.lie, d.cap },
	"totals": func(d *drill) { d.a.srv.noTotal = rapid.Bool().Draw(d.t, "no total") },
	"limits": func(d *drill) {
		d.a.srv.maxWidth, d.a.srv.maxTotal = pick(d.t, "max width", 0, int64(6*hour)), pick(d.t, "max total", 0, 300)
	},
	"page": func(d *drill) { d.a.srv.page = pick(d.t, "page", 0, 10, 30) },
	"delete": func(d *drill) {
		for range d.draw("records", 1, 4) {
			r := &d.a.srv.records[d.draw("record", 0, int64(len(d.a.srv.records)-1))]
			if d.deleting && r.visible <= d.a.srv.now {
				r.gone = min(r.gone, d.a.srv.now)
			}
		}
	},
	"clock": func(d *drill) {
		now := d.a.srv.now
		d.a.srv.now += pick(d.t, "wrong by", int64(700), 5*hour, 2*day)
		d.a.live()
		d.a.sweep()
		d.a.srv.now = now
	},
	"refuse": func(d *drill) { // some of the past, whatever the window, for a while
		from := d.a.srv.now - d.draw("ago", -60, d.set.Horizon)
		to := from + pick(d.t, "for", int64(0), 90, 2*hour)
		r := pick(d.t, "as", TooMuch, TooLong, Parameter, Broken)
		d.a.srv.deaf, d.refusing = func(q Ask) (Refusal, bool) { return r, q.From <= to && from <= q.To }, true
	},
	"refuse no more": func(d *drill) { d.a.srv.deaf = nil },
}

// quiet lets anything happen for a while and looks at what was read once it has become quiet.
func quiet(t *rapid.T, deleting bool) {
	d := newDrill(t, deleting)
	names := append(slices.Sorted(maps.Keys(steps)), "wait", "late")
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		steps[pick(t, "step", names...)](d)
	}
	a := d.a
	a.srv.lie, a.srv.cap, a.srv.deaf = d.lie, d.cap, nil
	a.srv.now += d.set.AuditInterval
	a.live()
	a.sweep()
	a.audit()
	if d.refusing || d.lie != 0 {
		a.live() // what was refused is asked for again after an audit only; it takes some readings to learn by what totals are off
	}
	if deleting {
		d.readInTheEnd()
	} else if left := a.unseen(); len(left) > 0 {
		t.Fatalf("%d records were not read, among them %+v at %d", len(left), left[0], a.srv.now)
	}
}

// readInTheEnd lets a horizon go by, in which what a deletion has hidden has to be read.
func (d *drill) readInTheEnd() {
	a := d.a
	wanted := a.unseen()
	start := a.srv.now
	for a.srv.now < start+d.set.Horizon+d.set.AuditInterval {
		a.srv.now += d.set.AuditInterval / 2
		a.live()
		a.sweep()
		if a.st.AuditDue(a.srv.now) {
			a.audit()
		}
	}
	for _, r := range wanted {
		if _, seen := a.seen[r.id]; !seen && r.at > start-d.set.Horizon+4*d.set.AuditInterval {
			d.t.Fatalf("%+v was not read, it was %d seconds old", r, start-r.at)
		}
	}
}

// answers draws nonsense from bytes.
type answers struct{ rand *rand.Rand }

func (n answers) next() (a Answer, r Refusal, no bool) {
	g := n.rand
	if g.IntN(20) == 0 {
		return a, Refusal(g.IntN(int(Broken) + 1)), true
	}
	a.Size = []int{0, 1, 5, 10, 100, -3, 1 << 40}[g.IntN(7)]
	a.Total = []int{-1, 0, 1, 7, 50, 1 << 20, -1 << 40, 1 << 50}[g.IntN(8)]
	a.Pending = g.IntN(5) == 0
	for range g.IntN(12) {
		a.IDs = append(a.IDs, g.Uint64N(60))
	}
	return a, 0, false
}

// FuzzNonsense lets a server answer whatever it likes: each pass comes to an end, and what is remembered is in order.
func FuzzNonsense(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(binary.LittleEndian.AppendUint64(nil, seed), int64(seed*100))
	}
	f.Fuzz(func(t *testing.T, seed []byte, step int64) {
		var key [32]byte
		copy(key[:], seed)
		n := answers{rand.New(rand.NewChaCha8(key))}
		a := newAccount(t, Settings{Lookback: 120, Horizon: 600, AuditInterval: 60, History: 30})
		now := begin
		for range 6 {
			for _, p := range []*Pass{a.st.Live(now, begin-500), a.st.Sweep(now, begin-500), a.st.Audit(now, begin-500)} {
				for requests := 0; ; requests++ {
					q, more := p.Next()
					if !more {
						break
					}
					if requests > 20000 {
						t.Fatal("the pass does not end")
					}
					if q.To <= q.From || q.Page < 1 {
						t.Fatalf("asked for %+v", q)
					}
					answer, refusal, no := n.next()
					if no {
						if !p.Refused(refusal) {
							break
						}
						continue
					}
					p.Take(answer)
				}
				a.srv.now = now
				a.save()
				inOrder(t, a)
			}
			if n.rand.IntN(3) == 0 {
				a.crash()
			}
			now += step % 1000
		}
	})
}

func inOrder(t *testing.T, a *account) {
	t.Helper()
	at := int64(0)
	for _, c := range a.st.row.cells {
		if c.From < at || c.To <= c.From || c.total < unknown || c.kind == cellCounted && c.ids.Len() > 0 {
			t.Fatalf("cell %+v after %d", c.Window, at)
		}
		at = c.To
	}
	for _, c := range a.cells {
		if c.To <= c.From {
			t.Fatalf("durable cell %+v", c)
		}
	}
}

// A server that always has something new, on every page of every window, does not keep a pass from ending, nor its memory from
// being bounded.
func TestEndlessServer(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for _, c := range []struct {
		name        string
		lookback    int64
		size, total int
	}{
		{"a large total", 4, 1, 1 << 30},
		{"large pages, and a total of one", 7200, 5000, 5000},
		{"large pages, and a total far off", 7200, 5000, 1 << 40},
		{"no total", 7200, 100, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := New(Settings{Lookback: c.lookback, Horizon: 2 * c.lookback, AuditInterval: 60}, nil, 0)
			id := uint64(0)
			p := st.Live(begin, begin-c.lookback-10)
			n, held := 0, 0
			for ; ; n++ {
				if _, more := p.Next(); !more {
					break
				}
				if n > 20*maxPages {
					t.Fatal("the pass does not end")
				}
				if w := p.top().walk; w != nil {
					held = max(held, len(w.ids))
				}
				ids := make([]uint64, c.size)
				for i := range ids {
					id++
					ids[i] = id
				}
				p.Take(Answer{Total: c.total, Size: c.size, IDs: ids})
			}
			t.Logf("%d requests, at most %d ids in one walk", n, held)
			require.LessOrEqual(t, held, maxIDs)
			require.Positive(t, p.Incomplete, "nothing of it is known")
			require.Positive(t, p.Anomalies[call.AnomalyEndlessWindow])
			require.True(t, st.OpenWindows() > 0 || c.lookback < 10)
		})
	}
}
