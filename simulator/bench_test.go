package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"itnio_exporter/simulator"
)

// BenchmarkQuery measures a request to a simulator with a million calls.
func BenchmarkQuery(b *testing.B) {
	end := time.Date(2025, 3, 3, 12, 0, 0, 0, time.UTC)
	for _, h := range []simulator.Habits{
		{Name: "id desc"},
		{Name: "start desc", Order: simulator.StartDesc},
		{Name: "by create", FilterOn: simulator.ByCreate},
	} {
		s := simulator.New(simulator.Options{
			Seed: 1, Now: func() time.Time { return end }, Start: end.Add(-7 * 24 * time.Hour), CallsPerDay: 1_000_000 / 7.0, Habits: h,
		})
		a := newAPI(b, s)
		a.now = func() time.Time { return end }
		for _, w := range []struct {
			name   string
			length time.Duration
			pages  int
			size   int
		}{
			{"7d count", 7 * 24 * time.Hour, 1, 1},
			{"2h page", 2 * time.Hour, 1, 100},
			{"2h walk", 2 * time.Hour, 50, 100},
		} {
			a.query(body(end.Add(-time.Minute), end, 1, 1, "")) // makes the calls
			b.Run(h.Name+"/"+w.name, func(b *testing.B) {
				for i := range b.N {
					resp, _, err := a.do(a.request(body(end.Add(-w.length), end, i%w.pages+1, w.size, "")))
					if err != nil || resp.StatusCode != http.StatusOK {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkTraffic measures the drawing of a day with 24,000 calls.
func BenchmarkTraffic(b *testing.B) {
	end := time.Date(2025, 3, 3, 12, 0, 0, 0, time.UTC)
	for range b.N {
		s := simulator.New(simulator.Options{Seed: 1, Now: func() time.Time { return end }, Start: end.Add(-24 * time.Hour), CallsPerDay: 24000})
		n := 0
		for range s.Calls() {
			n++
		}
		if n < 20000 {
			b.Fatal(n)
		}
	}
}
