package reconcile

import (
	"runtime"
	"testing"

	"itnio_exporter/collector/idset"
)

// BenchmarkMemory is what the cells of an account with 1,000,000 calls a day over a horizon of 7 days take, and how long a
// restart takes to load them (the time of an operation).
func BenchmarkMemory(b *testing.B) {
	const calls, each = 7_000_000, 75
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := New(usual(), nil, 0)
	for n := range calls / each {
		ids := make([]uint64, each+1)
		for i := range ids {
			ids[i] = 1_700_000_000 + uint64(n*each+i)
		}
		at := begin + int64(n)*6
		s.row.cells = append(s.row.cells, cell{Window: Window{at, at + 6}, ids: idset.Pack(ids), total: each + 1, readAt: at})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	stored, bytes := make([]Cell, 0, len(s.row.cells)), 0
	for i := range s.row.cells {
		stored = append(stored, s.row.cells[i].encode())
		bytes += len(stored[i].Data)
	}
	for b.Loop() {
		s = New(usual(), stored, begin)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
	b.ReportMetric(float64(bytes)/1e6, "MB-stored")
	if n := s.row.union(0, len(s.row.cells)); n != calls/each*each+1 {
		b.Fatalf("%d ids", n)
	}
}
