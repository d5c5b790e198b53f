package backfill

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/enum"
	"itnio_exporter/history"
)

// BenchmarkMillion counts calls at a million a day and reports the most memory that the process had. The range does not matter, but
// for the ids, which are kept for the horizon and two days: the ledger's benchmarks say what they take.
func BenchmarkMillion(b *testing.B) {
	const perWindow = 2000
	for b.Loop() {
		start := time.Unix(1_800_000_000, 0).Truncate(day).Add(4 * time.Hour)
		hours := 6 * time.Hour
		o := Options{
			Plan:     Plan{Start: start, End: start.Add(hours), Step: time.Minute, Moves: true},
			Ledger:   ledger.Options{Model: families.New(metrics()), Now: time.Now, Logger: log.NewNopLogger(), NoSync: true},
			Identity: ledger.Identity{Name: "main", BaseURL: "http://api"}, Horizon: 7 * day, Dir: b.TempDir(),
		}
		o.Plan.fill(o.Identity, o.Ledger.Model)
		dir, err := openDirectory(o.Dir, &o.Plan)
		require.NoError(b, err)
		r := &run{Options: o, dir: dir, server: o.Plan.Start, queue: newQueue(o.Plan.Step)}
		require.NoError(b, r.open())
		rng, key, most := rand.New(rand.NewPCG(1, 1)), uint64(1<<40), uint64(0)
		width := day * perWindow / 1_000_000
		for at := start.Add(-time.Hour); at.Before(o.Plan.End.Add(settle)); at = at.Add(width) {
			calls := make([]call.Call, perWindow)
			for i := range calls {
				key += 1 + rng.Uint64N(16)
				calls[i] = randomCall(rng, key, at.Add(time.Duration(rng.Int64N(int64(width)))))
			}
			require.NoError(b, r.take(history.Window{From: at, To: at.Add(width)}, calls))
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.Sys-m.HeapReleased)
		}
		require.NoError(b, r.advance(o.Plan.End))
		require.NoError(b, r.end())
		files, err := dir.files()
		require.NoError(b, err)
		require.NoError(b, r.close())
		perDay := float64(day / hours)
		b.ReportMetric(float64(most)/1e6, "MB")
		b.ReportMetric(float64(r.result.Counted), "calls")
		b.ReportMetric(float64(files[0].Bytes)/1e9*perDay, "GB/day")
		b.ReportMetric(float64(len(r.samples.names)), "families")
	}
}

func randomCall(rng *rand.Rand, key uint64, start time.Time) call.Call {
	c := call.Call{
		Key: key, Session: rng.Uint64() >> 1, SessionID: fmt.Sprint(key), Start: start, Type: enum.Outgoing, Reason: enum.OutgoingNotAnswered, Party: enum.Customer,
		Country: string([]byte{'A', byte('A' + rng.IntN(26))}), CallingCode: "1", Group: fmt.Sprint("group ", rng.IntN(30)), VoiceGroupID: "7", Agent: "ann",
		Brand: "ITNIO", SIPCode: "200", Media: "none", Ring: rng.Int64N(40),
	}
	if rng.IntN(2) == 0 {
		c.Reason, c.Talk = enum.OutgoingHungUp, 1+rng.Int64N(300)
	}
	if rng.IntN(3) == 0 {
		c.Type = enum.Incoming
	}
	c.Outcome = c.Reason.Outcome()
	c.End = start.Add(time.Duration(c.Ring+c.Talk) * time.Second)
	return c
}
