package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"itnio_exporter/history"
	"itnio_exporter/history/backfill"
)

// backfillReport tells a user of a backfill what is going to happen, how far it is, and what to do next.
type backfillReport struct {
	e     Environment
	show  *progress
	plan  backfill.Plan
	into  string
	began time.Time
	first time.Time // where this run began to read
	told  time.Time
}

func newBackfillReport(e Environment, p backfill.Plan, into string) *backfillReport {
	return &backfillReport{e: e, began: e.Now(), show: newProgress(e), plan: p, into: into}
}

// drawEvery is how often a terminal shows how far a run is; without one it is pastEvery.
const drawEvery = 200 * time.Millisecond

// begin asks how many calls there are, and says what that comes to.
func (r *backfillReport) begin(ctx context.Context, o backfill.Options) error {
	f, err := backfill.Look(ctx, o)
	if err != nil {
		return err
	}
	p := &r.plan
	fmt.Fprintf(r.e.Stdout, "Account %q from %s to %s, a sample each %s.\n", o.Identity.Name, p.Start.Format(time.RFC3339), p.End.Format(time.RFC3339), p.Step)
	if p.Moves {
		fmt.Fprintf(r.e.Stdout, "The exporter has not counted it yet: its counters will go on from this history.\n")
	} else {
		fmt.Fprintf(r.e.Stdout, "The exporter counts it already: the history ends where its counters began at 0.\n")
	}
	fmt.Fprintf(r.e.Stdout, "About %d calls, %d requests, and %s of files in %s, going by a sample: it may be half or twice as much. Prometheus makes a hundredth of that.\n", f.Calls, f.Requests, size(f.Bytes), o.Dir)
	if f.Empty {
		fmt.Fprintf(r.e.Stdout, "The API lists no call in the first 24 hours: perhaps it does not keep records for so long.\n")
	}
	r.began = r.e.Now()
	return nil
}

// progress shows how far a run is.
func (r *backfillReport) progress(p backfill.Progress) {
	now := r.e.Now()
	every := pastEvery
	if r.show.terminal() {
		every = drawEvery
	}
	if now.Sub(r.told) < every {
		return
	}
	if r.first.IsZero() {
		r.first = p.From
	}
	r.told = now
	line := fmt.Sprintf("%s  %d calls  %d windows  %d requests", p.At.Format(time.DateTime), p.Counted, p.Windows, p.Requests)
	if spent := now.Sub(r.began); spent > 0 {
		line += fmt.Sprintf(" (%.1f/s)", float64(p.Requests)/spent.Seconds())
		if done := p.At.Sub(r.first); done > 0 {
			line += "  " + time.Duration(float64(spent)*float64(p.To.Sub(p.At))/float64(done)).Round(time.Second).String() + " left"
		}
	}
	if r.show.terminal() {
		line = bar(p.At.Sub(p.From).Seconds()/p.To.Sub(p.From).Seconds()) + " " + line
	}
	r.show.line(line)
}

// bar is a bar of twenty places.
func bar(share float64) string {
	n := min(20, max(0, int(20*share)))
	return "[" + strings.Repeat("=", n) + strings.Repeat(" ", 20-n) + "]"
}

func (r *backfillReport) stop() { r.show.end() }

// end sums up, and says what to do next.
func (r *backfillReport) end(result backfill.Result) error {
	out := r.e.Stdout
	var bytes int64
	for _, f := range result.Files {
		bytes += f.Bytes
	}
	fmt.Fprintf(out, "\n%d calls in %d files, %s; %d requests for %d records in %s.\n", result.Totals.Calls, len(result.Files), size(bytes), result.Requests, result.Records, r.e.Now().Sub(r.began).Round(time.Second))
	if result.Late > 0 {
		fmt.Fprintf(out, "%d calls were listed more than two hours after they ended: they count when they were listed.\n", result.Late)
	}
	windows(r, "The server refuses these times, so their calls are missing", result.Gaps)
	windows(r, "These times may lack calls: the server answered differently each time", result.Open)
	table(r, "agent group", result.Totals.Groups)
	table(r, "country", result.Totals.Countries)
	if result.Moved {
		fmt.Fprintf(out, "\nThe ledger has the account. Start the exporter now: it reads what came since, and goes on from the last values.\n")
	}
	r.next(result.Files)
	return nil
}

func windows(r *backfillReport, what string, list []history.Window) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(r.e.Stdout, "%s:\n", what)
	for _, w := range list {
		fmt.Fprintf(r.e.Stdout, "  %s to %s\n", w.From.Format(time.RFC3339), w.To.Format(time.RFC3339))
	}
}

// topRows is how many rows a table shows.
const topRows = 10

func table(r *backfillReport, what string, rows []backfill.Total) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(r.e.Stdout, "\nCalls by %s:\n", what)
	for i, row := range rows {
		if i == topRows {
			fmt.Fprintf(r.e.Stdout, "  and %d more\n", len(rows)-topRows)
			return
		}
		fmt.Fprintf(r.e.Stdout, "%10d  %s\n", row.Calls, history.Printable(row.Name))
	}
}

// next gives the commands that import the files.
func (r *backfillReport) next(files []backfill.File) {
	out := r.e.Stdout
	if r.into == intoVictoriaMetrics {
		fmt.Fprintf(out, "\nImport, with the address of VictoriaMetrics:\n")
		for _, f := range files {
			fmt.Fprintf(out, "  curl --fail -T %s http://localhost:8428/api/v1/import/prometheus\n", shellQuoted(f.Name))
		}
		return
	}
	fmt.Fprintf(out, "\nImport, with the data directory of Prometheus")
	if at := r.plan.End.Add(untouchable); at.After(r.e.Now()) {
		fmt.Fprintf(out, ", not before %s", at.Format(time.RFC3339))
	}
	fmt.Fprintf(out, ":\n")
	for _, f := range files {
		fmt.Fprintf(out, "  promtool tsdb create-blocks-from openmetrics %s /prometheus\n", shellQuoted(f.Name))
	}
}

// shellQuoted is a name as a shell takes it.
func shellQuoted(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:", r)
	}) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

func size(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
