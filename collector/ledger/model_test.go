package ledger

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/enum"
)

// model is what the ledger is to be, made as simply as can be: sets of ids and a list of counted calls.
type model struct {
	epoch   int64
	oldest  int64 // day
	days    map[int64]*modelDay
	initial bool
	values  map[string]float64
	table   *families.Model
}

type modelDay struct{ keys, sessions, orphans, tags map[string]bool }

func newModelDay() *modelDay {
	return &modelDay{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

func (m *model) has(set func(*modelDay) map[string]bool, id string) bool {
	for _, d := range m.days {
		if set(d)[id] {
			return true
		}
	}
	return false
}

func modelKeysOf(d *modelDay) map[string]bool     { return d.keys }
func modelSessionsOf(d *modelDay) map[string]bool { return d.sessions }
func modelOrphansOf(d *modelDay) map[string]bool  { return d.orphans }
func modelTagsOf(d *modelDay) map[string]bool     { return d.tags }

func (m *model) today(server time.Time) *modelDay {
	n := server.Unix() / 86400
	if m.days[n] == nil {
		m.days[n] = newModelDay()
	}
	return m.days[n]
}

// take folds one call and tells what is to become of it.
func (m *model) take(it Item, server time.Time) Result {
	c := it.Call
	key, session := fmt.Sprint(c.Key), fmt.Sprint(c.Session)
	inTime := c.End.Unix() >= m.epoch
	if c.Key == 0 && c.Session == 0 {
		return Invalid
	}
	if m.known(c, server) {
		if !c.Pending && inTime {
			m.tag(c, server)
		}
		return Duplicate
	}
	switch {
	case c.Pending && (!it.AsItStands || !inTime):
		return Pending
	case inTime && c.End.Unix()/86400 < m.oldest:
		return TooOld
	}
	d := m.today(server)
	if c.Key == 0 {
		d.orphans[session] = true
	} else {
		d.keys[key], d.sessions[session] = true, c.Session != 0
	}
	m.fold(c, server, inTime)
	if !inTime {
		return Baseline
	}
	m.tag(c, server)
	return Counted
}

// known looks a call up. A key that comes for a session that was seen without one is remembered.
func (m *model) known(c call.Call, server time.Time) bool {
	key, session := fmt.Sprint(c.Key), fmt.Sprint(c.Session)
	if c.Key == 0 {
		return m.has(modelSessionsOf, session) || m.has(modelOrphansOf, session)
	}
	if m.has(modelKeysOf, key) {
		return true
	}
	if c.Session != 0 && m.has(modelOrphansOf, session) {
		m.today(server).keys[key] = true
		return true
	}
	return false
}

func (m *model) tag(c call.Call, server time.Time) {
	for _, tag := range c.Tags {
		id := c.Key
		if id == 0 {
			id = c.Session
		}
		mark := fmt.Sprint(id, tag)
		if !m.has(modelTagsOf, mark) {
			m.today(server).tags[mark] = true
			m.values["itnio_call_tags_total{main,"+c.Group+","+tag+"}"]++
		}
	}
}

// admitAll is an admission without limits.
type admitAll struct{}

func (admitAll) Admit(_, value string, _ int) string { return value }

// fold adds a call to every family. Labels are those of families.Fold; what is added is calculated here.
func (m *model) fold(c call.Call, server time.Time, counts bool) {
	one := 0.0
	if counts {
		one = 1
	}
	for _, a := range m.table.Folder("main", server, admitAll{}).Fold(&c, counts) {
		f := m.table.Families[a.Family]
		name := f.Name + "{" + strings.Join(a.Labels, ",") + "}"
		seconds := float64(c.Ring)
		switch f.Adds {
		case families.AddsOne:
			m.values[name] += one
		case families.AddsTalk:
			m.values[name] += one * float64(c.Talk)
		case families.AddsRing:
			m.values[name] += one * float64(c.Ring)
		case families.Presence:
			m.values[name] = 1
		case families.LatestEnd:
			m.values[name] += 0
			if !c.End.After(server.Add(5 * time.Minute)) {
				m.values[name] = max(m.values[name], float64(c.End.Unix()))
			}
		case families.ObserveTalk:
			seconds = float64(c.Talk)
			fallthrough
		case families.ObserveRing:
			m.values[name+"_count"] += one
			m.values[name+"_sum"] += one * seconds
			below := -1.0
			for _, bound := range f.Bounds {
				bucket := fmt.Sprintf("%s_bucket_%g", name, bound)
				m.values[bucket] += 0
				if seconds <= bound && seconds > below {
					m.values[bucket] += one
				}
				below = bound
			}
		}
	}
}

// classic leaves the native buckets out, which the model does not have.
func classic(values map[string]float64) map[string]float64 {
	for name := range values {
		if strings.Contains(name, "_native_") || strings.HasSuffix(name, "_zero") {
			delete(values, name)
		}
	}
	return values
}

// genCall draws a call of few possible identities and label values, so that they meet.
func genCall(now time.Time) *rapid.Generator[call.Call] {
	return rapid.Custom(func(t *rapid.T) call.Call {
		n := rapid.Uint64Range(1, 40).Draw(t, "call")
		c := someCall(n, group(fmt.Sprint("group ", n%3)), country([]string{"CN", "IN", "unknown"}[n%3]))
		// What a record says does not depend on when it is read, but for its end, which tests of old records move.
		c.Reason, c.Talk, c.Ring = enum.Reason(n%11), int64(n*7%130), int64(n%25)
		c.Outcome = c.Reason.Outcome()
		c.End = now.Add(time.Duration(rapid.IntRange(-120, 30).Draw(t, "end")) * time.Minute)
		if rapid.IntRange(0, 9).Draw(t, "old") == 0 {
			c.End = start().Add(time.Duration(rapid.IntRange(-72, 0).Draw(t, "hours")) * time.Hour)
		}
		c.Session = 1000 + n/2 // two calls share one at times
		switch rapid.IntRange(0, 9).Draw(t, "ids") {
		case 0, 1:
			c.Key = 0
		case 2:
			c.Session = 0
		case 3:
			c.Key, c.Session = 0, rapid.SampledFrom([]uint64{0, 0, 7}).Draw(t, "session")
		}
		c.Pending = rapid.IntRange(0, 5).Draw(t, "pending") == 0
		c.Tags = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"vip", "complaint", "sale"}), 0, 2, rapid.ID).Draw(t, "tags")
		slices.Sort(c.Tags)
		return c
	})
}

