package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/idset"
	"itnio_exporter/collector/reconcile"
)

const (
	bigCallsADay = 1_000_000
	bigDays      = 7
	bigSeries    = 25_000
	bigEntry     = 100  // ids to a transaction: a page each
	bigCell      = 2000 // ids to a window
)

// bigSession is the session of the n-th call: a time and five digits, as in the vendor's sample, or a hash, as if they
// were UUIDs.
func bigSession(n int, hashed bool) uint64 {
	at := start().Add(time.Duration(n) * (24 * time.Hour / bigCallsADay))
	text := at.Format("060102150405") + fmt.Sprintf("%05d", n*31%100000)
	if hashed {
		sum := sha256.Sum256([]byte(text))
		return binary.BigEndian.Uint64(sum[:]) | 1<<63
	}
	v, _ := strconv.ParseUint(text, 10, 64)
	return v
}

// bigLedger makes a ledger of a week of 1,000,000 calls a day and 25,000 series.
func bigLedger(b *testing.B, hashed bool) Options {
	o := Options{Dir: b.TempDir(), Model: families.New(testMetrics()), Now: time.Now, Logger: log.NewNopLogger(), NoSync: true}
	l, err := Open(o)
	require.NoError(b, err)
	defer l.Close()
	a, err := l.Attach(identity())
	require.NoError(b, err)
	require.NoError(b, a.Establish(start(), 0))
	batch := Batch{Account: a, Server: start(), InitialDone: true}
	for i := 0; l.Stats().Series < bigSeries; i++ {
		c := someCall(uint64(1+i), group(fmt.Sprint("group ", i%100)), country(string([]byte{byte('A' + i/100%26), byte('A' + i/2600%26)})))
		c.Talk, c.Ring = int64(i*37%2000), int64(i*11%60)
		if i%3 == 0 {
			noAnswer(&c)
		}
		batch.Items = append(batch.Items, Item{Call: c})
		if len(batch.Items) == 500 {
			_, err := l.Commit(&batch)
			require.NoError(b, err)
			batch.Items = batch.Items[:0]
		}
	}
	first := dayOf(start())
	for day := range bigDays {
		err := l.file.update(func(tx *bolt.Tx) error {
			account, err := accountBucket(tx, a.name)
			if err != nil {
				return err
			}
			ids, err := account.Bucket([]byte(bucketIDs)).CreateBucketIfNotExists(be32(first + int64(day)))
			if err != nil {
				return err
			}
			ids.FillPercent = 1
			for n := 0; n < bigCallsADay; n += bigEntry {
				var e entry
				for i := range bigEntry {
					n := day*bigCallsADay + n + i
					e.keys = append(e.keys, 9_000_000_000+uint64(n))
					e.sessions = append(e.sessions, bigSession(n, hashed))
				}
				seq, _ := ids.NextSequence()
				if err := ids.Put(be64(int64(seq)), seal(e.encode())); err != nil {
					return err
				}
			}
			return nil
		})
		require.NoError(b, err)
		cells := Batch{Account: a, Server: start()}
		for n := day * bigCallsADay; n < (day+1)*bigCallsADay; n += bigCell {
			cells.Cells = append(cells.Cells, bigWindow(n))
		}
		_, err = l.Commit(&cells)
		require.NoError(b, err)
	}
	return o
}

// bigWindow is what the planner knows of a window that begins with the n-th call, as it encodes it.
func bigWindow(n int) Cell {
	at := func(n int) int64 {
		return start().Add(time.Duration(n) * (24 * time.Hour / bigCallsADay)).Unix()
	}
	ids := make([]uint64, bigCell)
	for i := range ids {
		ids[i] = 9_000_000_000 + uint64(n+i)
	}
	c := Cell{From: at(n), To: at(n + bigCell)}
	data := binary.AppendVarint([]byte{1, 0, 0}, bigCell)
	data = binary.AppendVarint(data, c.To+86400)
	c.Data = idset.Pack(ids).Append(data)
	return c
}

