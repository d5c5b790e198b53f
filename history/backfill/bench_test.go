package backfill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/enum"
	"itnio_exporter/history"
	"itnio_exporter/itnio"
)

// BenchmarkMillion writes histories of an account with a million calls a day, in the process and at full speed, and reports the most
// memory that each takes. ids says what call ids look like: as documented, a time and five digits, or random, which no set can pack.
// Finished files are deleted. See docs/history.md.
func BenchmarkMillion(b *testing.B) {
	for _, days := range []int{1, 3, 6, 12, 30} {
		for _, ids := range []string{"documented", "random"} {
			b.Run(fmt.Sprintf("days=%d/ids=%s", days, ids), func(b *testing.B) {
				for b.Loop() {
					million(b, days, ids == "random")
				}
			})
		}
	}
}

func million(b *testing.B, days int, random bool) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(128 << 20)) // as the command does
	start := time.Unix(1_800_000_000, 0).UTC().Truncate(day)
	end := start.Add(time.Duration(days) * day)
	countries := strings.Fields("86 1 44 49 33 39 34 81 82 91 61 62 63 65 66 60 52 55 54 56 57 51 27 20 90 92")
	o := Options{
		Dir:      b.TempDir(),
		Plan:     Plan{Start: start, End: end, Step: longestStep, Moves: true},
		History:  history.Options{API: &millions{random, end.Add(3 * time.Hour), countries}, Calls: call.NewNormalizer(call.Options{}), Logger: log.NewNopLogger()},
		Ledger:   ledger.Options{Dir: b.TempDir(), Model: families.New(metrics()), Now: time.Now, Logger: log.NewNopLogger()},
		Identity: ledger.Identity{Name: "main", BaseURL: "http://api"}, Horizon: 7 * day, Zone: time.UTC, Logger: log.NewNopLogger(),
	}
	var most uint64
	var at time.Time
	o.Progress = func(p Progress) {
		if !p.At.After(at) {
			return
		}
		at = p.At
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.Sys-m.HeapReleased)
		finished, err := filepath.Glob(filepath.Join(o.Dir, "*"+suffix))
		require.NoError(b, err)
		for _, name := range finished {
			require.NoError(b, os.Remove(name))
			b.Logf("%s: most so far %d MB of Go's, %d MB resident", filepath.Base(name), most>>20, residentPeak(b)>>20)
		}
	}
	result, err := Run(b.Context(), o)
	require.NoError(b, err)
	require.InEpsilon(b, days*1_000_000, result.Totals.Calls, 0.001)
	b.ReportMetric(float64(most)/1e6, "MB")
	b.ReportMetric(float64(residentPeak(b))/1e6, "MB-resident")
	b.ReportMetric(float64(result.Totals.Calls), "calls")
	b.ReportMetric(float64(result.Requests)/float64(result.Totals.Calls)*100, "requests/100")
}

// residentPeak is the most memory that the process ever had resident, mapped files included; 0 where the system does not tell.
func residentPeak(b *testing.B) uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); words[0] == "VmHWM:" {
			kb, err := strconv.ParseUint(words[1], 10, 64)
			require.NoError(b, err)
			return kb << 10
		}
	}
	return 0
}

// millions is an API that lists a call each 86.4 ms, for ever.
type millions struct {
	random    bool
	now       time.Time
	countries []string
}

// longestStep makes the fewest samples, which take most of the time. A step has the more calls to count at once.
const longestStep = 4 * time.Minute

const between = day / 1_000_000

func (m *millions) ServerNow() time.Time { return m.now }

// Records lists the calls that started in [from, to), the newest first.
func (m *millions) Records(_ context.Context, q itnio.Query) (itnio.Page, error) {
	number := func(t time.Time) int { return int((t.UnixNano() + int64(between) - 1) / int64(between)) }
	first, end := number(q.From), min(number(q.To), number(m.now.Add(-6*time.Minute))) // they have ended
	p := itnio.Page{Total: max(0, end-first), Size: q.Size, Current: q.Page, Date: m.now}
	for n := end - 1 - (q.Page-1)*q.Size; n >= max(first, end-q.Page*q.Size); n-- {
		p.Records = append(p.Records, m.record(n))
	}
	return p, nil
}

func (m *millions) record(n int) itnio.Record {
	code := func(v int64) itnio.Int { return itnio.Int{V: v, Set: true} }
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	start := time.Unix(0, int64(n)*int64(between)).Truncate(time.Second).UTC()
	ring, talk, reason, kind := rng.Int64N(40), int64(0), enum.OutgoingNotAnswered, enum.Outgoing
	if rng.IntN(2) == 0 {
		reason, talk = enum.OutgoingHungUp, 1+rng.Int64N(300)
	}
	if rng.IntN(3) == 0 {
		kind = enum.Incoming
	}
	session := start.Format("060102150405") + fmt.Sprintf("%05d", n*31%100_000)
	if m.random {
		session = fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
	}
	end := start.Add(time.Duration(ring+talk) * time.Second)
	return itnio.Record{
		KeyID: uint64(n), CallSessionID: session, CallStart: start, Create: end, Hangup: end, CCode: m.countries[rng.IntN(len(m.countries))],
		SIPGroupName: fmt.Sprint("group ", rng.IntN(30)), SeatName: "ann", VoiceGroupID: code(7), BrandName: "ITNIO", CallType: code(kind.Code()),
		HangupReason: code(reason.Code()), HangingDirection: code(enum.Customer.Code()), ErrorReason: "200", RingDuration: code(ring), CallDuration: code(talk),
	}
}