// machine runs a ledger and the model side by side.
type machine struct {
	t       *rapid.T
	o       Options
	dirs    func() string
	l       *Ledger
	a       *Account
	clock   *clock
	server  time.Time
	m       *model
	last    map[string]float64 // as last exposed
	created map[string]time.Time
}

func (x *machine) open() {
	var err error
	x.l, err = Open(x.o)
	require.NoError(x.t, err)
	x.a, err = x.l.Attach(identity())
	require.NoError(x.t, err)
}

func (x *machine) path() string { return x.o.Dir + "/" + fileName }

// check compares what is exposed with the model, and with what was exposed before.
func (x *machine) check() {
	t := x.t
	got := classic(exposed(x.l))
	if !x.m.initial {
		require.Empty(t, got, "nothing appears before the initial fill is whole")
		return
	}
	for name := range x.m.values {
		require.Contains(t, got, name)
	}
	for name, v := range got {
		want, ok := x.m.values[name]
		require.True(t, ok, name)
		if v != want {
			require.Positive(t, x.o.ZeroFirst, "%s is %g and not %g", name, v, want)
			require.Zero(t, v, "%s, to be %g", name, want)
		}
	}
	for name, v := range x.last {
		require.GreaterOrEqual(t, got[name], v, name)
	}
	x.last = got
	all, _ := x.l.Exposition()
	for _, f := range all {
		for _, m := range f.Metrics {
			name := f.Name + strings.Join(m.LabelValues, ",")
			if before, ok := x.created[name]; ok {
				require.Equal(t, before, m.Created, "created times are part of the state")
			}
			x.created[name] = m.Created
		}
	}
}

// crash goes on with the file as it is, in another place; the old process is gone.
func (x *machine) crash(file []byte) {
	old := x.l
	x.o.Dir = x.dirs()
	require.NoError(x.t, os.WriteFile(x.path(), file, 0o600))
	x.open()
	require.NoError(x.t, old.Close())
}

func (x *machine) file() []byte {
	b, err := os.ReadFile(x.path())
	require.NoError(x.t, err)
	return b
}

func (x *machine) batch() *Batch {
	t := x.t
	b := &Batch{Account: x.a, Server: x.server}
	for _, c := range rapid.SliceOfN(genCall(x.server), 0, 12).Draw(t, "calls") {
		b.Items = append(b.Items, Item{Call: c, AsItStands: rapid.IntRange(0, 3).Draw(t, "as it stands") == 0})
	}
	return b
}

