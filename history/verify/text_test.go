package verify

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/simulator"
)

func textOf(t *testing.T, a *Account) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, WriteText(&out, &Report{Accounts: []Account{*a}}))
	return out.String()
}

// TestNamesInTables: a name has one row, whatever is in it, and no terminal obeys it. The CSV has it as it is.
func TestNamesInTables(t *testing.T) {
	row := Row{AgentGroup: "line1\nline2\t\x1b[31m\a", Country: "CN", Counts: Counts{Shown: 1, Counted: 1}}
	a := Account{
		Name: "main", Rows: []Row{row}, Total: row.Counts,
		Prometheus: &Prometheus{Rows: []PrometheusRow{{AgentGroup: row.AgentGroup, Country: "CN", Rises: Rises{Counted: 1, Rises: 1}}}},
	}
	text := textOf(t, &a)
	require.Regexp(t, `\n  line1\\nline2\\t\\x1b\[31m\\a +CN +1 +1\n`, text)
	require.Regexp(t, `\n  line1\\nline2\\t\\x1b\[31m\\a +CN +1 +0 +0 +0 +1 +0\n`, text)
	require.NotContains(t, text, "\x1b")
	var table bytes.Buffer
	require.NoError(t, WriteCSV(&table, &Report{Accounts: []Account{a}}))
	require.Contains(t, table.String(), row.AgentGroup)
	require.Equal(t, "line1\nline2\t\x1b[31m\a", a.Rows[0].AgentGroup)
}

// TestNeverRead: a ledger that only a backfill has written has no last reading, and a day before it began has nothing to compare.
func TestNeverRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Habits{})
		epoch := time.Now()
		l, err := ledger.Open(ledger.Options{
			Dir: w.dir, Model: families.New(w.cfg.Metrics()), Now: time.Now, Logger: log.NewNopLogger(), NoSync: true,
		})
		require.NoError(t, err)
		account, err := l.Attach(collector.IdentityOf(w.cfg.Accounts()[0]))
		require.NoError(t, err)
		require.NoError(t, account.Establish(epoch, 0))
		require.NoError(t, l.Close())
		time.Sleep(5 * time.Hour)

		a, err := w.verify(ledger.FileIn(w.dir), epoch, epoch.Add(2*time.Hour))
		require.NoError(t, err)
		require.Equal(t, Incomplete, a.Result)
		text := textOf(t, &a)
		require.Contains(t, text, "last reading never;")
		require.Contains(t, text, "no exporter has read the account with it yet")

		a, err = w.verify(ledger.FileIn(w.dir), epoch.Add(-2*time.Hour), epoch)
		require.NoError(t, err)
		require.Equal(t, Equal, a.Result)
		require.Positive(t, a.Total.Baseline)
		require.Equal(t, a.Total.Shown, a.Total.Baseline)
		text = textOf(t, &a)
		require.Contains(t, text, "nothing to compare: the range ends before the ledger counts calls")
		require.NotContains(t, text, "not compared")
	})
}