// planner makes what reads an account know what the ledger remembers.
func planner(b *testing.B, a *Account) *reconcile.State {
	cells := a.Cells()
	require.Equal(b, bigCallsADay*bigDays/bigCell, len(cells))
	known := make([]reconcile.Cell, len(cells))
	for i, c := range cells {
		known[i] = reconcile.Cell(c)
	}
	return reconcile.New(reconcile.Settings{Lookback: 7200, Horizon: bigDays * 86400, AuditInterval: 3600}, known, start().Add(bigDays*24*time.Hour).Unix())
}

// BenchmarkStart opens a ledger of a week of 1,000,000 calls a day, as a start does, in a process of its own, and tells
// what that process's memory is then.
func BenchmarkStart(b *testing.B) {
	if dir := os.Getenv("LEDGER_BENCHMARK_DIR"); dir != "" {
		startChild(b, dir)
		return
	}
	for _, hashed := range []bool{false, true} {
		b.Run(fmt.Sprintf("hashed_sessions=%v", hashed), func(b *testing.B) {
			o := bigLedger(b, hashed)
			for b.Loop() {
				cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkStart$", "-test.benchtime=1x")
				cmd.Env = append(os.Environ(), "LEDGER_BENCHMARK_DIR="+o.Dir)
				out, err := cmd.CombinedOutput()
				require.NoError(b, err, string(out))
				for line := range strings.Lines(string(out)) {
					var name string
					var value float64
					if n, _ := fmt.Sscanf(line, "FIGURE %s %f", &name, &value); n == 2 {
						b.ReportMetric(value, name)
					}
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func startChild(b *testing.B, dir string) {
	figure := func(name string, v float64) { fmt.Printf("\nFIGURE %s %f\n", name, v) }
	began := time.Now()
	l, err := Open(Options{Dir: dir, Model: families.New(testMetrics()), Now: time.Now, Logger: log.NewNopLogger(), NoSync: true})
	require.NoError(b, err)
	defer l.Close()
	a, err := l.Attach(identity())
	require.NoError(b, err)
	figure("s-to-open", time.Since(began).Seconds())
	figure("MB-file", float64(l.Stats().SizeBytes)/1e6)
	figure("MB-RSS-after-open", float64(statusKB("VmRSS"))/1e3)
	require.GreaterOrEqual(b, a.IDs(), bigCallsADay*bigDays)
	state := planner(b, a)
	require.False(b, state.Unread(start().Add(bigDays*24*time.Hour).Unix(), start().Unix()), "the planner knows them all")
	all, _ := l.Exposition()
	require.NotEmpty(b, all)

	// Go on counting for a while: 50,000 calls, a page at a time.
	key := uint64(9_000_000_000 + bigCallsADay*bigDays)
	for range 500 {
		batch := Batch{Account: a, Server: start().Add(bigDays * 24 * time.Hour)}
		for range 100 {
			c := someCall(key, group(fmt.Sprint("group ", key%100)), ended(batch.Server))
			c.Session = bigSession(int(key-9_000_000_000), false)
			key++
			batch.Items = append(batch.Items, Item{Call: c})
		}
		report, err := l.Commit(&batch)
		require.NoError(b, err)
		require.Equal(b, 100, report.Count(Counted))
	}
	figure("MB-RSS", float64(statusKB("VmRSS"))/1e3)
	figure("MB-RSS-anonymous", float64(statusKB("RssAnon"))/1e3)
	figure("MB-RSS-peak", float64(statusKB("VmHWM"))/1e3)
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	figure("MB-heap-live", float64(m.HeapAlloc)/1e6)
	runtime.KeepAlive(a)
	runtime.KeepAlive(state)
}

// statusKB is a figure of the process's status in kB; 0 where there is none.
func statusKB(name string) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("\n"+name+":"))
	kb, _ := strconv.Atoi(strings.Fields(string(rest) + " 0")[0])
	return kb
}