// interrupted gives what a transaction that was cut short by a crash may leave: the file before it, with any of the pages
// it wrote in any state, and a meta page that is old or torn.
func interrupted(t *rapid.T, before, after []byte) []byte {
	const page = 4096
	left := bytes.Clone(before)
	if len(after) > len(before) && rapid.Bool().Draw(t, "grown") {
		left = append(left, make([]byte, len(after)-len(before))...)
	}
	for at := 2 * page; at < len(left); at += page {
		was := make([]byte, page)
		if at < len(before) {
			copy(was, before[at:])
		}
		if bytes.Equal(was, after[at:at+page]) {
			continue
		}
		switch rapid.IntRange(0, 3).Draw(t, "page") {
		case 0: // not written
		case 1:
			copy(left[at:at+page], after[at:])
		case 2:
			clear(left[at : at+page])
		case 3:
			copy(left[at:at+512], after[at:])
		}
	}
	for at := 0; at < 2*page; at += page {
		if !bytes.Equal(before[at:at+page], after[at:at+page]) && rapid.Bool().Draw(t, "torn") {
			copy(left[at:at+60], after[at:]) // all but the checksum
		}
	}
	return left
}

func TestAnyInterleavingFoldsToTheSameState(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := newClock()
		o := Options{
			Dir: t.TempDir(), Model: families.New(withEverything()), Now: c.now, NoSync: true, Logger: log.NewNopLogger(),
			ZeroFirst: rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(rt, "zero first"),
		}
		x := &machine{
			t: rt, o: o, dirs: t.TempDir, clock: c, server: start(), last: map[string]float64{}, created: map[string]time.Time{},
			m: &model{epoch: start().Unix(), days: map[int64]*modelDay{}, values: map[string]float64{}, table: o.Model},
		}
		x.open()
		defer func() { _ = x.l.Close() }()
		require.NoError(rt, x.a.Establish(start(), 0))
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			x.step()
			x.check()
		}
		// In the end everything shows.
		_, err := x.l.Commit(&Batch{Account: x.a, Server: x.server, InitialDone: true})
		require.NoError(rt, err)
		x.m.initial = true
		x.check()
		x.serve()
		require.Zero(rt, x.l.Stats().Held)
		require.Equal(rt, x.m.values, classic(exposed(x.l)))
		x.crash(x.file())
		require.Equal(rt, x.m.values, classic(exposed(x.l)))
	})
}

// serve fetches, waits and releases.
func (x *machine) serve() {
	_, gen := x.l.Exposition()
	x.l.Served(gen, true)
	x.clock.advance(x.o.ZeroFirst)
	require.NoError(x.t, x.l.Release())
}

func (x *machine) step() {
	t := x.t
	switch rapid.IntRange(0, 9).Draw(t, "step") {
	case 0: // a kill between transactions: what was exposed is durable
		before := exposed(x.l)
		x.crash(x.file())
		require.Equal(t, before, exposed(x.l))
	case 1:
		require.NoError(t, x.l.Close())
		x.open()
	case 2:
		x.serve()
	case 3:
		d := time.Duration(rapid.IntRange(1, 40).Draw(t, "hours")) * time.Hour
		x.server = x.server.Add(d)
		x.clock.advance(2 * time.Hour)
		most := rapid.IntRange(1, 3).Draw(t, "days")
		dropped, err := x.a.Expire(x.server, 48*time.Hour, most)
		require.NoError(t, err)
		days := slices.Sorted(maps.Keys(x.m.days))
		want := 0
		for _, n := range days[:min(most, len(days))] {
			if (n+1)*86400 <= x.server.Add(-48*time.Hour).Unix() {
				want++
				delete(x.m.days, n)
				x.m.oldest = max(x.m.oldest, n+1)
			}
		}
		require.Equal(t, want, dropped)
	case 4: // a kill in the middle of a transaction: it never was
		b := x.batch()
		before, was := x.file(), exposed(x.l)
		_, err := x.l.Commit(b)
		require.NoError(t, err)
		x.crash(interrupted(t, before, x.file()))
		require.Equal(t, was, exposed(x.l))
	case 5:
		b := &Batch{Account: x.a, Server: x.server, InitialDone: true, ShowInitial: rapid.Bool().Draw(t, "show")}
		_, err := x.l.Commit(b)
		require.NoError(t, err)
		x.m.initial = true
	default:
		b := x.batch()
		report, err := x.l.Commit(b)
		require.NoError(t, err)
		for i, it := range b.Items {
			require.Equal(t, x.m.take(it, x.server), report.Results[i], "item %d of %+v", i, it.Call)
		}
	}
}
