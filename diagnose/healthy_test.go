package diagnose

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers/v2"
	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// A healthy account has nothing but good findings.
func TestHealthy(t *testing.T) {
	r := newPatient(t).diagnose()
	require.Empty(t, bad(r), text(r))
	require.Zero(t, r.Count(Skipped), text(r))
	require.Equal(t, Good, r.Result)
}

// An account that had no calls for three days is as healthy. What needs calls is left out.
func TestIdle(t *testing.T) {
	p := newPatient(t)
	p.sim.End = p.since.Add(-3 * day)
	r := p.diagnose()
	require.Empty(t, bad(r), text(r))
}

// A young account is told from one without records: only how far back it goes is doubtful.
func TestYoung(t *testing.T) {
	p := newPatient(t)
	p.sim.Start, p.sim.CallsPerDay = p.since.Add(-time.Hour), 5000
	r := p.diagnose()
	require.Equal(t, map[string]Result{"habit-retention": Doubtful}, bad(r), text(r))
}

// Requests are spaced by half the rate. Only the account that was asked for is looked at.
func TestPace(t *testing.T) {
	p := newPatient(t)
	waited, pauses := time.Duration(0), 0
	p.edit = func(c *config.Config) {
		other := c.Accounts[0]
		other.Name, other.APIKey, other.BaseURL = "another", "otherkey", "http://127.0.0.1:1"
		c.Accounts = append([]config.AccountConfig{other}, c.Accounts...)
	}
	p.options = func(o *Options) {
		o.Accounts = []string{"secret name"}
		o.Pause = func(ctx context.Context, d time.Duration) error {
			waited += d
			pauses++
			return ctx.Err()
		}
	}
	began := time.Now()
	r := p.diagnose()
	require.Equal(t, Good, r.Result, text(r))
	require.Equal(t, map[string]int{"accounts[1]": int(p.asked.Load())}, r.Requests)
	every := 2 * time.Second / 5 // the default rate_limit
	require.Equal(t, int(p.asked.Load())-1, pauses)
	require.GreaterOrEqual(t, waited+time.Since(began), time.Duration(pauses)*every)
	require.LessOrEqual(t, waited, time.Duration(pauses)*every)
}

// What keeps doctor from looking is an error, and no report.
func TestErrors(t *testing.T) {
	sim := simulator.DefaultAccounts()[0]
	o := Options{
		Load: func() (*config.Validated, error) { return config.Default(account(sim.Name, sim.Key)).Validate() },
		Now:  time.Now, Accounts: []string{"nobody"},
	}
	_, err := Run(t.Context(), o)
	require.ErrorIs(t, err, ErrUnknownAccount)
}

// The table of shared calling codes is that of the library by which countries are told apart.
func TestSharedCodes(t *testing.T) {
	for code := range phonenumbers.GetSupportedCallingCodes() {
		regions := map[string]bool{}
		for _, r := range phonenumbers.GetRegionCodesForCountryCode(code) {
			regions[map[string]string{"AC": "SH", "TA": "SH"}[r]+r] = true
		}
		delete(regions, "SHAC")
		delete(regions, "SHTA")
		require.Equal(t, len(regions) > 1, sharedCodes[strconv.Itoa(code)], "%d: %v", code, regions)
	}
}
